/* Reductions over axes, and positions of extremes. */
#include "check.h"

void test_reduce(void);

#define BAD(NAME, ...)                                               \
  do {                                                               \
    REFUSES(NAME, RLX_MLX_ERR_NULL, NAME(NULL, __VA_ARGS__, &out));  \
    CHECK_FAILS(NAME, RLX_MLX_ERR_NULL, NAME(m, __VA_ARGS__, NULL)); \
  } while (0)

void test_reduce(void) {
  const float values[] = {1.0f, 5.0f, 3.0f, 4.0f, 2.0f, 6.0f};
  const int rows = 0, columns = 1, both[] = {0, 1}, twice[] = {1, -1}, far = 2, shape[] = {2, 0};
  rlx_mlx_array_t* m = make_f32(values, 2, 3);
  rlx_mlx_array_t* none = make(RLX_MLX_DTYPE_F32, NULL, 0, 2, shape);
  GIVES_F32(rlx_mlx_op_reduce(m, RLX_MLX_RED_SUM, &rows, 1, 0, &out), 5.0f, 7.0f, 9.0f);
  GIVES_F32(rlx_mlx_op_reduce(m, RLX_MLX_RED_MEAN, &columns, 1, 1, &out), 3.0f, 4.0f);
  GIVES_F32(rlx_mlx_op_reduce(m, RLX_MLX_RED_MAX, both, 2, 0, &out), 6.0f);
  GIVES_F32(rlx_mlx_op_reduce(m, RLX_MLX_RED_MIN, &rows, 1, 0, &out), 1.0f, 2.0f, 3.0f);
  GIVES_F32(rlx_mlx_op_reduce(m, RLX_MLX_RED_PROD, both, 2, 0, &out), 720.0f);
  GIVES_F32(rlx_mlx_op_reduce(m, RLX_MLX_RED_SUM, NULL, 0, 0, &out), 1.0f, 5.0f, 3.0f, 4.0f, 2.0f, 6.0f);
  GIVES_F32(rlx_mlx_op_reduce(none, RLX_MLX_RED_SUM, &columns, 1, 0, &out), 0.0f, 0.0f);
  REFUSES(rlx_mlx_op_reduce, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_reduce(none, RLX_MLX_RED_MAX, &columns, 1, 0, &out));
  REFUSES(rlx_mlx_op_reduce, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_reduce(m, RLX_MLX_RED_SUM, twice, 2, 0, &out));
  REFUSES(rlx_mlx_op_reduce, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_reduce(m, RLX_MLX_RED_SUM, &far, 1, 0, &out));
  REFUSES(rlx_mlx_op_reduce, RLX_MLX_ERR_NULL, rlx_mlx_op_reduce(m, RLX_MLX_RED_SUM, NULL, 1, 0, &out));
  REFUSES(rlx_mlx_op_reduce, RLX_MLX_ERR_GENERIC, rlx_mlx_op_reduce(m, (rlx_mlx_reduce_t)9, &rows, 1, 0, &out));
  GIVES_F32(rlx_mlx_op_logsumexp(m, &columns, 1, 0, &out), 5.1429317f, 6.1429317f);
  REFUSES(rlx_mlx_op_logsumexp, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_logsumexp(none, &columns, 1, 0, &out));
  BAD(rlx_mlx_op_logsumexp, &rows, 1, 0);
  GIVES_F32(rlx_mlx_op_var(m, &columns, 1, 0, 1, &out), 4.0f, 4.0f);
  BAD(rlx_mlx_op_var, &rows, 1, 0, 0);
  GIVES_F32(rlx_mlx_op_std(m, &columns, 1, 0, 1, &out), 2.0f, 2.0f);
  BAD(rlx_mlx_op_std, &rows, 1, 0, 0);
  GIVES_BOOL(rlx_mlx_op_all(m, both, 2, 0, &out), 1);
  BAD(rlx_mlx_op_all, &rows, 1, 0);
  GIVES_BOOL(rlx_mlx_op_any(none, &columns, 1, 0, &out), 0, 0);
  BAD(rlx_mlx_op_any, &rows, 1, 0);
  GIVES_U32(rlx_mlx_op_argmax(m, 1, 0, &out), 1, 2);
  REFUSES(rlx_mlx_op_argmax, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_argmax(m, 2, 0, &out));
  REFUSES(rlx_mlx_op_argmax, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_argmax(none, 1, 0, &out));
  BAD(rlx_mlx_op_argmax, 0, 0);
  GIVES_U32(rlx_mlx_op_argmin(m, -1, 1, &out), 0, 1);
  REFUSES(rlx_mlx_op_argmin, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_argmin(m, -3, 0, &out));
  BAD(rlx_mlx_op_argmin, 0, 0);
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(none);
}
