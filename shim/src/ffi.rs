//! Declarations of `include/rlx_mlx_shim.h`, written by `cargo xtask bindings`. Do not edit.

pub const RLX_MLX_OK: i32 = 0;
pub const RLX_MLX_ERR_GENERIC: i32 = 1;
pub const RLX_MLX_ERR_BAD_DTYPE: i32 = 2;
pub const RLX_MLX_ERR_BAD_SHAPE: i32 = 3;
pub const RLX_MLX_ERR_NULL: i32 = 4;
pub const RLX_MLX_ERR_MEMORY: i32 = 5;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_array_s {
    _unused: [u8; 0],
}
/// One reference to an MLX array, lazy or evaluated.
pub type rlx_mlx_array_t = rlx_mlx_array_s;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_compiled_s {
    _unused: [u8; 0],
}
/// A function that is traced by need, see compile.h.
pub type rlx_mlx_compiled_t = rlx_mlx_compiled_s;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_trace_s {
    _unused: [u8; 0],
}
/// A function traced into a replayable graph, see trace.h.
pub type rlx_mlx_trace_t = rlx_mlx_trace_s;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_stream_s {
    _unused: [u8; 0],
}
/// A stream that any thread may use, one at a time.
pub type rlx_mlx_stream_t = rlx_mlx_stream_s;
/** Builds outputs from inputs, for rlx_mlx_compile and rlx_mlx_trace. The inputs are borrowed: they are valid during the
call and are not freed by it. The function writes up to `cap` fresh output handles, which it gives away, and their
number. On failure it returns nonzero after rlx_mlx_set_last_error(). It must not evaluate.*/
pub type rlx_mlx_lower_fn = ::std::option::Option<
    unsafe extern "C" fn(
        ud: *mut std::ffi::c_void,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
        cap: usize,
        out_n_outputs: *mut usize,
    ) -> std::ffi::c_int,
>;
pub const RLX_MLX_DTYPE_F32: rlx_mlx_dtype_t = 0;
pub const RLX_MLX_DTYPE_F16: rlx_mlx_dtype_t = 1;
pub const RLX_MLX_DTYPE_BF16: rlx_mlx_dtype_t = 2;
pub const RLX_MLX_DTYPE_I32: rlx_mlx_dtype_t = 3;
/// CPU device only
pub const RLX_MLX_DTYPE_F64: rlx_mlx_dtype_t = 4;
pub const RLX_MLX_DTYPE_I8: rlx_mlx_dtype_t = 5;
pub const RLX_MLX_DTYPE_I16: rlx_mlx_dtype_t = 6;
pub const RLX_MLX_DTYPE_I64: rlx_mlx_dtype_t = 7;
pub const RLX_MLX_DTYPE_U8: rlx_mlx_dtype_t = 8;
pub const RLX_MLX_DTYPE_U32: rlx_mlx_dtype_t = 9;
pub const RLX_MLX_DTYPE_BOOL: rlx_mlx_dtype_t = 10;
pub const RLX_MLX_DTYPE_C64: rlx_mlx_dtype_t = 11;
/// Element types: the DType of the RLX IR.
pub type rlx_mlx_dtype_t = std::ffi::c_uint;
pub const RLX_MLX_UN_RELU: rlx_mlx_unary_t = 0;
pub const RLX_MLX_UN_SIGMOID: rlx_mlx_unary_t = 1;
pub const RLX_MLX_UN_TANH: rlx_mlx_unary_t = 2;
pub const RLX_MLX_UN_EXP: rlx_mlx_unary_t = 3;
pub const RLX_MLX_UN_LOG: rlx_mlx_unary_t = 4;
pub const RLX_MLX_UN_SQRT: rlx_mlx_unary_t = 5;
pub const RLX_MLX_UN_RSQRT: rlx_mlx_unary_t = 6;
pub const RLX_MLX_UN_NEG: rlx_mlx_unary_t = 7;
pub const RLX_MLX_UN_ABS: rlx_mlx_unary_t = 8;
pub const RLX_MLX_UN_ERF: rlx_mlx_unary_t = 9;
/// half to even
pub const RLX_MLX_UN_ROUND: rlx_mlx_unary_t = 10;
pub const RLX_MLX_UN_SIN: rlx_mlx_unary_t = 11;
pub const RLX_MLX_UN_COS: rlx_mlx_unary_t = 12;
pub const RLX_MLX_UN_TAN: rlx_mlx_unary_t = 13;
pub const RLX_MLX_UN_ATAN: rlx_mlx_unary_t = 14;
pub const RLX_MLX_UN_FLOOR: rlx_mlx_unary_t = 15;
pub const RLX_MLX_UN_CEIL: rlx_mlx_unary_t = 16;
pub const RLX_MLX_UN_SIGN: rlx_mlx_unary_t = 17;
pub const RLX_MLX_UN_RECIP: rlx_mlx_unary_t = 18;
pub const RLX_MLX_UN_LOG1P: rlx_mlx_unary_t = 19;
pub const RLX_MLX_UN_EXPM1: rlx_mlx_unary_t = 20;
pub const RLX_MLX_UN_ASIN: rlx_mlx_unary_t = 21;
pub const RLX_MLX_UN_ACOS: rlx_mlx_unary_t = 22;
pub const RLX_MLX_UN_SINH: rlx_mlx_unary_t = 23;
pub const RLX_MLX_UN_COSH: rlx_mlx_unary_t = 24;
pub const RLX_MLX_UN_ASINH: rlx_mlx_unary_t = 25;
pub const RLX_MLX_UN_ACOSH: rlx_mlx_unary_t = 26;
pub const RLX_MLX_UN_ATANH: rlx_mlx_unary_t = 27;
pub const RLX_MLX_UN_LOG2: rlx_mlx_unary_t = 28;
pub const RLX_MLX_UN_LOG10: rlx_mlx_unary_t = 29;
pub const RLX_MLX_UN_ERFINV: rlx_mlx_unary_t = 30;
pub const RLX_MLX_UN_SQUARE: rlx_mlx_unary_t = 31;
pub const RLX_MLX_UN_TRUNC: rlx_mlx_unary_t = 32;
/// this one and the next four give bool
pub const RLX_MLX_UN_ISNAN: rlx_mlx_unary_t = 33;
pub const RLX_MLX_UN_ISINF: rlx_mlx_unary_t = 34;
pub const RLX_MLX_UN_ISFINITE: rlx_mlx_unary_t = 35;
pub const RLX_MLX_UN_ISPOSINF: rlx_mlx_unary_t = 36;
pub const RLX_MLX_UN_ISNEGINF: rlx_mlx_unary_t = 37;
pub const RLX_MLX_UN_CONJ: rlx_mlx_unary_t = 38;
/// complex gives f32
pub const RLX_MLX_UN_REAL: rlx_mlx_unary_t = 39;
/// complex gives f32, other types 0
pub const RLX_MLX_UN_IMAG: rlx_mlx_unary_t = 40;
pub const RLX_MLX_UN_DEGREES: rlx_mlx_unary_t = 41;
pub const RLX_MLX_UN_RADIANS: rlx_mlx_unary_t = 42;
/// Elementwise functions of one operand, see rlx_mlx_op_unary.
pub type rlx_mlx_unary_t = std::ffi::c_uint;
pub const RLX_MLX_RED_SUM: rlx_mlx_reduce_t = 0;
pub const RLX_MLX_RED_MEAN: rlx_mlx_reduce_t = 1;
pub const RLX_MLX_RED_MAX: rlx_mlx_reduce_t = 2;
pub const RLX_MLX_RED_MIN: rlx_mlx_reduce_t = 3;
pub const RLX_MLX_RED_PROD: rlx_mlx_reduce_t = 4;
/// Reductions, see rlx_mlx_op_reduce.
pub type rlx_mlx_reduce_t = std::ffi::c_uint;
pub const RLX_MLX_UPDATE_SET: rlx_mlx_update_t = 0;
pub const RLX_MLX_UPDATE_ADD: rlx_mlx_update_t = 1;
pub const RLX_MLX_UPDATE_PROD: rlx_mlx_update_t = 2;
pub const RLX_MLX_UPDATE_MAX: rlx_mlx_update_t = 3;
pub const RLX_MLX_UPDATE_MIN: rlx_mlx_update_t = 4;
/// How an update meets the element it lands on, see scatter.h.
pub type rlx_mlx_update_t = std::ffi::c_uint;
pub const RLX_MLX_MASK_NONE: rlx_mlx_mask_t = 0;
pub const RLX_MLX_MASK_CAUSAL: rlx_mlx_mask_t = 1;
pub const RLX_MLX_MASK_SLIDING: rlx_mlx_mask_t = 2;
pub const RLX_MLX_MASK_CUSTOM: rlx_mlx_mask_t = 3;
/// Attention masks, see rlx_mlx_op_attention.
pub type rlx_mlx_mask_t = std::ffi::c_uint;
pub const RLX_MLX_DEVICE_CPU: rlx_mlx_device_t = 0;
pub const RLX_MLX_DEVICE_GPU: rlx_mlx_device_t = 1;
/// Device kinds.
pub type rlx_mlx_device_t = std::ffi::c_uint;
/// Called once when the shim no longer needs what `context` stands for, from any thread.
pub type rlx_mlx_release_fn = ::std::option::Option<unsafe extern "C" fn(context: *mut std::ffi::c_void)>;
/// The elements of an input: row-major, read-only, valid during the call.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_view_t {
    /// not NULL unless `nbytes` is 0
    pub data: *const std::ffi::c_void,
    pub nbytes: usize,
    pub dtype: rlx_mlx_dtype_t,
    /// `ndim` extents
    pub shape: *const std::ffi::c_int,
    pub ndim: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_view_t"][::std::mem::size_of::<rlx_mlx_view_t>() - 40usize];
    ["Alignment of rlx_mlx_view_t"][::std::mem::align_of::<rlx_mlx_view_t>() - 8usize];
    ["Offset of field: rlx_mlx_view_t::data"][::std::mem::offset_of!(rlx_mlx_view_t, data) - 0usize];
    ["Offset of field: rlx_mlx_view_t::nbytes"][::std::mem::offset_of!(rlx_mlx_view_t, nbytes) - 8usize];
    ["Offset of field: rlx_mlx_view_t::dtype"][::std::mem::offset_of!(rlx_mlx_view_t, dtype) - 16usize];
    ["Offset of field: rlx_mlx_view_t::shape"][::std::mem::offset_of!(rlx_mlx_view_t, shape) - 24usize];
    ["Offset of field: rlx_mlx_view_t::ndim"][::std::mem::offset_of!(rlx_mlx_view_t, ndim) - 32usize];
};
/// The place for the elements of an output: row-major, not initialised, valid during the call.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_view_mut_t {
    /// not NULL unless `nbytes` is 0
    pub data: *mut std::ffi::c_void,
    pub nbytes: usize,
    pub dtype: rlx_mlx_dtype_t,
    /// `ndim` extents
    pub shape: *const std::ffi::c_int,
    pub ndim: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_view_mut_t"][::std::mem::size_of::<rlx_mlx_view_mut_t>() - 40usize];
    ["Alignment of rlx_mlx_view_mut_t"][::std::mem::align_of::<rlx_mlx_view_mut_t>() - 8usize];
    ["Offset of field: rlx_mlx_view_mut_t::data"][::std::mem::offset_of!(rlx_mlx_view_mut_t, data) - 0usize];
    ["Offset of field: rlx_mlx_view_mut_t::nbytes"][::std::mem::offset_of!(rlx_mlx_view_mut_t, nbytes) - 8usize];
    ["Offset of field: rlx_mlx_view_mut_t::dtype"][::std::mem::offset_of!(rlx_mlx_view_mut_t, dtype) - 16usize];
    ["Offset of field: rlx_mlx_view_mut_t::shape"][::std::mem::offset_of!(rlx_mlx_view_mut_t, shape) - 24usize];
    ["Offset of field: rlx_mlx_view_mut_t::ndim"][::std::mem::offset_of!(rlx_mlx_view_mut_t, ndim) - 32usize];
};
/** How the first rows of a callback's outputs, those of the first axis, depend on its inputs (rlx_mlx_trace_first_rows). With
any but the first, it must take fewer rows than it was made for.*/
pub type rlx_mlx_rows_t = std::ffi::c_int;
/// on all of them
pub const RLX_MLX_ROWS_MIXED: _bindgen_ty_1 = 0;
/// each element on those at its place alone; all shapes are one
pub const RLX_MLX_ROWS_PLACES: _bindgen_ty_1 = 1;
/// on the same rows of the first input, and on the others as a whole; 3: of the first two, …
pub const RLX_MLX_ROWS_FIRST: _bindgen_ty_1 = 2;
pub type _bindgen_ty_1 = std::ffi::c_uint;
/** Reads the inputs and fills every output. Called once for each evaluation of the node, on the thread of its stream or on
the one that calls rlx_mlx_trace_run, so by several threads at once when several evaluate. On failure it returns
nonzero after rlx_mlx_set_last_error(). It must not evaluate arrays: it would wait for its own thread.*/
pub type rlx_mlx_host_fn = ::std::option::Option<
    unsafe extern "C" fn(
        ud: *mut std::ffi::c_void,
        inputs: *const rlx_mlx_view_t,
        n_inputs: usize,
        outputs: *const rlx_mlx_view_mut_t,
        n_outputs: usize,
    ) -> std::ffi::c_int,
>;
pub const RLX_MLX_DIST_SUM: rlx_mlx_dist_reduce_t = 0;
pub const RLX_MLX_DIST_MAX: rlx_mlx_dist_reduce_t = 1;
pub const RLX_MLX_DIST_MIN: rlx_mlx_dist_reduce_t = 2;
/// Reductions over ranks.
pub type rlx_mlx_dist_reduce_t = std::ffi::c_uint;
pub const RLX_MLX_FFT_BACKWARD: rlx_mlx_fft_norm_t = 0;
pub const RLX_MLX_FFT_FORWARD: rlx_mlx_fft_norm_t = 1;
pub const RLX_MLX_FFT_ORTHO: rlx_mlx_fft_norm_t = 2;
/** Scales of the NumPy-style transforms below, for N transformed elements: forward 1 and inverse 1/N; forward 1/N and
inverse 1; 1/sqrt N both ways.*/
pub type rlx_mlx_fft_norm_t = std::ffi::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_tensors_s {
    _unused: [u8; 0],
}
/// The named arrays of one file.
pub type rlx_mlx_tensors_t = rlx_mlx_tensors_s;
pub const RLX_MLX_TEMPLATE_INT: rlx_mlx_template_t = 0;
pub const RLX_MLX_TEMPLATE_BOOL: rlx_mlx_template_t = 1;
pub const RLX_MLX_TEMPLATE_DTYPE: rlx_mlx_template_t = 2;
/// Kinds of template arguments.
pub type rlx_mlx_template_t = std::ffi::c_uint;
/// A constant that the source sees under `name`: an int, a bool (nonzero is true) or a type (a rlx_mlx_dtype_t).
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_template_arg_t {
    pub name: *const std::ffi::c_char,
    pub kind: rlx_mlx_template_t,
    pub value: std::ffi::c_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_template_arg_t"][::std::mem::size_of::<rlx_mlx_template_arg_t>() - 16usize];
    ["Alignment of rlx_mlx_template_arg_t"][::std::mem::align_of::<rlx_mlx_template_arg_t>() - 8usize];
    ["Offset of field: rlx_mlx_template_arg_t::name"][::std::mem::offset_of!(rlx_mlx_template_arg_t, name) - 0usize];
    ["Offset of field: rlx_mlx_template_arg_t::kind"][::std::mem::offset_of!(rlx_mlx_template_arg_t, kind) - 8usize];
    ["Offset of field: rlx_mlx_template_arg_t::value"][::std::mem::offset_of!(rlx_mlx_template_arg_t, value) - 12usize];
};
/// A kernel. MLX writes the function's signature around the body from the names and from the types of a launch.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_kernel_t {
    pub name: *const std::ffi::c_char,
    /// the body
    pub source: *const std::ffi::c_char,
    /// what goes before the function; NULL for nothing
    pub header: *const std::ffi::c_char,
    pub input_names: *const *const std::ffi::c_char,
    pub n_inputs: usize,
    pub output_names: *const *const std::ffi::c_char,
    /// at least 1
    pub n_outputs: usize,
    /// nonzero: inputs that are not dense row-major are copied first
    pub ensure_row_contiguous: std::ffi::c_int,
    /// nonzero: outputs are atomics; Metal only
    pub atomic_outputs: std::ffi::c_int,
    /// bytes of dynamic shared memory a block; CUDA only
    pub shared_memory: std::ffi::c_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_kernel_t"][::std::mem::size_of::<rlx_mlx_kernel_t>() - 72usize];
    ["Alignment of rlx_mlx_kernel_t"][::std::mem::align_of::<rlx_mlx_kernel_t>() - 8usize];
    ["Offset of field: rlx_mlx_kernel_t::name"][::std::mem::offset_of!(rlx_mlx_kernel_t, name) - 0usize];
    ["Offset of field: rlx_mlx_kernel_t::source"][::std::mem::offset_of!(rlx_mlx_kernel_t, source) - 8usize];
    ["Offset of field: rlx_mlx_kernel_t::header"][::std::mem::offset_of!(rlx_mlx_kernel_t, header) - 16usize];
    ["Offset of field: rlx_mlx_kernel_t::input_names"][::std::mem::offset_of!(rlx_mlx_kernel_t, input_names) - 24usize];
    ["Offset of field: rlx_mlx_kernel_t::n_inputs"][::std::mem::offset_of!(rlx_mlx_kernel_t, n_inputs) - 32usize];
    ["Offset of field: rlx_mlx_kernel_t::output_names"]
        [::std::mem::offset_of!(rlx_mlx_kernel_t, output_names) - 40usize];
    ["Offset of field: rlx_mlx_kernel_t::n_outputs"][::std::mem::offset_of!(rlx_mlx_kernel_t, n_outputs) - 48usize];
    ["Offset of field: rlx_mlx_kernel_t::ensure_row_contiguous"]
        [::std::mem::offset_of!(rlx_mlx_kernel_t, ensure_row_contiguous) - 56usize];
    ["Offset of field: rlx_mlx_kernel_t::atomic_outputs"]
        [::std::mem::offset_of!(rlx_mlx_kernel_t, atomic_outputs) - 60usize];
    ["Offset of field: rlx_mlx_kernel_t::shared_memory"]
        [::std::mem::offset_of!(rlx_mlx_kernel_t, shared_memory) - 64usize];
};
/// One launch of it.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_launch_t {
    /// threads in all along x, y, z, not groups; each at least 1
    pub grid: [std::ffi::c_int; 3usize],
    /// threads of a group (CUDA: block); each at least 1, their product at most 1024
    pub threadgroup: [std::ffi::c_int; 3usize],
    pub template_args: *const rlx_mlx_template_arg_t,
    pub n_template_args: usize,
    /// nonzero: outputs start as `init` everywhere; otherwise they are not initialised
    pub has_init: std::ffi::c_int,
    pub init: f32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_launch_t"][::std::mem::size_of::<rlx_mlx_launch_t>() - 48usize];
    ["Alignment of rlx_mlx_launch_t"][::std::mem::align_of::<rlx_mlx_launch_t>() - 8usize];
    ["Offset of field: rlx_mlx_launch_t::grid"][::std::mem::offset_of!(rlx_mlx_launch_t, grid) - 0usize];
    ["Offset of field: rlx_mlx_launch_t::threadgroup"][::std::mem::offset_of!(rlx_mlx_launch_t, threadgroup) - 12usize];
    ["Offset of field: rlx_mlx_launch_t::template_args"]
        [::std::mem::offset_of!(rlx_mlx_launch_t, template_args) - 24usize];
    ["Offset of field: rlx_mlx_launch_t::n_template_args"]
        [::std::mem::offset_of!(rlx_mlx_launch_t, n_template_args) - 32usize];
    ["Offset of field: rlx_mlx_launch_t::has_init"][::std::mem::offset_of!(rlx_mlx_launch_t, has_init) - 40usize];
    ["Offset of field: rlx_mlx_launch_t::init"][::std::mem::offset_of!(rlx_mlx_launch_t, init) - 44usize];
};
/// A range of elements, counted row-major.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_segment_s {
    /// first element where it comes from
    pub source: usize,
    /// first element where it goes
    pub target: usize,
    /// number of elements
    pub len: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_segment_s"][::std::mem::size_of::<rlx_mlx_segment_s>() - 24usize];
    ["Alignment of rlx_mlx_segment_s"][::std::mem::align_of::<rlx_mlx_segment_s>() - 8usize];
    ["Offset of field: rlx_mlx_segment_s::source"][::std::mem::offset_of!(rlx_mlx_segment_s, source) - 0usize];
    ["Offset of field: rlx_mlx_segment_s::target"][::std::mem::offset_of!(rlx_mlx_segment_s, target) - 8usize];
    ["Offset of field: rlx_mlx_segment_s::len"][::std::mem::offset_of!(rlx_mlx_segment_s, len) - 16usize];
};
/// A range of elements, counted row-major.
pub type rlx_mlx_segment_t = rlx_mlx_segment_s;
pub const RLX_MLX_QUANT_AFFINE: rlx_mlx_quant_t = 0;
pub const RLX_MLX_QUANT_MXFP4: rlx_mlx_quant_t = 1;
pub const RLX_MLX_QUANT_MXFP8: rlx_mlx_quant_t = 2;
pub const RLX_MLX_QUANT_NVFP4: rlx_mlx_quant_t = 3;
/** Modes, with the values that `group_size` and `bits` may have; 0 stands for the one named first. Affine: 64, 32 or
128; 4, 1, 2, 3, 5, 6 or 8; scales and biases of the dtype of the matrix: element = scale * number + bias. The others
have no biases and u8 scales: mxfp4 (e2m1 elements, e8m0 scales), 32; 4. mxfp8 (e4m3, e8m0): 32; 8. nvfp4 (e2m1,
e4m3): 16; 4.*/
pub type rlx_mlx_quant_t = std::ffi::c_uint;
/** Calls `fn(ud)` on the thread of a CPU stream, or of the CPU stream beside another, behind what has been started there; does
not wait for it (MLX: scheduler::enqueue). It must not throw.*/
pub type rlx_mlx_task_fn = ::std::option::Option<unsafe extern "C" fn(ud: *mut std::ffi::c_void)>;
/** Where an input of a run comes from: an array, or, where that is NULL, row-major bytes. They are copied, or read where they
are while the call lasts, after which no output refers to them.*/
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_source_s {
    pub array: *mut rlx_mlx_array_t,
    pub data: *const std::ffi::c_void,
    pub nbytes: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_source_s"][::std::mem::size_of::<rlx_mlx_source_s>() - 24usize];
    ["Alignment of rlx_mlx_source_s"][::std::mem::align_of::<rlx_mlx_source_s>() - 8usize];
    ["Offset of field: rlx_mlx_source_s::array"][::std::mem::offset_of!(rlx_mlx_source_s, array) - 0usize];
    ["Offset of field: rlx_mlx_source_s::data"][::std::mem::offset_of!(rlx_mlx_source_s, data) - 8usize];
    ["Offset of field: rlx_mlx_source_s::nbytes"][::std::mem::offset_of!(rlx_mlx_source_s, nbytes) - 16usize];
};
/** Where an input of a run comes from: an array, or, where that is NULL, row-major bytes. They are copied, or read where they
are while the call lasts, after which no output refers to them.*/
pub type rlx_mlx_source_t = rlx_mlx_source_s;
/** Where the row-major bytes of an output go, apart from all sources and other sinks; nowhere if `data` is NULL. If `only`
is not 0 they go nowhere else: there is no handle of that output, and host code may write there itself. After a failure
any part of them may be written.*/
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_sink_s {
    pub data: *mut std::ffi::c_void,
    pub nbytes: usize,
    pub only: std::ffi::c_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rlx_mlx_sink_s"][::std::mem::size_of::<rlx_mlx_sink_s>() - 24usize];
    ["Alignment of rlx_mlx_sink_s"][::std::mem::align_of::<rlx_mlx_sink_s>() - 8usize];
    ["Offset of field: rlx_mlx_sink_s::data"][::std::mem::offset_of!(rlx_mlx_sink_s, data) - 0usize];
    ["Offset of field: rlx_mlx_sink_s::nbytes"][::std::mem::offset_of!(rlx_mlx_sink_s, nbytes) - 8usize];
    ["Offset of field: rlx_mlx_sink_s::only"][::std::mem::offset_of!(rlx_mlx_sink_s, only) - 16usize];
};
/** Where the row-major bytes of an output go, apart from all sources and other sinks; nowhere if `data` is NULL. If `only`
is not 0 they go nowhere else: there is no handle of that output, and host code may write there itself. After a failure
any part of them may be written.*/
pub type rlx_mlx_sink_t = rlx_mlx_sink_s;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rlx_mlx_watch_s {
    _unused: [u8; 0],
}
/// Who is told. It knows primitives by the place in the caller's program that it was given for them.
pub type rlx_mlx_watch_t = rlx_mlx_watch_s;
/// The time now, in the caller's unit.
pub type rlx_mlx_now_fn = ::std::option::Option<unsafe extern "C" fn(ud: *mut std::ffi::c_void) -> u64>;
/** One primitive has been computed since `start`. `operations` are the additions and multiplications of a product or
convolution and 0 for what is neither, `nbytes` those that it reads and writes. `primitive` is valid during the call.*/
pub type rlx_mlx_span_fn = ::std::option::Option<
    unsafe extern "C" fn(
        ud: *mut std::ffi::c_void,
        start: u64,
        place: usize,
        primitive: *const std::ffi::c_char,
        operations: u64,
        nbytes: u64,
    ),
>;
unsafe extern "C" {
    /// Bytes of one element; 0 for an unknown value.
    pub fn rlx_mlx_dtype_size(dtype: rlx_mlx_dtype_t) -> usize;
    /** An array from `nelems` row-major f32 elements, copied, and converted to `dtype` lazily (MLX: astype). Integers above
    2^24 and f64 detail do not fit into f32: use rlx_mlx_array_from_bytes for them. ERR_BAD_SHAPE unless `nelems` is the
    product of the shape.*/
    pub fn rlx_mlx_array_from_data(
        shape: *const std::ffi::c_int,
        ndim: usize,
        data: *const f32,
        nelems: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** An array from `nbytes` bytes of row-major elements, copied bit for bit. `data` needs no alignment and may be NULL
    when `nbytes` is 0. BOOL bytes other than 0 become 1.*/
    pub fn rlx_mlx_array_from_bytes(
        shape: *const std::ffi::c_int,
        ndim: usize,
        data: *const std::ffi::c_void,
        nbytes: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The same over memory that the caller keeps unchanged until `release(context)`; used in place where the device can
    read it, the alignment suits and it does not begin with a page, copied (and released before return) otherwise.
    `release` is called exactly once, also after a failure.*/
    pub fn rlx_mlx_array_from_borrowed(
        shape: *const std::ffi::c_int,
        ndim: usize,
        data: *const std::ffi::c_void,
        nbytes: usize,
        dtype: rlx_mlx_dtype_t,
        release: rlx_mlx_release_fn,
        context: *mut std::ffi::c_void,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// An array without data, to stand for an input while a function is traced.
    pub fn rlx_mlx_array_placeholder(
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// A scalar of `dtype` from a double (MLX: array(value, dtype)).
    pub fn rlx_mlx_array_scalar(value: f64, dtype: rlx_mlx_dtype_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** Evaluates, then copies the elements row-major into `dst`. ERR_BAD_SHAPE when `dst_cap` is too small; `*out_nbytes`
    tells the size in both cases and may not be NULL.*/
    pub fn rlx_mlx_array_to_bytes(
        h: *mut rlx_mlx_array_t,
        dst: *mut std::ffi::c_void,
        dst_cap: usize,
        out_nbytes: *mut usize,
    ) -> std::ffi::c_int;
    /** The same converted to f32, for any real dtype; `nelems` is the room in `dst`. ERR_BAD_SHAPE, before evaluation, when
    it is too small; ERR_BAD_DTYPE for complex64.*/
    pub fn rlx_mlx_array_to_f32(h: *mut rlx_mlx_array_t, dst: *mut f32, nelems: usize) -> std::ffi::c_int;
    /** Evaluates an array of one element and reads it. A 64-bit integer above 2^53 is rounded in f64. ERR_BAD_SHAPE for
    another number of elements; ERR_BAD_DTYPE for complex64, and for floats in the integer form.*/
    pub fn rlx_mlx_array_item_f64(h: *mut rlx_mlx_array_t, out: *mut f64) -> std::ffi::c_int;
    pub fn rlx_mlx_array_item_i64(h: *mut rlx_mlx_array_t, out: *mut i64) -> std::ffi::c_int;
    /// Frees a handle; NULL is allowed.
    pub fn rlx_mlx_array_free(h: *mut rlx_mlx_array_t);
    /// A second handle to the same array.
    pub fn rlx_mlx_array_clone(h: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// Writes the rank to `*out_ndim`, then the extents to `out_shape`; ERR_BAD_SHAPE when `cap` is below the rank.
    pub fn rlx_mlx_array_shape(
        h: *mut rlx_mlx_array_t,
        out_shape: *mut std::ffi::c_int,
        cap: usize,
        out_ndim: *mut usize,
    ) -> std::ffi::c_int;
    /// Number of axes, of elements, and of bytes that the elements take row-major. None evaluates.
    pub fn rlx_mlx_array_ndim(h: *mut rlx_mlx_array_t, out: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_array_size(h: *mut rlx_mlx_array_t, out: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_array_nbytes(h: *mut rlx_mlx_array_t, out: *mut usize) -> std::ffi::c_int;
    /// Writes the element type; ERR_BAD_DTYPE for an MLX dtype without a value here (uint16, uint64), as a file may hold.
    pub fn rlx_mlx_array_dtype(h: *mut rlx_mlx_array_t, out: *mut rlx_mlx_dtype_t) -> std::ffi::c_int;
    /** How the elements lie in memory. A lazy array has no layout yet, so both evaluate: the distance between neighbours on
    each axis, in elements (buffers as for rlx_mlx_array_shape); 1 when the elements are dense and row-major, else 0.*/
    pub fn rlx_mlx_array_strides(
        h: *mut rlx_mlx_array_t,
        out_strides: *mut i64,
        cap: usize,
        out_ndim: *mut usize,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_array_is_contiguous(h: *mut rlx_mlx_array_t, out: *mut std::ffi::c_int) -> std::ffi::c_int;
    /** Writes 1 when the elements of two arrays lie in one allocation, as those of an array and of a view of it do, else 0.
    Evaluates both.*/
    pub fn rlx_mlx_array_shares_memory(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut std::ffi::c_int,
    ) -> std::ffi::c_int;
    /// Handles alive in the process: arrays, compiled functions, streams and so on. For leak checks.
    pub fn rlx_mlx_live_handles() -> usize;
    /** softmax(scale * q k^T + mask) v for q [B,Hq,Lq,D], k [B,Hkv,Lk,D], v [B,Hkv,Lk,Dv], Hq a multiple of Hkv; the result
    is [B,Hq,Lq,Dv]. CAUSAL is aligned to the end of the keys: query i sees keys up to i + Lk - Lq. SLIDING and CUSTOM
    take a mask that broadcasts to [B,Hq,Lq,Lk]: bool (true attends), or a float that is added and promotes to q's dtype.
    A row that attends to nothing is unspecified (MLX: fast::scaled_dot_product_attention).*/
    pub fn rlx_mlx_op_attention(
        q: *mut rlx_mlx_array_t,
        k: *mut rlx_mlx_array_t,
        v: *mut rlx_mlx_array_t,
        scale: f32,
        mask_kind: rlx_mlx_mask_t,
        mask_or_null: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same with attention sinks [Hq]: one more score per head, which takes part in the softmax and carries no value.
    pub fn rlx_mlx_op_attention_sinks(
        q: *mut rlx_mlx_array_t,
        k: *mut rlx_mlx_array_t,
        v: *mut rlx_mlx_array_t,
        scale: f32,
        mask_kind: rlx_mlx_mask_t,
        mask_or_null: *mut rlx_mlx_array_t,
        sinks: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The gated delta rule over T steps: with state S [Dv,Dk] of each head,
      S = gate * S;  S += beta * (v - S k) k^T;  y = S q.
    q and k are [B,T,Hk,Dk], v [B,T,Hv,Dv], Hv a multiple of Hk; gates [B,T,Hv], or [B,T,Hv,Dk] for one gate a column;
    beta [B,T,Hv]; state [B,Hv,Dv,Dk] or NULL for 0; mask bool [B,T] or NULL, false leaves the state alone. `*out_y` is
    [B,T,Hv,Dv], `*out_state` the last state (MLX: fast::gated_delta_update).*/
    pub fn rlx_mlx_op_gated_delta_update(
        q: *mut rlx_mlx_array_t,
        k: *mut rlx_mlx_array_t,
        v: *mut rlx_mlx_array_t,
        gates: *mut rlx_mlx_array_t,
        beta: *mut rlx_mlx_array_t,
        state_or_null: *mut rlx_mlx_array_t,
        mask_or_null: *mut rlx_mlx_array_t,
        out_y: *mut *mut rlx_mlx_array_t,
        out_state: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_add(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_sub(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_mul(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// True division; integers and bool give f32 (MLX: divide).
    pub fn rlx_mlx_op_div(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** floor(a / b), of integers too; an integer divided by 0 is 0, the lowest integer by -1 is itself. ERR_BAD_DTYPE for
    complex64 (MLX: floor_divide).*/
    pub fn rlx_mlx_op_floor_div(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Remainder with the sign of the divisor, as in Python; of integers by 0 it is 0. ERR_BAD_DTYPE for complex64
    (MLX: remainder).*/
    pub fn rlx_mlx_op_remainder(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Remainder with the sign of the dividend, as C's fmod, exact; otherwise as rlx_mlx_op_remainder, from which it is
    made. A zero result carries no certain sign.*/
    pub fn rlx_mlx_op_fmod(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The larger and the smaller element; NaN wins (MLX: maximum, minimum).
    pub fn rlx_mlx_op_max(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_min(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// a to the power b in the promoted dtype; an integer to a negative integer is 0 (MLX: power).
    pub fn rlx_mlx_op_pow(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Angle of the point (b, a); integers give f32, complex64 is ERR_BAD_DTYPE (MLX: arctan2).
    pub fn rlx_mlx_op_atan2(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// log(exp a + exp b) without overflow; integers give f32 (MLX: logaddexp).
    pub fn rlx_mlx_op_logaddexp(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Bit operations on integers and bool; other dtypes are ERR_BAD_DTYPE (MLX: bitwise_and, _or, _xor).
    pub fn rlx_mlx_op_bit_and(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_bit_or(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_bit_xor(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
    unspecified number. ERR_BAD_DTYPE for non-integers (MLX: left_shift, right_shift).*/
    pub fn rlx_mlx_op_shl(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_shr(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub fn rlx_mlx_op_logical_and(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_logical_or(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_logical_xor(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary part.
    NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).*/
    pub fn rlx_mlx_op_eq(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_ne(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_lt(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_le(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_gt(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_ge(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// x where cond is nonzero, else y; all three broadcast (MLX: where).
    pub fn rlx_mlx_op_where(
        cond: *mut rlx_mlx_array_t,
        x: *mut rlx_mlx_array_t,
        y: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** min(max(a, low), high); a bound may be NULL, not both (ERR_NULL). NaN stays; high wins over a greater low
    (MLX: clip).*/
    pub fn rlx_mlx_op_clip(
        a: *mut rlx_mlx_array_t,
        low_or_null: *mut rlx_mlx_array_t,
        high_or_null: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** `n_outputs` (at least 1) lazy arrays of the given shapes, ranks and dtypes, which `fn` computes from `inputs`;
    `out_outputs` are all NULL after a failure.

    A lazy node like any other, also inside rlx_mlx_compile and rlx_mlx_trace, though not with `shapeless`. It runs on the
    CPU: on the stream that the thread has entered if that is a CPU stream, on a CPU stream beside it otherwise. A failure
    of `fn` is one of the evaluation, whose text ends with what `fn` told: whoever waits for that stream is told, once. Until
    then the stream calls no callback any more, their outputs are zeros. What rlx_mlx_trace_run calls itself fails there.

    `release(ud)` (NULL: nothing to release) is called exactly once, when no node or trace needs `ud` any more; at once
    after a failure (MLX: a Primitive of the shim's own).*/
    pub fn rlx_mlx_op_host_callback(
        fn_: rlx_mlx_host_fn,
        ud: *mut std::ffi::c_void,
        release: rlx_mlx_release_fn,
        rows: rlx_mlx_rows_t,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        output_shapes: *const *const std::ffi::c_int,
        output_ranks: *const usize,
        output_dtypes: *const rlx_mlx_dtype_t,
        n_outputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Lets the first of the outputs that a callback has just given, `first`, take the memory of input number `input` when
    rlx_mlx_trace_run calls `fn` itself and nothing else needs that input any more. Then the views of both have the same `data`:
    `fn` reads an element of the input before it writes the one at its place. Only where shapes and dtypes are equal.*/
    pub fn rlx_mlx_host_callback_may_overwrite(first: *mut rlx_mlx_array_t, input: usize) -> std::ffi::c_int;
    /** Wraps `fn` and `ud`; does not call them yet. Both must stay valid until rlx_mlx_compiled_free() returns. `shapeless`
    nonzero: a trace serves every shape of the same rank, as far as MLX's ops allow; an op that does not allow it fails
    the first call (MLX: compile(fn, shapeless)).*/
    pub fn rlx_mlx_compile(
        fn_: rlx_mlx_lower_fn,
        ud: *mut std::ffi::c_void,
        shapeless: std::ffi::c_int,
        out: *mut *mut rlx_mlx_compiled_t,
    ) -> std::ffi::c_int;
    /** Calls the function on `inputs` and writes fresh lazy handles to `out_outputs`, their number to `*out_n_outputs`.

    `fn` runs only when no trace fits: its key is the dtypes and shapes of the inputs (ranks, if shapeless) and the
    stream that the thread has entered, to which MLX binds the ops. So threads that enter one stream, in turn, share one
    trace, whichever of them made it; threads on their default streams trace for themselves. Calls at once are safe; `fn`
    runs one at a time, and not from within itself.

    ERR_BAD_SHAPE when `cap` is below the number of outputs, which `*out_n_outputs` then tells; nothing is written. A
    failure of `fn`, more outputs than rlx_mlx_compile_output_cap() or a NULL output of `fn` is ERR_GENERIC.*/
    pub fn rlx_mlx_compiled_call(
        compiled: *mut rlx_mlx_compiled_t,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
        cap: usize,
        out_n_outputs: *mut usize,
    ) -> std::ffi::c_int;
    /// Frees it; NULL is allowed. Arrays that it made stay valid.
    pub fn rlx_mlx_compiled_free(compiled: *mut rlx_mlx_compiled_t);
    /** The most outputs that a compiled function may have: the `cap` that its `fn` sees. In this order: what
    rlx_mlx_set_compile_output_cap() set, the environment variable RLX_COMPILE_OUTPUT_CAP, its older name
    RLX_MLX_COMPILE_OUTPUT_CAP, 1024. A variable that is not a decimal number from 1 to 1048576 counts as absent.
    Process-wide; read whenever a function is traced.*/
    pub fn rlx_mlx_compile_output_cap() -> usize;
    /// Sets it; values above 1048576 count as that, 0 is rlx_mlx_reset_compile_output_cap().
    pub fn rlx_mlx_set_compile_output_cap(cap: usize);
    /// Drops what was set.
    pub fn rlx_mlx_reset_compile_output_cap();
    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    pub fn rlx_mlx_op_conv1d(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride: std::ffi::c_int,
        padding: std::ffi::c_int,
        dilation: std::ffi::c_int,
        groups: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_conv2d(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride_h: std::ffi::c_int,
        stride_w: std::ffi::c_int,
        pad_h: std::ffi::c_int,
        pad_w: std::ffi::c_int,
        dil_h: std::ffi::c_int,
        dil_w: std::ffi::c_int,
        groups: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_conv3d(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride_d: std::ffi::c_int,
        stride_h: std::ffi::c_int,
        stride_w: std::ffi::c_int,
        pad_d: std::ffi::c_int,
        pad_h: std::ffi::c_int,
        pad_w: std::ffi::c_int,
        dil_d: std::ffi::c_int,
        dil_h: std::ffi::c_int,
        dil_w: std::ffi::c_int,
        groups: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** One to three spatial axes. Each list holds nothing (its default: 1, for paddings 0), one value for all spatial axes,
    or one for each. `input_dilation` puts zeros between the elements of the input; paddings are counted on the result of
    that, and a negative one cuts elements off. `flip` nonzero reverses the kernel (MLX: conv_general).*/
    pub fn rlx_mlx_op_conv_general(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride: *const std::ffi::c_int,
        stride_n: usize,
        padding_lo: *const std::ffi::c_int,
        padding_lo_n: usize,
        padding_hi: *const std::ffi::c_int,
        padding_hi_n: usize,
        kernel_dilation: *const std::ffi::c_int,
        kernel_dilation_n: usize,
        input_dilation: *const std::ffi::c_int,
        input_dilation_n: usize,
        groups: std::ffi::c_int,
        flip: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Transposed convolutions: the gradient of the above with respect to their input. The result has
    (in - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.*/
    pub fn rlx_mlx_op_conv_transpose1d(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride: std::ffi::c_int,
        padding: std::ffi::c_int,
        dilation: std::ffi::c_int,
        output_padding: std::ffi::c_int,
        groups: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_conv_transpose2d(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride_h: std::ffi::c_int,
        stride_w: std::ffi::c_int,
        pad_h: std::ffi::c_int,
        pad_w: std::ffi::c_int,
        dil_h: std::ffi::c_int,
        dil_w: std::ffi::c_int,
        out_pad_h: std::ffi::c_int,
        out_pad_w: std::ffi::c_int,
        groups: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_conv_transpose3d(
        input: *mut rlx_mlx_array_t,
        weight: *mut rlx_mlx_array_t,
        stride_d: std::ffi::c_int,
        stride_h: std::ffi::c_int,
        stride_w: std::ffi::c_int,
        pad_d: std::ffi::c_int,
        pad_h: std::ffi::c_int,
        pad_w: std::ffi::c_int,
        dil_d: std::ffi::c_int,
        dil_h: std::ffi::c_int,
        dil_w: std::ffi::c_int,
        out_pad_d: std::ffi::c_int,
        out_pad_h: std::ffi::c_int,
        out_pad_w: std::ffi::c_int,
        groups: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_zeros(
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_ones(
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// `value`, which broadcasts to the shape, in its own dtype (MLX: full).
    pub fn rlx_mlx_op_full(
        shape: *const std::ffi::c_int,
        ndim: usize,
        value: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** start, start + step, .. before stop; rank 1, may be empty. Start and step are converted to `dtype` first, so integers
    drop fractions, and i64 is exact to 2^53. ERR_BAD_SHAPE: step 0, a number that is not finite, more than 2^31 - 1
    elements; ERR_BAD_DTYPE: bool (MLX: arange).*/
    pub fn rlx_mlx_op_arange(
        start: f64,
        stop: f64,
        step: f64,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** `count` numbers at equal distances from start to stop, which is left out when `endpoint` is 0; computed in f32, in
    f64 for F64. ERR_BAD_SHAPE for a negative count (MLX: linspace).*/
    pub fn rlx_mlx_op_linspace(
        start: f64,
        stop: f64,
        count: std::ffi::c_int,
        endpoint: std::ffi::c_int,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// [rows, columns]: 1 on the diagonal column = row + k, else 0 (MLX: eye).
    pub fn rlx_mlx_op_eye(
        rows: std::ffi::c_int,
        columns: std::ffi::c_int,
        k: std::ffi::c_int,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// [rows, columns]: 1 where column <= row + k, else 0 (MLX: tri).
    pub fn rlx_mlx_op_tri(
        rows: std::ffi::c_int,
        columns: std::ffi::c_int,
        k: std::ffi::c_int,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. ERR_BAD_SHAPE for a
    rank below 2 (MLX: tril, triu).*/
    pub fn rlx_mlx_op_tril(
        a: *mut rlx_mlx_array_t,
        k: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_triu(
        a: *mut rlx_mlx_array_t,
        k: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Version of the MLX library that is loaded, as it reports itself; static.
    pub fn rlx_mlx_version() -> *const std::ffi::c_char;
    /// Version of the MLX headers that the shim was compiled against; static.
    pub fn rlx_mlx_header_version() -> *const std::ffi::c_char;
    /** Name of the default device for people (MLX: device_info "device_name"); "" when MLX has none. Never NULL; valid
    until the thread's next call of this function.*/
    pub fn rlx_mlx_device_name() -> *const std::ffi::c_char;
    /// Number of usable devices of a kind (MLX: is_available, device_count).
    pub fn rlx_mlx_device_count(device: rlx_mlx_device_t, out: *mut usize) -> std::ffi::c_int;
    /** Name of any device, as above; `*out` is valid until the thread's next call of this function, and "" after a failure.
    ERR_GENERIC for a device that is not there.*/
    pub fn rlx_mlx_device_label(
        device: rlx_mlx_device_t,
        index: usize,
        out: *mut *const std::ffi::c_char,
    ) -> std::ffi::c_int;
    /// Total memory of a device in bytes (MLX: device_info "memory_size" or "total_memory"); 0 when MLX does not tell.
    pub fn rlx_mlx_device_memory(device: rlx_mlx_device_t, index: usize, out: *mut u64) -> std::ffi::c_int;
    /** The device of ops on threads that have entered no stream (MLX: default_device). The setter is for the whole process
    and not synchronised with running calls: use it before other threads work.*/
    pub fn rlx_mlx_device_default(out: *mut rlx_mlx_device_t) -> std::ffi::c_int;
    pub fn rlx_mlx_device_set_default(device: rlx_mlx_device_t) -> std::ffi::c_int;
    /// Writes 1 if MLX has any communication backend, else 0 (MLX: distributed::is_available).
    pub fn rlx_mlx_dist_is_available(out: *mut std::ffi::c_int) -> std::ffi::c_int;
    /** Writes 1 if MLX has this backend and what the backend needs is on this machine, else 0 (MLX: distributed::is_available).
    An unknown name is ERR_GENERIC.*/
    pub fn rlx_mlx_dist_has_backend(backend: *const std::ffi::c_char, out: *mut std::ffi::c_int) -> std::ffi::c_int;
    /** Joins the group that the launcher's environment describes and writes rank and size (MLX: distributed::init).

    `backend`: "jaccl", "nccl", "ring" or "mpi"; NULL, "" or "any" takes the first of these, in this order, that finds a
    group. Without one, `strict` 0 makes a group of size 1, otherwise it is ERR_GENERIC. Calling again with the same
    backend, or with "any", gives the group that is there; with another it is ERR_GENERIC, unless that group has
    size 1.*/
    pub fn rlx_mlx_dist_init(
        strict: std::ffi::c_int,
        backend: *const std::ffi::c_char,
        out_rank: *mut std::ffi::c_int,
        out_size: *mut std::ffi::c_int,
    ) -> std::ffi::c_int;
    /// Rank in the group, from 0.
    pub fn rlx_mlx_dist_rank(out_rank: *mut std::ffi::c_int) -> std::ffi::c_int;
    /// Number of ranks.
    pub fn rlx_mlx_dist_size(out_size: *mut std::ffi::c_int) -> std::ffi::c_int;
    /// Elementwise over ranks, on host memory: `nelems` elements of `dtype` from `in` to `out`.
    pub fn rlx_mlx_dist_all_reduce(
        kind: rlx_mlx_dist_reduce_t,
        in_: *const std::ffi::c_void,
        out: *mut std::ffi::c_void,
        nelems: usize,
        dtype: rlx_mlx_dtype_t,
    ) -> std::ffi::c_int;
    /** The inputs of all ranks, one after the other: `nelems` elements from `in`, `nelems` times the group's size to `out`;
    ERR_BAD_SHAPE when `out_cap` elements are too few.*/
    pub fn rlx_mlx_dist_all_gather(
        in_: *const std::ffi::c_void,
        nelems: usize,
        out: *mut std::ffi::c_void,
        out_cap: usize,
        dtype: rlx_mlx_dtype_t,
    ) -> std::ffi::c_int;
    /// Sends `nelems` elements to rank `dst`. The ring backend reaches direct neighbours only.
    pub fn rlx_mlx_dist_send(
        data: *const std::ffi::c_void,
        nelems: usize,
        dtype: rlx_mlx_dtype_t,
        dst: std::ffi::c_int,
    ) -> std::ffi::c_int;
    /** Receives what rank `src` sent next; number and dtype are the sender's. From the own rank: ERR_BAD_SHAPE when they are
    not, and the message stays; ERR_GENERIC when there is none.*/
    pub fn rlx_mlx_dist_recv(
        out: *mut std::ffi::c_void,
        nelems: usize,
        dtype: rlx_mlx_dtype_t,
        src: std::ffi::c_int,
    ) -> std::ffi::c_int;
    /// The four functions above for f32; all_sum is all_reduce with SUM.
    pub fn rlx_mlx_dist_all_sum_f32(in_: *const f32, out: *mut f32, nelems: usize) -> std::ffi::c_int;
    pub fn rlx_mlx_dist_all_gather_f32(
        in_: *const f32,
        nelems: usize,
        out: *mut f32,
        out_cap: usize,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_dist_send_f32(data: *const f32, nelems: usize, dst: std::ffi::c_int) -> std::ffi::c_int;
    pub fn rlx_mlx_dist_recv_f32(out: *mut f32, nelems: usize, src: std::ffi::c_int) -> std::ffi::c_int;
    /// Waits until every rank has come here: an all_sum of one element.
    pub fn rlx_mlx_dist_barrier() -> std::ffi::c_int;
    /** Groups within the group: ranks that give the same `colour`, which is no less than 0, are one, in the order of their keys and,
    where those are equal, of their ranks. All ranks of the thread's group call it. The new group's number is for
    rlx_mlx_dist_enter; it lives as long as the process (MLX: Group::split; "ring" and "jaccl" have none).*/
    pub fn rlx_mlx_dist_split(
        colour: std::ffi::c_int,
        key: std::ffi::c_int,
        out_group: *mut std::ffi::c_int,
        out_rank: *mut std::ffi::c_int,
        out_size: *mut std::ffi::c_int,
    ) -> std::ffi::c_int;
    /// Has what this thread does next happen in the group of that number; in that of all ranks where it is 0.
    pub fn rlx_mlx_dist_enter(group: std::ffi::c_int) -> std::ffi::c_int;
    #[doc = " Lazy collectives on arrays, for use in a graph: no host copy, no evaluation. Dtypes that the backend cannot reduce\n fail at evaluation. They run on the device that the backend works on: the GPU for \"nccl\", the CPU otherwise. */\n/* Elementwise over ranks, for any dtype and shape (MLX: distributed::all_sum, all_max, all_min)."]
    pub fn rlx_mlx_dist_all_reduce_array(
        kind: rlx_mlx_dist_reduce_t,
        in_: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same with SUM.
    pub fn rlx_mlx_dist_all_sum_array(in_: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// Concatenated along axis 0; scalars become a vector (MLX: distributed::all_gather).
    pub fn rlx_mlx_dist_all_gather_array(in_: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** This rank's part, along axis 0, of the sum; the group's size divides that axis. "ring" and "mpi" lack it, which shows
    at evaluation (MLX: distributed::sum_scatter).*/
    pub fn rlx_mlx_dist_sum_scatter_array(in_: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t)
    -> std::ffi::c_int;
    /** `in`, which is not there before `before` is: ranks whose graphs differ issue their collectives in one order by it (MLX:
    depends).*/
    pub fn rlx_mlx_dist_after_array(
        in_: *mut rlx_mlx_array_t,
        before: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Text of the thread's last failure, "" when its last fallible call succeeded. Never NULL; valid until the thread's
    next call into the shim.*/
    pub fn rlx_mlx_last_error() -> *const std::ffi::c_char;
    /// Sets that text (NULL becomes ""): how a callback inside rlx_mlx_compile tells its cause.
    pub fn rlx_mlx_set_last_error(message: *const std::ffi::c_char);
    /** The transform of the RLX IR along the last axis; `inverse` nonzero is the inverse. complex64 is transformed as it is.
    Every other dtype is a block of 2N numbers, N real parts followed by N imaginary parts, and so is the result: f16 and
    bf16 are computed in f32 and rounded back, integers give f32. An odd or empty last axis is ERR_BAD_SHAPE. The tag
    sets the scale, which is not NumPy's: 0 gives 1 both ways, 1 gives 1 forward and 1/N inverse, 2 gives 1/sqrt N both
    ways; another tag is ERR_GENERIC (MLX: fft::fft, fft::ifft).*/
    pub fn rlx_mlx_op_fft(
        a: *mut rlx_mlx_array_t,
        inverse: std::ffi::c_int,
        norm_tag: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Over `n_axes` different axes, or with 0 of them over all. `n_or_null` has the extent to cut or zero-pad each of the
    axes to first; NULL keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are ERR_BAD_SHAPE.
    fftn and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).*/
    pub fn rlx_mlx_op_fftn(
        a: *mut rlx_mlx_array_t,
        n_or_null: *const std::ffi::c_int,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        norm: rlx_mlx_fft_norm_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_ifftn(
        a: *mut rlx_mlx_array_t,
        n_or_null: *const std::ffi::c_int,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        norm: rlx_mlx_fft_norm_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_rfftn(
        a: *mut rlx_mlx_array_t,
        n_or_null: *const std::ffi::c_int,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        norm: rlx_mlx_fft_norm_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_irfftn(
        a: *mut rlx_mlx_array_t,
        n_or_null: *const std::ffi::c_int,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        norm: rlx_mlx_fft_norm_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift).
    pub fn rlx_mlx_op_fftshift(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_ifftshift(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** scale * H x over the last axis of real floats, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28 (MLX:
    hadamard_transform).*/
    pub fn rlx_mlx_op_hadamard(x: *mut rlx_mlx_array_t, scale: f32, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** Slices of `a` along `axis`: the axes of `indices` take the place of `axis`, which a scalar index drops
    (MLX: take).*/
    pub fn rlx_mlx_op_take(
        a: *mut rlx_mlx_array_t,
        indices: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Single elements: out[.., i, ..] = a[.., indices[.., i, ..], ..]. Ranks are equal, the extents of the other axes
    broadcast (MLX: take_along_axis).*/
    pub fn rlx_mlx_op_take_along_axis(
        a: *mut rlx_mlx_array_t,
        indices: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Windows of shape `sizes` (one extent for each of the `ndim` axes of `a`). Window corners: indices[i] on axes[i], 0 on
    the other axes; the `n` index arrays broadcast. The result has the shape of the indices followed by `sizes`. Corners
    are clamped so that the window lies inside (MLX: gather).*/
    pub fn rlx_mlx_op_gather(
        a: *mut rlx_mlx_array_t,
        indices: *const *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n: usize,
        sizes: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** One array in NumPy's format. Saving evaluates, and appends ".npy" to a path without it; bf16 has a type name that
    NumPy does not know (MLX: load, save).*/
    pub fn rlx_mlx_io_load_npy(path: *const std::ffi::c_char, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    pub fn rlx_mlx_io_save_npy(path: *const std::ffi::c_char, a: *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// Named arrays and text metadata (MLX: load_safetensors). Free the result with rlx_mlx_tensors_free.
    pub fn rlx_mlx_io_load_safetensors(
        path: *const std::ffi::c_char,
        out: *mut *mut rlx_mlx_tensors_t,
    ) -> std::ffi::c_int;
    /** Writes `n` arrays under different names, and `n_metadata` pairs of texts. Evaluates, and appends ".safetensors" to a
    path without it. ERR_BAD_DTYPE for f64, which MLX does not write (MLX: save_safetensors).*/
    pub fn rlx_mlx_io_save_safetensors(
        path: *const std::ffi::c_char,
        names: *const *const std::ffi::c_char,
        arrays: *const *mut rlx_mlx_array_t,
        n: usize,
        metadata_keys: *const *const std::ffi::c_char,
        metadata_values: *const *const std::ffi::c_char,
        n_metadata: usize,
    ) -> std::ffi::c_int;
    /// Number of arrays; they are numbered from 0 in the order of their names.
    pub fn rlx_mlx_tensors_count(tensors: *mut rlx_mlx_tensors_t, out: *mut usize) -> std::ffi::c_int;
    /// Name of array `index`, valid as long as `tensors`; ERR_BAD_SHAPE for an index out of range.
    pub fn rlx_mlx_tensors_name(
        tensors: *mut rlx_mlx_tensors_t,
        index: usize,
        out: *mut *const std::ffi::c_char,
    ) -> std::ffi::c_int;
    /// A fresh handle to array `index`, or to the one of a name (ERR_GENERIC when there is none). It outlives `tensors`.
    pub fn rlx_mlx_tensors_get(
        tensors: *mut rlx_mlx_tensors_t,
        index: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_tensors_find(
        tensors: *mut rlx_mlx_tensors_t,
        name: *const std::ffi::c_char,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Number of metadata pairs; pair `index` in the order of the keys, valid as long as `tensors`.
    pub fn rlx_mlx_tensors_metadata_count(tensors: *mut rlx_mlx_tensors_t, out: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_tensors_metadata(
        tensors: *mut rlx_mlx_tensors_t,
        index: usize,
        out_key: *mut *const std::ffi::c_char,
        out_value: *mut *const std::ffi::c_char,
    ) -> std::ffi::c_int;
    /// Frees the list, not the arrays taken from it; NULL is allowed.
    pub fn rlx_mlx_tensors_free(tensors: *mut rlx_mlx_tensors_t);
    /** The lazy outputs of a launch of a Metal kernel over `kernel->n_inputs` inputs; `out_outputs` has room for
    `kernel->n_outputs` handles, of the shapes, ranks and dtypes listed, and is all NULL after a failure.

    Names, sizes and types are checked here; a source that does not compile fails at evaluation. The same kernel is set
    up once, MLX compiles it once for each set of types and template arguments. An MLX without Metal is ERR_GENERIC
    (MLX: fast::metal_kernel, whose documentation tells what a body may use).*/
    pub fn rlx_mlx_kernel_metal(
        kernel: *const rlx_mlx_kernel_t,
        launch: *const rlx_mlx_launch_t,
        inputs: *const *mut rlx_mlx_array_t,
        output_shapes: *const *const std::ffi::c_int,
        output_ranks: *const usize,
        output_dtypes: *const rlx_mlx_dtype_t,
        out_outputs: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same for CUDA, compiled with NVRTC (MLX: fast::cuda_kernel).
    pub fn rlx_mlx_kernel_cuda(
        kernel: *const rlx_mlx_kernel_t,
        launch: *const rlx_mlx_launch_t,
        inputs: *const *mut rlx_mlx_array_t,
        output_shapes: *const *const std::ffi::c_int,
        output_ranks: *const usize,
        output_dtypes: *const rlx_mlx_dtype_t,
        out_outputs: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The short form for one output: row-contiguous inputs, no template arguments, no initial value, no atomics. `name`
    NULL is "anon", `output_name` NULL "out", `source` and `header` NULL the empty text. Metal only.*/
    pub fn rlx_mlx_op_metal_kernel_dispatch(
        name: *const std::ffi::c_char,
        source: *const std::ffi::c_char,
        header: *const std::ffi::c_char,
        input_names: *const *const std::ffi::c_char,
        n_inputs: usize,
        output_name: *const std::ffi::c_char,
        inputs: *const *mut rlx_mlx_array_t,
        output_shape: *const std::ffi::c_int,
        output_rank: usize,
        output_dtype: rlx_mlx_dtype_t,
        grid_x: std::ffi::c_int,
        grid_y: std::ffi::c_int,
        grid_z: std::ffi::c_int,
        tg_x: std::ffi::c_int,
        tg_y: std::ffi::c_int,
        tg_z: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** x of a x = b for square a [...,n,n]. b is [...,n,k], or [...,n] where it has one axis less than a; batch axes
    broadcast. A singular a fails at evaluation (MLX: linalg::solve, LU with pivoting).*/
    pub fn rlx_mlx_op_solve(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The same for the upper or the lower triangle of a; the other one is not read. A zero on the diagonal fails at
    evaluation (MLX: linalg::solve_triangular).*/
    pub fn rlx_mlx_op_solve_triangular(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        upper: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Inverse; of the upper or lower triangle alone; of the matrix whose Cholesky factor is `a`; the Moore-Penrose one. A
    singular operand fails at evaluation, save for pinv (MLX: linalg::inv, tri_inv, cholesky_inv, pinv).*/
    pub fn rlx_mlx_op_inv(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    pub fn rlx_mlx_op_tri_inv(
        a: *mut rlx_mlx_array_t,
        upper: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_cholesky_inv(
        a: *mut rlx_mlx_array_t,
        upper: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_pinv(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** L of a = L L^T, or with `upper` R of a = R^T R. A matrix that is not positive definite gives NaN in place of its
    factor; MLX itself does not tell (MLX: linalg::cholesky).*/
    pub fn rlx_mlx_op_cholesky(
        a: *mut rlx_mlx_array_t,
        upper: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// a [...,m,n] = q [...,m,k] r [...,k,n], k the smaller of m and n (MLX: linalg::qr).
    pub fn rlx_mlx_op_qr(
        a: *mut rlx_mlx_array_t,
        out_q: *mut *mut rlx_mlx_array_t,
        out_r: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** p, l, u with a = (l u)[p] for each matrix: p u32 [...,m] are row numbers, l [...,m,k] and u [...,k,n] as for qr (MLX:
    linalg::lu).*/
    pub fn rlx_mlx_op_lu(
        a: *mut rlx_mlx_array_t,
        out_p: *mut *mut rlx_mlx_array_t,
        out_l: *mut *mut rlx_mlx_array_t,
        out_u: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** l and u in one matrix of a's shape, and the pivots u32 [...,k]: swapping row i of a with row pivots[i], in this
    order, makes it l u (MLX: linalg::lu_factor).*/
    pub fn rlx_mlx_op_lu_factor(
        a: *mut rlx_mlx_array_t,
        out_lu: *mut *mut rlx_mlx_array_t,
        out_pivots: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** a = u diag(s) vt with whole square u [...,m,m] and vt [...,n,n], s descending; or s alone. complex64 is allowed and
    has f32 s. Without convergence it fails at evaluation (MLX: linalg::svd).*/
    pub fn rlx_mlx_op_svd(
        a: *mut rlx_mlx_array_t,
        out_u: *mut *mut rlx_mlx_array_t,
        out_s: *mut *mut rlx_mlx_array_t,
        out_vt: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_svdvals(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** Ascending eigenvalues w [...,n] and eigenvectors, the columns of v [...,n,n], of symmetric matrices or complex64
    Hermitian ones, of which only the upper or the lower triangle is read (MLX: linalg::eigh, eigvalsh).*/
    pub fn rlx_mlx_op_eigh(
        a: *mut rlx_mlx_array_t,
        upper: std::ffi::c_int,
        out_w: *mut *mut rlx_mlx_array_t,
        out_v: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_eigvalsh(
        a: *mut rlx_mlx_array_t,
        upper: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** complex64 eigenvalues in no order, and eigenvectors, of any square f32 or complex64 matrix (MLX: linalg::eig,
    eigvals).*/
    pub fn rlx_mlx_op_eig(
        a: *mut rlx_mlx_array_t,
        out_w: *mut *mut rlx_mlx_array_t,
        out_v: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_eigvals(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** Determinant, from the LU factors: MLX's own is exact to f32 only, also in f64 (MLX: linalg::lu_factor). Its sign and
    the logarithm of its absolute value, 0 and -infinity for a singular matrix (MLX: linalg::slogdet).*/
    pub fn rlx_mlx_op_det(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    pub fn rlx_mlx_op_slogdet(
        a: *mut rlx_mlx_array_t,
        out_sign: *mut *mut rlx_mlx_array_t,
        out_logabsdet: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Norm over one axis (a vector's) or two (a matrix's), NumPy's `ord`: any number, 0 and infinities included, for
    vectors; 1, 2, infinity and their negatives for matrices. No axes mean all, of rank 1 or 2. Any dtype but bool;
    integers give f32, half types are computed in it. `keep_dim` nonzero keeps the axes with extent 1. The singular value
    norms 2 and -2 of matrices want f32, f64 or complex64 and run on the CPU stream (MLX: linalg::norm).*/
    pub fn rlx_mlx_op_norm(
        a: *mut rlx_mlx_array_t,
        ord: f64,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The matrix norms "fro" (Frobenius) and "nuc" (sum of singular values, as 2 above) over two axes, or all of rank 2.
    pub fn rlx_mlx_op_norm_named(
        a: *mut rlx_mlx_array_t,
        ord: *const std::ffi::c_char,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Cross products along an axis of 3 elements, or of 2 in either operand, which then count as having a third one of 0;
    the other axes broadcast (MLX: linalg::cross).*/
    pub fn rlx_mlx_op_cross(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** a [...,M,K] @ b [...,K,N]; a vector on either side is a row or a column, whose axis the result does not have (MLX:
    matmul).*/
    pub fn rlx_mlx_op_matmul(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// alpha * (a @ b) + beta * c, c broadcast to the product (MLX: addmm).
    pub fn rlx_mlx_op_addmm(
        c: *mut rlx_mlx_array_t,
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        alpha: f32,
        beta: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Sum over `n_axes` pairs of axes, axes_a[i] of a with axes_b[i] of b; the result has the remaining axes of a, then
    those of b (MLX: tensordot).*/
    pub fn rlx_mlx_op_tensordot(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        axes_a: *const std::ffi::c_int,
        axes_b: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Einstein summation, "ij,jk->ik" for instance; a mistake in `subscripts` is ERR_GENERIC (MLX: einsum).
    pub fn rlx_mlx_op_einsum(
        subscripts: *const std::ffi::c_char,
        arrays: *const *mut rlx_mlx_array_t,
        n: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Sum over the last axes of both; the result has the other axes of a, then those of b (MLX: inner).
    pub fn rlx_mlx_op_inner(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Every element of a times every element of b, [size of a, size of b]; any dtype (MLX: outer).
    pub fn rlx_mlx_op_outer(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Sum of conj(a) * b along an axis of the two, which broadcast; any dtype (MLX: vecdot).
    pub fn rlx_mlx_op_vecdot(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Row i of a [M,K] times matrix idx[i] of b [E,K,N]: [M,N], real floats (MLX: gather_mm). Indices are integers, or
    anything else truncated; negative ones count from the end, and those out of range are clamped into it.*/
    pub fn rlx_mlx_op_gather_mm(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        idx: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The general form over a [...,M,K] and b [...,K,N]: indices, as above, into the flattened batch axes of each; the
    result has the broadcast shape of the two index arrays, then [M,N]. NULL takes the matrices in their order, as an
    index array with the shape of the batch axes. `sorted` nonzero promises ascending rhs indices: it changes speed only
    (MLX: gather_mm).*/
    pub fn rlx_mlx_op_gather_mm_general(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        lhs_or_null: *mut rlx_mlx_array_t,
        rhs_or_null: *mut rlx_mlx_array_t,
        sorted: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** For each [start, end) of integer `segments` [...,2], the product of columns start to end of a [M,K] with those rows
    of b [K,N]: [...,M,N], real floats. Bounds are clamped to 0 and K (MLX: segmented_mm).*/
    pub fn rlx_mlx_op_segmented_mm(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        segments: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Product of f16, bf16 or f32 matrices whose blocks of `block_size` (32 or 64) squared are switched by masks, bool or
    factors: of the product [..., ceil M, ceil N], of a [..., ceil M, ceil K] and of b [..., ceil K, ceil N], in blocks;
    NULL masks nothing (MLX: block_masked_mm).*/
    pub fn rlx_mlx_op_block_masked_mm(
        a: *mut rlx_mlx_array_t,
        b: *mut rlx_mlx_array_t,
        block_size: std::ffi::c_int,
        mask_out_or_null: *mut rlx_mlx_array_t,
        mask_lhs_or_null: *mut rlx_mlx_array_t,
        mask_rhs_or_null: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** In use by arrays; the most that was since the start or the last reset; freed but kept for reuse (MLX:
    get_active_memory, get_peak_memory, get_cache_memory).*/
    pub fn rlx_mlx_memory_active(out: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_memory_peak(out: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_memory_cached(out: *mut usize) -> std::ffi::c_int;
    /** Bytes of the buffers behind evaluated arrays, each buffer once (MLX: get_array_buffer_size); ERR_GENERIC for an
    array that is still lazy.*/
    pub fn rlx_mlx_memory_of(handles: *const *mut rlx_mlx_array_t, n: usize, out: *mut usize) -> std::ffi::c_int;
    /// Starts the peak again from 0 (MLX: reset_peak_memory).
    pub fn rlx_mlx_memory_reset_peak() -> std::ffi::c_int;
    /// Gives the cache back to the system (MLX: clear_cache).
    pub fn rlx_mlx_memory_clear_cache() -> std::ffi::c_int;
    /** The limit that evaluation tries to stay under (MLX: get_memory_limit), and that on what is kept for reuse. Where MLX
    has no GPU, the first to ask for the latter raises it from MLX's 32 MiB to 128 MiB.*/
    pub fn rlx_mlx_memory_limit(out: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_memory_cache_limit(out: *mut usize) -> std::ffi::c_int;
    /** Setters; each writes the limit that held before to `out_previous`, which may be NULL. The memory limit is a guide
    (MLX: set_memory_limit); above the cache limit freed buffers go back to the system (set_cache_limit), 0 turns the
    cache off; memory up to the wired limit stays resident (set_wired_limit, Metal on macOS 15 or later; elsewhere
    without effect).*/
    pub fn rlx_mlx_memory_set_limit(limit: usize, out_previous: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_memory_set_cache_limit(limit: usize, out_previous: *mut usize) -> std::ffi::c_int;
    pub fn rlx_mlx_memory_set_wired_limit(limit: usize, out_previous: *mut usize) -> std::ffi::c_int;
    /** The `mlx::core::allocator::Allocator` that throws `std::bad_alloc` where MLX's own gives a buffer at address 0, which
    MLX's CPU ops write to. Who opens libmlx can export this under the name of MLX's `allocator()`, mangled, on systems
    where libmlx then calls it (ELF); libmlx has to be a library of its own.*/
    pub fn rlx_mlx_allocator() -> *mut std::ffi::c_void;
    /// Layer norm over the last axis; gamma and beta are 1-D of its size, or NULL for 1 and 0 (MLX: fast::layer_norm).
    pub fn rlx_mlx_op_layernorm(
        x: *mut rlx_mlx_array_t,
        gamma_or_null: *mut rlx_mlx_array_t,
        beta_or_null: *mut rlx_mlx_array_t,
        eps: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// RMS norm over the last axis; gamma as above (MLX: fast::rms_norm).
    pub fn rlx_mlx_op_rmsnorm(
        x: *mut rlx_mlx_array_t,
        gamma_or_null: *mut rlx_mlx_array_t,
        eps: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Copies `nbytes` bytes from byte `offset` of the row-major elements into `dst`, whatever the strides. ERR_BAD_SHAPE
    when they lie beyond the end. A lazy array is evaluated.*/
    pub fn rlx_mlx_part_read(
        h: *mut rlx_mlx_array_t,
        offset: usize,
        dst: *mut std::ffi::c_void,
        nbytes: usize,
    ) -> std::ffi::c_int;
    /// Overwrites `nbytes` bytes from byte `offset` on. ERR_BAD_SHAPE when they lie beyond the end.
    pub fn rlx_mlx_part_write(
        h: *mut rlx_mlx_array_t,
        offset: usize,
        data: *const std::ffi::c_void,
        nbytes: usize,
        in_host_memory: std::ffi::c_int,
        out_moved: *mut usize,
    ) -> std::ffi::c_int;
    /** Copies segments of `source`, which has the same dtype, into `h`, one after the other; `source` may be `h` itself.
    ERR_BAD_SHAPE when one lies beyond an end, ERR_BAD_DTYPE for another dtype; then nothing is changed.*/
    pub fn rlx_mlx_part_copy(
        h: *mut rlx_mlx_array_t,
        source: *mut rlx_mlx_array_t,
        segments: *const rlx_mlx_segment_t,
        n_segments: usize,
        in_host_memory: std::ffi::c_int,
        out_moved: *mut usize,
    ) -> std::ffi::c_int;
    /** The gradient of 2-D max pooling with respect to its input, as one Metal kernel: x [n,c,h,w] and dy
    [n,c,h_out,w_out] of one float dtype give dx [n,c,h,w] of that dtype, summed in f32 in a fixed order. kh, kw: window;
    sh, sw: strides; ph, pw: zero padding, less than the window; h_out and w_out are floor((h + 2 ph - kh) / sh) + 1 and
    likewise. A window's gradient goes to its first NaN if it has one, else to the first of its maxima; padding never
    wins. ERR_BAD_SHAPE when the numbers do not fit the arrays or each other; an MLX without Metal is ERR_GENERIC.*/
    pub fn rlx_mlx_op_maxpool2d_backward_metal(
        x: *mut rlx_mlx_array_t,
        dy: *mut rlx_mlx_array_t,
        n: std::ffi::c_int,
        c: std::ffi::c_int,
        h: std::ffi::c_int,
        w: std::ffi::c_int,
        h_out: std::ffi::c_int,
        w_out: std::ffi::c_int,
        kh: std::ffi::c_int,
        kw: std::ffi::c_int,
        sh: std::ffi::c_int,
        sw: std::ffi::c_int,
        ph: std::ffi::c_int,
        pw: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Quantises w [...,K] of rank 2 or more, f16, bf16 or f32, K a multiple of the group size: u32 words [...,K*bits/32],
    scales [...,K/group_size], and biases of the same shape, or NULL in modes that have none. `global_scale_or_null` is a
    f32 scalar for nvfp4 alone: the largest magnitude, by which the scales are normalised (MLX: quantize).*/
    pub fn rlx_mlx_op_quantize(
        w: *mut rlx_mlx_array_t,
        group_size: std::ffi::c_int,
        bits: std::ffi::c_int,
        mode: rlx_mlx_quant_t,
        global_scale_or_null: *mut rlx_mlx_array_t,
        out_w: *mut *mut rlx_mlx_array_t,
        out_scales: *mut *mut rlx_mlx_array_t,
        out_biases: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Back to [...,K] of dtype f16, bf16 or f32. Biases are NULL exactly where the mode has none (MLX: dequantize).
    pub fn rlx_mlx_op_dequantize(
        w: *mut rlx_mlx_array_t,
        scales: *mut rlx_mlx_array_t,
        biases_or_null: *mut rlx_mlx_array_t,
        group_size: std::ffi::c_int,
        bits: std::ffi::c_int,
        mode: rlx_mlx_quant_t,
        global_scale_or_null: *mut rlx_mlx_array_t,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** x [...,K] @ w^T for quantised w [N,K] with `transpose` nonzero, else x [...,N] @ w; affine. NULL biases are 0. x is
    f16, bf16 or f32; batch axes of w broadcast with those of x (MLX: quantized_matmul).*/
    pub fn rlx_mlx_op_quantized_matmul(
        x: *mut rlx_mlx_array_t,
        w: *mut rlx_mlx_array_t,
        scales: *mut rlx_mlx_array_t,
        biases_or_null: *mut rlx_mlx_array_t,
        transpose: std::ffi::c_int,
        group_size: std::ffi::c_int,
        bits: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same in any mode, biases NULL exactly where the mode has none.
    pub fn rlx_mlx_op_quantized_matmul_mode(
        x: *mut rlx_mlx_array_t,
        w: *mut rlx_mlx_array_t,
        scales: *mut rlx_mlx_array_t,
        biases_or_null: *mut rlx_mlx_array_t,
        transpose: std::ffi::c_int,
        group_size: std::ffi::c_int,
        bits: std::ffi::c_int,
        mode: rlx_mlx_quant_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The same with indices into the flattened batch axes of x [...,M,K] and of w, as for rlx_mlx_op_gather_mm_general
    (MLX: gather_qmm).*/
    pub fn rlx_mlx_op_gather_qmm(
        x: *mut rlx_mlx_array_t,
        w: *mut rlx_mlx_array_t,
        scales: *mut rlx_mlx_array_t,
        biases_or_null: *mut rlx_mlx_array_t,
        lhs_or_null: *mut rlx_mlx_array_t,
        rhs_or_null: *mut rlx_mlx_array_t,
        transpose: std::ffi::c_int,
        group_size: std::ffi::c_int,
        bits: std::ffi::c_int,
        mode: rlx_mlx_quant_t,
        sorted: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8).
    pub fn rlx_mlx_op_to_fp8(x: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    pub fn rlx_mlx_op_from_fp8(
        x: *mut rlx_mlx_array_t,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// A key from a seed (MLX: random::key); `num` keys [num,2] from one (random::split).
    pub fn rlx_mlx_op_random_key(seed: u64, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    pub fn rlx_mlx_op_random_split(
        key: *mut rlx_mlx_array_t,
        num: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Uniform numbers of `width` bytes: 1 gives u8, 2 gives u32 below 65536, 4 gives u32 (MLX: random::bits).
    pub fn rlx_mlx_op_random_bits(
        shape: *const std::ffi::c_int,
        ndim: usize,
        width: std::ffi::c_int,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Uniform in [low, high) (MLX: random::uniform).
    pub fn rlx_mlx_op_random_uniform(
        low: *mut rlx_mlx_array_t,
        high: *mut rlx_mlx_array_t,
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Normal with a mean and a standard deviation, NULL for 0 and 1; f64 and complex64 as well (MLX: random::normal).
    pub fn rlx_mlx_op_random_normal(
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        loc_or_null: *mut rlx_mlx_array_t,
        scale_or_null: *mut rlx_mlx_array_t,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Standard normal within [lower, upper] (MLX: random::truncated_normal).
    pub fn rlx_mlx_op_random_truncated_normal(
        lower: *mut rlx_mlx_array_t,
        upper: *mut rlx_mlx_array_t,
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace).
    pub fn rlx_mlx_op_random_gumbel(
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_random_laplace(
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        loc: f32,
        scale: f32,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// true with probability p, any float (MLX: random::bernoulli).
    pub fn rlx_mlx_op_random_bernoulli(
        p: *mut rlx_mlx_array_t,
        shape: *const std::ffi::c_int,
        ndim: usize,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Integers in [low, high), of an integer dtype or bool; an empty range gives low. Drawn from f32 uniform numbers, so
    that of a range above 2^24 not every number comes (MLX: random::randint).*/
    pub fn rlx_mlx_op_random_randint(
        low: *mut rlx_mlx_array_t,
        high: *mut rlx_mlx_array_t,
        shape: *const std::ffi::c_int,
        ndim: usize,
        dtype: rlx_mlx_dtype_t,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The slices of x along an axis in random order (MLX: random::permutation).
    pub fn rlx_mlx_op_random_permutation(
        x: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** `num` draws a row from unnormalised log-probabilities along an axis, which the result does not have; the draws are
    its last axis. u32 (MLX: random::categorical).*/
    pub fn rlx_mlx_op_random_categorical(
        logits: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        num: std::ffi::c_int,
        key: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** One draw a row; the result has the shape of logits without the axis, u32. `seed` other than 0 is that seed's key.
    With 0 the key is the next of the thread's own sequence: another draw at every call, and other ones on every thread;
    but while a function is traced, one draw that the trace repeats (MLX: random::categorical).*/
    pub fn rlx_mlx_op_categorical(
        logits: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        seed: u64,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Starts the thread's own sequence, and MLX's default one of the thread, from a seed; without it they start from the
    clock (MLX: random::seed).*/
    pub fn rlx_mlx_random_seed(seed: u64) -> std::ffi::c_int;
    /** One reduction by kind (MLX: sum, mean, max, min, prod); with no axes the array itself, whatever the kind. SUM and
    PROD of bool and of signed integers up to 32 bits give i32, of unsigned ones u32, i64 stays; MEAN of integers gives
    f32. MAX and MIN give NaN where there is one, and are ERR_BAD_SHAPE over an axis of extent 0, over which SUM gives 0,
    PROD 1 and MEAN NaN.*/
    pub fn rlx_mlx_op_reduce(
        a: *mut rlx_mlx_array_t,
        kind: rlx_mlx_reduce_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// log(sum(exp a)) without overflow; integers give f32; ERR_BAD_SHAPE over an axis of extent 0 (MLX: logsumexp).
    pub fn rlx_mlx_op_logsumexp(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n. Integers
    and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std).*/
    pub fn rlx_mlx_op_var(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        ddof: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_std(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        ddof: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Whether all, or any, elements are nonzero; bool (MLX: all, any).
    pub fn rlx_mlx_op_all(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_any(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. ERR_BAD_SHAPE along an axis
    of extent 0 (MLX: argmax, argmin).*/
    pub fn rlx_mlx_op_argmax(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_argmin(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        keep_dim: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Rotary embedding of the first `dims` (even) features of x [B,...,T,D]; position t of the second last axis turns by
    scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs [dims/2] where it is given; then `base` is not used.
    `traditional` nonzero pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope).*/
    pub fn rlx_mlx_op_rope(
        x: *mut rlx_mlx_array_t,
        dims: std::ffi::c_int,
        traditional: std::ffi::c_int,
        base: f32,
        scale: f32,
        offset: std::ffi::c_int,
        freqs_or_null: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same with an integer array of offsets: a scalar, or one for each of the B batches.
    pub fn rlx_mlx_op_rope_offsets(
        x: *mut rlx_mlx_array_t,
        dims: std::ffi::c_int,
        traditional: std::ffi::c_int,
        base: f32,
        scale: f32,
        offsets: *mut rlx_mlx_array_t,
        freqs_or_null: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Running sum from the first element (MLX: cumsum).
    pub fn rlx_mlx_op_cumsum(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        exclusive: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Running sum from the last element (MLX: cumsum, reverse).
    pub fn rlx_mlx_op_cumsum_reverse(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        exclusive: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_cumprod(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        reverse: std::ffi::c_int,
        exclusive: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_cummax(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        reverse: std::ffi::c_int,
        exclusive: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    pub fn rlx_mlx_op_cummin(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        reverse: std::ffi::c_int,
        exclusive: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// log of the running sum of exp a, without overflow; integers give f32 (MLX: logcumsumexp).
    pub fn rlx_mlx_op_logcumsumexp(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        reverse: std::ffi::c_int,
        exclusive: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Adds slices: a[.., indices[i..], ..] += updates[i.., ..] along `axis`. The shape of `updates` is that of `indices`
    followed by a's, with extent 1 at `axis` or without it (MLX: scatter_add).*/
    pub fn rlx_mlx_op_scatter_add(
        a: *mut rlx_mlx_array_t,
        indices: *mut rlx_mlx_array_t,
        updates: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Adds single elements: a[.., indices[.., i, ..], ..] += updates[.., i, ..]. Ranks are equal; the extents of `indices`
    besides `axis` are a's or 1; `updates` broadcasts to the indices so completed (MLX: scatter_add_axis).*/
    pub fn rlx_mlx_op_scatter_add_axis(
        a: *mut rlx_mlx_array_t,
        indices: *mut rlx_mlx_array_t,
        updates: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same in any mode (MLX: put_along_axis for SET).
    pub fn rlx_mlx_op_scatter_axis(
        a: *mut rlx_mlx_array_t,
        indices: *mut rlx_mlx_array_t,
        updates: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        mode: rlx_mlx_update_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Windows: the shape of `updates` is the broadcast shape of the `n` index arrays followed by a window's, one extent for
    each axis of `a`. Corners are indices[i] on axes[i], 0 on the other axes; a window that reaches outside is dropped
    whole (MLX: scatter, scatter_add, scatter_prod, scatter_max, scatter_min).*/
    pub fn rlx_mlx_op_scatter(
        a: *mut rlx_mlx_array_t,
        indices: *const *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n: usize,
        updates: *mut rlx_mlx_array_t,
        mode: rlx_mlx_update_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The part that rlx_mlx_op_slice_strided would give; `strides` NULL means 1. `update` broadcasts to its shape
    (MLX: slice_update, slice_update_add, ..).*/
    pub fn rlx_mlx_op_slice_update(
        a: *mut rlx_mlx_array_t,
        update: *mut rlx_mlx_array_t,
        start: *const std::ffi::c_int,
        stop: *const std::ffi::c_int,
        strides_or_null: *const std::ffi::c_int,
        ndim: usize,
        mode: rlx_mlx_update_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The window of update's shape whose corner is known at evaluation only, as in rlx_mlx_op_slice_dynamic: clamped to lie
    inside. `update` has a's rank and no greater extent (MLX: slice_update with an array start).*/
    pub fn rlx_mlx_op_slice_update_dynamic(
        a: *mut rlx_mlx_array_t,
        update: *mut rlx_mlx_array_t,
        start: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        mode: rlx_mlx_update_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same elements in another shape; one extent may be -1, which is inferred (not for an empty array).
    pub fn rlx_mlx_op_reshape(
        a: *mut rlx_mlx_array_t,
        new_shape: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Axes start_axis .. end_axis, both included, become one; a scalar becomes one element (MLX: flatten).
    pub fn rlx_mlx_op_flatten(
        a: *mut rlx_mlx_array_t,
        start_axis: std::ffi::c_int,
        end_axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Axes of extent 1 at these places of the result (MLX: expand_dims).
    pub fn rlx_mlx_op_expand_dims(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Without these axes, whose extents are 1 (MLX: squeeze).
    pub fn rlx_mlx_op_squeeze(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Axis i of the result is axis perm[i]; `perm` names every axis once. A view.
    pub fn rlx_mlx_op_transpose(
        a: *mut rlx_mlx_array_t,
        perm: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// One axis moved, the others in order (MLX: moveaxis). A view.
    pub fn rlx_mlx_op_moveaxis(
        a: *mut rlx_mlx_array_t,
        source: std::ffi::c_int,
        destination: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Two axes exchanged (MLX: swapaxes). A view.
    pub fn rlx_mlx_op_swapaxes(
        a: *mut rlx_mlx_array_t,
        axis1: std::ffi::c_int,
        axis2: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Elements start .. stop - 1 of each of the `ndim` axes, which are all of them. Python's rules: negative bounds count
    from the end, bounds out of range are clamped, a result may be empty.*/
    pub fn rlx_mlx_op_slice(
        a: *mut rlx_mlx_array_t,
        start: *const std::ffi::c_int,
        stop: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same in steps; a negative stride goes backwards (stop -extent - 1 reaches the first element), 0 is an error.
    pub fn rlx_mlx_op_slice_strided(
        a: *mut rlx_mlx_array_t,
        start: *const std::ffi::c_int,
        stop: *const std::ffi::c_int,
        strides: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** A window of shape `size` (one extent for each axis of `a`) whose corner is known at evaluation only: `start` holds
    one number for each of `axes` (a scalar for one axis), 0 applies to the others. The corner is clamped so that the
    window lies inside; negative numbers clamp to 0. Floats are truncated (MLX: slice with an array start).*/
    pub fn rlx_mlx_op_slice_dynamic(
        a: *mut rlx_mlx_array_t,
        start: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        size: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Joined along an existing axis; dtypes are promoted, `n` 0 is an error (MLX: concatenate).
    pub fn rlx_mlx_op_concat(
        arrays: *const *mut rlx_mlx_array_t,
        n: usize,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Joined along a new axis of extent `n`; all shapes are equal (MLX: stack).
    pub fn rlx_mlx_op_stack(
        arrays: *const *mut rlx_mlx_array_t,
        n: usize,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Cut into `n_outs` parts of one size, written to `outs`; after a failure all of them are NULL (MLX: split).
    pub fn rlx_mlx_op_split(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        outs: *mut *mut rlx_mlx_array_t,
        n_outs: usize,
    ) -> std::ffi::c_int;
    /// Cut before each of the `n_places` ascending places 0 .. extent; `n_outs` is n_places + 1, parts may be empty.
    pub fn rlx_mlx_op_split_at(
        a: *mut rlx_mlx_array_t,
        places: *const std::ffi::c_int,
        n_places: usize,
        axis: std::ffi::c_int,
        outs: *mut *mut rlx_mlx_array_t,
        n_outs: usize,
    ) -> std::ffi::c_int;
    /// Repeated along axes of extent 1 and new leading axes, without a copy (MLX: broadcast_to).
    pub fn rlx_mlx_op_broadcast_to(
        a: *mut rlx_mlx_array_t,
        shape: *const std::ffi::c_int,
        ndim: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Each element `repeats` times in a row (MLX: repeat).
    pub fn rlx_mlx_op_repeat(
        a: *mut rlx_mlx_array_t,
        repeats: std::ffi::c_int,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The whole array reps[i] times along axis i; a shorter list is filled with 1 in front, a longer one adds axes
    (MLX: tile).*/
    pub fn rlx_mlx_op_tile(
        a: *mut rlx_mlx_array_t,
        reps: *const std::ffi::c_int,
        n_reps: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Order reversed along these axes (MLX: flip).
    pub fn rlx_mlx_op_flip(
        a: *mut rlx_mlx_array_t,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// Moved by shifts[i] along axes[i]; what leaves at one end enters at the other (MLX: roll).
    pub fn rlx_mlx_op_roll(
        a: *mut rlx_mlx_array_t,
        shifts: *const std::ffi::c_int,
        axes: *const std::ffi::c_int,
        n_axes: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** low[i] and high[i] elements of a constant around axis i, for all `ndim` axes; the constant is cast to a's dtype
    (MLX: pad).*/
    pub fn rlx_mlx_op_pad(
        a: *mut rlx_mlx_array_t,
        low: *const std::ffi::c_int,
        high: *const std::ffi::c_int,
        ndim: usize,
        pad_value: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The same with a scalar array, which carries f64, i64 and complex64 exactly.
    pub fn rlx_mlx_op_pad_value(
        a: *mut rlx_mlx_array_t,
        low: *const std::ffi::c_int,
        high: *const std::ffi::c_int,
        ndim: usize,
        pad_value: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Element (i, j, ..) is number offset + i * strides[0] + j * strides[1] + .. of a's elements in row-major order;
    strides count elements and may be negative. ERR_BAD_SHAPE when one lies outside (MLX: as_strided).*/
    pub fn rlx_mlx_op_as_strided(
        a: *mut rlx_mlx_array_t,
        shape: *const std::ffi::c_int,
        strides: *const i64,
        ndim: usize,
        offset: usize,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// A dense row-major array; shares the buffer when it is one already (MLX: contiguous).
    pub fn rlx_mlx_op_contiguous(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// A node of its own over the same buffer, strides included (MLX: copy).
    pub fn rlx_mlx_op_copy(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise).
    pub fn rlx_mlx_op_softmax(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** logsumexp(logits) - logits[target] over the last axis of logits [...,C], for integer targets [...]; the result has
    the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy).*/
    pub fn rlx_mlx_op_cross_entropy(
        logits: *mut rlx_mlx_array_t,
        targets: *mut rlx_mlx_array_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// In ascending order (MLX: sort).
    pub fn rlx_mlx_op_sort(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// In descending order when `descending` is nonzero.
    pub fn rlx_mlx_op_sort_by(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        descending: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The indices that sort (MLX: argsort).
    pub fn rlx_mlx_op_argsort(
        a: *mut rlx_mlx_array_t,
        axis: std::ffi::c_int,
        descending: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The `k` largest elements in descending order; ERR_BAD_SHAPE unless 0 <= k <= extent.
    pub fn rlx_mlx_op_topk_values(
        a: *mut rlx_mlx_array_t,
        k: std::ffi::c_int,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The same with their indices; of equal elements the one with the smaller index comes first, and is the one chosen.
    After a failure both results are NULL.*/
    pub fn rlx_mlx_op_topk(
        a: *mut rlx_mlx_array_t,
        k: std::ffi::c_int,
        axis: std::ffi::c_int,
        out_values: *mut *mut rlx_mlx_array_t,
        out_indices: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Rearranged so that the element of rank `kth` is in its place, with none greater before it and none smaller behind
    it; the order within the two parts is unspecified. Negative `kth` counts from the end; ERR_BAD_SHAPE when out of
    range (MLX: partition).*/
    pub fn rlx_mlx_op_partition(
        a: *mut rlx_mlx_array_t,
        kth: std::ffi::c_int,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// The indices that do so: the k largest elements are the last k with kth = -k (MLX: argpartition).
    pub fn rlx_mlx_op_argpartition(
        a: *mut rlx_mlx_array_t,
        kth: std::ffi::c_int,
        axis: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** For each of `values` the place in the ascending rank-1 array `sorted` where it could be inserted: before equal
    elements, or behind them when `right` is nonzero. The result is u32 with the shape of `values`; NaN goes to the end
    (MLX: searchsorted).*/
    pub fn rlx_mlx_op_searchsorted(
        sorted: *mut rlx_mlx_array_t,
        values: *mut rlx_mlx_array_t,
        right: std::ffi::c_int,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Evaluates all listed arrays in one batch; blocks. `n` 0 succeeds. Failures that MLX meets only now (a singular
    matrix, a kernel that does not compile) are ERR_GENERIC here (MLX: eval).*/
    pub fn rlx_mlx_eval(handles: *const *mut rlx_mlx_array_t, n: usize) -> std::ffi::c_int;
    /** Starts the evaluation and returns; rlx_mlx_eval or rlx_mlx_synchronize waits for it, and tells its failures. The
    handles may be freed meanwhile (MLX: async_eval).*/
    pub fn rlx_mlx_async_eval(handles: *const *mut rlx_mlx_array_t, n: usize) -> std::ffi::c_int;
    /** Waits for the work on every stream that the shim made and on the thread's default ones. No other thread may be
    evaluating on a GPU stream of those meanwhile (MLX: synchronize of each).*/
    pub fn rlx_mlx_synchronize() -> std::ffi::c_int;
    /** Writes how many batches of operations are under way in the process. With more than 10 of them every evaluation, on whatever
    stream, first waits for one to end (MLX: scheduler::n_active_tasks).*/
    pub fn rlx_mlx_active_tasks(out: *mut std::ffi::c_int) -> std::ffi::c_int;
    /** A stream on `device` that any thread may use (MLX: new_thread_unsafe_stream); use by two threads at once is the
    caller's error. MLX never frees a stream, so keep and share them. ERR_GENERIC where the device is missing.*/
    pub fn rlx_mlx_stream_new(device: rlx_mlx_device_t, out: *mut *mut rlx_mlx_stream_t) -> std::ffi::c_int;
    /// Frees the handle, not MLX's stream; NULL is allowed.
    pub fn rlx_mlx_stream_free(stream: *mut rlx_mlx_stream_t);
    /// Places the ops that this thread makes from now on, and its evaluations, on `stream`; NULL returns to the default.
    pub fn rlx_mlx_stream_enter(stream: *mut rlx_mlx_stream_t) -> std::ffi::c_int;
    /// The kind of device a stream is on.
    pub fn rlx_mlx_stream_device(stream: *mut rlx_mlx_stream_t, out: *mut rlx_mlx_device_t) -> std::ffi::c_int;
    /// Waits for the work on one stream.
    pub fn rlx_mlx_stream_synchronize(stream: *mut rlx_mlx_stream_t) -> std::ffi::c_int;
    pub fn rlx_mlx_stream_call(
        stream: *mut rlx_mlx_stream_t,
        fn_: rlx_mlx_task_fn,
        ud: *mut std::ffi::c_void,
    ) -> std::ffi::c_int;
    /** Traces `lower` once, now, over placeholders of the shapes and dtypes of `inputs`, on the stream that the thread has
    entered. What is computed twice is computed once; on GPU devices kernels are fused (MLX: compile, which on CPU would
    start a C++ compiler). The trace has as many outputs as it gives, at most `cap`; more is ERR_GENERIC, as is a failure of
    `lower`, whose text follows.*/
    pub fn rlx_mlx_trace(
        lower: rlx_mlx_lower_fn,
        ud: *mut std::ffi::c_void,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        cap: usize,
        out: *mut *mut rlx_mlx_trace_t,
    ) -> std::ffi::c_int;
    /** Replays the trace on `inputs` of the same shapes and dtypes; writes `n_outputs` fresh lazy handles, all NULL after a
    failure. The trace is not bound to a thread, and threads may replay it at once; the outputs belong to the stream that
    was entered when it was made, so that one is for any thread too (rlx_mlx_stream_new).*/
    pub fn rlx_mlx_trace_call(
        trace: *mut rlx_mlx_trace_t,
        inputs: *const *mut rlx_mlx_array_t,
        n_inputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
        n_outputs: usize,
    ) -> std::ffi::c_int;
    /** Replays the trace, evaluates, and writes the outputs to `sinks`, in one call. Then `out_outputs` holds evaluated
    handles, NULL where a sink is the only place, and all NULL after a failure. Calls at once need traces on different streams (MLX: eval).

    Host callbacks that read nothing but inputs, constants and results of each other, and those whose results nothing but
    outputs and each other show, are called on this thread, before and after the evaluation.*/
    pub fn rlx_mlx_trace_run(
        trace: *mut rlx_mlx_trace_t,
        inputs: *const rlx_mlx_source_t,
        n_inputs: usize,
        sinks: *const rlx_mlx_sink_t,
        out_outputs: *mut *mut rlx_mlx_array_t,
        n_outputs: usize,
    ) -> std::ffi::c_int;
    /** The same without waiting: the evaluation is under way when it returns, and rlx_mlx_stream_synchronize on its stream
    waits for it and tells its failure (MLX: async_eval).*/
    pub fn rlx_mlx_trace_start(
        trace: *mut rlx_mlx_trace_t,
        inputs: *const rlx_mlx_source_t,
        n_inputs: usize,
        out_outputs: *mut *mut rlx_mlx_array_t,
        n_outputs: usize,
    ) -> std::ffi::c_int;
    /** Evaluates, once, what depends on no input, so that replays need not. Results stay lazy that take over 1 MiB and over
    four times the memory of their operands; so do host callbacks and what talks to other processes. Nobody else may be
    using the trace or its stream meanwhile.*/
    pub fn rlx_mlx_trace_fold(trace: *mut rlx_mlx_trace_t) -> std::ffi::c_int;
    /** Splits the outputs behind the first `wanted` off, of which there are `n_off`. They become inputs of the trace, behind those
    that it has, and `out` is a trace that gives them for the inputs that it had. `out_read` tells for each 1 if the rest of
    the trace reads that value, also where it reads it from another of them that is equal, and 0 if not. Before folding, of a
    whole trace, and while nobody uses it.*/
    pub fn rlx_mlx_trace_split(
        trace: *mut rlx_mlx_trace_t,
        wanted: usize,
        out_read: *mut std::ffi::c_uchar,
        n_off: usize,
        out: *mut *mut rlx_mlx_trace_t,
    ) -> std::ffi::c_int;
    /// Writes for each of the `n_inputs` inputs 1 if one of the `count` outputs from `first` on is computed from it, else 0.
    pub fn rlx_mlx_trace_reads(
        trace: *mut rlx_mlx_trace_t,
        first: usize,
        count: usize,
        out: *mut std::ffi::c_uchar,
        n_inputs: usize,
    ) -> std::ffi::c_int;
    /** A trace of the first `actual` of the `upper` rows that the first axis has, without tracing again: of those of the first
    `wanted` outputs whose first axis has the extent `upper`, of the other outputs as far as those depend on them, and of what
    they are computed from. `out` stays NULL, without an error, if they need more than the first rows of a value that depends
    on rows too, if an op is not known to leave rows to themselves, and if no input has such an axis.

    `out_inputs` tells for each input 1 if its first rows are read, `out_outputs` for each output 1 if the new trace gives
    it. That takes bytes and arrays of the first rows, and whole arrays, of which it reads them; it gives as many rows. What the
    traces have in common they share. The trace is a whole one, and the thread may evaluate on its stream.*/
    pub fn rlx_mlx_trace_first_rows(
        trace: *mut rlx_mlx_trace_t,
        wanted: usize,
        actual: std::ffi::c_int,
        upper: std::ffi::c_int,
        out_inputs: *mut std::ffi::c_uchar,
        n_inputs: usize,
        out_outputs: *mut std::ffi::c_uchar,
        n_outputs: usize,
        out: *mut *mut rlx_mlx_trace_t,
    ) -> std::ffi::c_int;
    /// Number of MLX primitives that one replay makes.
    pub fn rlx_mlx_trace_size(trace: *mut rlx_mlx_trace_t, out: *mut usize) -> std::ffi::c_int;
    /// Bytes of the largest value that one replay computes; views of others do not count.
    pub fn rlx_mlx_trace_largest(trace: *mut rlx_mlx_trace_t, out: *mut usize) -> std::ffi::c_int;
    /// Frees the trace; NULL is allowed. Arrays that it made stay valid.
    pub fn rlx_mlx_trace_free(trace: *mut rlx_mlx_trace_t);
    /** One function by kind (MLX: the function of that name). Transcendental functions of integers and bool give f32, the
    others keep the dtype. RELU keeps NaN; ROUND takes halves to even. EXP, SIN, COS, SIGMOID, ERF and ERFINV of f64 have
    the precision of f32. ERR_BAD_DTYPE: NEG of bool; RELU, SIGMOID, ERF, ERFINV, FLOOR, CEIL, TRUNC and EXPM1 of
    complex64.*/
    pub fn rlx_mlx_op_unary(
        a: *mut rlx_mlx_array_t,
        kind: rlx_mlx_unary_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** Exact 0.5 x (1 + erf(x / sqrt 2)). Half types are computed in f32 and rounded once; integers give f32; complex64 is
    ERR_BAD_DTYPE.*/
    pub fn rlx_mlx_op_gelu(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// x * sigmoid(x); integers give f32, complex64 is ERR_BAD_DTYPE.
    pub fn rlx_mlx_op_silu(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** Conversion (MLX: astype). Float to integer truncates toward zero; a value that the integer cannot hold gives an
    unspecified one. To bool: nonzero is true.*/
    pub fn rlx_mlx_op_cast(
        a: *mut rlx_mlx_array_t,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** The same bits as elements of another dtype; the last extent changes with the element size (MLX: view).
    ERR_BAD_SHAPE when it does not divide, and for a scalar when the sizes differ.*/
    pub fn rlx_mlx_op_view(
        a: *mut rlx_mlx_array_t,
        dtype: rlx_mlx_dtype_t,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /// ~a of integers; not a of bool (MLX: bitwise_invert). Other dtypes are ERR_BAD_DTYPE.
    pub fn rlx_mlx_op_bit_not(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /// a == 0, as bool (MLX: logical_not).
    pub fn rlx_mlx_op_logical_not(a: *mut rlx_mlx_array_t, out: *mut *mut rlx_mlx_array_t) -> std::ffi::c_int;
    /** NaN, +inf and -inf of real floats replaced by these values; other dtypes are returned as they are
    (MLX: nan_to_num).*/
    pub fn rlx_mlx_op_nan_to_num(
        a: *mut rlx_mlx_array_t,
        nan: f32,
        posinf: f32,
        neginf: f32,
        out: *mut *mut rlx_mlx_array_t,
    ) -> std::ffi::c_int;
    /** A watch that tells `span`. Both functions are called on the threads of CPU streams, by several at once where several
    compute. `release(ud)` (NULL: nothing to release) is called exactly once, when no watch, trace or running task needs `ud`
    any more; at once after a failure.*/
    pub fn rlx_mlx_watch_new(
        now: rlx_mlx_now_fn,
        span: rlx_mlx_span_fn,
        ud: *mut std::ffi::c_void,
        release: rlx_mlx_release_fn,
        out: *mut *mut rlx_mlx_watch_t,
    ) -> std::ffi::c_int;
    /// Notes that what the lazy `array` is computed by belongs to `place`, as far as it has no place yet.
    pub fn rlx_mlx_watch_place(
        watch: *mut rlx_mlx_watch_t,
        array: *mut rlx_mlx_array_t,
        place: usize,
    ) -> std::ffi::c_int;
    /** Watches the primitives that have a place in all later replays of a trace. It is a whole one, folded and split already;
    nobody uses it meanwhile. It has no first rows any more (rlx_mlx_trace_first_rows).*/
    pub fn rlx_mlx_watch_trace(watch: *mut rlx_mlx_watch_t, trace: *mut rlx_mlx_trace_t) -> std::ffi::c_int;
    /** Watches the primitives behind lazy `handles` that have a place, for the evaluation that comes next, and forgets the places
    of all.*/
    pub fn rlx_mlx_watch_arrays(
        watch: *mut rlx_mlx_watch_t,
        handles: *const *mut rlx_mlx_array_t,
        n: usize,
    ) -> std::ffi::c_int;
    /// Frees the handle; NULL is allowed. What is watched already still is.
    pub fn rlx_mlx_watch_free(watch: *mut rlx_mlx_watch_t);
}
