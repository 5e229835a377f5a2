/* Rotary position embedding of real floats. */
#ifndef RLX_MLX_ROPE_H
#define RLX_MLX_ROPE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Rotary embedding of the first `dims` (even) features of x [B,...,T,D]; position t of the second last axis turns by
 * scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs [dims/2] where it is given; then `base` is not used.
 * `traditional` nonzero pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope). */
int rlx_mlx_op_rope(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale, int offset,
                    rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out);

/* The same with an integer array of offsets: a scalar, or one for each of the B batches. */
int rlx_mlx_op_rope_offsets(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale,
                            rlx_mlx_array_t* offsets, rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
