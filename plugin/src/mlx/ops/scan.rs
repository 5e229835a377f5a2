//! Operations of the family `scan`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Running sum from the first element (MLX: cumsum).
    pub(crate) fn cumsum(&self, axis: c_int, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cumsum(self.raw(), axis, c_int::from(exclusive), out) })
    }

    /// Running sum from the last element (MLX: cumsum, reverse).
    pub(crate) fn cumsum_reverse(&self, axis: c_int, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cumsum_reverse(self.raw(), axis, c_int::from(exclusive), out) })
    }

    /// product.
    pub(crate) fn cumprod(&self, axis: c_int, reverse: bool, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_cumprod(self.raw(), axis, c_int::from(reverse), c_int::from(exclusive), out)
        })
    }

    /// maximum.
    pub(crate) fn cummax(&self, axis: c_int, reverse: bool, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_cummax(self.raw(), axis, c_int::from(reverse), c_int::from(exclusive), out)
        })
    }

    /// minimum.
    pub(crate) fn cummin(&self, axis: c_int, reverse: bool, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_cummin(self.raw(), axis, c_int::from(reverse), c_int::from(exclusive), out)
        })
    }

    /// log of the running sum of exp a, without overflow; integers give f32 (MLX: logcumsumexp).
    pub(crate) fn logcumsumexp(&self, axis: c_int, reverse: bool, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_logcumsumexp(self.raw(), axis, c_int::from(reverse), c_int::from(exclusive), out)
        })
    }
}
