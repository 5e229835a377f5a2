/* include/rlx_mlx/rope.h */
#include "check.h"

void test_rope(void) {
  const int shape[] = {1, 1, 2};
  const float data[] = {1, 0}, turned[] = {0.5403023F, 0.8414710F}, frequency[] = {1};
  const int32_t one = 1;
  rlx_mlx_array_t *x = make(RLX_MLX_DTYPE_F32, data, sizeof(data), 3, shape), *out = NULL;
  rlx_mlx_array_t *freqs = make_f32(frequency, 1, 0), *offsets = make_i32(&one, 1);

  CHECK_OK(rlx_mlx_op_rope(x, 2, 0, 10000, 1, 1, NULL, &out));
  CHECK(holds_f32(out, turned, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_rope(x, 2, 1, 0, 1, 1, freqs, &out));
  CHECK(holds_f32(out, turned, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_rope, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_rope(x, 1, 0, 10000, 1, 1, NULL, &out));
  CHECK_OK(rlx_mlx_op_rope_offsets(x, 2, 0, 10000, 1, offsets, NULL, &out));
  CHECK(holds_f32(out, turned, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_rope_offsets, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_rope_offsets(x, 2, 0, 10000, 1, freqs, NULL, &out));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(freqs);
  rlx_mlx_array_free(offsets);
}
