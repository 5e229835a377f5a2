/* Gathers: elements and slices picked by index arrays.
 *
 * Indices are integers of any width (64-bit ones are not narrowed), bool as 0 and 1, or floats, which are truncated
 * toward zero; complex64 is ERR_BAD_DTYPE. A negative index counts from the end, once. What is still out of range is
 * clamped to the nearest valid index (NaN to the first), so that no memory outside the array is read. Indices into an
 * axis of extent 0 are ERR_BAD_SHAPE unless there are none. */
#ifndef RLX_MLX_GATHER_H
#define RLX_MLX_GATHER_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Slices of `a` along `axis`: the axes of `indices` take the place of `axis`, which a scalar index drops
 * (MLX: take). */
int rlx_mlx_op_take(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, int axis, rlx_mlx_array_t** out);
/* Single elements: out[.., i, ..] = a[.., indices[.., i, ..], ..]. Ranks are equal, the extents of the other axes
 * broadcast (MLX: take_along_axis). */
int rlx_mlx_op_take_along_axis(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, int axis, rlx_mlx_array_t** out);
/* Windows of shape `sizes` (one extent for each of the `ndim` axes of `a`). Window corners: indices[i] on axes[i], 0 on
 * the other axes; the `n` index arrays broadcast. The result has the shape of the indices followed by `sizes`. Corners
 * are clamped so that the window lies inside (MLX: gather). */
int rlx_mlx_op_gather(rlx_mlx_array_t* a, rlx_mlx_array_t* const* indices, const int* axes, size_t n, const int* sizes,
                      size_t ndim, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
