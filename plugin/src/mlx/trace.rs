//! A function of arrays, traced once and replayed on any thread.

use crate::mlx::array::Array;
use crate::mlx::errors::{check, check_eval};
use crate::process::gate;
use rlx_host_api::{ActiveExtent, Error};
use rlx_mlx_shim as ffi;
use std::ffi::{CString, c_int, c_void};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// A traced function.
#[derive(Debug)]
pub(crate) struct Trace {
    handle: NonNull<ffi::rlx_mlx_trace_t>,
    inputs: usize,
    outputs: usize,
}

/// A trace of the first rows of what another gives.
#[derive(Debug)]
pub(crate) struct FirstRows {
    pub(crate) trace: Trace,
    /// For each input whether its first rows are read, not the whole.
    pub(crate) inputs: Vec<bool>,
    /// For each output of the other trace whether this one gives it.
    pub(crate) outputs: Vec<bool>,
}

// SAFETY: the shim's traces are not bound to a thread.
unsafe impl Send for Trace {}
// SAFETY: a replay changes nothing in the trace, and threads may replay one at once (shim, tape.h); what does change it,
// `fold`, takes `&mut self`.
unsafe impl Sync for Trace {}

impl Drop for Trace {
    fn drop(&mut self) {
        if gate::is_closed() {
            return;
        }
        // SAFETY: an owned handle, freed once.
        unsafe { ffi::rlx_mlx_trace_free(self.handle.as_ptr()) }
    }
}

/// What is traced: outputs from stand-ins for the inputs.
type Function<'a> = dyn FnMut(&[&Array]) -> Result<Vec<Array>, Error> + 'a;

/// What the callback works on. Its error comes back here whole; the shim would carry only the text.
struct Call<'a> {
    function: &'a mut Function<'a>,
    /// How many it gave.
    outputs: usize,
    error: Option<Error>,
}

impl Trace {
    /// Traces `function` over stand-ins for `inputs`; it gives at most `cap` arrays, and evaluates nothing.
    pub(crate) fn new(
        inputs: &[Array],
        cap: usize,
        mut function: impl FnMut(&[&Array]) -> Result<Vec<Array>, Error>,
    ) -> Result<Self, Error> {
        let mut call = Call { function: &mut function, outputs: 0, error: None };
        let raw: Vec<_> = inputs.iter().map(Array::raw).collect();
        let mut out = std::ptr::null_mut();
        // SAFETY: live handles; `call` outlives the call, which is the only one that uses it.
        let code = unsafe {
            let ud = (&raw mut call).cast::<c_void>();
            ffi::rlx_mlx_trace(Some(callback), ud, raw.as_ptr(), raw.len(), cap, &mut out)
        };
        if let Some(error) = call.error {
            return Err(error);
        }
        check(code)?;
        let handle = NonNull::new(out).ok_or_else(|| Error::fault("the shim gave no trace and no error"))?;
        Ok(Self { handle, inputs: inputs.len(), outputs: call.outputs })
    }

    /// Splits the outputs behind the first `wanted` off: gives a trace of them, and takes them as inputs from now on, behind
    /// those that it has. Gives for each whether the rest reads its value as well. Before [`fold`](Self::fold).
    pub(crate) fn split(&mut self, wanted: usize) -> Result<(Self, Vec<bool>), Error> {
        let (mut read, mut out) = (vec![0u8; self.outputs - wanted], std::ptr::null_mut());
        // SAFETY: live handle, used by nobody else; pointer and length agree; `out` is writable.
        check(unsafe {
            let trace = self.handle.as_ptr();
            ffi::rlx_mlx_trace_split(trace, wanted, read.as_mut_ptr(), read.len(), &mut out)
        })?;
        let handle = NonNull::new(out).ok_or_else(|| Error::fault("the shim gave no trace and no error"))?;
        let off = Self { handle, inputs: self.inputs, outputs: self.outputs - wanted };
        self.inputs += off.outputs;
        self.outputs = wanted;
        Ok((off, read.into_iter().map(|flag| flag != 0).collect()))
    }

    /// For each input whether one of these outputs is computed from it.
    pub(crate) fn reads(&self, outputs: Range<usize>) -> Result<Vec<bool>, Error> {
        let mut flags = vec![0u8; self.inputs];
        // SAFETY: live handle; pointer and length agree.
        check(unsafe {
            let trace = self.handle.as_ptr();
            ffi::rlx_mlx_trace_reads(trace, outputs.start, outputs.len(), flags.as_mut_ptr(), flags.len())
        })?;
        Ok(flags.into_iter().map(|flag| flag != 0).collect())
    }

    /// Borrowed handle.
    pub(super) fn raw(&mut self) -> *mut ffi::rlx_mlx_trace_t {
        self.handle.as_ptr()
    }

    /// How many outputs it has.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Evaluates what depends on no input, once. The thread has a turn on the trace's lane.
    pub(crate) fn fold(&mut self) -> Result<(), Error> {
        // SAFETY: live handle, used by nobody else.
        check_eval(unsafe { ffi::rlx_mlx_trace_fold(self.handle.as_ptr()) })
    }

    /// A trace of the first rows of the first `wanted` outputs, and of others that those depend on; `None` if rows of a value
    /// on the way depend on others. Nothing is traced for it. The thread has a turn on the trace's lane.
    pub(crate) fn first_rows(&self, wanted: usize, rows: ActiveExtent) -> Result<Option<FirstRows>, Error> {
        // An axis too long for MLX is none of its.
        let (Ok(actual), Ok(upper)) = (c_int::try_from(rows.actual), c_int::try_from(rows.upper)) else {
            return Ok(None);
        };
        let (mut inputs, mut outputs, mut out) = (vec![0; self.inputs], vec![0; self.outputs], std::ptr::null_mut());
        // SAFETY: live handle; pointers and lengths agree; `out` is writable.
        check_eval(unsafe {
            ffi::rlx_mlx_trace_first_rows(
                self.handle.as_ptr(),
                wanted,
                actual,
                upper,
                inputs.as_mut_ptr(),
                inputs.len(),
                outputs.as_mut_ptr(),
                outputs.len(),
                &mut out,
            )
        })?;
        let flags = |list: Vec<u8>| list.into_iter().map(|flag| flag != 0).collect::<Vec<_>>();
        let (inputs, outputs) = (flags(inputs), flags(outputs));
        Ok(NonNull::new(out).map(|handle| {
            let given = outputs.iter().filter(|given| **given).count();
            FirstRows { trace: Self { handle, inputs: self.inputs, outputs: given }, inputs, outputs }
        }))
    }

    /// Bytes of the largest value that a replay computes.
    pub(crate) fn largest(&self) -> Result<usize, Error> {
        let mut bytes = 0;
        // SAFETY: live handle; `bytes` is writable.
        check(unsafe { ffi::rlx_mlx_trace_largest(self.handle.as_ptr(), &mut bytes) })?;
        Ok(bytes)
    }

    /// Number of MLX primitives in one replay.
    pub(crate) fn size(&self) -> Result<usize, Error> {
        let mut size = 0;
        // SAFETY: live handle; `size` is writable.
        check(unsafe { ffi::rlx_mlx_trace_size(self.handle.as_ptr(), &mut size) })?;
        Ok(size)
    }

    /// Replays; the outputs are lazy.
    pub(crate) fn call(&self, inputs: &[Array]) -> Result<Vec<Array>, Error> {
        let mut outputs = Vec::new();
        self.collect(&mut outputs, |out, n| {
            // SAFETY: live handles, of which an `Array` is a transparent pointer; lengths agree.
            unsafe { ffi::rlx_mlx_trace_call(self.handle.as_ptr(), inputs.as_ptr().cast(), inputs.len(), out, n) }
        })?;
        outputs.into_iter().map(|output| output.ok_or_else(|| Error::fault("the shim gave no array"))).collect()
    }

    /// Replays, evaluates, writes the outputs to `sinks`, and puts their arrays into `outputs`, which is empty: `None`
    /// for those whose sink is their only place. The thread has a turn on the trace's lane, and calls host code as
    /// the trace's schedule says.
    ///
    /// # Safety
    /// Each source is a live array or the address of host memory, as are the sinks.
    pub(crate) unsafe fn run(
        &self,
        sources: &[ffi::rlx_mlx_source_t],
        sinks: &[ffi::rlx_mlx_sink_t],
        outputs: &mut Vec<Option<Array>>,
    ) -> Result<(), Error> {
        self.collect(outputs, |out, n| {
            debug_assert_eq!(sinks.len(), n);
            // SAFETY: promised by the caller; lengths agree.
            unsafe {
                let trace = self.handle.as_ptr();
                ffi::rlx_mlx_trace_run(trace, sources.as_ptr(), sources.len(), sinks.as_ptr(), out, n)
            }
        })
    }

    /// Replays and starts the evaluation without waiting for it.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    pub(crate) unsafe fn start(
        &self,
        sources: &[ffi::rlx_mlx_source_t],
        outputs: &mut Vec<Option<Array>>,
    ) -> Result<(), Error> {
        self.collect(outputs, |out, n| {
            // SAFETY: promised by the caller; lengths agree.
            unsafe { ffi::rlx_mlx_trace_start(self.handle.as_ptr(), sources.as_ptr(), sources.len(), out, n) }
        })
    }

    /// Puts the handles that `call` writes into `outputs`.
    fn collect(
        &self,
        outputs: &mut Vec<Option<Array>>,
        call: impl FnOnce(*mut *mut ffi::rlx_mlx_array_t, usize) -> c_int,
    ) -> Result<(), Error> {
        outputs.clear();
        outputs.resize_with(self.outputs, || None);
        // An `Option<Array>` is a pointer that may be NULL, and a failure leaves NULL in all of them.
        check_eval(call(outputs.as_mut_ptr().cast(), self.outputs))
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
            return Err(Error::fault(format!("{} outputs where there is room for {cap}", outputs.len())));
        }
        call.outputs = outputs.len();
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
