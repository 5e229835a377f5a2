//! Declarations of `include/rlx_mlx_shim.h`, in the headers' order.

use std::ffi::{c_char, c_int, c_void};

/// Opaque; `rlx_mlx_array_t`.
#[repr(C)]
#[derive(Debug)]
pub struct rlx_mlx_array_t {
    private: [u8; 0],
}

/// Opaque; `rlx_mlx_compiled_t`.
#[repr(C)]
#[derive(Debug)]
pub struct rlx_mlx_compiled_t {
    private: [u8; 0],
}

/// Opaque; `rlx_mlx_stream_t`.
#[repr(C)]
#[derive(Debug)]
pub struct rlx_mlx_stream_t {
    private: [u8; 0],
}

/// Success.
pub const RLX_MLX_OK: c_int = 0;
/// MLX refused, or evaluation failed.
pub const RLX_MLX_ERR_GENERIC: c_int = 1;
/// A dtype that is unknown or unfit.
pub const RLX_MLX_ERR_BAD_DTYPE: c_int = 2;
/// A shape, axis or buffer size that does not fit.
pub const RLX_MLX_ERR_BAD_SHAPE: c_int = 3;
/// A NULL handle, out or data pointer.
pub const RLX_MLX_ERR_NULL: c_int = 4;
/// Memory ran out.
pub const RLX_MLX_ERR_MEMORY: c_int = 5;

/// Element types: the DType of the RLX IR.
pub type rlx_mlx_dtype_t = u32;
/// `RLX_MLX_DTYPE_F32`.
pub const RLX_MLX_DTYPE_F32: rlx_mlx_dtype_t = 0;
/// `RLX_MLX_DTYPE_F16`.
pub const RLX_MLX_DTYPE_F16: rlx_mlx_dtype_t = 1;
/// `RLX_MLX_DTYPE_BF16`.
pub const RLX_MLX_DTYPE_BF16: rlx_mlx_dtype_t = 2;
/// `RLX_MLX_DTYPE_I32`.
pub const RLX_MLX_DTYPE_I32: rlx_mlx_dtype_t = 3;
/// `RLX_MLX_DTYPE_F64`.
pub const RLX_MLX_DTYPE_F64: rlx_mlx_dtype_t = 4;
/// `RLX_MLX_DTYPE_I8`.
pub const RLX_MLX_DTYPE_I8: rlx_mlx_dtype_t = 5;
/// `RLX_MLX_DTYPE_I16`.
pub const RLX_MLX_DTYPE_I16: rlx_mlx_dtype_t = 6;
/// `RLX_MLX_DTYPE_I64`.
pub const RLX_MLX_DTYPE_I64: rlx_mlx_dtype_t = 7;
/// `RLX_MLX_DTYPE_U8`.
pub const RLX_MLX_DTYPE_U8: rlx_mlx_dtype_t = 8;
/// `RLX_MLX_DTYPE_U32`.
pub const RLX_MLX_DTYPE_U32: rlx_mlx_dtype_t = 9;
/// `RLX_MLX_DTYPE_BOOL`.
pub const RLX_MLX_DTYPE_BOOL: rlx_mlx_dtype_t = 10;
/// `RLX_MLX_DTYPE_C64`.
pub const RLX_MLX_DTYPE_C64: rlx_mlx_dtype_t = 11;

/// Elementwise functions of one operand, see rlx_mlx_op_unary.
pub type rlx_mlx_unary_t = u32;
/// `RLX_MLX_UN_RELU`.
pub const RLX_MLX_UN_RELU: rlx_mlx_unary_t = 0;
/// `RLX_MLX_UN_SIGMOID`.
pub const RLX_MLX_UN_SIGMOID: rlx_mlx_unary_t = 1;
/// `RLX_MLX_UN_TANH`.
pub const RLX_MLX_UN_TANH: rlx_mlx_unary_t = 2;
/// `RLX_MLX_UN_EXP`.
pub const RLX_MLX_UN_EXP: rlx_mlx_unary_t = 3;
/// `RLX_MLX_UN_LOG`.
pub const RLX_MLX_UN_LOG: rlx_mlx_unary_t = 4;
/// `RLX_MLX_UN_SQRT`.
pub const RLX_MLX_UN_SQRT: rlx_mlx_unary_t = 5;
/// `RLX_MLX_UN_RSQRT`.
pub const RLX_MLX_UN_RSQRT: rlx_mlx_unary_t = 6;
/// `RLX_MLX_UN_NEG`.
pub const RLX_MLX_UN_NEG: rlx_mlx_unary_t = 7;
/// `RLX_MLX_UN_ABS`.
pub const RLX_MLX_UN_ABS: rlx_mlx_unary_t = 8;
/// `RLX_MLX_UN_ERF`.
pub const RLX_MLX_UN_ERF: rlx_mlx_unary_t = 9;
/// `RLX_MLX_UN_ROUND`.
pub const RLX_MLX_UN_ROUND: rlx_mlx_unary_t = 10;
/// `RLX_MLX_UN_SIN`.
pub const RLX_MLX_UN_SIN: rlx_mlx_unary_t = 11;
/// `RLX_MLX_UN_COS`.
pub const RLX_MLX_UN_COS: rlx_mlx_unary_t = 12;
/// `RLX_MLX_UN_TAN`.
pub const RLX_MLX_UN_TAN: rlx_mlx_unary_t = 13;
/// `RLX_MLX_UN_ATAN`.
pub const RLX_MLX_UN_ATAN: rlx_mlx_unary_t = 14;
/// `RLX_MLX_UN_FLOOR`.
pub const RLX_MLX_UN_FLOOR: rlx_mlx_unary_t = 15;
/// `RLX_MLX_UN_CEIL`.
pub const RLX_MLX_UN_CEIL: rlx_mlx_unary_t = 16;
/// `RLX_MLX_UN_SIGN`.
pub const RLX_MLX_UN_SIGN: rlx_mlx_unary_t = 17;
/// `RLX_MLX_UN_RECIP`.
pub const RLX_MLX_UN_RECIP: rlx_mlx_unary_t = 18;
/// `RLX_MLX_UN_LOG1P`.
pub const RLX_MLX_UN_LOG1P: rlx_mlx_unary_t = 19;
/// `RLX_MLX_UN_EXPM1`.
pub const RLX_MLX_UN_EXPM1: rlx_mlx_unary_t = 20;

/// Reductions, see rlx_mlx_op_reduce.
pub type rlx_mlx_reduce_t = u32;
/// `RLX_MLX_RED_SUM`.
pub const RLX_MLX_RED_SUM: rlx_mlx_reduce_t = 0;
/// `RLX_MLX_RED_MEAN`.
pub const RLX_MLX_RED_MEAN: rlx_mlx_reduce_t = 1;
/// `RLX_MLX_RED_MAX`.
pub const RLX_MLX_RED_MAX: rlx_mlx_reduce_t = 2;
/// `RLX_MLX_RED_MIN`.
pub const RLX_MLX_RED_MIN: rlx_mlx_reduce_t = 3;
/// `RLX_MLX_RED_PROD`.
pub const RLX_MLX_RED_PROD: rlx_mlx_reduce_t = 4;

/// Attention masks, see rlx_mlx_op_attention.
pub type rlx_mlx_mask_t = u32;
/// `RLX_MLX_MASK_NONE`.
pub const RLX_MLX_MASK_NONE: rlx_mlx_mask_t = 0;
/// `RLX_MLX_MASK_CAUSAL`.
pub const RLX_MLX_MASK_CAUSAL: rlx_mlx_mask_t = 1;
/// `RLX_MLX_MASK_SLIDING`.
pub const RLX_MLX_MASK_SLIDING: rlx_mlx_mask_t = 2;
/// `RLX_MLX_MASK_CUSTOM`.
pub const RLX_MLX_MASK_CUSTOM: rlx_mlx_mask_t = 3;

/// Device kinds.
pub type rlx_mlx_device_t = u32;
/// `RLX_MLX_DEVICE_CPU`.
pub const RLX_MLX_DEVICE_CPU: rlx_mlx_device_t = 0;
/// `RLX_MLX_DEVICE_GPU`.
pub const RLX_MLX_DEVICE_GPU: rlx_mlx_device_t = 1;

/// `rlx_mlx_release_fn`.
pub type rlx_mlx_release_fn = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// `rlx_mlx_lower_fn`.
pub type rlx_mlx_lower_fn = Option<
    unsafe extern "C" fn(
        ud: *mut c_void,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
        cap: usize,
        out_n_outputs: *mut usize,
    ) -> c_int,
>;

unsafe extern "C" {
    /// `error.h`
    pub fn rlx_mlx_last_error() -> *const c_char;
    /// `error.h`
    pub fn rlx_mlx_set_last_error(message: *const c_char);
    /// `array.h`
    pub fn rlx_mlx_dtype_size(dtype: rlx_mlx_dtype_t) -> usize;
    /// `array.h`
    pub fn rlx_mlx_array_from_bytes(
        shape: *const c_int,
        ndim: usize,
        data: *const c_void,
        nbytes: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_from_borrowed(
        shape: *const c_int,
        ndim: usize,
        data: *const c_void,
        nbytes: usize,
        dtype: rlx_mlx_dtype_t,
        release: rlx_mlx_release_fn,
        context: *mut c_void,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_placeholder(
        shape: *const c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_scalar(value: f64, dtype: rlx_mlx_dtype_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_to_bytes(
        h: *mut rlx_mlx_array_t,
        dst: *mut c_void,
        dst_cap: usize,
        out_nbytes: *mut usize,
    ) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_free(h: *mut rlx_mlx_array_t);
    /// `array.h`
    pub fn rlx_mlx_array_clone(h: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_shape(
        h: *mut rlx_mlx_array_t,
        out_shape: *mut c_int,
        cap: usize,
        out_ndim: *mut usize,
    ) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_array_dtype(h: *mut rlx_mlx_array_t, out: *mut rlx_mlx_dtype_t) -> c_int;
    /// `array.h`
    pub fn rlx_mlx_live_handles() -> usize;
    /// `stream.h`
    pub fn rlx_mlx_eval(handles: *const *mut rlx_mlx_array_t, n: usize) -> c_int;
    /// `stream.h`
    pub fn rlx_mlx_stream_new(device: rlx_mlx_device_t, out: *mut *mut rlx_mlx_stream_t) -> c_int;
    /// `stream.h`
    pub fn rlx_mlx_stream_free(stream: *mut rlx_mlx_stream_t);
    /// `stream.h`
    pub fn rlx_mlx_stream_enter(stream: *mut rlx_mlx_stream_t) -> c_int;
    /// `device.h`
    pub fn rlx_mlx_version() -> *const c_char;
    /// `device.h`
    pub fn rlx_mlx_header_version() -> *const c_char;
    /// `device.h`
    pub fn rlx_mlx_device_count(device: rlx_mlx_device_t, out: *mut usize) -> c_int;
    /// `device.h`
    pub fn rlx_mlx_device_name(device: rlx_mlx_device_t, index: usize, out: *mut *const c_char) -> c_int;
    /// `device.h`
    pub fn rlx_mlx_device_memory(device: rlx_mlx_device_t, index: usize, out: *mut u64) -> c_int;
    /// `unary.h`
    pub fn rlx_mlx_op_unary(a: *mut rlx_mlx_array_t, kind: rlx_mlx_unary_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `unary.h`
    pub fn rlx_mlx_op_gelu(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `unary.h`
    pub fn rlx_mlx_op_silu(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `unary.h`
    pub fn rlx_mlx_op_cast(a: *mut rlx_mlx_array_t, dtype: rlx_mlx_dtype_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_add(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_sub(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_mul(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_div(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_floor_div(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_max(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_min(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_pow(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_remainder(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_atan2(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_bit_and(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_bit_or(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t)
    -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_bit_xor(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_shl(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_shr(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_eq(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_ne(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_lt(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_le(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_gt(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_ge(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `binary.h`
    pub fn rlx_mlx_op_where(
        cond: *mut rlx_mlx_array_t,
        x: *mut rlx_mlx_array_t,
        y: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `shape.h`
    pub fn rlx_mlx_op_reshape(
        a: *mut rlx_mlx_array_t,
        new_shape: *const c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `shape.h`
    pub fn rlx_mlx_op_transpose(
        a: *mut rlx_mlx_array_t,
        perm: *const c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `shape.h`
    pub fn rlx_mlx_op_slice(
        a: *mut rlx_mlx_array_t,
        start: *const c_int,
        stop: *const c_int,
        strides: *const c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `shape.h`
    pub fn rlx_mlx_op_concat(
        arrays: *const *mut rlx_mlx_array_t,
        n: usize,
        axis: c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `shape.h`
    pub fn rlx_mlx_op_broadcast_to(
        a: *mut rlx_mlx_array_t,
        shape: *const c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `shape.h`
    pub fn rlx_mlx_op_contiguous(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `reduce.h`
    pub fn rlx_mlx_op_reduce(
        a: *mut rlx_mlx_array_t,
        kind: rlx_mlx_reduce_t,
        axes: *const c_int,
        n_axes: usize,
        keep_dim: c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `reduce.h`
    pub fn rlx_mlx_op_argmax(
        a: *mut rlx_mlx_array_t,
        axis: c_int,
        keep_dim: c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `reduce.h`
    pub fn rlx_mlx_op_argmin(
        a: *mut rlx_mlx_array_t,
        axis: c_int,
        keep_dim: c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `reduce.h`
    pub fn rlx_mlx_op_cumsum(
        a: *mut rlx_mlx_array_t,
        axis: c_int,
        exclusive: c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `matmul.h`
    pub fn rlx_mlx_op_matmul(a: *mut rlx_mlx_array_t, b: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t)
    -> c_int;
    /// `matmul.h`
    pub fn rlx_mlx_op_addmm(
        c: *mut rlx_mlx_array_t,
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        alpha: f32,
        beta: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `nn.h`
    pub fn rlx_mlx_op_softmax(a: *mut rlx_mlx_array_t, axis: c_int, out: *mut *mut rlx_mlx_array_t) -> c_int;
    /// `nn.h`
    pub fn rlx_mlx_op_layernorm(
        x: *mut rlx_mlx_array_t,
        gamma_or_null: *mut rlx_mlx_array_t,
        beta_or_null: *mut rlx_mlx_array_t,
        eps: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `nn.h`
    pub fn rlx_mlx_op_rmsnorm(
        x: *mut rlx_mlx_array_t,
        gamma_or_null: *mut rlx_mlx_array_t,
        eps: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `nn.h`
    pub fn rlx_mlx_op_attention(
        q: *mut rlx_mlx_array_t,
        k: *mut rlx_mlx_array_t,
        v: *mut rlx_mlx_array_t,
        scale: f32,
        mask_kind: rlx_mlx_mask_t,
        mask_or_null: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `gather.h`
    pub fn rlx_mlx_op_take(
        a: *mut rlx_mlx_array_t,
        indices: *mut rlx_mlx_array_t,
        axis: c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> c_int;
    /// `compile.h`
    pub fn rlx_mlx_compile(
        lower: rlx_mlx_lower_fn,
        ud: *mut c_void,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        n_outputs: usize,
        out: *mut *mut rlx_mlx_compiled_t,
    ) -> c_int;
    /// `compile.h`
    pub fn rlx_mlx_compiled_call(
        compiled: *mut rlx_mlx_compiled_t,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
        n_outputs: usize,
    ) -> c_int;
    /// `compile.h`
    pub fn rlx_mlx_compiled_size(compiled: *mut rlx_mlx_compiled_t, out: *mut usize) -> c_int;
    /// `compile.h`
    pub fn rlx_mlx_compiled_free(compiled: *mut rlx_mlx_compiled_t);
}
