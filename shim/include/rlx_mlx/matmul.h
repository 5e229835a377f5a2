/* Matrix products. */
#ifndef RLX_MLX_MATMUL_H
#define RLX_MLX_MATMUL_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Batched product of floats, batch axes broadcast. */
int rlx_mlx_op_matmul(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);
/* alpha * (a @ b) + beta * c (MLX: addmm). */
int rlx_mlx_op_addmm(rlx_mlx_array_t* c, rlx_mlx_array_t* a, rlx_mlx_array_t* b, float alpha, float beta,
                     rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
