//! The shim's ops as methods of [`Array`]; each returns a lazy array. Semantics: the shim's headers.

use crate::array::{Array, dtype_code};
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

/// Methods over shim functions of two arrays.
macro_rules! binary {
    ($($method:ident => $function:ident),+ $(,)?) => {
        impl Array {
            $(
                #[doc = concat!("`", stringify!($function), "`")]
                pub(crate) fn $method(&self, other: &Array) -> Result<Array, Error> {
                    // SAFETY: live handles; `out` is writable.
                    Array::produce(|out| unsafe { ffi::$function(self.raw(), other.raw(), out) })
                }
            )+
        }
    };
}

binary! {
    add => rlx_mlx_op_add,
    sub => rlx_mlx_op_sub,
    mul => rlx_mlx_op_mul,
    div => rlx_mlx_op_div,
    floor_div => rlx_mlx_op_floor_div,
    maximum => rlx_mlx_op_max,
    minimum => rlx_mlx_op_min,
    pow => rlx_mlx_op_pow,
    fmod => rlx_mlx_op_fmod,
    atan2 => rlx_mlx_op_atan2,
    bit_and => rlx_mlx_op_bit_and,
    bit_or => rlx_mlx_op_bit_or,
    bit_xor => rlx_mlx_op_bit_xor,
    shl => rlx_mlx_op_shl,
    shr => rlx_mlx_op_shr,
    eq => rlx_mlx_op_eq,
    ne => rlx_mlx_op_ne,
    lt => rlx_mlx_op_lt,
    le => rlx_mlx_op_le,
    gt => rlx_mlx_op_gt,
    ge => rlx_mlx_op_ge,
    matmul => rlx_mlx_op_matmul,
}

impl Array {
    /// `x` where `self` is nonzero, else `y`.
    pub(crate) fn select(&self, x: &Array, y: &Array) -> Result<Array, Error> {
        // SAFETY: live handles; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_where(self.raw(), x.raw(), y.raw(), out) })
    }

    /// `self @ w + bias`.
    pub(crate) fn matmul_add(&self, w: &Array, bias: &Array) -> Result<Array, Error> {
        // SAFETY: live handles; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_addmm(bias.raw(), self.raw(), w.raw(), 1.0, 1.0, out) })
    }

    /// The integers `start` to `stop - 1`.
    pub(crate) fn range(start: c_int, stop: c_int) -> Result<Array, Error> {
        let code = dtype_code(DType::I32)?;
        // SAFETY: `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_arange(start.into(), stop.into(), 1.0, code, out) })
    }

    /// One elementwise function.
    pub(crate) fn unary(&self, kind: ffi::rlx_mlx_unary_t) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_unary(self.raw(), kind, out) })
    }

    /// Exact GELU.
    pub(crate) fn gelu(&self) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_gelu(self.raw(), out) })
    }

    /// `x * sigmoid(x)`.
    pub(crate) fn silu(&self) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_silu(self.raw(), out) })
    }

    /// Conversion.
    pub(crate) fn cast(&self, dtype: DType) -> Result<Array, Error> {
        let code = dtype_code(dtype)?;
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cast(self.raw(), code, out) })
    }

    /// Another shape of the same elements.
    pub(crate) fn reshape(&self, dims: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handle; pointer and length of a live slice; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_reshape(self.raw(), dims.as_ptr(), dims.len(), out) })
    }

    /// Permuted axes.
    pub(crate) fn transpose(&self, perm: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handle; pointer and length of a live slice; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_transpose(self.raw(), perm.as_ptr(), perm.len(), out) })
    }

    /// Elements `start, start + step, …` before `stop` along `axis`, everything along the others. With a negative
    /// step, a `stop` of `None` goes down to the first element.
    pub(crate) fn slice_axis(
        &self,
        axis: usize,
        start: c_int,
        stop: Option<c_int>,
        step: c_int,
    ) -> Result<Array, Error> {
        let mut stops = self.dims()?;
        let mut starts = vec![0; stops.len()];
        let mut steps = vec![1; stops.len()];
        let extent = stops[axis];
        starts[axis] = start;
        steps[axis] = step;
        // Before the first element is -extent - 1 in Python's counting.
        stops[axis] = stop.unwrap_or(if step < 0 { -extent - 1 } else { extent });
        // SAFETY: live handle; three slices of one length; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_slice_strided(self.raw(), starts.as_ptr(), stops.as_ptr(), steps.as_ptr(), stops.len(), out)
        })
    }

    /// The elements in row-major order in memory, as views of it need them.
    pub(crate) fn contiguous(&self) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_contiguous(self.raw(), out) })
    }

    /// A view of the elements from `offset` on, of an array that is in row-major order in memory.
    pub(crate) fn view(&self, dims: &[c_int], offset: usize) -> Result<Array, Error> {
        let mut strides = vec![1; dims.len()];
        for axis in (1..dims.len()).rev() {
            strides[axis - 1] = strides[axis] * i64::from(dims[axis]);
        }
        self.strided(dims, &strides, offset)
    }

    /// Element `(i, j, …)` is number `offset + i * strides[0] + j * strides[1] + …`, of an array that is in row-major order
    /// in memory. `dims` and `strides` have one length.
    pub(crate) fn strided(&self, dims: &[c_int], strides: &[i64], offset: usize) -> Result<Array, Error> {
        let rank = dims.len().min(strides.len());
        // SAFETY: live handle; two slices of at least `rank`; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_as_strided(self.raw(), dims.as_ptr(), strides.as_ptr(), rank, offset, out)
        })
    }

    /// With so many elements of `value` before and behind, along each axis. `low` and `high` have one length.
    pub(crate) fn pad(&self, low: &[c_int], high: &[c_int], value: f32) -> Result<Array, Error> {
        let rank = low.len().min(high.len());
        // SAFETY: live handle; two slices of at least `rank`; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_pad(self.raw(), low.as_ptr(), high.as_ptr(), rank, value, out) })
    }

    /// With `updates` added at `indices` along `axis`.
    pub(crate) fn scatter_add_axis(&self, indices: &Array, updates: &Array, axis: usize) -> Result<Array, Error> {
        // SAFETY: live handles; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_scatter_add_axis(self.raw(), indices.raw(), updates.raw(), axis as c_int, out)
        })
    }

    /// `arrays` one after the other along `axis`.
    pub(crate) fn concat(arrays: &[&Array], axis: usize) -> Result<Array, Error> {
        let raw: Vec<_> = arrays.iter().map(|a| a.raw()).collect();
        // SAFETY: live handles; pointer and length agree; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_concat(raw.as_ptr(), raw.len(), axis as c_int, out) })
    }

    /// Repeated along axes of extent 1 and new leading axes.
    pub(crate) fn broadcast_to(&self, dims: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handle; pointer and length of a live slice; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_broadcast_to(self.raw(), dims.as_ptr(), dims.len(), out) })
    }

    /// Slices along `axis` picked by integer indices.
    pub(crate) fn take(&self, indices: &Array, axis: usize) -> Result<Array, Error> {
        // SAFETY: live handles; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_take(self.raw(), indices.raw(), axis as c_int, out) })
    }

    /// Reduced over `axes`.
    pub(crate) fn reduce(&self, kind: ffi::rlx_mlx_reduce_t, axes: &[c_int], keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handle; pointer and length of a live slice; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_reduce(self.raw(), kind, axes.as_ptr(), axes.len(), c_int::from(keep_dim), out)
        })
    }

    /// Index of the first maximum.
    pub(crate) fn argmax(&self, axis: usize, keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_argmax(self.raw(), axis as c_int, c_int::from(keep_dim), out) })
    }

    /// Index of the first minimum.
    pub(crate) fn argmin(&self, axis: usize, keep_dim: bool) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_argmin(self.raw(), axis as c_int, c_int::from(keep_dim), out) })
    }

    /// Running sum.
    pub(crate) fn cumsum(&self, axis: usize, exclusive: bool) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cumsum(self.raw(), axis as c_int, c_int::from(exclusive), out) })
    }

    /// Softmax along `axis`.
    pub(crate) fn softmax(&self, axis: usize) -> Result<Array, Error> {
        // SAFETY: live handle; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_softmax(self.raw(), axis as c_int, out) })
    }

    /// Layer norm over the last axis.
    pub(crate) fn layer_norm(&self, gamma: Option<&Array>, beta: Option<&Array>, eps: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_layernorm(self.raw(), or_null(gamma), or_null(beta), eps, out) })
    }

    /// RMS norm over the last axis.
    pub(crate) fn rms_norm(&self, gamma: Option<&Array>, eps: f32) -> Result<Array, Error> {
        // SAFETY: live handle or NULL; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_rmsnorm(self.raw(), or_null(gamma), eps, out) })
    }

    /// Attention of `self` (queries, BHSD).
    pub(crate) fn attention(
        &self,
        keys: &Array,
        values: &Array,
        scale: f32,
        kind: ffi::rlx_mlx_mask_t,
        mask: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_attention(self.raw(), keys.raw(), values.raw(), scale, kind, or_null(mask), out)
        })
    }
}

fn or_null(array: Option<&Array>) -> *mut ffi::rlx_mlx_array_t {
    array.map_or(std::ptr::null_mut(), Array::raw)
}
