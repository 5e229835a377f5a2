/* include/rlx_mlx/attention.h */
#include "check.h"

static void attention(void) {
  /* Zero scores: each query takes the mean of the values that it sees. */
  const int shape[] = {1, 1, 2, 2};
  const float zeros[] = {0, 0, 0, 0}, values[] = {2, 4, 4, 8}, mean[] = {3, 6, 3, 6}, causal[] = {2, 4, 3, 6};
  const float sink[] = {0}, with_sink[] = {2, 4, 2, 4};
  const unsigned char lower[] = {1, 0, 1, 1};
  const int mask_shape[] = {2, 2};
  rlx_mlx_array_t* q = make(RLX_MLX_DTYPE_F32, zeros, sizeof(zeros), 4, shape);
  rlx_mlx_array_t* v = make(RLX_MLX_DTYPE_F32, values, sizeof(values), 4, shape);
  rlx_mlx_array_t* mask = make(RLX_MLX_DTYPE_BOOL, lower, sizeof(lower), 2, mask_shape);
  rlx_mlx_array_t *sinks = make_f32(sink, 1, 0), *out = NULL;

  CHECK_OK(rlx_mlx_op_attention(q, q, v, 1, RLX_MLX_MASK_NONE, NULL, &out));
  CHECK(holds_f32(out, mean, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_attention(q, q, v, 1, RLX_MLX_MASK_CAUSAL, NULL, &out));
  CHECK(holds_f32(out, causal, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_attention(q, q, v, 1, RLX_MLX_MASK_CUSTOM, mask, &out));
  CHECK(holds_f32(out, causal, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_attention, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_op_attention(q, q, v, 1, RLX_MLX_MASK_SLIDING, NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_attention, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_op_attention(q, q, v, 1, (rlx_mlx_mask_t)4, NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_attention, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_attention(q, mask, v, 1, RLX_MLX_MASK_NONE, NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_attention, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_attention(q, sinks, v, 1, RLX_MLX_MASK_NONE, NULL, &out));
  CHECK_OK(rlx_mlx_op_attention_sinks(q, q, v, 1, RLX_MLX_MASK_NONE, NULL, sinks, &out));
  CHECK(holds_f32(out, with_sink, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_attention_sinks, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_attention_sinks(q, q, v, 1, RLX_MLX_MASK_NONE, NULL, q, &out));
  rlx_mlx_array_free(q);
  rlx_mlx_array_free(v);
  rlx_mlx_array_free(mask);
  rlx_mlx_array_free(sinks);
}

static void gated_delta_update(void) {
  const int one_head[] = {1, 1, 1, 1}, gate_shape[] = {1, 1, 1};
  const float q[] = {2}, v[] = {3}, beta[] = {0.5F}, y[] = {6}, state[] = {3};
  rlx_mlx_array_t* Q = make(RLX_MLX_DTYPE_F32, q, sizeof(q), 4, one_head);
  rlx_mlx_array_t* V = make(RLX_MLX_DTYPE_F32, v, sizeof(v), 4, one_head);
  rlx_mlx_array_t* B = make(RLX_MLX_DTYPE_F32, beta, sizeof(beta), 3, gate_shape);
  rlx_mlx_array_t *out = NULL, *last = NULL;

  /* S = 0; S += 0.5 * (3 - 0) * 2 = 3; y = 3 * 2. */
  CHECK_OK(rlx_mlx_op_gated_delta_update(Q, Q, V, B, B, NULL, NULL, &out, &last));
  CHECK(holds_f32(out, y, 1, 1e-5F) && holds_f32(last, state, 1, 1e-5F));
  rlx_mlx_array_free(out);
  rlx_mlx_array_free(last);
  last = (void*)&checks_done;
  CHECK_FAILS_OUT(rlx_mlx_op_gated_delta_update, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_gated_delta_update(Q, Q, V, B, Q, NULL, NULL, &out, &last));
  CHECK(last == NULL);
  CHECK_FAILS_OUT(rlx_mlx_op_gated_delta_update, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_op_gated_delta_update(Q, Q, V, B, B, NULL, NULL, &out, NULL));
  rlx_mlx_array_free(Q);
  rlx_mlx_array_free(V);
  rlx_mlx_array_free(B);
}

void test_attention(void) {
  attention();
  gated_delta_update();
}
