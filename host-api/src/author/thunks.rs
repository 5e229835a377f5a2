//! The slots of the table, made from the author's traits: every one checks its arguments and catches panics.

use super::storage::{DeviceStorage, InfoStorage, TensorLists};
use super::{Backend, CompileRequest, CreateRequest, Executable, Exported, OutputBuffer, ParamOwner, Plugin};
use crate::abi::*;
use crate::growable::{fill, read};
use crate::views::{pairs, slice};
use crate::{Error, ErrorKind, TensorView};
use abi_stable::StableAbi;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// The table of plugin `P`.
#[doc(hidden)]
pub const fn api_table<P: Exported>() -> RlxBackendApi {
    RlxBackendApi {
        struct_size: size_of::<RlxBackendApi>() as u64,
        abi_version: ABI_VERSION,
        reserved: 0,
        type_layout: Some(type_layout::<RlxBackendApi>),
        info: Some(info::<P>),
        device_count: Some(device_count::<P>),
        device_info: Some(device_info::<P>),
        create: Some(create::<P>),
        destroy: Some(destroy::<P>),
        compile: Some(compile::<P>),
        executable_destroy: Some(executable_destroy::<P>),
        executable_info: Some(executable_info::<P>),
        set_param: Some(set_param::<P>),
        run: Some(run::<P>),
        get_extension: Some(get_extension::<P>),
        shutdown: Some(shutdown::<P>),
    }
}

/// What an executable handle points to.
pub(super) struct ExecutableState<E> {
    executable: E,
    tensors: TensorLists,
    /// Set during a call. The host promises one call at a time; a host that breaks it gets an error, not a data race.
    busy: AtomicBool,
}

impl<E: Executable> ExecutableState<E> {
    /// Moves an executable behind a handle, which `executable_destroy` frees.
    pub(super) fn into_handle(executable: E) -> *mut RlxExecutable {
        let tensors =
            TensorLists::new(executable.inputs().to_vec(), executable.params().to_vec(), executable.outputs().to_vec());
        Box::into_raw(Box::new(Self { executable, tensors, busy: AtomicBool::new(false) })).cast()
    }
}

pub(super) type ExecutableOf<P> = <<P as Plugin>::Backend as Backend>::Executable;

/// Runs `body`, turns its error or panic into a wire error.
pub(super) fn guard(body: impl FnOnce() -> Result<(), Error>) -> *mut RlxError {
    // AssertUnwindSafe: after a panic the state is only reachable through slots that check it again.
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panic_error(payload.as_ref())));
    match result {
        Ok(()) => std::ptr::null_mut(),
        Err(error) => error.into_raw(),
    }
}

/// Like [`guard`] for slots that return nothing.
pub(super) fn guard_release(slot: &str, body: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
        // A second panic, in a logger of the host, must not escape either.
        let _ = catch_unwind(AssertUnwindSafe(|| log::error!("{slot}: {}", panic_error(payload.as_ref()))));
    }
}

/// The error that a panic of the plugin becomes.
#[doc(hidden)]
pub fn panic_error(payload: &(dyn std::any::Any + Send)) -> Error {
    Error::fault(format!("the plugin panicked: {}", panic_text(payload)))
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The slot `type_layout` of table `T`.
pub(super) unsafe extern "C" fn type_layout<T: StableAbi>() -> *const c_void {
    std::ptr::from_ref(T::LAYOUT).cast()
}

unsafe extern "C" fn info<P: Exported>(info: *mut RlxBackendInfo) -> *mut RlxError {
    guard(|| {
        let storage = P::state().info.get_or_init(|| P::info().map(InfoStorage::new)).as_ref().map_err(Clone::clone)?;
        // SAFETY: `RlxBackendInfo` starts with its size; the host's promise about `info`.
        unsafe { fill(info, storage.view(), "info") }
    })
}

fn devices<P: Exported>() -> Result<&'static [DeviceStorage], Error> {
    P::state()
        .devices
        .get_or_init(|| Ok(P::devices()?.into_iter().map(DeviceStorage::new).collect()))
        .as_deref()
        .map_err(Clone::clone)
}

fn device<P: Exported>(index: u64) -> Result<&'static DeviceStorage, Error> {
    let all = devices::<P>()?;
    usize::try_from(index)
        .ok()
        .and_then(|i| all.get(i))
        .ok_or_else(|| Error::not_found(format!("device {index} does not exist: the plugin has {} devices", all.len())))
}

unsafe extern "C" fn device_count<P: Exported>(count: *mut u64) -> *mut RlxError {
    guard(|| {
        let n = devices::<P>()?.len() as u64;
        // SAFETY: the host's promise.
        *unsafe { count.as_mut() }.ok_or_else(|| Error::invalid("device_count: count must not be NULL"))? = n;
        Ok(())
    })
}

unsafe extern "C" fn device_info<P: Exported>(index: u64, info: *mut RlxDeviceInfo) -> *mut RlxError {
    // SAFETY: `RlxDeviceInfo` starts with its size; the host's promise about `info`.
    guard(|| unsafe { fill(info, device::<P>(index)?.view(), "info") })
}

/// Makes an object that counts as alive; a failure or panic counts it out again.
pub(super) fn counted<P: Exported, T>(make: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let live = &P::state().live;
    live.enter()?;
    let made = catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|payload| Err(panic_error(payload.as_ref())));
    made.inspect_err(|_| live.leave())
}

unsafe extern "C" fn create<P: Exported>(
    request: *const RlxCreateArgs,
    backend: *mut *mut RlxBackend,
) -> *mut RlxError {
    guard(|| {
        // SAFETY: the host's promises about both pointers and the views in the arguments.
        let (request, out, options) = unsafe {
            let out = backend.as_mut().ok_or_else(|| Error::invalid("create: backend must not be NULL"))?;
            *out = std::ptr::null_mut();
            let request = read(request, "create arguments")?;
            (request, out, pairs(request.options, request.option_count, "create options")?)
        };
        let device = &device::<P>(request.device)?.info;
        let made =
            counted::<P, _>(|| P::create(CreateRequest { device, device_index: request.device as usize, options }))?;
        *out = Box::into_raw(Box::new(made)).cast();
        Ok(())
    })
}

unsafe extern "C" fn destroy<P: Exported>(backend: *mut RlxBackend) {
    if !backend.is_null() {
        // SAFETY: handles come from `create::<P>` alone, and the host destroys each once.
        guard_release("destroy", || drop(unsafe { Box::from_raw(backend.cast::<P::Backend>()) }));
        P::state().live.leave();
    }
}

/// What a host asks to have compiled.
///
/// # Safety
/// `request` is NULL, or of the size that it states and with views that are valid for `'a`.
pub(super) unsafe fn compile_request<'a>(request: *const RlxCompileArgs) -> Result<CompileRequest<'a>, Error> {
    // SAFETY: promised by the caller.
    unsafe {
        let request = read(request, "compile arguments")?;
        let graph = request.graph.as_str()?;
        Ok(CompileRequest {
            program: request.program.as_str().map_err(|e| e.context("program"))?,
            graph: (!graph.is_empty()).then_some(graph),
            options: pairs(request.options, request.option_count, "compile options")?,
        })
    }
}

unsafe extern "C" fn compile<P: Exported>(
    backend: *mut RlxBackend,
    request: *const RlxCompileArgs,
    executable: *mut *mut RlxExecutable,
) -> *mut RlxError {
    guard(|| {
        // SAFETY: the host's promises: a live handle from `create::<P>`, valid arguments and views.
        let (backend, out, request) = unsafe {
            let out = executable.as_mut().ok_or_else(|| Error::invalid("compile: executable must not be NULL"))?;
            *out = std::ptr::null_mut();
            let backend = backend.cast::<P::Backend>().as_ref();
            let backend = backend.ok_or_else(|| Error::invalid("compile: backend must not be NULL"))?;
            (backend, out, compile_request(request)?)
        };
        let executable = counted::<P, _>(|| backend.compile(request))?;
        *out = ExecutableState::into_handle(executable);
        Ok(())
    })
}

unsafe extern "C" fn executable_destroy<P: Exported>(executable: *mut RlxExecutable) {
    if !executable.is_null() {
        // SAFETY: live handle; `busy` is only touched atomically.
        if unsafe { (*executable.cast::<ExecutableState<ExecutableOf<P>>>()).busy.load(Ordering::Acquire) } {
            // The host's mistake, which happens when a process ends. To free what the call uses would be the worse one.
            let message = "a call of the executable is under way: it is not freed";
            return guard_release("executable_destroy", || log::error!("executable_destroy: {message}"));
        }
        guard_release("executable_destroy", || {
            // SAFETY: handles come from `compile::<P>` alone, and the host destroys each once.
            drop(unsafe { Box::from_raw(executable.cast::<ExecutableState<ExecutableOf<P>>>()) });
        });
        P::state().live.leave();
    }
}

/// Calls `body` with exclusive use of the executable.
///
/// # Safety
/// A non-NULL `executable` is a live handle from `compile::<P>`.
pub(super) unsafe fn exclusive<P: Exported>(
    executable: *mut RlxExecutable,
    slot: &str,
    body: impl FnOnce(&mut ExecutableOf<P>, &TensorLists) -> Result<(), Error>,
) -> Result<(), Error> {
    let state = executable.cast::<ExecutableState<ExecutableOf<P>>>();
    if state.is_null() {
        return Err(Error::invalid(format!("{slot}: executable must not be NULL")));
    }
    // SAFETY: live handle; `busy` is only touched atomically.
    let busy = unsafe { &(*state).busy };
    if busy.swap(true, Ordering::Acquire) {
        return Err(Error::new(
            ErrorKind::FailedPrecondition,
            format!("{slot}: the executable is in use by another call; make one call at a time"),
        ));
    }
    struct Reset<'a>(&'a AtomicBool);
    impl Drop for Reset<'_> {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Release);
        }
    }
    let _reset = Reset(busy);
    // SAFETY: live handle; `busy` makes this the only reference to `executable`, and `tensors` is never changed.
    unsafe { body(&mut (*state).executable, &(*state).tensors) }
}

unsafe extern "C" fn executable_info<P: Exported>(
    executable: *mut RlxExecutable,
    info: *mut RlxExecutableInfo,
) -> *mut RlxError {
    guard(|| {
        let state = executable.cast::<ExecutableState<ExecutableOf<P>>>();
        if state.is_null() {
            return Err(Error::invalid("executable_info: executable must not be NULL"));
        }
        // SAFETY: the host's promise: a live handle. Only `tensors` is borrowed, which never changes: a call on another
        // thread may hold the executable beside it.
        let tensors = unsafe { &(*state).tensors };
        // SAFETY: `RlxExecutableInfo` starts with its size; the host's promise about `info`.
        unsafe { fill(info, tensors.view(), "info") }
    })
}

unsafe extern "C" fn set_param<P: Exported>(
    executable: *mut RlxExecutable,
    request: *const RlxParamArgs,
) -> *mut RlxError {
    guard(|| {
        // SAFETY: the host's promises about the arguments and their views.
        let request = unsafe { read(request, "set_param arguments")? };
        // Taken first: `release` is called also when the call fails.
        let owner = request.release.map(|release| ParamOwner { release, context: request.release_context });
        // SAFETY: as above.
        let (name, value) = unsafe {
            let name = request.name.as_str()?;
            let value = TensorView::from_raw(&request.tensor).map_err(|e| e.context(format!("parameter `{name}`")))?;
            (name, value)
        };
        // SAFETY: the host's promise about the handle.
        unsafe {
            exclusive::<P>(executable, "set_param", |executable, tensors| {
                let declared = tensors.param(name)?;
                if declared.dtype != value.dtype || declared.dims != value.dims {
                    return Err(Error::invalid(format!(
                        "parameter `{name}` is {declared} in the graph, but {}{:?} was given",
                        value.dtype, value.dims
                    ))
                    .with("param", name));
                }
                executable.set_param(name, value, owner)
            })
        }
    })
}

unsafe extern "C" fn run<P: Exported>(executable: *mut RlxExecutable, request: *const RlxRunArgs) -> *mut RlxError {
    // SAFETY: the host's promises about the handle, the arguments and their views.
    guard(|| unsafe {
        let args = read(request, "run arguments")?;
        exclusive::<P>(executable, "run", |executable, tensors| {
            let inputs = run_inputs(executable, tensors, &args)?;
            executable.run(&inputs, &mut run_outputs(tensors, &args)?)
        })
    })
}

/// The checked inputs of a run; one that is left out because it is resident is empty.
///
/// # Safety
/// The views in `args` are valid for `'a`.
pub(super) unsafe fn run_inputs<'a, E: Executable>(
    executable: &E,
    tensors: &TensorLists,
    args: &RlxRunArgs,
) -> Result<Vec<&'a [u8]>, Error> {
    // SAFETY: promised by the caller.
    let views = unsafe { slice::<RlxBytes>(args.inputs, args.input_count, "run inputs")? };
    check_count("input", views.len(), tensors.inputs.len())?;
    let mut inputs = Vec::with_capacity(views.len());
    let mut missing = Vec::new();
    for (index, (view, info)) in views.iter().zip(&tensors.inputs).enumerate() {
        let left_out = view.data.is_null() && view.len == 0 && info.byte_len() > 0;
        if !left_out {
            check_size("input", info, view.len)?;
        } else if !executable.is_resident(index) {
            missing.push(info.name.as_str());
        }
        // SAFETY: promised by the caller.
        inputs.push(unsafe { slice(view.data, view.len, &info.name)? });
    }
    if !missing.is_empty() {
        let (n, list) = (missing.len(), missing.join(", "));
        return Err(Error::invalid(format!("{n} of {} inputs are missing: {list}", views.len())).with("missing", list));
    }
    Ok(inputs)
}

/// The checked places for the outputs of a run.
///
/// # Safety
/// The views in `args` are valid and writable for `'a`, and do not overlap.
pub(super) unsafe fn run_outputs<'a>(tensors: &TensorLists, args: &RlxRunArgs) -> Result<Vec<OutputBuffer<'a>>, Error> {
    // SAFETY: promised by the caller.
    let views = unsafe { slice::<RlxBytesMut>(args.outputs, args.output_count, "run outputs")? };
    check_count("output", views.len(), tensors.outputs.len())?;
    let mut buffers = Vec::with_capacity(views.len());
    for (view, info) in views.iter().zip(&tensors.outputs) {
        if view.data.is_null() {
            buffers.push(OutputBuffer(None));
            continue;
        }
        check_size("output", info, view.len)?;
        // SAFETY: promised by the caller; the size is the declared one, which fits the address space.
        buffers.push(OutputBuffer(Some(unsafe { std::slice::from_raw_parts_mut(view.data, view.len as usize) })));
    }
    Ok(buffers)
}

fn check_count(what: &str, given: usize, declared: usize) -> Result<(), Error> {
    if given == declared {
        return Ok(());
    }
    Err(Error::invalid(format!("the graph has {declared} {what}s, but {given} were given")))
}

fn check_size(what: &str, info: &crate::TensorInfo, given: u64) -> Result<(), Error> {
    let declared = info.byte_len() as u64;
    if given == declared {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} `{}` is {info}, {declared} bytes, but {given} bytes were given", info.name)))
}

unsafe extern "C" fn get_extension<P: Exported>(id: RlxStr, version: u32) -> *const c_void {
    let find = || {
        // SAFETY: the host's promise about the view.
        let id = unsafe { id.as_str() }.ok()?;
        P::extension(id, version)
    };
    catch_unwind(find).ok().flatten().unwrap_or(std::ptr::null())
}

unsafe extern "C" fn shutdown<P: Exported>() -> *mut RlxError {
    guard(|| {
        let live = &P::state().live;
        live.close()?;
        let stopped = catch_unwind(P::shutdown).unwrap_or_else(|payload| Err(panic_error(payload.as_ref())));
        stopped.inspect_err(|_| live.reopen())
    })
}
