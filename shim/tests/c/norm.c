/* include/rlx_mlx/norm.h */
#include "check.h"

void test_norm(void) {
  const float data[] = {1, 3, 2, 6}, weights[] = {2, 4}, unit[] = {-1, 1, -1, 1}, scaled[] = {-2, 4, -2, 4};
  const float rms[] = {0.4472136F, 1.3416408F, 0.4472136F, 1.3416408F};
  const int32_t numbers[] = {1, 2};
  rlx_mlx_array_t *x = make_f32(data, 2, 2), *w = make_f32(weights, 2, 0), *ints = make_i32(numbers, 2), *out = NULL;

  CHECK_OK(rlx_mlx_op_layernorm(x, NULL, NULL, 0, &out));
  CHECK(holds_f32(out, unit, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_layernorm(x, w, NULL, 0, &out));
  CHECK(holds_f32(out, scaled, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_layernorm, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_layernorm(x, x, NULL, 0, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_layernorm, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_layernorm(ints, NULL, NULL, 0, &out));
  CHECK_OK(rlx_mlx_op_rmsnorm(x, NULL, 0, &out));
  CHECK(holds_f32(out, rms, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_rmsnorm, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_rmsnorm(x, ints, 0, &out));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(ints);
}
