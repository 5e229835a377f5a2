/* Elementwise ops of one operand. */
#ifndef RLX_MLX_UNARY_H
#define RLX_MLX_UNARY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* One function by kind. RELU keeps NaN; transcendental functions of integers give f32. */
int rlx_mlx_op_unary(rlx_mlx_array_t* a, rlx_mlx_unary_t kind, rlx_mlx_array_t** out);

/* Exact 0.5 x (1 + erf(x / sqrt 2)). Half types are computed in f32 and rounded once; integers give f32. */
int rlx_mlx_op_gelu(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* x * sigmoid(x). */
int rlx_mlx_op_silu(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* Conversion (MLX: astype); float to integer truncates. */
int rlx_mlx_op_cast(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
