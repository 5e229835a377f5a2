/* Running reductions. */
#include "check.h"

void test_scan(void);

#define BAD(NAME, ...)                                                   \
  do {                                                                   \
    REFUSES(NAME, RLX_MLX_ERR_BAD_SHAPE, NAME(v, 1, __VA_ARGS__, &out)); \
    REFUSES(NAME, RLX_MLX_ERR_NULL, NAME(NULL, 0, __VA_ARGS__, &out));   \
    CHECK_FAILS(NAME, RLX_MLX_ERR_NULL, NAME(v, 0, __VA_ARGS__, NULL));  \
  } while (0)

void test_scan(void) {
  const int32_t numbers[] = {2, 4, 3};
  const float zeros[] = {0.0f, 0.0f, 0.0f};
  rlx_mlx_array_t* v = make_i32(numbers, 3);
  rlx_mlx_array_t* z = make_f32(zeros, 3, 0);
  GIVES_I32(rlx_mlx_op_cumsum(v, 0, 0, &out), 2, 6, 9);
  GIVES_I32(rlx_mlx_op_cumsum(v, -1, 1, &out), 0, 2, 6);
  BAD(rlx_mlx_op_cumsum, 0);
  GIVES_I32(rlx_mlx_op_cumsum_reverse(v, 0, 0, &out), 9, 7, 3);
  GIVES_I32(rlx_mlx_op_cumsum_reverse(v, 0, 1, &out), 7, 3, 0);
  BAD(rlx_mlx_op_cumsum_reverse, 0);
  GIVES_I32(rlx_mlx_op_cumprod(v, 0, 0, 1, &out), 1, 2, 8);
  GIVES_I32(rlx_mlx_op_cumprod(v, 0, 1, 0, &out), 24, 12, 3);
  BAD(rlx_mlx_op_cumprod, 0, 0);
  GIVES_I32(rlx_mlx_op_cummax(v, 0, 0, 0, &out), 2, 4, 4);
  GIVES_I32(rlx_mlx_op_cummax(v, 0, 0, 1, &out), INT32_MIN, 2, 4);
  BAD(rlx_mlx_op_cummax, 0, 0);
  GIVES_I32(rlx_mlx_op_cummin(v, 0, 1, 0, &out), 2, 3, 3);
  GIVES_I32(rlx_mlx_op_cummin(v, 0, 1, 1, &out), 3, 3, INT32_MAX);
  BAD(rlx_mlx_op_cummin, 0, 0);
  GIVES_F32(rlx_mlx_op_logcumsumexp(z, 0, 0, 0, &out), 0.0f, 0.69314718f, 1.0986123f);
  BAD(rlx_mlx_op_logcumsumexp, 0, 0);
  rlx_mlx_array_free(v);
  rlx_mlx_array_free(z);
}
