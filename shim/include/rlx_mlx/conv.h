/* Convolutions of real floats, channels last: input [N, spatial..., C_in], weight [C_out, kernel..., C_in / groups],
 * result [N, spatial..., C_out]. They are cross-correlations: the kernel is not reversed. Strides, dilations and
 * `groups` are 1 or more, and C_in and C_out multiples of `groups`; ERR_BAD_SHAPE otherwise, also where the padded
 * input is smaller than the kernel. Groups over three spatial axes, and f64, which MLX lacks, are put together from
 * several ops. */
#ifndef RLX_MLX_CONV_H
#define RLX_MLX_CONV_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general). */
int rlx_mlx_op_conv1d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride, int padding, int dilation,
                      int groups, rlx_mlx_array_t** out);
int rlx_mlx_op_conv2d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_h, int stride_w, int pad_h, int pad_w,
                      int dil_h, int dil_w, int groups, rlx_mlx_array_t** out);
int rlx_mlx_op_conv3d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_d, int stride_h, int stride_w,
                      int pad_d, int pad_h, int pad_w, int dil_d, int dil_h, int dil_w, int groups,
                      rlx_mlx_array_t** out);

/* One to three spatial axes. Each list holds nothing (its default: 1, for paddings 0), one value for all spatial axes,
 * or one for each. `input_dilation` puts zeros between the elements of the input; paddings are counted on the result of
 * that, and a negative one cuts elements off. `flip` nonzero reverses the kernel (MLX: conv_general). */
int rlx_mlx_op_conv_general(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, const int* stride, size_t stride_n,
                            const int* padding_lo, size_t padding_lo_n, const int* padding_hi, size_t padding_hi_n,
                            const int* kernel_dilation, size_t kernel_dilation_n, const int* input_dilation,
                            size_t input_dilation_n, int groups, int flip, rlx_mlx_array_t** out);

/* Transposed convolutions: the gradient of the above with respect to their input. The result has
 * (in - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis. */
int rlx_mlx_op_conv_transpose1d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride, int padding, int dilation,
                                int output_padding, int groups, rlx_mlx_array_t** out);
int rlx_mlx_op_conv_transpose2d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_h, int stride_w, int pad_h,
                                int pad_w, int dil_h, int dil_w, int out_pad_h, int out_pad_w, int groups,
                                rlx_mlx_array_t** out);
int rlx_mlx_op_conv_transpose3d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_d, int stride_h,
                                int stride_w, int pad_d, int pad_h, int pad_w, int dil_d, int dil_h, int dil_w,
                                int out_pad_d, int out_pad_h, int out_pad_w, int groups, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
