//! From host code to a lazy array: a primitive of MLX's graph (the shim's `callback.h`).
//!
//! Where a run in compiled mode is one replay that is waited for, it calls those at the ends of the program itself, before
//! and after the evaluation, and those in between where there are many of them (the shim's `schedule.h`): they cost no more
//! than a call, and read the host's inputs in place.

use super::code::{HostCode, Rows};
use super::reports::Reports;
use crate::mlx::array::Array;
use crate::mlx::dtypes::dtype_code;
use crate::mlx::errors::check;
use crate::mlx::extents::extents;
use crate::profile::Work;
use rlx_host_api::author::panic_error;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorInfo, TensorView};
use rlx_mlx_shim as ffi;
use std::borrow::Cow;
use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the primitive holds on to.
struct Call {
    code: Box<dyn HostCode>,
    operands: Vec<TensorInfo>,
    results: Vec<TensorInfo>,
    reports: Arc<Reports>,
    place: String,
    /// The number of the place, where times are noted.
    noted: usize,
}

impl Call {
    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let Some(profile) = &self.reports.profile else { return self.code.compute(operands, results) };
        let bytes = operands.iter().map(|view| view.data.len()).chain(results.iter().map(|view| view.data.len()));
        let elements = results.iter().map(|view| view.dims.iter().product::<i64>() as u64).sum();
        let work = Work { operations: self.code.operations(elements), bytes: bytes.sum::<usize>() as u64 };
        let start = profile.recorder().now();
        let done = self.code.compute(operands, results);
        profile.recorder().note(start, self.noted, self.code.name(), work);
        done
    }
}

/// A node that host code computes.
pub(crate) struct HostNode<'a> {
    /// What the operands are.
    pub(crate) operands: Vec<TensorInfo>,
    /// What the results are.
    pub(crate) results: Vec<TensorInfo>,
    /// How errors name the node.
    pub(crate) place: String,
    /// Where it tells its errors and times.
    pub(crate) reports: &'a Arc<Reports>,
}

/// The lazy results of a node over `inputs`.
pub(crate) fn build(code: Box<dyn HostCode>, node: HostNode<'_>, inputs: &[&Array]) -> Result<Vec<Array>, Error> {
    let HostNode { operands, results, place, reports } = node;
    let dims = results.iter().map(extents).collect::<Result<Vec<_>, _>>()?;
    let dtypes = results.iter().map(|output| dtype_code(output.dtype)).collect::<Result<Vec<_>, _>>()?;
    let shapes: Vec<*const c_int> = dims.iter().map(|dims| dims.as_ptr()).collect();
    let ranks: Vec<usize> = dims.iter().map(Vec::len).collect();
    let raw: Vec<_> = inputs.iter().map(|array| array.raw()).collect();
    let mut made = vec![std::ptr::null_mut(); dims.len()];
    let rows = match code.rows() {
        Rows::Mixed => ffi::RLX_MLX_ROWS_MIXED,
        Rows::Places => ffi::RLX_MLX_ROWS_PLACES,
        Rows::First => ffi::RLX_MLX_ROWS_FIRST,
        Rows::Leading(count) => ffi::RLX_MLX_ROWS_FIRST + count.saturating_sub(1) as u32,
    };
    let overwritable = code.overwritable();
    let noted = reports.profile.as_ref().map_or(0, |profile| profile.recorder().name(&place));
    let call = Call { code, operands, results, reports: Arc::clone(reports), place, noted };
    let ud = Box::into_raw(Box::new(call)).cast::<c_void>();
    // SAFETY: live handles; lists and counts agree; the shim releases `ud` once, after a failure too.
    check(unsafe {
        ffi::rlx_mlx_op_host_callback(
            Some(compute),
            ud,
            Some(release),
            rows as ffi::rlx_mlx_rows_t,
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
    let made = made.into_iter().map(|raw| unsafe { Array::from_raw(raw) }).collect::<Result<Vec<_>, _>>()?;
    if let (Some(operand), Some(first)) = (overwritable, made.first()) {
        // SAFETY: a live handle, of an array that nobody else has seen yet.
        check(unsafe { ffi::rlx_mlx_host_callback_may_overwrite(first.raw(), operand) })?;
    }
    Ok(made)
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
        // SAFETY: the shim gives so many views, whose memory is valid during this call; results do not overlap, nor do operands
        // with them, but for one that is the first result's own memory, of which the result alone is shown.
        unsafe {
            let written = if n_outputs > 0 { (*outputs).data.cast_const() } else { std::ptr::null() };
            let operands = (0..n_inputs).zip(&call.operands).map(|(i, info)| {
                let view = &*inputs.add(i);
                let is_hidden = view.nbytes == 0 || view.data == written;
                let data = if is_hidden { &[] } else { slice(view.data, view.nbytes) };
                (info.dtype, dims(info, view.shape, view.ndim, view.nbytes), data)
            });
            let results = (0..n_outputs).zip(&call.results).map(|(i, info)| {
                let view = &*outputs.add(i);
                let data: &mut [u8] = match view.nbytes {
                    0 => &mut [],
                    nbytes => std::slice::from_raw_parts_mut(view.data.cast(), nbytes),
                };
                (info.dtype, dims(info, view.shape, view.ndim, view.nbytes), data)
            });
            let (operands, results) = (operands.collect::<Vec<_>>(), results.collect::<Vec<_>>());
            let operands: Vec<_> =
                operands.iter().map(|(dtype, dims, data)| TensorView { dtype: *dtype, dims, data }).collect();
            let (infos, buffers): (Vec<_>, Vec<_>) =
                results.into_iter().map(|(dtype, dims, data)| ((dtype, dims), data)).unzip();
            let results = infos.iter().zip(buffers);
            let mut results: Vec<_> =
                results.map(|((dtype, dims), data)| TensorViewMut { dtype: *dtype, dims, data }).collect();
            call.compute(&operands, &mut results)
        }
    }));
    let Err(error) = done.unwrap_or_else(|payload| Err(panic_error(payload.as_ref()))) else { return 0 };
    let error = error.context(&call.place);
    let message = error.message().replace('\0', "?");
    let text = CString::new(format!("{} {message}", call.reports.failures.keep(error))).unwrap_or_default();
    // SAFETY: NUL-terminated.
    unsafe { ffi::rlx_mlx_set_last_error(text.as_ptr()) };
    1
}

/// Extents of a view: those that were declared, unless a run leaves rows out.
///
/// # Safety
/// `shape` points to `ndim` extents.
unsafe fn dims(info: &TensorInfo, shape: *const c_int, ndim: usize, nbytes: usize) -> Cow<'_, [i64]> {
    if nbytes == info.byte_len() {
        return Cow::Borrowed(&info.dims);
    }
    // SAFETY: promised by the caller; of a scalar nothing is read.
    let shape = if ndim == 0 { &[] } else { unsafe { std::slice::from_raw_parts(shape, ndim) } };
    shape.iter().map(|&extent| extent.into()).collect()
}

/// # Safety
/// `data` points to `len` bytes, valid for `'a`.
unsafe fn slice<'a>(data: *const c_void, len: usize) -> &'a [u8] {
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(data.cast(), len) }
}
