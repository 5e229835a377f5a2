/* Fourier and Hadamard transforms, in single precision: f64 operands are ERR_BAD_DTYPE. */
#ifndef RLX_MLX_FFT_H
#define RLX_MLX_FFT_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Scales of the NumPy-style transforms below, for N transformed elements: forward 1 and inverse 1/N; forward 1/N and
 * inverse 1; 1/sqrt N both ways. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_FFT_BACKWARD = 0,
  RLX_MLX_FFT_FORWARD = 1,
  RLX_MLX_FFT_ORTHO = 2
} rlx_mlx_fft_norm_t;

/* The transform of the RLX IR along the last axis; `inverse` nonzero is the inverse. complex64 is transformed as it is.
 * Every other dtype is a block of 2N numbers, N real parts followed by N imaginary parts, and so is the result: f16 and
 * bf16 are computed in f32 and rounded back, integers give f32. An odd or empty last axis is ERR_BAD_SHAPE. The tag
 * sets the scale, which is not NumPy's: 0 gives 1 both ways, 1 gives 1 forward and 1/N inverse, 2 gives 1/sqrt N both
 * ways; another tag is ERR_GENERIC (MLX: fft::fft, fft::ifft). */
int rlx_mlx_op_fft(rlx_mlx_array_t* a, int inverse, int norm_tag, rlx_mlx_array_t** out);

/* Over `n_axes` different axes, or with 0 of them over all. `n_or_null` has the extent to cut or zero-pad each of the
 * axes to first; NULL keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are ERR_BAD_SHAPE.
 * fftn and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
 * axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on). */
int rlx_mlx_op_fftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                    rlx_mlx_array_t** out);
int rlx_mlx_op_ifftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                     rlx_mlx_array_t** out);
int rlx_mlx_op_rfftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                     rlx_mlx_array_t** out);
int rlx_mlx_op_irfftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                      rlx_mlx_array_t** out);

/* Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift). */
int rlx_mlx_op_fftshift(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out);
int rlx_mlx_op_ifftshift(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out);

/* scale * H x over the last axis of real floats, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28 (MLX:
 * hadamard_transform). */
int rlx_mlx_op_hadamard(rlx_mlx_array_t* x, float scale, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
