/* Attention, and the gated delta rule, which attends through a state in place of keys. Operands are real floats unless
 * said otherwise. */
#ifndef RLX_MLX_ATTENTION_H
#define RLX_MLX_ATTENTION_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

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

/* The gated delta rule over T steps: with state S [Dv,Dk] of each head,
 *   S = gate * S;  S += beta * (v - S k) k^T;  y = S q.
 * q and k are [B,T,Hk,Dk], v [B,T,Hv,Dv], Hv a multiple of Hk; gates [B,T,Hv], or [B,T,Hv,Dk] for one gate a column;
 * beta [B,T,Hv]; state [B,Hv,Dv,Dk] or NULL for 0; mask bool [B,T] or NULL, false leaves the state alone. `*out_y` is
 * [B,T,Hv,Dv], `*out_state` the last state (MLX: fast::gated_delta_update). */
int rlx_mlx_op_gated_delta_update(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, rlx_mlx_array_t* gates,
                                  rlx_mlx_array_t* beta, rlx_mlx_array_t* state_or_null, rlx_mlx_array_t* mask_or_null,
                                  rlx_mlx_array_t** out_y, rlx_mlx_array_t** out_state);

RLX_MLX_C_END
#endif
