/* include/rlx_mlx/pool.h. Without a GPU the checks come first and the missing back-end last. */
#include "check.h"

void test_pool(void) {
  /* Two overlapping windows of 2 over [1, 3, 2]: both pick the 3. */
  const float image[3] = {1, 3, 2}, gradient[2] = {10, 20}, expected[3] = {0, 30, 0};
  const int x_shape[4] = {1, 1, 1, 3}, dy_shape[4] = {1, 1, 1, 2};
  rlx_mlx_array_t* in = make(RLX_MLX_DTYPE_F32, image, sizeof image, 4, x_shape);
  rlx_mlx_array_t* dy = make(RLX_MLX_DTYPE_F32, gradient, sizeof gradient, 4, dy_shape);
  const int metal = runs_kernels(METAL);
  rlx_mlx_array_t* out = NULL;
  const int code = rlx_mlx_op_maxpool2d_backward_metal(in, dy, 1, 1, 1, 3, 1, 2, 1, 2, 1, 1, 0, 0, &out);
  CHECK(code == (metal ? RLX_MLX_OK : RLX_MLX_ERR_GENERIC));
  CHECK(metal ? holds_f32(out, expected, 3, 0) : strstr(rlx_mlx_last_error(), "no Metal back-end") != NULL);
  rlx_mlx_array_free(out);
#define REFUSED_POOL(code, a, b, h, w_out, sw, pw)                \
  CHECK_FAILS_OUT(rlx_mlx_op_maxpool2d_backward_metal, code, out, \
                  rlx_mlx_op_maxpool2d_backward_metal(a, b, 1, 1, h, 3, 1, w_out, 1, 2, 1, sw, 0, pw, &out))
  REFUSED_POOL(RLX_MLX_ERR_NULL, NULL, dy, 1, 2, 1, 0);
  REFUSED_POOL(RLX_MLX_ERR_BAD_SHAPE, in, dy, 2, 2, 1, 0); /* not x's extents */
  REFUSED_POOL(RLX_MLX_ERR_BAD_SHAPE, in, in, 1, 2, 1, 0); /* not dy's */
  REFUSED_POOL(RLX_MLX_ERR_BAD_SHAPE, in, in, 1, 3, 1, 0); /* dy's, but not the window's */
  REFUSED_POOL(RLX_MLX_ERR_BAD_SHAPE, in, dy, 1, 2, 0, 0); /* stride */
  REFUSED_POOL(RLX_MLX_ERR_BAD_SHAPE, in, dy, 1, 2, 1, 2); /* padding as wide as the window */
#undef REFUSED_POOL
  rlx_mlx_array_free(in);
  rlx_mlx_array_free(dy);
}
