/* Pooling by kernels from source. */
#ifndef RLX_MLX_POOL_H
#define RLX_MLX_POOL_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* The gradient of 2-D max pooling with respect to its input, as one Metal kernel: x [n,c,h,w] and dy
 * [n,c,h_out,w_out] of one float dtype give dx [n,c,h,w] of that dtype, summed in f32 in a fixed order. kh, kw: window;
 * sh, sw: strides; ph, pw: zero padding, less than the window; h_out and w_out are floor((h + 2 ph - kh) / sh) + 1 and
 * likewise. A window's gradient goes to its first NaN if it has one, else to the first of its maxima; padding never
 * wins. ERR_BAD_SHAPE when the numbers do not fit the arrays or each other; an MLX without Metal is ERR_GENERIC. */
int rlx_mlx_op_maxpool2d_backward_metal(rlx_mlx_array_t* x, rlx_mlx_array_t* dy, int n, int c, int h, int w, int h_out,
                                        int w_out, int kh, int kw, int sh, int sw, int ph, int pw,
                                        rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
