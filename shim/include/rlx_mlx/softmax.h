/* Softmax, and the cross-entropy of one. Operands are real floats unless said otherwise. */
#ifndef RLX_MLX_SOFTMAX_H
#define RLX_MLX_SOFTMAX_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise). */
int rlx_mlx_op_softmax(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out);

/* logsumexp(logits) - logits[target] over the last axis of logits [...,C], for integer targets [...]; the result has
 * the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy). */
int rlx_mlx_op_cross_entropy(rlx_mlx_array_t* logits, rlx_mlx_array_t* targets, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
