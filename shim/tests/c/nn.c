/* include/rlx_mlx/nn.h */
#include "check.h"

static void norms(void) {
  const float data[] = {1, 3, 2, 6}, weights[] = {2, 4}, logs[] = {0, 0, 0, 0};
  const float half[] = {0.5F, 0.5F, 0.5F, 0.5F}, unit[] = {-1, 1, -1, 1}, scaled[] = {-2, 4, -2, 4};
  const float rms[] = {0.4472136F, 1.3416408F, 0.4472136F, 1.3416408F};
  const float hadamard[] = {4, -2, 8, -4};
  rlx_mlx_array_t *x = make_f32(data, 2, 2), *w = make_f32(weights, 2, 0), *zeros = make_f32(logs, 2, 2), *out = NULL;
  const int32_t numbers[] = {1, 2};
  rlx_mlx_array_t* ints = make_i32(numbers, 2);

  CHECK_OK(rlx_mlx_op_softmax(zeros, -1, &out));
  CHECK(holds_f32(out, half, 4, 1e-6F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_softmax, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_softmax(x, 2, &out));
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
  CHECK_OK(rlx_mlx_op_hadamard(x, 1, &out));
  CHECK(holds_f32(out, hadamard, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_hadamard, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_hadamard(ints, 1, &out));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(zeros);
  rlx_mlx_array_free(ints);
}

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

static void rope(void) {
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

static void training(void) {
  const float data[] = {0, 0, 0, 0}, log2[] = {0.6931472F, 0.6931472F};
  const int32_t picked[] = {1, -1}, wrong[] = {0};
  const int one_head[] = {1, 1, 1, 1}, gate_shape[] = {1, 1, 1};
  const float q[] = {2}, v[] = {3}, beta[] = {0.5F}, y[] = {6}, state[] = {3};
  rlx_mlx_array_t *logits = make_f32(data, 2, 2), *targets = make_i32(picked, 2), *few = make_i32(wrong, 1);
  rlx_mlx_array_t* Q = make(RLX_MLX_DTYPE_F32, q, sizeof(q), 4, one_head);
  rlx_mlx_array_t* V = make(RLX_MLX_DTYPE_F32, v, sizeof(v), 4, one_head);
  rlx_mlx_array_t* B = make(RLX_MLX_DTYPE_F32, beta, sizeof(beta), 3, gate_shape);
  rlx_mlx_array_t *out = NULL, *last = NULL;

  CHECK_OK(rlx_mlx_op_cross_entropy(logits, targets, &out));
  CHECK(holds_f32(out, log2, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_cross_entropy, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_cross_entropy(logits, few, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_cross_entropy, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_cross_entropy(logits, logits, &out));

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
  rlx_mlx_array_free(logits);
  rlx_mlx_array_free(targets);
  rlx_mlx_array_free(few);
  rlx_mlx_array_free(Q);
  rlx_mlx_array_free(V);
  rlx_mlx_array_free(B);
}

void test_nn(void) {
  norms();
  attention();
  rope();
  training();
}
