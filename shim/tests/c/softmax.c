/* include/rlx_mlx/softmax.h */
#include "check.h"

static void softmax(void) {
  const float data[] = {0, 0, 0, 0}, half[] = {0.5F, 0.5F, 0.5F, 0.5F};
  rlx_mlx_array_t *x = make_f32(data, 2, 2), *out = NULL;

  CHECK_OK(rlx_mlx_op_softmax(x, -1, &out));
  CHECK(holds_f32(out, half, 4, 1e-6F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_softmax, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_softmax(x, 2, &out));
  rlx_mlx_array_free(x);
}

static void cross_entropy(void) {
  const float data[] = {0, 0, 0, 0}, log2[] = {0.6931472F, 0.6931472F};
  const int32_t picked[] = {1, -1}, wrong[] = {0};
  rlx_mlx_array_t *logits = make_f32(data, 2, 2), *targets = make_i32(picked, 2), *few = make_i32(wrong, 1);
  rlx_mlx_array_t* out = NULL;

  CHECK_OK(rlx_mlx_op_cross_entropy(logits, targets, &out));
  CHECK(holds_f32(out, log2, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_cross_entropy, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_cross_entropy(logits, few, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_cross_entropy, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_cross_entropy(logits, logits, &out));
  rlx_mlx_array_free(logits);
  rlx_mlx_array_free(targets);
  rlx_mlx_array_free(few);
}

void test_softmax(void) {
  softmax();
  cross_entropy();
}
