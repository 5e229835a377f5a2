/* Quantised matrices. Each group of neighbours on the last axis shares a scale (and in affine mode a bias); elements of
 * `bits` are packed into u32 words, the first in the lowest bits. A bad combination of mode, group size and bits is
 * ERR_BAD_SHAPE. */
#ifndef RLX_MLX_QUANTIZED_H
#define RLX_MLX_QUANTIZED_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Modes, with the values that `group_size` and `bits` may have; 0 stands for the one named first. Affine: 64, 32 or
 * 128; 4, 1, 2, 3, 5, 6 or 8; scales and biases of the dtype of the matrix: element = scale * number + bias. The others
 * have no biases and u8 scales: mxfp4 (e2m1 elements, e8m0 scales), 32; 4. mxfp8 (e4m3, e8m0): 32; 8. nvfp4 (e2m1,
 * e4m3): 16; 4. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_QUANT_AFFINE = 0,
  RLX_MLX_QUANT_MXFP4 = 1,
  RLX_MLX_QUANT_MXFP8 = 2,
  RLX_MLX_QUANT_NVFP4 = 3
} rlx_mlx_quant_t;

/* Quantises w [...,K] of rank 2 or more, f16, bf16 or f32, K a multiple of the group size: u32 words [...,K*bits/32],
 * scales [...,K/group_size], and biases of the same shape, or NULL in modes that have none. `global_scale_or_null` is a
 * f32 scalar for nvfp4 alone: the largest magnitude, by which the scales are normalised (MLX: quantize). */
int rlx_mlx_op_quantize(rlx_mlx_array_t* w, int group_size, int bits, rlx_mlx_quant_t mode,
                        rlx_mlx_array_t* global_scale_or_null, rlx_mlx_array_t** out_w, rlx_mlx_array_t** out_scales,
                        rlx_mlx_array_t** out_biases);

/* Back to [...,K] of dtype f16, bf16 or f32. Biases are NULL exactly where the mode has none (MLX: dequantize). */
int rlx_mlx_op_dequantize(rlx_mlx_array_t* w, rlx_mlx_array_t* scales, rlx_mlx_array_t* biases_or_null, int group_size,
                          int bits, rlx_mlx_quant_t mode, rlx_mlx_array_t* global_scale_or_null, rlx_mlx_dtype_t dtype,
                          rlx_mlx_array_t** out);

/* x [...,K] @ w^T for quantised w [N,K] with `transpose` nonzero, else x [...,N] @ w; affine. NULL biases are 0. x is
 * f16, bf16 or f32; batch axes of w broadcast with those of x (MLX: quantized_matmul). */
int rlx_mlx_op_quantized_matmul(rlx_mlx_array_t* x, rlx_mlx_array_t* w, rlx_mlx_array_t* scales,
                                rlx_mlx_array_t* biases_or_null, int transpose, int group_size, int bits,
                                rlx_mlx_array_t** out);

/* The same in any mode, biases NULL exactly where the mode has none. */
int rlx_mlx_op_quantized_matmul_mode(rlx_mlx_array_t* x, rlx_mlx_array_t* w, rlx_mlx_array_t* scales,
                                     rlx_mlx_array_t* biases_or_null, int transpose, int group_size, int bits,
                                     rlx_mlx_quant_t mode, rlx_mlx_array_t** out);

/* The same with indices into the flattened batch axes of x [...,M,K] and of w, as for rlx_mlx_op_gather_mm_general
 * (MLX: gather_qmm). */
int rlx_mlx_op_gather_qmm(rlx_mlx_array_t* x, rlx_mlx_array_t* w, rlx_mlx_array_t* scales,
                          rlx_mlx_array_t* biases_or_null, rlx_mlx_array_t* lhs_or_null, rlx_mlx_array_t* rhs_or_null,
                          int transpose, int group_size, int bits, rlx_mlx_quant_t mode, int sorted,
                          rlx_mlx_array_t** out);

/* Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8). */
int rlx_mlx_op_to_fp8(rlx_mlx_array_t* x, rlx_mlx_array_t** out);
int rlx_mlx_op_from_fp8(rlx_mlx_array_t* x, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
