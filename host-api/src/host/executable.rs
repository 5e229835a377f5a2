//! A compiled graph.

use super::backend::Instance;
use super::load::slot;
use super::{Backend, CompileOptions};
use crate::abi::*;
use crate::views::tensors;
use crate::{Error, Growable, TensorInfo, TensorView};
use std::any::Any;
use std::ffi::c_void;
use std::sync::Arc;

/// A compiled graph with its parameters. It moves between threads; one call at a time (`&mut self`).
#[derive(Debug)]
pub struct Executable {
    instance: Arc<Instance>,
    handle: *mut RlxExecutable,
    inputs: Vec<TensorInfo>,
    params: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    /// Reused argument views of `run`; empty between runs.
    views: Views,
}

#[derive(Debug, Default)]
struct Views {
    inputs: Vec<RlxBytes>,
    outputs: Vec<RlxBytesMut>,
}

// SAFETY: the ABI lets any thread call, one call at a time, which `&mut self` gives; `views` is empty between calls.
unsafe impl Send for Executable {}

impl Drop for Executable {
    fn drop(&mut self) {
        let _turn = self.instance.turn();
        if let Some(destroy) = self.instance.plugin.api().executable_destroy {
            // SAFETY: the handle came from `compile` and is destroyed once.
            unsafe { destroy(self.handle) }
        }
    }
}

impl Backend {
    /// Compiles a `.rlxmodel` text.
    ///
    /// # Errors
    /// A malformed program, an unsupported op, an unknown option; the message names node and op.
    pub fn compile(&self, program: &[u8], options: &CompileOptions) -> Result<Executable, Error> {
        let instance = self.instance();
        let mut handle = std::ptr::null_mut();
        options.lend(program, |args| {
            let _turn = instance.turn();
            // SAFETY: live handle; the arguments state their size, and they and their views outlive the call.
            unsafe { Error::check(slot!(instance.plugin.api(), compile(instance.handle(), args, &mut handle))) }
        })?;
        Executable::new(Arc::clone(instance), handle)
    }
}

impl Executable {
    pub(super) fn new(instance: Arc<Instance>, handle: *mut RlxExecutable) -> Result<Self, Error> {
        if handle.is_null() {
            return Err(Error::fault("compile gave no executable and no error"));
        }
        // Made first, so that the handle is freed when the description turns out bad.
        let mut executable = Self {
            instance,
            handle,
            inputs: Vec::new(),
            params: Vec::new(),
            outputs: Vec::new(),
            views: Views::default(),
        };
        let mut raw = RlxExecutableInfo::sized();
        // Whatever is wrong in it, the plugin said it.
        let fault = |e: Error| Error::fault(e.message()).context("the executable's description");
        // SAFETY: live handle; `raw` states its size; what the plugin fills in lives as long as the executable.
        unsafe {
            Error::check(slot!(executable.instance.plugin.api(), executable_info(handle, &mut raw)))?;
            executable.inputs = tensors(raw.inputs, raw.input_count, "inputs").map_err(fault)?;
            executable.params = tensors(raw.params, raw.param_count, "parameters").map_err(fault)?;
            executable.outputs = tensors(raw.outputs, raw.output_count, "outputs").map_err(fault)?;
        }
        Ok(executable)
    }

    pub(super) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    pub(super) fn handle(&self) -> *mut RlxExecutable {
        self.handle
    }

    /// What several executables take part in happens inside one plugin.
    pub(super) fn same_plugin(&self, other: &Self) -> Result<(), Error> {
        if std::ptr::eq(self.instance.plugin.api(), other.instance.plugin.api()) {
            return Ok(());
        }
        let [own, their] = [self, other].map(|e| e.instance.plugin.path().display());
        Err(Error::invalid(format!("the executables are of different plugins: {own} and {their}")))
    }

    /// Inputs in the order of [`run`](Self::run).
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// Parameters.
    pub fn params(&self) -> &[TensorInfo] {
        &self.params
    }

    /// Outputs in the order of [`run`](Self::run).
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    /// Binds a parameter; the plugin copies during the call.
    ///
    /// # Errors
    /// An unknown name, or another dtype, shape or size than the graph declares.
    pub fn set_param(&mut self, name: &str, value: TensorView<'_>) -> Result<(), Error> {
        self.set_param_raw(name, value, None, std::ptr::null_mut())
    }

    /// Binds a parameter whose memory `owner` keeps alive, for example a memory-mapped file: the plugin may use it in
    /// place and drops `owner` when it no longer does. `view` picks the tensor out of `owner`.
    ///
    /// # Errors
    /// As [`set_param`](Self::set_param).
    pub fn set_param_shared<O: Any + Send + Sync>(
        &mut self,
        name: &str,
        owner: Arc<O>,
        view: impl for<'a> FnOnce(&'a O) -> TensorView<'a>,
    ) -> Result<(), Error> {
        unsafe extern "C" fn release<O>(context: *mut c_void) {
            // A panic in the owner's drop must not reach the plugin.
            // SAFETY: the context is the `Arc` leaked below; the ABI has `release` called once.
            let drop_owner = || drop(unsafe { Arc::from_raw(context.cast_const().cast::<O>()) });
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(drop_owner));
        }
        let kept = Arc::clone(&owner);
        self.set_param_raw(name, view(&kept), Some(release::<O>), Arc::into_raw(owner).cast_mut().cast())
    }

    fn set_param_raw(
        &mut self,
        name: &str,
        value: TensorView<'_>,
        release: Option<unsafe extern "C" fn(*mut c_void)>,
        release_context: *mut c_void,
    ) -> Result<(), Error> {
        let args = RlxParamArgs {
            name: RlxStr::new(name),
            tensor: value.to_raw(),
            release,
            release_context,
            ..RlxParamArgs::sized()
        };
        let _turn = self.instance.turn();
        // SAFETY: live handle, exclusive by `&mut self`; the arguments state their size, and they and their views
        // outlive the call (and, with `release`, until the plugin calls it).
        unsafe { Error::check(slot!(self.instance.plugin.api(), set_param(self.handle, &args))) }
    }

    /// Runs once. `inputs` are the bytes of each input in the declared order and dtype; each of `outputs` is filled,
    /// so it has the declared size ([`TensorInfo::byte_len`]), or is `None` to leave that output on the device. An empty
    /// slice leaves out an input that is resident ([`bind_resident`](Self::bind_resident)).
    ///
    /// # Errors
    /// A wrong count or size, missing parameters (all of them named), or a failed evaluation. The executable stays
    /// usable.
    pub fn run(&mut self, inputs: &[&[u8]], outputs: &mut [Option<&mut [u8]>]) -> Result<(), Error> {
        self.views.inputs.extend(inputs.iter().map(|b| input_view(b)));
        self.views.outputs.extend(outputs.iter_mut().map(|o| match o {
            Some(bytes) => RlxBytesMut::new(bytes),
            None => RlxBytesMut::SKIP,
        }));
        let args = RlxRunArgs {
            inputs: self.views.inputs.as_ptr(),
            input_count: inputs.len() as u64,
            outputs: self.views.outputs.as_ptr(),
            output_count: outputs.len() as u64,
            ..RlxRunArgs::sized()
        };
        let result = {
            let _turn = self.instance.turn();
            // SAFETY: live handle, exclusive by `&mut self`; the views were made above from live slices, and distinct
            // `&mut` outputs do not overlap.
            unsafe { Error::check(slot!(self.instance.plugin.api(), run(self.handle, &args))) }
        };
        self.views.inputs.clear();
        self.views.outputs.clear();
        result
    }

    /// Runs once and returns every output as fresh bytes; for callers that keep no buffers.
    ///
    /// # Errors
    /// As [`run`](Self::run), or no memory for an output.
    pub fn run_to_vec(&mut self, inputs: &[&[u8]]) -> Result<Vec<Vec<u8>>, Error> {
        let mut outputs = self.outputs.iter().map(TensorInfo::zeroed).collect::<Result<Vec<_>, _>>()?;
        let mut views: Vec<Option<&mut [u8]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
        self.run(inputs, &mut views)?;
        Ok(outputs)
    }
}

/// The view of an input; an empty one is left out, or has no bytes anyway.
pub(super) fn input_view(bytes: &[u8]) -> RlxBytes {
    if bytes.is_empty() { RlxBytes { data: std::ptr::null(), len: 0 } } else { RlxBytes::new(bytes) }
}
