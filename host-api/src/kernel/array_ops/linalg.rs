//! Operations of the family `linalg`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Dense linear algebra over the last two axes; axes before them are a batch. MLX has it on the CPU only, so all but
/// norm and cross are placed on the CPU stream that goes with the stream of the thread, and stay lazy. Matrices are f32
/// or f64, unless said otherwise (else an error), and not empty (else an error). What depends on the values fails at
/// evaluation with an error; NaN and infinity among them give unspecified results or that failure.
impl<'a> ArrayOps<'a> {
    /// x of a x = b for square a \[...,n,n\]. b is \[...,n,k\], or \[...,n\] where it has one axis less than a; batch
    /// axes broadcast. A singular a fails at evaluation (MLX: linalg::solve, LU with pivoting).
    pub fn solve(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("solve", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// The same for the upper or the lower triangle of a; the other one is not read. A zero on the diagonal fails at
    /// evaluation (MLX: linalg::solve_triangular).
    pub fn solve_triangular(&self, a: &Array<'_>, b: &Array<'_>, upper: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("solve_triangular", "1aab")?;
            let [out] = self.call(|out| call(out, a, b, upper.into()))?;
            given(out)
        }
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub fn inv(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("inv", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub fn tri_inv(&self, a: &Array<'_>, upper: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("tri_inv", "1ab")?;
            let [out] = self.call(|out| call(out, a, upper.into()))?;
            given(out)
        }
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub fn cholesky_inv(&self, a: &Array<'_>, upper: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cholesky_inv", "1ab")?;
            let [out] = self.call(|out| call(out, a, upper.into()))?;
            given(out)
        }
    }

    /// Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose
    /// one. A singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).
    pub fn pinv(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("pinv", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// L of a = L L^T, or with `upper` R of a = R^T R. A matrix that is not positive definite gives NaN in place of its
    /// factor; MLX itself does not tell (MLX: linalg::cholesky).
    pub fn cholesky(&self, a: &Array<'_>, upper: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cholesky", "1ab")?;
            let [out] = self.call(|out| call(out, a, upper.into()))?;
            given(out)
        }
    }

    /// a \[...,m,n\] = q \[...,m,k\] r \[...,k,n\], k the smaller of m and n (MLX: linalg::qr).
    ///
    /// Gives (q, r).
    pub fn qr(&self, a: &Array<'_>) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("qr", "2a")?;
            let [q, r] = self.call(|out| call(out, a))?;
            Ok((given(q)?, given(r)?))
        }
    }

    /// p, l, u with a = (l u)\[p\] for each matrix: p u32 \[...,m\] are row numbers, l \[...,m,k\] and u \[...,k,n\] as
    /// for qr (MLX: linalg::lu).
    ///
    /// Gives (p, l, u).
    pub fn lu(&self, a: &Array<'_>) -> Result<(Array<'a>, Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("lu", "3a")?;
            let [p, l, u] = self.call(|out| call(out, a))?;
            Ok((given(p)?, given(l)?, given(u)?))
        }
    }

    /// l and u in one matrix of a's shape, and the pivots u32 \[...,k\]: swapping row i of a with row pivots\[i\], in
    /// this order, makes it l u (MLX: linalg::lu_factor).
    ///
    /// Gives (lu, pivots).
    pub fn lu_factor(&self, a: &Array<'_>) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("lu_factor", "2a")?;
            let [lu, pivots] = self.call(|out| call(out, a))?;
            Ok((given(lu)?, given(pivots)?))
        }
    }

    /// a = u diag(s) vt with whole square u \[...,m,m\] and vt \[...,n,n\], s descending; or s alone. complex64 is
    /// allowed and has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).
    ///
    /// Gives (u, s, vt).
    pub fn svd(&self, a: &Array<'_>) -> Result<(Array<'a>, Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("svd", "3a")?;
            let [u, s, vt] = self.call(|out| call(out, a))?;
            Ok((given(u)?, given(s)?, given(vt)?))
        }
    }

    /// a = u diag(s) vt with whole square u \[...,m,m\] and vt \[...,n,n\], s descending; or s alone. complex64 is
    /// allowed and has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).
    pub fn svdvals(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("svdvals", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// Ascending eigenvalues w \[...,n\] and eigenvectors, the columns of v \[...,n,n\], of symmetric matrices or
    /// complex64 Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).
    ///
    /// Gives (w, v).
    pub fn eigh(&self, a: &Array<'_>, upper: bool) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("eigh", "2ab")?;
            let [w, v] = self.call(|out| call(out, a, upper.into()))?;
            Ok((given(w)?, given(v)?))
        }
    }

    /// Ascending eigenvalues w \[...,n\] and eigenvectors, the columns of v \[...,n,n\], of symmetric matrices or
    /// complex64 Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).
    pub fn eigvalsh(&self, a: &Array<'_>, upper: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("eigvalsh", "1ab")?;
            let [out] = self.call(|out| call(out, a, upper.into()))?;
            given(out)
        }
    }

    /// complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
    /// eigvals).
    ///
    /// Gives (w, v).
    pub fn eig(&self, a: &Array<'_>) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("eig", "2a")?;
            let [w, v] = self.call(|out| call(out, a))?;
            Ok((given(w)?, given(v)?))
        }
    }

    /// complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
    /// eigvals).
    pub fn eigvals(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("eigvals", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign
    /// and the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).
    pub fn det(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("det", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign
    /// and the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).
    ///
    /// Gives (sign, logabsdet).
    pub fn slogdet(&self, a: &Array<'_>) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("slogdet", "2a")?;
            let [sign, logabsdet] = self.call(|out| call(out, a))?;
            Ok((given(sign)?, given(logabsdet)?))
        }
    }

    /// Norm over one axis (a vector's) or two (a matrix's), NumPy's `ord`: any number, 0 and infinities included, for
    /// vectors; 1, 2, infinity and their negatives for matrices. No axes mean all, of rank 1 or 2. Any dtype but bool;
    /// integers give f32, half types are computed in it. `keep_dim` true keeps the axes with extent 1. The singular
    /// value norms 2 and -2 of matrices want f32, f64 or complex64 and run on the CPU stream (MLX: linalg::norm).
    pub fn norm(&self, a: &Array<'_>, ord: f64, axes: &[i32], keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, f64, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("norm", "1advb")?;
            let [out] = self.call(|out| call(out, a, ord, axes.as_ptr(), axes.len() as u64, keep_dim.into()))?;
            given(out)
        }
    }

    /// The matrix norms "fro" (Frobenius) and "nuc" (sum of singular values, as 2 above) over two axes, or all of
    /// rank 2.
    pub fn norm_named(&self, a: &Array<'_>, ord: &str, axes: &[i32], keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, RlxStr, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("norm_named", "1asvb")?;
            let [out] =
                self.call(|out| call(out, a, RlxStr::new(ord), axes.as_ptr(), axes.len() as u64, keep_dim.into()))?;
            given(out)
        }
    }

    /// Cross products along an axis of 3 elements, or of 2 in either operand, which then count as having a third one of
    /// 0; the other axes broadcast (MLX: linalg::cross).
    pub fn cross(&self, a: &Array<'_>, b: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cross", "1aai")?;
            let [out] = self.call(|out| call(out, a, b, axis))?;
            given(out)
        }
    }
}
