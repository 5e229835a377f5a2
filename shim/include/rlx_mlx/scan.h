/* Running reductions along one axis; the shape stays.
 *
 * `reverse` nonzero runs from the last element to the first. `exclusive` nonzero leaves the element itself out, so that
 * the first result of the run is the neutral element: 0, 1, the lowest or the highest value, -inf. Integer results keep
 * the dtype and wrap around, except that sums of bool are i32. */
#ifndef RLX_MLX_SCAN_H
#define RLX_MLX_SCAN_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Running sum from the first element (MLX: cumsum). */
int rlx_mlx_op_cumsum(rlx_mlx_array_t* a, int axis, int exclusive, rlx_mlx_array_t** out);
/* Running sum from the last element (MLX: cumsum, reverse). */
int rlx_mlx_op_cumsum_reverse(rlx_mlx_array_t* a, int axis, int exclusive, rlx_mlx_array_t** out);
int rlx_mlx_op_cumprod(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out); /* product */
int rlx_mlx_op_cummax(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out);  /* maximum */
int rlx_mlx_op_cummin(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out);  /* minimum */
/* log of the running sum of exp a, without overflow; integers give f32 (MLX: logcumsumexp). */
int rlx_mlx_op_logcumsumexp(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
