/* include/rlx_mlx/fft.h */
#include "check.h"

static void fourier(void) {
  /* The real signal 1 2 3 4: transform 10, -2+2i, -2, -2-2i. */
  const float block[] = {1, 2, 3, 4, 0, 0, 0, 0}, spectrum[] = {10, -2, -2, -2, 0, 2, 0, -2};
  const float half[] = {10, 0, -2, 2, -2, 0}, whole[] = {10, 0, -2, 2, -2, 0, -2, -2};
  const float signal[] = {1, 2, 3, 4}, padded[] = {3, 0, 1, -2, -1, 0, 1, 2}, pairs[] = {1, 0, 2, 0, 3, 0, 4, 0};
  const float shifted[] = {3, 4, 1, 2};
  const double wide[] = {1, 2};
  const int two = 2, four = 4, axis = 0, zero = 0;
  rlx_mlx_array_t *b = make_f32(block, 8, 0), *s = make_f32(signal, 4, 0), *two_points = make_f32(signal, 2, 0);
  rlx_mlx_array_t *f64 = make(RLX_MLX_DTYPE_F64, wide, sizeof(wide), 1, &two), *out = NULL, *back = NULL;

  CHECK_OK(rlx_mlx_op_fft(b, 0, 0, &out));
  CHECK(holds_f32(out, spectrum, 8, 1e-5F));
  CHECK_OK(rlx_mlx_op_fft(out, 1, 1, &back));
  CHECK(holds_f32(back, block, 8, 1e-5F));
  rlx_mlx_array_free(back);
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_fft, RLX_MLX_ERR_GENERIC, out, rlx_mlx_op_fft(b, 0, 3, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_fft, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_fft(f64, 0, 0, &out));

  CHECK_OK(rlx_mlx_op_fftn(s, NULL, NULL, 0, RLX_MLX_FFT_BACKWARD, &out));
  CHECK(holds_bytes(out, whole, sizeof(whole)));
  CHECK_OK(rlx_mlx_op_ifftn(out, NULL, &axis, 1, RLX_MLX_FFT_BACKWARD, &back));
  CHECK(holds_bytes(back, pairs, sizeof(pairs)));
  rlx_mlx_array_free(back);
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_fftn(two_points, &four, &axis, 1, RLX_MLX_FFT_BACKWARD, &out));
  CHECK(holds_bytes(out, padded, sizeof(padded)));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_fftn, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_op_fftn(s, NULL, NULL, 0, (rlx_mlx_fft_norm_t)3, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_fftn, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_fftn(s, NULL, &two, 1, RLX_MLX_FFT_BACKWARD, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_ifftn, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_ifftn(s, &zero, &axis, 1, RLX_MLX_FFT_BACKWARD, &out));

  CHECK_OK(rlx_mlx_op_rfftn(s, NULL, &axis, 1, RLX_MLX_FFT_BACKWARD, &out));
  CHECK(holds_bytes(out, half, sizeof(half)));
  CHECK_OK(rlx_mlx_op_irfftn(out, NULL, &axis, 1, RLX_MLX_FFT_BACKWARD, &back));
  CHECK(holds_f32(back, signal, 4, 1e-5F));
  rlx_mlx_array_free(back);
  CHECK_FAILS_OUT(rlx_mlx_op_rfftn, RLX_MLX_ERR_BAD_DTYPE, back,
                  rlx_mlx_op_rfftn(out, NULL, NULL, 0, RLX_MLX_FFT_BACKWARD, &back));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_irfftn, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_op_irfftn(NULL, NULL, NULL, 0, RLX_MLX_FFT_BACKWARD, &out));

  CHECK_OK(rlx_mlx_op_fftshift(s, NULL, 0, &out));
  CHECK(holds_f32(out, shifted, 4, 0));
  CHECK_OK(rlx_mlx_op_ifftshift(out, &axis, 1, &back));
  CHECK(holds_f32(back, signal, 4, 0));
  rlx_mlx_array_free(back);
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_fftshift, RLX_MLX_ERR_NULL, out, rlx_mlx_op_fftshift(s, NULL, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_ifftshift, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_ifftshift(s, &four, 1, &out));
  rlx_mlx_array_free(b);
  rlx_mlx_array_free(s);
  rlx_mlx_array_free(two_points);
  rlx_mlx_array_free(f64);
}

static void hadamard(void) {
  const float data[] = {1, 3, 2, 6}, expected[] = {4, -2, 8, -4};
  const int32_t numbers[] = {1, 2};
  rlx_mlx_array_t *x = make_f32(data, 2, 2), *ints = make_i32(numbers, 2), *out = NULL;

  CHECK_OK(rlx_mlx_op_hadamard(x, 1, &out));
  CHECK(holds_f32(out, expected, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_hadamard, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_hadamard(ints, 1, &out));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(ints);
}

void test_fft(void) {
  fourier();
  hadamard();
}
