/* Elementwise ops of one operand. The result has the operand's shape. */
#ifndef RLX_MLX_UNARY_H
#define RLX_MLX_UNARY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* One function by kind (MLX: the function of that name). Transcendental functions of integers and bool give f32, the
 * others keep the dtype. RELU keeps NaN; ROUND takes halves to even. EXP, SIN, COS, SIGMOID, ERF and ERFINV of f64 have
 * the precision of f32. ERR_BAD_DTYPE: NEG of bool; RELU, SIGMOID, ERF, ERFINV, FLOOR, CEIL, TRUNC and EXPM1 of
 * complex64. */
int rlx_mlx_op_unary(rlx_mlx_array_t* a, rlx_mlx_unary_t kind, rlx_mlx_array_t** out);

/* Exact 0.5 x (1 + erf(x / sqrt 2)). Half types are computed in f32 and rounded once; integers give f32; complex64 is
 * ERR_BAD_DTYPE. */
int rlx_mlx_op_gelu(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* x * sigmoid(x); integers give f32, complex64 is ERR_BAD_DTYPE. */
int rlx_mlx_op_silu(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* Conversion (MLX: astype). Float to integer truncates toward zero; a value that the integer cannot hold gives an
 * unspecified one. To bool: nonzero is true. */
int rlx_mlx_op_cast(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

/* The same bits as elements of another dtype; the last extent changes with the element size (MLX: view).
 * ERR_BAD_SHAPE when it does not divide, and for a scalar when the sizes differ. */
int rlx_mlx_op_view(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

/* ~a of integers; not a of bool (MLX: bitwise_invert). Other dtypes are ERR_BAD_DTYPE. */
int rlx_mlx_op_bit_not(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* a == 0, as bool (MLX: logical_not). */
int rlx_mlx_op_logical_not(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* NaN, +inf and -inf of real floats replaced by these values; other dtypes are returned as they are
 * (MLX: nan_to_num). */
int rlx_mlx_op_nan_to_num(rlx_mlx_array_t* a, float nan, float posinf, float neginf, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
