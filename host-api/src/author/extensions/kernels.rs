//! Extension `kernels/1`.

use crate::Error;
use crate::abi::*;
use crate::author::kernel::{KernelRegistry, RegisteredKernel};
use crate::author::thunks::{guard, type_layout};
use crate::author::{Backend, Exported, Plugin};
use crate::views::{MAX_TEXT, text};
use std::ffi::c_void;

/// Backends to which hosts register kernels. All that one has to do is to hold a registry, and to look kernels up in it
/// when a graph with custom ops is compiled.
pub trait Kernels: Backend {
    /// The kernels of this instance.
    fn kernels(&self) -> &KernelRegistry;
}

/// The table of extension `kernels/1` for plugin `P`.
pub fn kernels_table<P: Exported>() -> *const c_void
where
    P::Backend: Kernels,
{
    let table: &'static RlxKernelsApi = const {
        &RlxKernelsApi {
            struct_size: size_of::<RlxKernelsApi>() as u64,
            type_layout: Some(type_layout::<RlxKernelsApi>),
            register: Some(register::<P>),
            unregister: Some(unregister::<P>),
            lookup: Some(lookup::<P>),
            list: Some(list::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

/// # Safety
/// `backend` is NULL or a live instance of plugin `P`.
unsafe fn registry<'a, P: Plugin>(backend: *mut RlxBackend, slot: &str) -> Result<&'a KernelRegistry, Error>
where
    P::Backend: Kernels,
{
    // SAFETY: promised by the caller.
    let backend = unsafe { backend.cast::<P::Backend>().as_ref() };
    backend.map(Kernels::kernels).ok_or_else(|| Error::invalid(format!("{slot}: backend must not be NULL")))
}

unsafe extern "C" fn register<P: Exported>(
    backend: *mut RlxBackend,
    kernel: *const RlxKernel,
    replaced: *mut u32,
) -> *mut RlxError
where
    P::Backend: Kernels,
{
    // SAFETY: the host's promises about the handle, the kernel and `replaced`.
    guard(|| unsafe {
        // First, since what is refused is released too.
        let kernel = RegisteredKernel::from_raw(kernel)?;
        let registry = registry::<P>(backend, "kernels register")?;
        let done = registry.register(kernel);
        if let Some(replaced) = replaced.as_mut() {
            *replaced = done.into();
        }
        Ok(())
    })
}

unsafe extern "C" fn unregister<P: Exported>(backend: *mut RlxBackend, op: RlxStr, removed: *mut u32) -> *mut RlxError
where
    P::Backend: Kernels,
{
    // SAFETY: the host's promises about the handle, the name and `removed`.
    guard(|| unsafe {
        let done = registry::<P>(backend, "kernels unregister")?.unregister(text(op, MAX_TEXT, "op")?);
        if let Some(removed) = removed.as_mut() {
            *removed = done.into();
        }
        Ok(())
    })
}

unsafe extern "C" fn lookup<P: Exported>(backend: *mut RlxBackend, op: RlxStr, kind: *mut u32) -> *mut RlxError
where
    P::Backend: Kernels,
{
    // SAFETY: the host's promises about the handle, the name and `kind`.
    guard(|| unsafe {
        let kind = kind.as_mut().ok_or_else(|| Error::invalid("kernels lookup: kind must not be NULL"))?;
        let found = registry::<P>(backend, "kernels lookup")?.get(text(op, MAX_TEXT, "op")?);
        *kind = found.map_or(0, |kernel| kernel.kind().code());
        Ok(())
    })
}

unsafe extern "C" fn list<P: Exported>(backend: *mut RlxBackend, sink: *const RlxKernelSink) -> *mut RlxError
where
    P::Backend: Kernels,
{
    // SAFETY: the host's promises about the handle and the sink.
    guard(|| unsafe {
        let sink = sink.as_ref().and_then(|sink| Some((sink.context, sink.emit?)));
        let (context, emit) = sink.ok_or_else(|| Error::invalid("kernels list: sink must not be NULL"))?;
        for (op, kind) in registry::<P>(backend, "kernels list")?.list() {
            emit(context, RlxStr::new(&op), kind.code());
        }
        Ok(())
    })
}
