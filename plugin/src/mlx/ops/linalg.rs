//! Operations of the family `linalg`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::text;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// x of a x = b for square a \[...,n,n\]. b is \[...,n,k\], or \[...,n\] where it has one axis less than a; batch
    /// axes broadcast. A singular a fails at evaluation (MLX: linalg::solve, LU with pivoting).
    pub(crate) fn solve(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_solve(self.raw(), b.raw(), out) })
    }

    /// The same for the upper or the lower triangle of a; the other one is not read. A zero on the diagonal fails at
    /// evaluation (MLX: linalg::solve_triangular).
    pub(crate) fn solve_triangular(&self, b: &Array, upper: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_solve_triangular(self.raw(), b.raw(), c_int::from(upper), out) })
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub(crate) fn inv(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_inv(self.raw(), out) })
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub(crate) fn tri_inv(&self, upper: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_tri_inv(self.raw(), c_int::from(upper), out) })
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub(crate) fn cholesky_inv(&self, upper: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cholesky_inv(self.raw(), c_int::from(upper), out) })
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub(crate) fn pinv(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_pinv(self.raw(), out) })
    }

    /// L of a = L L^T, or with `upper` R of a = R^T R. A matrix that is not positive definite gives NaN in place of its
    /// factor; MLX itself does not tell (MLX: linalg::cholesky).
    pub(crate) fn cholesky(&self, upper: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cholesky(self.raw(), c_int::from(upper), out) })
    }

    /// a \[...,m,n\] = q \[...,m,k\] r \[...,k,n\], k the smaller of m and n (MLX: linalg::qr).
    ///
    /// Gives (q, r).
    pub(crate) fn qr(&self) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [q, r] = Array::produce_several(|out| unsafe { ffi::rlx_mlx_op_qr(self.raw(), out.add(0), out.add(1)) })?;
        Ok((Array::given(q)?, Array::given(r)?))
    }

    /// p, l, u with a = (l u)\[p\] for each matrix: p u32 \[...,m\] are row numbers, l \[...,m,k\] and u \[...,k,n\] as
    /// for qr (MLX: linalg::lu).
    ///
    /// Gives (p, l, u).
    pub(crate) fn lu(&self) -> Result<(Array, Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [p, l, u] = Array::produce_several(|out| unsafe {
            ffi::rlx_mlx_op_lu(self.raw(), out.add(0), out.add(1), out.add(2))
        })?;
        Ok((Array::given(p)?, Array::given(l)?, Array::given(u)?))
    }

    /// l and u in one matrix of a's shape, and the pivots u32 \[...,k\]: swapping row i of a with row pivots\[i\], in
    /// this order, makes it l u (MLX: linalg::lu_factor).
    ///
    /// Gives (lu, pivots).
    pub(crate) fn lu_factor(&self) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [lu, pivots] =
            Array::produce_several(|out| unsafe { ffi::rlx_mlx_op_lu_factor(self.raw(), out.add(0), out.add(1)) })?;
        Ok((Array::given(lu)?, Array::given(pivots)?))
    }

    /// a = u diag(s) vt with whole square u \[...,m,m\] and vt \[...,n,n\], s descending; or s alone. complex64 is
    /// allowed and has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).
    ///
    /// Gives (u, s, vt).
    pub(crate) fn svd(&self) -> Result<(Array, Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [u, s, vt] = Array::produce_several(|out| unsafe {
            ffi::rlx_mlx_op_svd(self.raw(), out.add(0), out.add(1), out.add(2))
        })?;
        Ok((Array::given(u)?, Array::given(s)?, Array::given(vt)?))
    }

    /// a = u diag(s) vt with whole square u \[...,m,m\] and vt \[...,n,n\], s descending; or s alone. complex64 is
    /// allowed and has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).
    pub(crate) fn svdvals(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_svdvals(self.raw(), out) })
    }

    /// Ascending eigenvalues w \[...,n\] and eigenvectors, the columns of v \[...,n,n\], of symmetric matrices or
    /// complex64 Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).
    ///
    /// Gives (w, v).
    pub(crate) fn eigh(&self, upper: bool) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [w, v] = Array::produce_several(|out| unsafe {
            ffi::rlx_mlx_op_eigh(self.raw(), c_int::from(upper), out.add(0), out.add(1))
        })?;
        Ok((Array::given(w)?, Array::given(v)?))
    }

    /// Ascending eigenvalues w \[...,n\] and eigenvectors, the columns of v \[...,n,n\], of symmetric matrices or
    /// complex64 Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).
    pub(crate) fn eigvalsh(&self, upper: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_eigvalsh(self.raw(), c_int::from(upper), out) })
    }

    /// complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
    /// eigvals).
    ///
    /// Gives (w, v).
    pub(crate) fn eig(&self) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [w, v] = Array::produce_several(|out| unsafe { ffi::rlx_mlx_op_eig(self.raw(), out.add(0), out.add(1)) })?;
        Ok((Array::given(w)?, Array::given(v)?))
    }

    /// complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
    /// eigvals).
    pub(crate) fn eigvals(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_eigvals(self.raw(), out) })
    }

    /// Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign
    /// and the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).
    pub(crate) fn det(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_det(self.raw(), out) })
    }

    /// Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign
    /// and the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).
    ///
    /// Gives (sign, logabsdet).
    pub(crate) fn slogdet(&self) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [sign, logabsdet] =
            Array::produce_several(|out| unsafe { ffi::rlx_mlx_op_slogdet(self.raw(), out.add(0), out.add(1)) })?;
        Ok((Array::given(sign)?, Array::given(logabsdet)?))
    }

    /// Norm over one axis (a vector's) or two (a matrix's), NumPy's `ord`: any number, 0 and infinities included, for
    /// vectors; 1, 2, infinity and their negatives for matrices. No axes mean all, of rank 1 or 2. Any dtype but bool;
    /// integers give f32, half types are computed in it. `keep_dim` true keeps the axes with extent 1. The singular
    /// value norms 2 and -2 of matrices want f32, f64 or complex64 and run on the CPU stream (MLX: linalg::norm).
    pub(crate) fn norm(&self, ord: f64, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_norm(self.raw(), ord, axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// The matrix norms "fro" (Frobenius) and "nuc" (sum of singular values, as 2 above) over two axes, or all of
    /// rank 2.
    pub(crate) fn norm_named(&self, ord: &str, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        let ord = text(ord, "ord")?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_norm_named(self.raw(), ord.as_ptr(), axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// Cross products along an axis of 3 elements, or of 2 in either operand, which then count as having a third one of
    /// 0; the other axes broadcast (MLX: linalg::cross).
    pub(crate) fn cross(&self, b: &Array, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cross(self.raw(), b.raw(), axis, out) })
    }
}
