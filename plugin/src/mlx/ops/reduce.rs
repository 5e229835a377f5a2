//! Operations of the family `reduce`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::Reduce;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// One reduction by kind (MLX: sum, mean, max, min, prod); with no axes the array itself, whatever the kind. SUM
    /// and PROD of bool and of signed integers up to 32 bits give i32, of unsigned ones u32, i64 stays; MEAN of
    /// integers gives f32. MAX and MIN give NaN where there is one, and are an error over an axis of extent 0, over
    /// which SUM gives 0, PROD 1 and MEAN NaN.
    pub(crate) fn reduce(&self, kind: Reduce, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_reduce(self.raw(), kind as u32, axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// log(sum(exp a)) without overflow; integers give f32; an error over an axis of extent 0 (MLX: logsumexp).
    pub(crate) fn logsumexp(&self, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_logsumexp(self.raw(), axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n.
    /// Integers and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std).
    pub(crate) fn var(&self, axes: &[c_int], keep_dim: bool, ddof: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_var(self.raw(), axes.as_ptr(), axes.len(), c_int::from(keep_dim), ddof, out)
        })
    }

    /// Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n.
    /// Integers and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std).
    pub(crate) fn std(&self, axes: &[c_int], keep_dim: bool, ddof: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_std(self.raw(), axes.as_ptr(), axes.len(), c_int::from(keep_dim), ddof, out)
        })
    }

    /// Whether all, or any, elements are nonzero; bool (MLX: all, any).
    pub(crate) fn all(&self, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_all(self.raw(), axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// Whether all, or any, elements are nonzero; bool (MLX: all, any).
    pub(crate) fn any(&self, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_any(self.raw(), axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. An error along an axis
    /// of extent 0 (MLX: argmax, argmin).
    pub(crate) fn argmax(&self, axis: c_int, keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_argmax(self.raw(), axis, c_int::from(keep_dim), out) })
    }

    /// Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. An error along an axis
    /// of extent 0 (MLX: argmax, argmin).
    pub(crate) fn argmin(&self, axis: c_int, keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_argmin(self.raw(), axis, c_int::from(keep_dim), out) })
    }
}
