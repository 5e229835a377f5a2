/* Elementwise ops of two or three operands; NumPy broadcasting and MLX type promotion apply. */
#ifndef RLX_MLX_BINARY_H
#define RLX_MLX_BINARY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

int rlx_mlx_op_add(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* a + b */
int rlx_mlx_op_sub(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* a - b */
int rlx_mlx_op_mul(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* a * b */
/* True division; integer operands give f32 (MLX: divide). */
int rlx_mlx_op_div(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* Division of integers rounded toward negative infinity; of floats, floor(a / b) (MLX: floor_divide). */
int rlx_mlx_op_floor_div(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_max(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* MLX: maximum */
int rlx_mlx_op_min(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* MLX: minimum */
int rlx_mlx_op_pow(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* MLX: power */
/* Remainder with the sign of the divisor, as in Python (MLX: remainder). */
int rlx_mlx_op_remainder(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_atan2(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* MLX: arctan2 */

/* Bit operations on integers and bool. */
int rlx_mlx_op_bit_and(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_bit_or(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_bit_xor(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_shl(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* MLX: left_shift */
int rlx_mlx_op_shr(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* MLX: right_shift */

/* Comparisons; the result is bool. */
int rlx_mlx_op_eq(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_ne(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_lt(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_le(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_gt(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_ge(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* x where cond is nonzero, else y. */
int rlx_mlx_op_where(rlx_mlx_array_t* cond, rlx_mlx_array_t* x, rlx_mlx_array_t* y, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
