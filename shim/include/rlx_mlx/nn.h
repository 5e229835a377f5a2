/* Fused neural-network ops (mlx::core::fast) and softmax. */
#ifndef RLX_MLX_NN_H
#define RLX_MLX_NN_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Softmax along an axis; half types accumulate in f32. */
int rlx_mlx_op_softmax(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out);
/* Layer norm over the last axis; gamma and beta are 1-D of its size, or NULL. */
int rlx_mlx_op_layernorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, rlx_mlx_array_t* beta_or_null, float eps,
                         rlx_mlx_array_t** out);
/* RMS norm over the last axis; gamma as above. */
int rlx_mlx_op_rmsnorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, float eps, rlx_mlx_array_t** out);
/* softmax(scale * q k^T + mask) v for q [B,Hq,Lq,D], k [B,Hkv,Lk,D], v [B,Hkv,Lk,Dv], Hq a multiple of Hkv. CAUSAL is
 * aligned to the end of the keys. SLIDING and CUSTOM take a mask that broadcasts to [B,Hq,Lq,Lk]: bool (true attends)
 * or a float that is added and promotes to q's dtype. */
int rlx_mlx_op_attention(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, float scale,
                         rlx_mlx_mask_t mask_kind, rlx_mlx_array_t* mask_or_null, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
