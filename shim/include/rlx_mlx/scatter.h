/* Updates of parts of an array. The result is a new array of a's shape and dtype; MLX works in place when the caller
 * has freed its last handle to `a` before evaluation.
 *
 * Updates are cast to a's dtype. Indices follow gather.h, but an update whose index is out of range is dropped, since
 * clamping would change an element that nobody named. Where several updates meet one element, ADD, PROD, MAX and MIN
 * take all of them, SET an unspecified one. */
#ifndef RLX_MLX_SCATTER_H
#define RLX_MLX_SCATTER_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Adds slices: a[.., indices[i..], ..] += updates[i.., ..] along `axis`. The shape of `updates` is that of `indices`
 * followed by a's, with extent 1 at `axis` or without it (MLX: scatter_add). */
int rlx_mlx_op_scatter_add(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, rlx_mlx_array_t* updates, int axis,
                           rlx_mlx_array_t** out);
/* Adds single elements: a[.., indices[.., i, ..], ..] += updates[.., i, ..]. Ranks are equal; the extents of `indices`
 * besides `axis` are a's or 1; `updates` broadcasts to the indices so completed (MLX: scatter_add_axis). */
int rlx_mlx_op_scatter_add_axis(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, rlx_mlx_array_t* updates, int axis,
                                rlx_mlx_array_t** out);
/* The same in any mode (MLX: put_along_axis for SET). */
int rlx_mlx_op_scatter_axis(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, rlx_mlx_array_t* updates, int axis,
                            rlx_mlx_update_t mode, rlx_mlx_array_t** out);
/* Windows: the shape of `updates` is the broadcast shape of the `n` index arrays followed by a window's, one extent for
 * each axis of `a`. Corners are indices[i] on axes[i], 0 on the other axes; a window that reaches outside is dropped
 * whole (MLX: scatter, scatter_add, scatter_prod, scatter_max, scatter_min). */
int rlx_mlx_op_scatter(rlx_mlx_array_t* a, rlx_mlx_array_t* const* indices, const int* axes, size_t n,
                       rlx_mlx_array_t* updates, rlx_mlx_update_t mode, rlx_mlx_array_t** out);

/* The part that rlx_mlx_op_slice_strided would give; `strides` NULL means 1. `update` broadcasts to its shape
 * (MLX: slice_update, slice_update_add, ..). */
int rlx_mlx_op_slice_update(rlx_mlx_array_t* a, rlx_mlx_array_t* update, const int* start, const int* stop,
                            const int* strides_or_null, size_t ndim, rlx_mlx_update_t mode, rlx_mlx_array_t** out);
/* The window of update's shape whose corner is known at evaluation only, as in rlx_mlx_op_slice_dynamic: clamped to lie
 * inside. `update` has a's rank and no greater extent (MLX: slice_update with an array start). */
int rlx_mlx_op_slice_update_dynamic(rlx_mlx_array_t* a, rlx_mlx_array_t* update, rlx_mlx_array_t* start,
                                    const int* axes, size_t n_axes, rlx_mlx_update_t mode, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
