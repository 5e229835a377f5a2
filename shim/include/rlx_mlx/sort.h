/* Sorting and selection along one axis.
 *
 * NaN is the greatest value: last in ascending order, first in descending order. Equal elements keep their order both
 * ways. Indices are u32. Complex numbers are ordered by real, then imaginary part. */
#ifndef RLX_MLX_SORT_H
#define RLX_MLX_SORT_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* In ascending order (MLX: sort). */
int rlx_mlx_op_sort(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out);
/* In descending order when `descending` is nonzero. */
int rlx_mlx_op_sort_by(rlx_mlx_array_t* a, int axis, int descending, rlx_mlx_array_t** out);
/* The indices that sort (MLX: argsort). */
int rlx_mlx_op_argsort(rlx_mlx_array_t* a, int axis, int descending, rlx_mlx_array_t** out);

/* The `k` largest elements in descending order; ERR_BAD_SHAPE unless 0 <= k <= extent. */
int rlx_mlx_op_topk_values(rlx_mlx_array_t* a, int k, int axis, rlx_mlx_array_t** out);
/* The same with their indices; of equal elements the one with the smaller index comes first, and is the one chosen.
 * After a failure both results are NULL. */
int rlx_mlx_op_topk(rlx_mlx_array_t* a, int k, int axis, rlx_mlx_array_t** out_values, rlx_mlx_array_t** out_indices);

/* Rearranged so that the element of rank `kth` is in its place, with none greater before it and none smaller behind
 * it; the order within the two parts is unspecified. Negative `kth` counts from the end; ERR_BAD_SHAPE when out of
 * range (MLX: partition). */
int rlx_mlx_op_partition(rlx_mlx_array_t* a, int kth, int axis, rlx_mlx_array_t** out);
/* The indices that do so: the k largest elements are the last k with kth = -k (MLX: argpartition). */
int rlx_mlx_op_argpartition(rlx_mlx_array_t* a, int kth, int axis, rlx_mlx_array_t** out);

/* For each of `values` the place in the ascending rank-1 array `sorted` where it could be inserted: before equal
 * elements, or behind them when `right` is nonzero. The result is u32 with the shape of `values`; NaN goes to the end
 * (MLX: searchsorted). */
int rlx_mlx_op_searchsorted(rlx_mlx_array_t* sorted, rlx_mlx_array_t* values, int right, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
