/* Layer norm and RMS norm of real floats. */
#ifndef RLX_MLX_NORM_H
#define RLX_MLX_NORM_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Layer norm over the last axis; gamma and beta are 1-D of its size, or NULL for 1 and 0 (MLX: fast::layer_norm). */
int rlx_mlx_op_layernorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, rlx_mlx_array_t* beta_or_null, float eps,
                         rlx_mlx_array_t** out);

/* RMS norm over the last axis; gamma as above (MLX: fast::rms_norm). */
int rlx_mlx_op_rmsnorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, float eps, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
