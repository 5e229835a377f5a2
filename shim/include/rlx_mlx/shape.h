/* Shape ops. Results may be views; rlx_mlx_op_contiguous makes them dense.
 *
 * Shapes, axes, bounds and counts that do not fit the operand are ERR_BAD_SHAPE. A list of axes may hold each axis
 * once; with no axes the array is returned as it is. */
#ifndef RLX_MLX_SHAPE_H
#define RLX_MLX_SHAPE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* The same elements in another shape; one extent may be -1, which is inferred (not for an empty array). */
int rlx_mlx_op_reshape(rlx_mlx_array_t* a, const int* new_shape, size_t ndim, rlx_mlx_array_t** out);
/* Axes start_axis .. end_axis, both included, become one; a scalar becomes one element (MLX: flatten). */
int rlx_mlx_op_flatten(rlx_mlx_array_t* a, int start_axis, int end_axis, rlx_mlx_array_t** out);
/* Axes of extent 1 at these places of the result (MLX: expand_dims). */
int rlx_mlx_op_expand_dims(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out);
/* Without these axes, whose extents are 1 (MLX: squeeze). */
int rlx_mlx_op_squeeze(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out);
/* Axis i of the result is axis perm[i]; `perm` names every axis once. A view. */
int rlx_mlx_op_transpose(rlx_mlx_array_t* a, const int* perm, size_t ndim, rlx_mlx_array_t** out);
/* One axis moved, the others in order (MLX: moveaxis). A view. */
int rlx_mlx_op_moveaxis(rlx_mlx_array_t* a, int source, int destination, rlx_mlx_array_t** out);
/* Two axes exchanged (MLX: swapaxes). A view. */
int rlx_mlx_op_swapaxes(rlx_mlx_array_t* a, int axis1, int axis2, rlx_mlx_array_t** out);

/* Elements start .. stop - 1 of each of the `ndim` axes, which are all of them. Python's rules: negative bounds count
 * from the end, bounds out of range are clamped, a result may be empty. */
int rlx_mlx_op_slice(rlx_mlx_array_t* a, const int* start, const int* stop, size_t ndim, rlx_mlx_array_t** out);
/* The same in steps; a negative stride goes backwards (stop -extent - 1 reaches the first element), 0 is an error. */
int rlx_mlx_op_slice_strided(rlx_mlx_array_t* a, const int* start, const int* stop, const int* strides, size_t ndim,
                             rlx_mlx_array_t** out);
/* A window of shape `size` (one extent for each axis of `a`) whose corner is known at evaluation only: `start` holds
 * one number for each of `axes` (a scalar for one axis), 0 applies to the others. The corner is clamped so that the
 * window lies inside; negative numbers clamp to 0. Floats are truncated (MLX: slice with an array start). */
int rlx_mlx_op_slice_dynamic(rlx_mlx_array_t* a, rlx_mlx_array_t* start, const int* axes, size_t n_axes,
                             const int* size, size_t ndim, rlx_mlx_array_t** out);

/* Joined along an existing axis; dtypes are promoted, `n` 0 is an error (MLX: concatenate). */
int rlx_mlx_op_concat(rlx_mlx_array_t* const* arrays, size_t n, int axis, rlx_mlx_array_t** out);
/* Joined along a new axis of extent `n`; all shapes are equal (MLX: stack). */
int rlx_mlx_op_stack(rlx_mlx_array_t* const* arrays, size_t n, int axis, rlx_mlx_array_t** out);
/* Cut into `n_outs` parts of one size, written to `outs`; after a failure all of them are NULL (MLX: split). */
int rlx_mlx_op_split(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** outs, size_t n_outs);
/* Cut before each of the `n_places` ascending places 0 .. extent; `n_outs` is n_places + 1, parts may be empty. */
int rlx_mlx_op_split_at(rlx_mlx_array_t* a, const int* places, size_t n_places, int axis, rlx_mlx_array_t** outs,
                        size_t n_outs);

/* Repeated along axes of extent 1 and new leading axes, without a copy (MLX: broadcast_to). */
int rlx_mlx_op_broadcast_to(rlx_mlx_array_t* a, const int* shape, size_t ndim, rlx_mlx_array_t** out);
/* Each element `repeats` times in a row (MLX: repeat). */
int rlx_mlx_op_repeat(rlx_mlx_array_t* a, int repeats, int axis, rlx_mlx_array_t** out);
/* The whole array reps[i] times along axis i; a shorter list is filled with 1 in front, a longer one adds axes
 * (MLX: tile). */
int rlx_mlx_op_tile(rlx_mlx_array_t* a, const int* reps, size_t n_reps, rlx_mlx_array_t** out);
/* Order reversed along these axes (MLX: flip). */
int rlx_mlx_op_flip(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out);
/* Moved by shifts[i] along axes[i]; what leaves at one end enters at the other (MLX: roll). */
int rlx_mlx_op_roll(rlx_mlx_array_t* a, const int* shifts, const int* axes, size_t n_axes, rlx_mlx_array_t** out);

/* low[i] and high[i] elements of a constant around axis i, for all `ndim` axes; the constant is cast to a's dtype
 * (MLX: pad). */
int rlx_mlx_op_pad(rlx_mlx_array_t* a, const int* low, const int* high, size_t ndim, float pad_value,
                   rlx_mlx_array_t** out);
/* The same with a scalar array, which carries f64, i64 and complex64 exactly. */
int rlx_mlx_op_pad_value(rlx_mlx_array_t* a, const int* low, const int* high, size_t ndim, rlx_mlx_array_t* pad_value,
                         rlx_mlx_array_t** out);

/* Element (i, j, ..) is number offset + i * strides[0] + j * strides[1] + .. of a's elements in row-major order;
 * strides count elements and may be negative. ERR_BAD_SHAPE when one lies outside (MLX: as_strided). */
int rlx_mlx_op_as_strided(rlx_mlx_array_t* a, const int* shape, const int64_t* strides, size_t ndim, size_t offset,
                          rlx_mlx_array_t** out);
/* A dense row-major array; shares the buffer when it is one already (MLX: contiguous). */
int rlx_mlx_op_contiguous(rlx_mlx_array_t* a, rlx_mlx_array_t** out);
/* A node of its own over the same buffer, strides included (MLX: copy). */
int rlx_mlx_op_copy(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
