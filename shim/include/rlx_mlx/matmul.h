/* Matrix products and contractions. Unless said otherwise the promoted dtype must be a float or complex64
 * (ERR_BAD_DTYPE), inner extents must match and batch axes broadcast (ERR_BAD_SHAPE). */
#ifndef RLX_MLX_MATMUL_H
#define RLX_MLX_MATMUL_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* a [...,M,K] @ b [...,K,N]; a vector on either side is a row or a column, whose axis the result does not have (MLX:
 * matmul). */
int rlx_mlx_op_matmul(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* alpha * (a @ b) + beta * c, c broadcast to the product (MLX: addmm). */
int rlx_mlx_op_addmm(rlx_mlx_array_t* c, rlx_mlx_array_t* a, rlx_mlx_array_t* b, float alpha, float beta,
                     rlx_mlx_array_t** out);

/* Sum over `n_axes` pairs of axes, axes_a[i] of a with axes_b[i] of b; the result has the remaining axes of a, then
 * those of b (MLX: tensordot). */
int rlx_mlx_op_tensordot(rlx_mlx_array_t* a, rlx_mlx_array_t* b, const int* axes_a, const int* axes_b, size_t n_axes,
                         rlx_mlx_array_t** out);

/* Einstein summation, "ij,jk->ik" for instance; a mistake in `subscripts` is ERR_GENERIC (MLX: einsum). */
int rlx_mlx_op_einsum(const char* subscripts, rlx_mlx_array_t* const* arrays, size_t n, rlx_mlx_array_t** out);

/* Sum over the last axes of both; the result has the other axes of a, then those of b (MLX: inner). */
int rlx_mlx_op_inner(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* Every element of a times every element of b, [size of a, size of b]; any dtype (MLX: outer). */
int rlx_mlx_op_outer(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* Sum of conj(a) * b along an axis of the two, which broadcast; any dtype (MLX: vecdot). */
int rlx_mlx_op_vecdot(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int axis, rlx_mlx_array_t** out);

/* Row i of a [M,K] times matrix idx[i] of b [E,K,N]: [M,N], real floats (MLX: gather_mm). Indices are integers, or
 * anything else truncated; negative ones count from the end, and those out of range are clamped into it. */
int rlx_mlx_op_gather_mm(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t* idx, rlx_mlx_array_t** out);

/* The general form over a [...,M,K] and b [...,K,N]: indices, as above, into the flattened batch axes of each; the
 * result has the broadcast shape of the two index arrays, then [M,N]. NULL takes the matrices in their order, as an
 * index array with the shape of the batch axes. `sorted` nonzero promises ascending rhs indices: it changes speed only
 * (MLX: gather_mm). */
int rlx_mlx_op_gather_mm_general(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t* lhs_or_null,
                                 rlx_mlx_array_t* rhs_or_null, int sorted, rlx_mlx_array_t** out);

/* For each [start, end) of integer `segments` [...,2], the product of columns start to end of a [M,K] with those rows
 * of b [K,N]: [...,M,N], real floats. Bounds are clamped to 0 and K (MLX: segmented_mm). */
int rlx_mlx_op_segmented_mm(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t* segments, rlx_mlx_array_t** out);

/* Product of f16, bf16 or f32 matrices whose blocks of `block_size` (32 or 64) squared are switched by masks, bool or
 * factors: of the product [..., ceil M, ceil N], of a [..., ceil M, ceil K] and of b [..., ceil K, ceil N], in blocks;
 * NULL masks nothing (MLX: block_masked_mm). */
int rlx_mlx_op_block_masked_mm(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int block_size,
                               rlx_mlx_array_t* mask_out_or_null, rlx_mlx_array_t* mask_lhs_or_null,
                               rlx_mlx_array_t* mask_rhs_or_null, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
