/* Reductions, index reductions and scans. */
#ifndef RLX_MLX_REDUCE_H
#define RLX_MLX_REDUCE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Reduces over the listed axes; with none the array is returned as it is. SUM and PROD of small integers widen. */
int rlx_mlx_op_reduce(rlx_mlx_array_t* a, rlx_mlx_reduce_t kind, const int* axes, size_t n_axes, int keep_dim,
                      rlx_mlx_array_t** out);
/* Index of the first maximum / minimum along an axis; u32. */
int rlx_mlx_op_argmax(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out);
int rlx_mlx_op_argmin(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out);
/* Running sum; `exclusive` nonzero starts with 0 and leaves the last element out. */
int rlx_mlx_op_cumsum(rlx_mlx_array_t* a, int axis, int exclusive, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
