/* Reductions over axes, and positions of extremes.
 *
 * The listed axes go, or stay with extent 1 when `keep_dim` is nonzero; each may be listed once. With no axes nothing
 * is reduced: each element is a group of its own. To reduce over everything, list every axis. */
#ifndef RLX_MLX_REDUCE_H
#define RLX_MLX_REDUCE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* One reduction by kind (MLX: sum, mean, max, min, prod); with no axes the array itself, whatever the kind. SUM and
 * PROD of bool and of signed integers up to 32 bits give i32, of unsigned ones u32, i64 stays; MEAN of integers gives
 * f32. MAX and MIN give NaN where there is one, and are ERR_BAD_SHAPE over an axis of extent 0, over which SUM gives 0,
 * PROD 1 and MEAN NaN. */
int rlx_mlx_op_reduce(rlx_mlx_array_t* a, rlx_mlx_reduce_t kind, const int* axes, size_t n_axes, int keep_dim,
                      rlx_mlx_array_t** out);
/* log(sum(exp a)) without overflow; integers give f32; ERR_BAD_SHAPE over an axis of extent 0 (MLX: logsumexp). */
int rlx_mlx_op_logsumexp(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out);
/* Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n. Integers
 * and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std). */
int rlx_mlx_op_var(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, int ddof, rlx_mlx_array_t** out);
int rlx_mlx_op_std(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, int ddof, rlx_mlx_array_t** out);
/* Whether all, or any, elements are nonzero; bool (MLX: all, any). */
int rlx_mlx_op_all(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out);
int rlx_mlx_op_any(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out);

/* Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. ERR_BAD_SHAPE along an axis
 * of extent 0 (MLX: argmax, argmin). */
int rlx_mlx_op_argmax(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out);
int rlx_mlx_op_argmin(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
