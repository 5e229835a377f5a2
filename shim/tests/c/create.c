/* Arrays made from numbers, and triangular parts. */
#include "check.h"

void test_create(void);

void test_create(void) {
  const int shape[] = {2, 2}, bad[] = {2, -1}, huge[] = {2147483647, 2147483647, 2147483647};
  const float numbers[] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
  rlx_mlx_array_t* m = make_f32(numbers, 2, 3);
  rlx_mlx_array_t* v = make_f32(numbers, 2, 0);
  GIVES_F32(rlx_mlx_op_zeros(shape, 2, RLX_MLX_DTYPE_F32, &out), 0.0f, 0.0f, 0.0f, 0.0f);
  REFUSES(rlx_mlx_op_zeros, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_zeros(bad, 2, RLX_MLX_DTYPE_F32, &out));
  REFUSES(rlx_mlx_op_zeros, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_zeros(huge, 3, RLX_MLX_DTYPE_F32, &out));
  GIVES_I32(rlx_mlx_op_ones(shape, 1, RLX_MLX_DTYPE_I32, &out), 1, 1);
  REFUSES(rlx_mlx_op_ones, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_ones(shape, 2, (rlx_mlx_dtype_t)12, &out));
  REFUSES(rlx_mlx_op_ones, RLX_MLX_ERR_NULL, rlx_mlx_op_ones(NULL, 2, RLX_MLX_DTYPE_F32, &out));
  GIVES_F32(rlx_mlx_op_full(shape, 2, v, &out), 1.0f, 2.0f, 1.0f, 2.0f);
  REFUSES(rlx_mlx_op_full, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_full(shape, 2, m, &out));
  REFUSES(rlx_mlx_op_full, RLX_MLX_ERR_NULL, rlx_mlx_op_full(shape, 2, NULL, &out));
  GIVES_I32(rlx_mlx_op_arange(5.0, 0.0, -2.0, RLX_MLX_DTYPE_I32, &out), 5, 3, 1);
  REFUSES(rlx_mlx_op_arange, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_arange(0.0, 1.0, 0.0, RLX_MLX_DTYPE_F32, &out));
  REFUSES(rlx_mlx_op_arange, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_arange(0.0, 1e30, 1.0, RLX_MLX_DTYPE_F32, &out));
  REFUSES(rlx_mlx_op_arange, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_arange(0.0, (double)NAN, 1.0, RLX_MLX_DTYPE_F32, &out));
  REFUSES(rlx_mlx_op_arange, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_arange(0.0, 2.0, 1.0, RLX_MLX_DTYPE_BOOL, &out));
  GIVES_F32(rlx_mlx_op_linspace(1.0, 2.0, 3, 1, RLX_MLX_DTYPE_F32, &out), 1.0f, 1.5f, 2.0f);
  GIVES_F32(rlx_mlx_op_linspace(1.0, 2.0, 2, 0, RLX_MLX_DTYPE_F32, &out), 1.0f, 1.5f);
  REFUSES(rlx_mlx_op_linspace, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_linspace(1.0, 2.0, -1, 1, RLX_MLX_DTYPE_F32, &out));
  GIVES_I32(rlx_mlx_op_eye(2, 3, 1, RLX_MLX_DTYPE_I32, &out), 0, 1, 0, 0, 0, 1);
  GIVES_I32(rlx_mlx_op_eye(1, 2, -2147483647 - 1, RLX_MLX_DTYPE_I32, &out), 0, 0);
  REFUSES(rlx_mlx_op_eye, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_eye(-1, 3, 0, RLX_MLX_DTYPE_I32, &out));
  GIVES_I32(rlx_mlx_op_tri(2, 3, 0, RLX_MLX_DTYPE_I32, &out), 1, 0, 0, 1, 1, 0);
  GIVES_I32(rlx_mlx_op_tri(1, 2, 2147483647, RLX_MLX_DTYPE_I32, &out), 1, 1);
  REFUSES(rlx_mlx_op_tri, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_tri(2, 3, 0, (rlx_mlx_dtype_t)77, &out));
  GIVES_F32(rlx_mlx_op_tril(m, 0, &out), 1.0f, 0.0f, 0.0f, 4.0f, 5.0f, 0.0f);
  REFUSES(rlx_mlx_op_tril, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_tril(v, 0, &out));
  GIVES_F32(rlx_mlx_op_triu(m, 1, &out), 0.0f, 2.0f, 3.0f, 0.0f, 0.0f, 6.0f);
  REFUSES(rlx_mlx_op_triu, RLX_MLX_ERR_NULL, rlx_mlx_op_triu(NULL, 0, &out));
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(v);
}
