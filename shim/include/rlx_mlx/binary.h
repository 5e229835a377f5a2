/* Elementwise ops of two or three operands.
 *
 * NumPy broadcasting (ERR_BAD_SHAPE where shapes do not meet) and MLX's type promotion apply: f16 with bf16 gives f32,
 * integers with floats give the float type. Integer arithmetic wraps around. */
#ifndef RLX_MLX_BINARY_H
#define RLX_MLX_BINARY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

int rlx_mlx_op_add(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* a + b; of bool: or */
int rlx_mlx_op_sub(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* a - b (MLX: subtract) */
int rlx_mlx_op_mul(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out); /* a * b; of bool: and */
/* True division; integers and bool give f32 (MLX: divide). */
int rlx_mlx_op_div(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* floor(a / b), of integers too; an integer divided by 0 is 0, the lowest integer by -1 is itself. ERR_BAD_DTYPE for
 * complex64 (MLX: floor_divide). */
int rlx_mlx_op_floor_div(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* Remainder with the sign of the divisor, as in Python; of integers by 0 it is 0. ERR_BAD_DTYPE for complex64
 * (MLX: remainder). */
int rlx_mlx_op_remainder(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* Remainder with the sign of the dividend, as C's fmod, exact; otherwise as rlx_mlx_op_remainder, from which it is
 * made. A zero result carries no certain sign. */
int rlx_mlx_op_fmod(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* The larger and the smaller element; NaN wins (MLX: maximum, minimum). */
int rlx_mlx_op_max(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_min(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* a to the power b in the promoted dtype; an integer to a negative integer is 0 (MLX: power). */
int rlx_mlx_op_pow(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* Angle of the point (b, a); integers give f32, complex64 is ERR_BAD_DTYPE (MLX: arctan2). */
int rlx_mlx_op_atan2(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* log(exp a + exp b) without overflow; integers give f32 (MLX: logaddexp). */
int rlx_mlx_op_logaddexp(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* Bit operations on integers and bool; other dtypes are ERR_BAD_DTYPE (MLX: bitwise_and, _or, _xor). */
int rlx_mlx_op_bit_and(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_bit_or(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_bit_xor(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
 * unspecified number. ERR_BAD_DTYPE for non-integers (MLX: left_shift, right_shift). */
int rlx_mlx_op_shl(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_shr(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor). */
int rlx_mlx_op_logical_and(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_logical_or(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_logical_xor(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary part.
 * NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal). */
int rlx_mlx_op_eq(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_ne(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_lt(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_le(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_gt(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
int rlx_mlx_op_ge(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* x where cond is nonzero, else y; all three broadcast (MLX: where). */
int rlx_mlx_op_where(rlx_mlx_array_t* cond, rlx_mlx_array_t* x, rlx_mlx_array_t* y, rlx_mlx_array_t** out);
/* min(max(a, low), high); a bound may be NULL, not both (ERR_NULL). NaN stays; high wins over a greater low
 * (MLX: clip). */
int rlx_mlx_op_clip(rlx_mlx_array_t* a, rlx_mlx_array_t* low_or_null, rlx_mlx_array_t* high_or_null,
                    rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
