//! Kernels on the wire: the functions that a plugin calls, and what they find behind their context.

use super::definition::{Body, Kernel, OutputsFn};
use super::source::LaunchFn;
use super::{Array, ArrayOps, ComposedKernel, HostKernel, KernelCall, Language, SourceCode, TensorViewMut};
use crate::abi::*;
use crate::author::panic_text;
use crate::growable::read;
use crate::views::{key_values, slice, tensors};
use crate::{DType, Error, ErrorKind, Growable, TensorInfo, TensorView};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a kernel's context points to.
struct State {
    functions: Functions,
    outputs: Option<Box<OutputsFn>>,
}

enum Functions {
    Composed(Box<dyn ComposedKernel>),
    Host(Box<dyn HostKernel>),
    Source(Box<LaunchFn>),
}

/// Calls `register` with the wire form of `kernel`, whose context it hands over: from then on it is the plugin's to
/// release.
pub(crate) fn lend(kernel: Kernel, register: &mut dyn FnMut(&RlxKernel)) {
    let Kernel { op, body, outputs } = kernel;
    let none = RlxKernel {
        op: RlxStr::new(&op),
        release: Some(release),
        outputs: outputs.is_some().then_some(emit_outputs),
        ..RlxKernel::sized()
    };
    let context = |functions| Box::into_raw(Box::new(State { functions, outputs })).cast::<c_void>();
    match body {
        Body::Composed(kernel) => {
            let context = context(Functions::Composed(kernel));
            register(&RlxKernel { kind: RLX_KERNEL_COMPOSED, compose: Some(compose), context, ..none });
        }
        Body::Host(kernel) => {
            let context = context(Functions::Host(kernel));
            register(&RlxKernel { kind: RLX_KERNEL_HOST, compute: Some(compute), context, ..none });
        }
        Body::Source { launch, sources, fallback } => {
            let names: Vec<[Vec<RlxStr>; 2]> =
                sources.iter().map(|(_, code)| [views(&code.input_names), views(&code.output_names)]).collect();
            let codes: Vec<RlxKernelSource> =
                sources.iter().zip(&names).map(|((language, code), names)| source(*language, code, names)).collect();
            let whole = RlxKernel {
                kind: RLX_KERNEL_SOURCE,
                launch: Some(emit_launch),
                context: context(Functions::Source(launch)),
                sources: codes.as_ptr(),
                source_count: codes.len() as u64,
                ..none
            };
            match fallback {
                Some(fallback) => lend(*fallback, &mut |fallback| register(&RlxKernel { fallback, ..whole })),
                None => register(&whole),
            }
        }
    }
}

fn views(texts: &[String]) -> Vec<RlxStr> {
    texts.iter().map(|text| RlxStr::new(text)).collect()
}

fn source(language: Language, code: &SourceCode, [inputs, outputs]: &[Vec<RlxStr>; 2]) -> RlxKernelSource {
    let flag = |set, flag| if set { flag } else { 0 };
    RlxKernelSource {
        language: language.code(),
        flags: flag(code.strided_inputs, RLX_KERNEL_STRIDED_INPUTS)
            | flag(code.atomic_outputs, RLX_KERNEL_ATOMIC_OUTPUTS),
        header: RlxStr::new(&code.header),
        body: RlxStr::new(&code.body),
        input_names: inputs.as_ptr(),
        input_count: inputs.len() as u64,
        output_names: outputs.as_ptr(),
        output_count: outputs.len() as u64,
        shared_memory: code.shared_memory,
        ..RlxKernelSource::sized()
    }
}

/// The owned form of a call's lists.
struct Call<'a> {
    op: &'a str,
    attrs: &'a [u8],
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `call` is NULL or what a plugin passes to a kernel, valid for `'a`.
    unsafe fn read(call: *const RlxKernelCall) -> Result<Self, Error> {
        // SAFETY: promised by the caller.
        unsafe {
            let raw = read(call, "kernel call")?;
            Ok(Self {
                op: raw.op.as_str()?,
                attrs: slice(raw.attrs.data, raw.attrs.len, "attributes")?,
                inputs: tensors(raw.inputs, raw.input_count, "operands")?,
                outputs: tensors(raw.outputs, raw.output_count, "results")?,
            })
        }
    }

    fn view(&self) -> KernelCall<'_> {
        KernelCall { op: self.op, attrs: self.attrs, inputs: &self.inputs, outputs: &self.outputs }
    }
}

/// Runs `body` on the state behind `context` and the call. The plugin says which kernel an error or panic is of.
///
/// # Safety
/// `context` is that of a kernel lent before and not released; `call` as in [`Call::read`].
unsafe fn answer(
    context: *mut c_void,
    call: *const RlxKernelCall,
    body: impl FnOnce(&State, &Call<'_>) -> Result<(), Error>,
) -> *mut RlxError {
    let answered = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: promised by the caller; the state is never changed.
        let (state, call) = unsafe { (&*context.cast::<State>(), Call::read(call)?) };
        catch_unwind(AssertUnwindSafe(|| body(state, &call))).unwrap_or_else(|payload| {
            let text = format!("panicked: {}", panic_text(payload.as_ref()));
            Err(Error::new(ErrorKind::ExecutionFailed, text))
        })
    }));
    // A second panic, while the first is told.
    match answered.unwrap_or_else(|_| Err(Error::fault("a kernel panicked"))) {
        Ok(()) => std::ptr::null_mut(),
        Err(error) => error.into_raw(),
    }
}

unsafe extern "C" fn release(context: *mut c_void) {
    // SAFETY: the box that `lend` leaked; the plugin calls this once. A panic of the kernel's drop ends here.
    let drop_state = || drop(unsafe { Box::from_raw(context.cast::<State>()) });
    let _ = catch_unwind(AssertUnwindSafe(drop_state));
}

unsafe extern "C" fn emit_outputs(
    context: *mut c_void,
    call: *const RlxKernelCall,
    sink: *const RlxTensorInfoSink,
) -> *mut RlxError {
    let emit = |state: &State, call: &Call<'_>| {
        // SAFETY: the plugin's promise about `sink`.
        let sink = unsafe { sink.as_ref() }.and_then(|sink| Some((sink.context, sink.emit?)));
        let (Some((to, emit)), Some(outputs)) = (sink, &state.outputs) else { return Err(no_function("outputs")) };
        for info in outputs(&call.view())? {
            let raw = RlxTensorInfo {
                name: RlxStr::new(&info.name),
                dtype: info.dtype.code(),
                rank: info.dims.len() as u32,
                dims: info.dims.as_ptr(),
                ..RlxTensorInfo::sized()
            };
            // SAFETY: `emit` copies, its context is the one beside it.
            unsafe { emit(to, &raw) };
        }
        Ok(())
    };
    // SAFETY: the plugin's promises about the context and the call.
    unsafe { answer(context, call, emit) }
}

unsafe extern "C" fn emit_launch(
    context: *mut c_void,
    call: *const RlxKernelCall,
    sink: *const RlxLaunchSink,
) -> *mut RlxError {
    let emit = |state: &State, call: &Call<'_>| {
        // SAFETY: the plugin's promise about `sink`.
        let sink = unsafe { sink.as_ref() }.and_then(|sink| Some((sink.context, sink.emit?)));
        let (Some((to, emit)), Functions::Source(launch)) = (sink, &state.functions) else {
            return Err(no_function("launch"));
        };
        let launch = launch(&call.view())?;
        let args = key_values(&launch.template_args);
        let raw = RlxLaunch {
            grid: launch.grid,
            threadgroup: launch.threadgroup,
            template_args: args.as_ptr(),
            template_arg_count: args.len() as u64,
            has_init: launch.init.is_some().into(),
            init: launch.init.unwrap_or_default(),
            ..RlxLaunch::sized()
        };
        // SAFETY: `emit` copies, its context is the one beside it.
        unsafe { emit(to, &raw) };
        Ok(())
    };
    // SAFETY: the plugin's promises about the context and the call.
    unsafe { answer(context, call, emit) }
}

unsafe extern "C" fn compose(
    context: *mut c_void,
    call: *const RlxKernelCall,
    ops: *const RlxArrayOps,
    inputs: *const *mut RlxArray,
    outputs: *mut *mut RlxArray,
) -> *mut RlxError {
    let build = |state: &State, call: &Call<'_>| {
        let Functions::Composed(kernel) = &state.functions else { return Err(no_function("compose")) };
        // SAFETY: the plugin gives its table, an operand for each input, and room for each output.
        unsafe {
            let ops = ArrayOps::from_raw(ops)?;
            let raw = slice(inputs, call.inputs.len() as u64, "operands")?;
            let borrowed = raw.iter().map(|&raw| Array::borrowed(raw, ops)).collect::<Result<Vec<_>, Error>>()?;
            let operands: Vec<&Array<'_>> = borrowed.iter().map(|array| &**array).collect();
            let made = kernel.compose(&call.view(), ops, &operands)?;
            let (found, wanted) = (made.len(), call.outputs.len());
            if found != wanted || outputs.is_null() {
                return Err(Error::invalid(format!("it gave {found} arrays, the node has {wanted} results")));
            }
            for (i, array) in made.into_iter().enumerate() {
                outputs.add(i).write(array.into_raw());
            }
        }
        Ok(())
    };
    // SAFETY: the plugin's promises about the context and the call.
    unsafe { answer(context, call, build) }
}

unsafe extern "C" fn compute(
    context: *mut c_void,
    call: *const RlxKernelCall,
    inputs: *const RlxTensor,
    outputs: *const RlxTensorMut,
) -> *mut RlxError {
    let run = |state: &State, call: &Call<'_>| {
        let Functions::Host(kernel) = &state.functions else { return Err(no_function("compute")) };
        // SAFETY: the plugin gives a tensor for each operand and a place for each result, which do not overlap.
        unsafe {
            let inputs = slice(inputs, call.inputs.len() as u64, "operands")?;
            let inputs = inputs.iter().map(|raw| TensorView::from_raw(raw)).collect::<Result<Vec<_>, Error>>()?;
            let outputs = slice(outputs, call.outputs.len() as u64, "results")?;
            let mut outputs = outputs.iter().map(|raw| place(raw)).collect::<Result<Vec<_>, Error>>()?;
            kernel.compute(&call.view(), &inputs, &mut outputs)
        }
    };
    // SAFETY: the plugin's promises about the context and the call.
    unsafe { answer(context, call, run) }
}

/// # Safety
/// The views are valid for `'a`, and the memory is nobody else's.
unsafe fn place<'a>(raw: &RlxTensorMut) -> Result<TensorViewMut<'a>, Error> {
    // SAFETY: promised by the caller.
    let (dims, bytes) = unsafe {
        let bytes = slice(raw.data.data.cast_const(), raw.data.len, "a result")?;
        (slice(raw.dims, raw.rank.into(), "dims")?, bytes.len())
    };
    let data: &mut [u8] = match bytes {
        0 => &mut [],
        // SAFETY: as above; `slice` has checked pointer and length.
        len => unsafe { std::slice::from_raw_parts_mut(raw.data.data, len) },
    };
    Ok(TensorViewMut { dtype: DType::from_code(raw.dtype)?, dims, data })
}

fn no_function(name: &str) -> Error {
    Error::fault(format!("the plugin called `{name}`, which the kernel does not have"))
}
