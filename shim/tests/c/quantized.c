/* include/rlx_mlx/quantized.h */
#include "check.h"

void test_quantized(void) {
  /* Rows of 0 to 15 and -15 to 0, twice: 4 bits hold them exactly. */
  float data[2 * 64], ones[64], sums[2];
  const int one_each[] = {1, 1, 64};
  const int32_t which[] = {1}, far[] = {0, 1, 2};
  rlx_mlx_array_t *m, *x, *rows, *out = NULL, *w = NULL, *scales = NULL, *biases = NULL, *idx = make_i32(which, 1);
  rlx_mlx_array_t *few = make_i32(far, 3), *bytes = NULL;
  const float eights[] = {1, -3.25F, 448}, floats[] = {1, -3.3F, 500};
  int i;
  sums[0] = sums[1] = 0;
  for (i = 0; i < 64; ++i) {
    ones[i] = 1;
    data[i] = (float)(i % 16);
    data[64 + i] = (float)(i % 16 - 15);
    sums[0] += data[i];
    sums[1] += data[64 + i];
  }
  m = make_f32(data, 2, 64);
  x = make_f32(ones, 1, 64);
  rows = make(RLX_MLX_DTYPE_F32, ones, sizeof(ones), 3, one_each);

  CHECK_OK(rlx_mlx_op_quantize(m, 0, 0, RLX_MLX_QUANT_AFFINE, NULL, &w, &scales, &biases));
  CHECK_OK(rlx_mlx_op_dequantize(w, scales, biases, 64, 4, RLX_MLX_QUANT_AFFINE, NULL, RLX_MLX_DTYPE_F32, &out));
  CHECK(holds_f32(out, data, 128, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_dequantize, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_op_dequantize(w, scales, NULL, 64, 4, RLX_MLX_QUANT_AFFINE, NULL, RLX_MLX_DTYPE_F32, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_dequantize, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_dequantize(w, scales, biases, 64, 4, RLX_MLX_QUANT_AFFINE, NULL, RLX_MLX_DTYPE_I8, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_quantize, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_quantize(m, 64, 7, RLX_MLX_QUANT_AFFINE, NULL, &out, &out, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_quantize, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_op_quantize(m, 0, 0, (rlx_mlx_quant_t)4, NULL, &out, &out, &out));

  CHECK_OK(rlx_mlx_op_quantized_matmul(x, w, scales, biases, 1, 64, 4, &out));
  CHECK(holds_f32(out, sums, 2, 1e-3F));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_quantized_matmul(x, w, scales, NULL, 1, 0, 0, &out));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_quantized_matmul, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_quantized_matmul(x, w, scales, biases, 0, 64, 4, &out));
  CHECK_OK(rlx_mlx_op_quantized_matmul_mode(x, w, scales, biases, 1, 0, 0, RLX_MLX_QUANT_AFFINE, &out));
  CHECK(holds_f32(out, sums, 2, 1e-3F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_quantized_matmul_mode, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_quantized_matmul_mode(x, w, scales, NULL, 1, 0, 0, RLX_MLX_QUANT_MXFP4, &out));
  CHECK_OK(rlx_mlx_op_gather_qmm(rows, w, scales, biases, NULL, NULL, 1, 0, 0, RLX_MLX_QUANT_AFFINE, 0, &out));
  CHECK(holds_f32(out, sums, 2, 1e-3F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_gather_qmm, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_gather_qmm(rows, w, scales, biases, idx, few, 1, 32, 0, RLX_MLX_QUANT_AFFINE, 0, &out));
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(scales);
  rlx_mlx_array_free(biases);

  /* A mode without biases gives none. */
  CHECK_OK(rlx_mlx_op_quantize(m, 0, 0, RLX_MLX_QUANT_MXFP4, NULL, &w, &scales, &biases));
  CHECK(biases == NULL);
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(scales);

  rlx_mlx_array_free(x);
  x = make_f32(floats, 3, 0);
  CHECK_OK(rlx_mlx_op_to_fp8(x, &bytes));
  CHECK_OK(rlx_mlx_op_from_fp8(bytes, RLX_MLX_DTYPE_F32, &out));
  CHECK(holds_f32(out, eights, 3, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_to_fp8, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_to_fp8(bytes, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_from_fp8, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_from_fp8(x, RLX_MLX_DTYPE_F32, &out));
  rlx_mlx_array_free(bytes);
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(rows);
  rlx_mlx_array_free(idx);
  rlx_mlx_array_free(few);
}
