/* Gathers. */
#include "check.h"

void test_gather(void);

void test_gather(void) {
  const int32_t numbers[] = {0, 1, 2, 3, 4, 5}, picks[] = {-1, 7, 0}, along[] = {2, -9}, row = 1;
  const int shape[] = {2, 3}, tall[] = {2, 1}, empty[] = {0, 3}, axis = 1, axes[] = {0, 1}, sizes[] = {2, 2};
  const int big[] = {3, 1}, single[] = {1, 1}, one = 1;
  const float fractions[] = {1.9f, NAN, INFINITY}, pair[] = {1.0f, 2.0f};
  rlx_mlx_array_t* m = make(RLX_MLX_DTYPE_I32, numbers, sizeof numbers, 2, shape);
  rlx_mlx_array_t* none = make(RLX_MLX_DTYPE_I32, NULL, 0, 2, empty);
  rlx_mlx_array_t* i = make_i32(picks, 3);
  rlx_mlx_array_t* j = make(RLX_MLX_DTYPE_I32, along, sizeof along, 2, tall);
  rlx_mlx_array_t* k = make_i32(&row, 1);
  rlx_mlx_array_t* f = make_f32(fractions, 3, 0);
  rlx_mlx_array_t* c = make(RLX_MLX_DTYPE_C64, pair, sizeof pair, 1, &one);
  rlx_mlx_array_t* corners[2];
  corners[0] = k;
  corners[1] = i;
  GIVES_I32(rlx_mlx_op_take(m, i, 1, &out), 2, 2, 0, 5, 5, 3);
  GIVES_I32(rlx_mlx_op_take(m, f, 1, &out), 1, 0, 2, 4, 3, 5);
  REFUSES(rlx_mlx_op_take, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_take(m, i, 2, &out));
  REFUSES(rlx_mlx_op_take, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_take(none, i, 0, &out));
  REFUSES(rlx_mlx_op_take, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_take(m, c, 0, &out));
  REFUSES(rlx_mlx_op_take, RLX_MLX_ERR_NULL, rlx_mlx_op_take(m, NULL, 0, &out));
  GIVES_I32(rlx_mlx_op_take_along_axis(m, j, 1, &out), 2, 3);
  REFUSES(rlx_mlx_op_take_along_axis, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_take_along_axis(m, i, 1, &out));
  REFUSES(rlx_mlx_op_take_along_axis, RLX_MLX_ERR_NULL, rlx_mlx_op_take_along_axis(NULL, j, 1, &out));
  GIVES_I32(rlx_mlx_op_gather(m, &corners[1], &axis, 1, sizes, 2, &out), 1, 2, 4, 5, 1, 2, 4, 5, 0, 1, 3, 4);
  GIVES_I32(rlx_mlx_op_gather(m, corners, axes, 2, single, 2, &out), 5, 5, 3);
  REFUSES(rlx_mlx_op_gather, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_gather(m, corners, axes, 2, single, 1, &out));
  REFUSES(rlx_mlx_op_gather, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_gather(m, corners, axes, 2, big, 2, &out));
  REFUSES(rlx_mlx_op_gather, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_gather(m, corners, sizes, 2, sizes, 2, &out));
  REFUSES(rlx_mlx_op_gather, RLX_MLX_ERR_NULL, rlx_mlx_op_gather(m, NULL, axes, 2, sizes, 2, &out));
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(none);
  rlx_mlx_array_free(i);
  rlx_mlx_array_free(j);
  rlx_mlx_array_free(k);
  rlx_mlx_array_free(f);
  rlx_mlx_array_free(c);
}
