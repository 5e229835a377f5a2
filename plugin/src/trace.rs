//! A function of arrays, traced once and replayed on any thread.

use crate::array::Array;
use crate::shim::check;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// A traced function.
#[derive(Debug)]
pub(crate) struct Trace {
    handle: NonNull<ffi::rlx_mlx_trace_t>,
    outputs: usize,
}

// SAFETY: the shim's traces are not bound to a thread; replays happen one at a time.
unsafe impl Send for Trace {}

impl Drop for Trace {
    fn drop(&mut self) {
        // SAFETY: an owned handle, freed once.
        unsafe { ffi::rlx_mlx_trace_free(self.handle.as_ptr()) }
    }
}

/// What is traced: outputs from stand-ins for the inputs.
type Function<'a> = dyn FnMut(&[&Array]) -> Result<Vec<Array>, Error> + 'a;

/// What the callback works on. Its error comes back here whole; the shim would carry only the text.
struct Call<'a> {
    function: &'a mut Function<'a>,
    error: Option<Error>,
}

impl Trace {
    /// Traces `function` over stand-ins for `inputs`; it gives `outputs` arrays and evaluates nothing.
    pub(crate) fn new(
        inputs: &[Array],
        outputs: usize,
        mut function: impl FnMut(&[&Array]) -> Result<Vec<Array>, Error>,
    ) -> Result<Self, Error> {
        let mut call = Call { function: &mut function, error: None };
        let raw: Vec<_> = inputs.iter().map(Array::raw).collect();
        let mut out = std::ptr::null_mut();
        // SAFETY: live handles; `call` outlives the call, which is the only one that uses it.
        let code = unsafe {
            let ud = (&raw mut call).cast::<c_void>();
            ffi::rlx_mlx_trace(Some(callback), ud, raw.as_ptr(), raw.len(), outputs, &mut out)
        };
        if let Some(error) = call.error {
            return Err(error);
        }
        check(code)?;
        let handle = NonNull::new(out).ok_or_else(|| Error::fault("the shim gave no trace and no error"))?;
        Ok(Self { handle, outputs })
    }

    /// Number of MLX primitives in one replay.
    pub(crate) fn size(&self) -> Result<usize, Error> {
        let mut size = 0;
        // SAFETY: live handle; `size` is writable.
        check(unsafe { ffi::rlx_mlx_trace_size(self.handle.as_ptr(), &mut size) })?;
        Ok(size)
    }

    /// The lazy outputs for `inputs`.
    pub(crate) fn replay(&self, inputs: &[*mut ffi::rlx_mlx_array_t]) -> Result<Vec<Array>, Error> {
        let mut raw = vec![std::ptr::null_mut(); self.outputs];
        // SAFETY: live handles; buffers and lengths agree.
        check(unsafe {
            ffi::rlx_mlx_trace_call(self.handle.as_ptr(), inputs.as_ptr(), inputs.len(), raw.as_mut_ptr(), raw.len())
        })?;
        // SAFETY: after success each is a fresh handle.
        raw.into_iter().map(|h| unsafe { Array::from_raw(h) }).collect()
    }
}

unsafe extern "C" fn callback(
    ud: *mut c_void,
    inputs: *const *mut ffi::rlx_mlx_array_t,
    n_inputs: usize,
    out_outputs: *mut *mut ffi::rlx_mlx_array_t,
    cap: usize,
    out_n_outputs: *mut usize,
) -> c_int {
    // SAFETY: `ud` is the `Call` of `Trace::new`, which is waiting for this.
    let call = unsafe { &mut *ud.cast::<Call<'_>>() };
    let result = catch_unwind(AssertUnwindSafe(|| {
        // Borrowed: the shim frees them, so they are never dropped here.
        let borrowed = (0..n_inputs)
            // SAFETY: the shim gives `n_inputs` live handles.
            .map(|i| unsafe { Array::from_raw(*inputs.add(i)) }.map(std::mem::ManuallyDrop::new))
            .collect::<Result<Vec<_>, _>>()?;
        let views: Vec<&Array> = borrowed.iter().map(|a| &**a).collect();
        let outputs = (call.function)(&views)?;
        if outputs.len() > cap {
            return Err(Error::fault(format!("{} outputs where {cap} were declared", outputs.len())));
        }
        // SAFETY: the shim gives room for `cap` handles and for the count.
        unsafe {
            *out_n_outputs = outputs.len();
            for (i, array) in outputs.into_iter().enumerate() {
                *out_outputs.add(i) = array.into_raw();
            }
        }
        Ok(())
    }))
    .unwrap_or_else(|payload| Err(rlx_host_api::author::panic_error(payload.as_ref())));
    match result {
        Ok(()) => 0,
        Err(error) => {
            let text = CString::new(error.message().replace('\0', "?")).unwrap_or_default();
            // SAFETY: NUL-terminated.
            unsafe { ffi::rlx_mlx_set_last_error(text.as_ptr()) };
            call.error = Some(error);
            1
        }
    }
}
