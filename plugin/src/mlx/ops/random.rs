//! Operations of the family `random`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use crate::mlx::dtypes::dtype_code;
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// A key from a seed (MLX: random::key); `num` keys \[num,2\] from one (random::split).
    pub(crate) fn random_key(seed: u64) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_random_key(seed, out) })
    }

    /// A key from a seed (MLX: random::key); `num` keys \[num,2\] from one (random::split).
    pub(crate) fn random_split(&self, num: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_random_split(self.raw(), num, out) })
    }

    /// Uniform numbers of `width` bytes: 1 gives u8, 2 gives u32 below 65536, 4 gives u32 (MLX: random::bits).
    pub(crate) fn random_bits(shape: &[c_int], width: c_int, key: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_random_bits(shape.as_ptr(), shape.len(), width, key.raw(), out) })
    }

    /// Uniform in \[low, high) (MLX: random::uniform).
    pub(crate) fn random_uniform(
        &self,
        high: &Array,
        shape: &[c_int],
        dtype: DType,
        key: &Array,
    ) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_uniform(self.raw(), high.raw(), shape.as_ptr(), shape.len(), dtype, key.raw(), out)
        })
    }

    /// Normal with a mean and a standard deviation, `None` for 0 and 1; f64 and complex64 as well (MLX:
    /// random::normal).
    pub(crate) fn random_normal(
        shape: &[c_int],
        dtype: DType,
        loc: Option<&Array>,
        scale: Option<&Array>,
        key: &Array,
    ) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_normal(
                shape.as_ptr(),
                shape.len(),
                dtype,
                handle_or_null(loc),
                handle_or_null(scale),
                key.raw(),
                out,
            )
        })
    }

    /// Standard normal within \[lower, upper\] (MLX: random::truncated_normal).
    pub(crate) fn random_truncated_normal(
        &self,
        upper: &Array,
        shape: &[c_int],
        dtype: DType,
        key: &Array,
    ) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_truncated_normal(
                self.raw(),
                upper.raw(),
                shape.as_ptr(),
                shape.len(),
                dtype,
                key.raw(),
                out,
            )
        })
    }

    /// Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace).
    pub(crate) fn random_gumbel(shape: &[c_int], dtype: DType, key: &Array) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_gumbel(shape.as_ptr(), shape.len(), dtype, key.raw(), out)
        })
    }

    /// Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace).
    pub(crate) fn random_laplace(
        shape: &[c_int],
        dtype: DType,
        loc: f32,
        scale: f32,
        key: &Array,
    ) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_laplace(shape.as_ptr(), shape.len(), dtype, loc, scale, key.raw(), out)
        })
    }

    /// true with probability p, any float (MLX: random::bernoulli).
    pub(crate) fn random_bernoulli(&self, shape: &[c_int], key: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_bernoulli(self.raw(), shape.as_ptr(), shape.len(), key.raw(), out)
        })
    }

    /// Integers in \[low, high), of an integer dtype or bool; an empty range gives low. Drawn from f32 uniform numbers,
    /// so that of a range above 2^24 not every number comes (MLX: random::randint).
    pub(crate) fn random_randint(
        &self,
        high: &Array,
        shape: &[c_int],
        dtype: DType,
        key: &Array,
    ) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_random_randint(self.raw(), high.raw(), shape.as_ptr(), shape.len(), dtype, key.raw(), out)
        })
    }

    /// The slices of x along an axis in random order (MLX: random::permutation).
    pub(crate) fn random_permutation(&self, axis: c_int, key: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_random_permutation(self.raw(), axis, key.raw(), out) })
    }

    /// `num` draws a row from unnormalised log-probabilities along an axis, which the result does not have; the draws
    /// are its last axis. u32 (MLX: random::categorical).
    pub(crate) fn random_categorical(&self, axis: c_int, num: c_int, key: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_random_categorical(self.raw(), axis, num, key.raw(), out) })
    }

    /// One draw a row; the result has the shape of logits without the axis, u32. `seed` other than 0 is that seed's
    /// key. With 0 the key is the next of the thread's own sequence: another draw at every call, and other ones on
    /// every thread; but while a function is traced, one draw that the trace repeats (MLX: random::categorical).
    pub(crate) fn categorical(&self, axis: c_int, seed: u64) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_categorical(self.raw(), axis, seed, out) })
    }
}
