/* Shape ops. Results may be views; rlx_mlx_op_contiguous makes them dense. */
#ifndef RLX_MLX_SHAPE_H
#define RLX_MLX_SHAPE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* One extent may be -1. */
int rlx_mlx_op_reshape(rlx_mlx_array_t* a, const int* new_shape, size_t ndim, rlx_mlx_array_t** out);
int rlx_mlx_op_transpose(rlx_mlx_array_t* a, const int* perm, size_t ndim, rlx_mlx_array_t** out);
/* Elements start, start + stride, ... before stop, in each of `ndim` axes; strides are positive or negative, not 0.
 * `strides` NULL means 1. Python's rules for negative and out-of-range bounds. */
int rlx_mlx_op_slice(rlx_mlx_array_t* a, const int* start, const int* stop, const int* strides, size_t ndim,
                     rlx_mlx_array_t** out);
int rlx_mlx_op_concat(rlx_mlx_array_t* const* arrays, size_t n, int axis, rlx_mlx_array_t** out);
int rlx_mlx_op_broadcast_to(rlx_mlx_array_t* a, const int* shape, size_t ndim, rlx_mlx_array_t** out);
/* A dense row-major array; shares the buffer when it is one already. */
int rlx_mlx_op_contiguous(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
