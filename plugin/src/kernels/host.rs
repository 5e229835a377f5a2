//! Kernels that compute in host memory, as primitives of MLX's graph (the shim's `callback.h`).
//!
//! Where a run in compiled mode is one replay that is waited for, it calls those at the ends of the program itself, before
//! and after the evaluation (the shim's `trace.h`): they cost no more than a call, and read the host's inputs in place.

use super::extents;
use super::running::Running;
use super::set::Failures;
use crate::array::{Array, dtype_code};
use crate::shim::check;
use rlx_host_api::author::{CustomNode, RegisteredKernel, panic_error};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_shim as ffi;
use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the primitive holds on to.
struct Call {
    kernel: Arc<RegisteredKernel>,
    node: CustomNode,
    failures: Arc<Failures>,
    place: String,
}

/// The lazy results of one node.
pub(super) fn build(
    kernel: &Arc<RegisteredKernel>,
    node: CustomNode,
    inputs: &[&Array],
    failures: &Arc<Failures>,
    place: &str,
) -> Result<Vec<Array>, Error> {
    let dims = node.outputs().iter().map(extents).collect::<Result<Vec<_>, _>>()?;
    let dtypes = node.outputs().iter().map(|output| dtype_code(output.dtype)).collect::<Result<Vec<_>, _>>()?;
    let shapes: Vec<*const c_int> = dims.iter().map(|dims| dims.as_ptr()).collect();
    let ranks: Vec<usize> = dims.iter().map(Vec::len).collect();
    let raw: Vec<_> = inputs.iter().map(|array| array.raw()).collect();
    let mut made = vec![std::ptr::null_mut(); dims.len()];
    let call = Call { kernel: Arc::clone(kernel), node, failures: Arc::clone(failures), place: place.to_owned() };
    let ud = Box::into_raw(Box::new(call)).cast::<c_void>();
    // SAFETY: live handles; lists and counts agree; the shim releases `ud` once, after a failure too.
    check(unsafe {
        ffi::rlx_mlx_op_host_callback(
            Some(compute),
            ud,
            Some(release),
            raw.as_ptr(),
            raw.len(),
            shapes.as_ptr(),
            ranks.as_ptr(),
            dtypes.as_ptr(),
            dtypes.len(),
            made.as_mut_ptr(),
        )
    })?;
    // SAFETY: fresh handles, owned by nobody else.
    made.into_iter().map(|raw| unsafe { Array::from_raw(raw) }).collect()
}

unsafe extern "C" fn release(ud: *mut c_void) {
    // SAFETY: the box leaked above; the shim calls this once. A panic must not unwind through MLX.
    let drop_call = || drop(unsafe { Box::from_raw(ud.cast::<Call>()) });
    let _ = catch_unwind(AssertUnwindSafe(drop_call));
}

unsafe extern "C" fn compute(
    ud: *mut c_void,
    inputs: *const ffi::rlx_mlx_view_t,
    n_inputs: usize,
    outputs: *const ffi::rlx_mlx_view_mut_t,
    n_outputs: usize,
) -> c_int {
    // SAFETY: the `Call` of this primitive, alive until `release` and never changed.
    let call = unsafe { &*ud.cast::<Call>() };
    let done = catch_unwind(AssertUnwindSafe(|| {
        let _running = Running::enter(call.node.op());
        // SAFETY: the shim gives so many views, whose memory is valid during this call; results do not overlap.
        unsafe {
            let operands = (0..n_inputs).zip(call.node.inputs()).map(|(i, info)| {
                let view = &*inputs.add(i);
                let data = if view.nbytes == 0 { &[] } else { slice(view.data, view.nbytes) };
                TensorView { dtype: info.dtype, dims: &info.dims, data }
            });
            let results = (0..n_outputs).zip(call.node.outputs()).map(|(i, info)| {
                let view = &*outputs.add(i);
                let data: &mut [u8] = match view.nbytes {
                    0 => &mut [],
                    nbytes => std::slice::from_raw_parts_mut(view.data.cast(), nbytes),
                };
                TensorViewMut { dtype: info.dtype, dims: &info.dims, data }
            });
            let (operands, mut results) = (operands.collect::<Vec<_>>(), results.collect::<Vec<_>>());
            call.kernel.compute(&call.node, &operands, &mut results)
        }
    }));
    let Err(error) = done.unwrap_or_else(|payload| Err(panic_error(payload.as_ref()))) else { return 0 };
    let error = error.context(&call.place);
    let message = error.message().replace('\0', "?");
    let text = CString::new(format!("{} {message}", call.failures.keep(error))).unwrap_or_default();
    // SAFETY: NUL-terminated.
    unsafe { ffi::rlx_mlx_set_last_error(text.as_ptr()) };
    1
}

/// # Safety
/// `data` points to `len` bytes, valid for `'a`.
unsafe fn slice<'a>(data: *const c_void, len: usize) -> &'a [u8] {
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(data.cast(), len) }
}
