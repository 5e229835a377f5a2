/* Fused neural-network ops (mlx::core::fast) and softmax. Operands are real floats unless said otherwise. */
#ifndef RLX_MLX_NN_H
#define RLX_MLX_NN_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise). */
int rlx_mlx_op_softmax(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out);

/* Layer norm over the last axis; gamma and beta are 1-D of its size, or NULL for 1 and 0 (MLX: fast::layer_norm). */
int rlx_mlx_op_layernorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, rlx_mlx_array_t* beta_or_null, float eps,
                         rlx_mlx_array_t** out);

/* RMS norm over the last axis; gamma as above (MLX: fast::rms_norm). */
int rlx_mlx_op_rmsnorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, float eps, rlx_mlx_array_t** out);

/* softmax(scale * q k^T + mask) v for q [B,Hq,Lq,D], k [B,Hkv,Lk,D], v [B,Hkv,Lk,Dv], Hq a multiple of Hkv; the result
 * is [B,Hq,Lq,Dv]. CAUSAL is aligned to the end of the keys: query i sees keys up to i + Lk - Lq. SLIDING and CUSTOM
 * take a mask that broadcasts to [B,Hq,Lq,Lk]: bool (true attends), or a float that is added and promotes to q's dtype.
 * A row that attends to nothing is unspecified (MLX: fast::scaled_dot_product_attention). */
int rlx_mlx_op_attention(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, float scale,
                         rlx_mlx_mask_t mask_kind, rlx_mlx_array_t* mask_or_null, rlx_mlx_array_t** out);

/* The same with attention sinks [Hq]: one more score per head, which takes part in the softmax and carries no value. */
int rlx_mlx_op_attention_sinks(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, float scale,
                               rlx_mlx_mask_t mask_kind, rlx_mlx_array_t* mask_or_null, rlx_mlx_array_t* sinks,
                               rlx_mlx_array_t** out);

/* Rotary embedding of the first `dims` (even) features of x [B,...,T,D]; position t of the second last axis turns by
 * scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs [dims/2] where it is given; then `base` is not used.
 * `traditional` nonzero pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope). */
int rlx_mlx_op_rope(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale, int offset,
                    rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out);

/* The same with an integer array of offsets: a scalar, or one for each of the B batches. */
int rlx_mlx_op_rope_offsets(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale,
                            rlx_mlx_array_t* offsets, rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out);

/* logsumexp(logits) - logits[target] over the last axis of logits [...,C], for integer targets [...]; the result has
 * the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy). */
int rlx_mlx_op_cross_entropy(rlx_mlx_array_t* logits, rlx_mlx_array_t* targets, rlx_mlx_array_t** out);

/* The gated delta rule over T steps: with state S [Dv,Dk] of each head,
 *   S = gate * S;  S += beta * (v - S k) k^T;  y = S q.
 * q and k are [B,T,Hk,Dk], v [B,T,Hv,Dv], Hv a multiple of Hk; gates [B,T,Hv], or [B,T,Hv,Dk] for one gate a column;
 * beta [B,T,Hv]; state [B,Hv,Dv,Dk] or NULL for 0; mask bool [B,T] or NULL, false leaves the state alone. `*out_y` is
 * [B,T,Hv,Dv], `*out_state` the last state (MLX: fast::gated_delta_update). */
int rlx_mlx_op_gated_delta_update(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, rlx_mlx_array_t* gates,
                                  rlx_mlx_array_t* beta, rlx_mlx_array_t* state_or_null, rlx_mlx_array_t* mask_or_null,
                                  rlx_mlx_array_t** out_y, rlx_mlx_array_t** out_state);

/* scale * H x over the last axis, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28; ERR_BAD_DTYPE for f64
 * (MLX: hadamard_transform). */
int rlx_mlx_op_hadamard(rlx_mlx_array_t* x, float scale, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
