/* Gathers. */
#ifndef RLX_MLX_GATHER_H
#define RLX_MLX_GATHER_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Slices of `a` along `axis` picked by integer `indices`, whose axes take the place of `axis` (MLX: take). Negative
 * indices count from the end; indices out of range are clamped into it, so that none reads foreign memory. */
int rlx_mlx_op_take(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, int axis, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
