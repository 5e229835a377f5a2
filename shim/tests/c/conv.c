/* include/rlx_mlx/conv.h */
#include "check.h"

void test_conv(void) {
  const float data[] = {1, 2, 3, 4}, kernel[] = {1, 10}, sums[] = {21, 32, 43}, back[] = {1, 12, 23, 34, 40};
  const float padded[] = {10, 21, 32, 43, 4}, dilated[] = {10, 2, 20, 3, 30, 4, 40}, cut[] = {32}, plane[] = {1234};
  const float weights[] = {1000, 100, 10, 1}, spread[] = {1000, 100, 10, 1};
  const float one[] = {1};
  const int line[] = {1, 4, 1}, taps[] = {1, 2, 1}, square[] = {1, 2, 2, 1}, cube[] = {1, 1, 2, 2, 1};
  const int dot[] = {1, 1, 1, 1}, dot3[] = {1, 1, 1, 1, 1};
  const int two = 2, first = 1, minus[] = {-1}, three[] = {1, 1, 1};
  rlx_mlx_array_t* x = make(RLX_MLX_DTYPE_F32, data, sizeof(data), 3, line);
  rlx_mlx_array_t* w = make(RLX_MLX_DTYPE_F32, kernel, sizeof(kernel), 3, taps);
  rlx_mlx_array_t* x2 = make(RLX_MLX_DTYPE_F32, data, sizeof(data), 4, square);
  rlx_mlx_array_t* w2 = make(RLX_MLX_DTYPE_F32, weights, sizeof(weights), 4, square);
  rlx_mlx_array_t* x3 = make(RLX_MLX_DTYPE_F32, data, sizeof(data), 5, cube);
  rlx_mlx_array_t* w3 = make(RLX_MLX_DTYPE_F32, weights, sizeof(weights), 5, cube);
  rlx_mlx_array_t* p2 = make(RLX_MLX_DTYPE_F32, one, sizeof(one), 4, dot);
  rlx_mlx_array_t* p3 = make(RLX_MLX_DTYPE_F32, one, sizeof(one), 5, dot3);
  rlx_mlx_array_t *out = NULL, *ints = make(RLX_MLX_DTYPE_I32, data, sizeof(data), 3, line);

  CHECK_OK(rlx_mlx_op_conv1d(x, w, 1, 0, 1, 1, &out));
  CHECK(holds_f32(out, sums, 3, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv1d, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_conv1d(x, w, 0, 0, 1, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_conv1d, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_conv1d(x, w, 1, 0, 1, 0, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_conv1d, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_conv1d(x, w, 1, 0, 4, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_conv1d, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_conv1d(x, w, 1, 2147483647, 1, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_conv1d, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_conv1d(ints, w, 1, 0, 1, 1, &out));

  CHECK_OK(rlx_mlx_op_conv2d(x2, w2, 1, 1, 0, 0, 1, 1, 1, &out));
  CHECK(holds_f32(out, plane, 1, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv2d, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_conv2d(x, w2, 1, 1, 0, 0, 1, 1, 1, &out));
  CHECK_OK(rlx_mlx_op_conv3d(x3, w3, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, &out));
  CHECK(holds_f32(out, plane, 1, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv3d, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_conv3d(x3, w3, 1, 1, 1, 0, -1, 0, 1, 1, 1, 1, &out));

  CHECK_OK(rlx_mlx_op_conv_general(x, w, NULL, 0, &first, 1, &first, 1, NULL, 0, NULL, 0, 1, 0, &out));
  CHECK(holds_f32(out, padded, 5, 0));
  rlx_mlx_array_free(out);
  /* Zeros between the elements; flip makes each of the two taps meet them in turn. */
  CHECK_OK(rlx_mlx_op_conv_general(x, w, NULL, 0, NULL, 0, &first, 1, NULL, 0, &two, 1, 1, 1, &out));
  CHECK(holds_f32(out, dilated, 7, 0));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_conv_general(x, w, NULL, 0, minus, 1, minus, 1, NULL, 0, NULL, 0, 1, 0, &out));
  CHECK(holds_f32(out, cut, 1, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv_general, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_conv_general(x, w, three, 3, NULL, 0, NULL, 0, NULL, 0, NULL, 0, 1, 0, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_conv_general, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_op_conv_general(x, w, NULL, 1, NULL, 0, NULL, 0, NULL, 0, NULL, 0, 1, 0, &out));

  CHECK_OK(rlx_mlx_op_conv_transpose1d(x, w, 1, 0, 1, 0, 1, &out));
  CHECK(holds_f32(out, back, 5, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv_transpose1d, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_conv_transpose1d(x, w, 1, 0, 1, -1, 1, &out));
  CHECK_OK(rlx_mlx_op_conv_transpose2d(p2, w2, 1, 1, 0, 0, 1, 1, 0, 0, 1, &out));
  CHECK(holds_f32(out, spread, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv_transpose2d, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_conv_transpose2d(p2, w3, 1, 1, 0, 0, 1, 1, 0, 0, 1, &out));
  CHECK_OK(rlx_mlx_op_conv_transpose3d(p3, w3, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, &out));
  CHECK(holds_f32(out, spread, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_conv_transpose3d, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_op_conv_transpose3d(p3, NULL, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, &out));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(x2);
  rlx_mlx_array_free(w2);
  rlx_mlx_array_free(x3);
  rlx_mlx_array_free(w3);
  rlx_mlx_array_free(p2);
  rlx_mlx_array_free(p3);
  rlx_mlx_array_free(ints);
}
