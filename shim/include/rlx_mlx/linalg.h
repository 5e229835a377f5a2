/* Dense linear algebra over the last two axes; axes before them are a batch. MLX has it on the CPU only, so all but
 * norm and cross are placed on the CPU stream that goes with the stream of the thread, and stay lazy. Matrices are f32
 * or f64, unless said otherwise (ERR_BAD_DTYPE), and not empty (ERR_BAD_SHAPE). What depends on the values fails at
 * evaluation with ERR_GENERIC; NaN and infinity among them give unspecified results or that failure. */
#ifndef RLX_MLX_LINALG_H
#define RLX_MLX_LINALG_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* x of a x = b for square a [...,n,n]. b is [...,n,k], or [...,n] where it has one axis less than a; batch axes
 * broadcast. A singular a fails at evaluation (MLX: linalg::solve, LU with pivoting). */
int rlx_mlx_op_solve(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out);

/* The same for the upper or the lower triangle of a; the other one is not read. A zero on the diagonal fails at
 * evaluation (MLX: linalg::solve_triangular). */
int rlx_mlx_op_solve_triangular(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int upper, rlx_mlx_array_t** out);

/* Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose one. A
 * singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv). */
int rlx_mlx_op_inv(rlx_mlx_array_t* a, rlx_mlx_array_t** out);
int rlx_mlx_op_tri_inv(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out);
int rlx_mlx_op_cholesky_inv(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out);
int rlx_mlx_op_pinv(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* L of a = L L^T, or with `upper` R of a = R^T R. A matrix that is not positive definite gives NaN in place of its
 * factor; MLX itself does not tell (MLX: linalg::cholesky). */
int rlx_mlx_op_cholesky(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out);

/* a [...,m,n] = q [...,m,k] r [...,k,n], k the smaller of m and n (MLX: linalg::qr). */
int rlx_mlx_op_qr(rlx_mlx_array_t* a, rlx_mlx_array_t** out_q, rlx_mlx_array_t** out_r);

/* p, l, u with a = (l u)[p] for each matrix: p u32 [...,m] are row numbers, l [...,m,k] and u [...,k,n] as for qr (MLX:
 * linalg::lu). */
int rlx_mlx_op_lu(rlx_mlx_array_t* a, rlx_mlx_array_t** out_p, rlx_mlx_array_t** out_l, rlx_mlx_array_t** out_u);

/* l and u in one matrix of a's shape, and the pivots u32 [...,k]: swapping row i of a with row pivots[i], in this
 * order, makes it l u (MLX: linalg::lu_factor). */
int rlx_mlx_op_lu_factor(rlx_mlx_array_t* a, rlx_mlx_array_t** out_lu, rlx_mlx_array_t** out_pivots);

/* a = u diag(s) vt with whole square u [...,m,m] and vt [...,n,n], s descending; or s alone. complex64 is allowed and
 * has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd). */
int rlx_mlx_op_svd(rlx_mlx_array_t* a, rlx_mlx_array_t** out_u, rlx_mlx_array_t** out_s, rlx_mlx_array_t** out_vt);
int rlx_mlx_op_svdvals(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* Ascending eigenvalues w [...,n] and eigenvectors, the columns of v [...,n,n], of symmetric matrices or complex64
 * Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh). */
int rlx_mlx_op_eigh(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out_w, rlx_mlx_array_t** out_v);
int rlx_mlx_op_eigvalsh(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out);

/* complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
 * eigvals). */
int rlx_mlx_op_eig(rlx_mlx_array_t* a, rlx_mlx_array_t** out_w, rlx_mlx_array_t** out_v);
int rlx_mlx_op_eigvals(rlx_mlx_array_t* a, rlx_mlx_array_t** out);

/* Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign and
 * the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet). */
int rlx_mlx_op_det(rlx_mlx_array_t* a, rlx_mlx_array_t** out);
int rlx_mlx_op_slogdet(rlx_mlx_array_t* a, rlx_mlx_array_t** out_sign, rlx_mlx_array_t** out_logabsdet);

/* Norm over one axis (a vector's) or two (a matrix's), NumPy's `ord`: any number, 0 and infinities included, for
 * vectors; 1, 2, infinity and their negatives for matrices. No axes mean all, of rank 1 or 2. Any dtype but bool;
 * integers give f32, half types are computed in it. `keep_dim` nonzero keeps the axes with extent 1. The singular value
 * norms 2 and -2 of matrices want f32, f64 or complex64 and run on the CPU stream (MLX: linalg::norm). */
int rlx_mlx_op_norm(rlx_mlx_array_t* a, double ord, const int* axes, size_t n_axes, int keep_dim,
                    rlx_mlx_array_t** out);

/* The matrix norms "fro" (Frobenius) and "nuc" (sum of singular values, as 2 above) over two axes, or all of rank 2. */
int rlx_mlx_op_norm_named(rlx_mlx_array_t* a, const char* ord, const int* axes, size_t n_axes, int keep_dim,
                          rlx_mlx_array_t** out);

/* Cross products along an axis of 3 elements, or of 2 in either operand, which then count as having a third one of 0;
 * the other axes broadcast (MLX: linalg::cross). */
int rlx_mlx_op_cross(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int axis, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
