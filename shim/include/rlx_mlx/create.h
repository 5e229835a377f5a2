/* Arrays made from numbers, and triangular parts. */
#ifndef RLX_MLX_CREATE_H
#define RLX_MLX_CREATE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

int rlx_mlx_op_zeros(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);
int rlx_mlx_op_ones(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);
/* `value`, which broadcasts to the shape, in its own dtype (MLX: full). */
int rlx_mlx_op_full(const int* shape, size_t ndim, rlx_mlx_array_t* value, rlx_mlx_array_t** out);

/* start, start + step, .. before stop; rank 1, may be empty. Start and step are converted to `dtype` first, so integers
 * drop fractions, and i64 is exact to 2^53. ERR_BAD_SHAPE: step 0, a number that is not finite, more than 2^31 - 1
 * elements; ERR_BAD_DTYPE: bool (MLX: arange). */
int rlx_mlx_op_arange(double start, double stop, double step, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);
/* `count` numbers at equal distances from start to stop, which is left out when `endpoint` is 0; computed in f32, in
 * f64 for F64. ERR_BAD_SHAPE for a negative count (MLX: linspace). */
int rlx_mlx_op_linspace(double start, double stop, int count, int endpoint, rlx_mlx_dtype_t dtype,
                        rlx_mlx_array_t** out);

/* [rows, columns]: 1 on the diagonal column = row + k, else 0 (MLX: eye). */
int rlx_mlx_op_eye(int rows, int columns, int k, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);
/* [rows, columns]: 1 where column <= row + k, else 0 (MLX: tri). */
int rlx_mlx_op_tri(int rows, int columns, int k, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);
/* Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. ERR_BAD_SHAPE for a
 * rank below 2 (MLX: tril, triu). */
int rlx_mlx_op_tril(rlx_mlx_array_t* a, int k, rlx_mlx_array_t** out);
int rlx_mlx_op_triu(rlx_mlx_array_t* a, int k, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
