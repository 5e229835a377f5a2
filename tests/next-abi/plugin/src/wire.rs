//! The entry and the table, written out instead of by `export_plugin!`: each slot is the one of the author side, with a
//! look at fields beyond ABI 1.0 in what comes in, and marks in those of what goes out.

use crate::Next;
use crate::surplus::{MARK, name, surplus};
use rlx_host_api::abi::*;
use rlx_host_api::author::{Exported, PluginState, api_table, entry};
use rlx_host_api::growable::{fill, read};
use rlx_host_api::{Error, Growable};
use std::ptr::null_mut;

static STATE: PluginState = PluginState::new();

impl Exported for Next {
    fn state() -> &'static PluginState {
        &STATE
    }
}

/// What `export_plugin!` would export.
const PLAIN: RlxBackendApi = api_table::<Next>();

static API: RlxBackendApi = RlxBackendApi {
    info: Some(info),
    device_info: Some(device_info),
    create: Some(create),
    compile: Some(compile),
    executable_info: Some(executable_info),
    set_param: Some(set_param),
    run: Some(run),
    ..PLAIN
};

/// Calls a slot of [`PLAIN`]; unsafe.
macro_rules! plain {
    ($slot:ident($($arg:expr),*)) => {
        match PLAIN.$slot {
            Some(slot) => slot($($arg),*),
            None => Error::fault(concat!("no ", stringify!($slot))).into_raw(),
        }
    };
}

/// Logs the fields beyond ABI 1.0 of what the host wrote: `RlxRunArgs [0]`.
///
/// # Safety
/// As for [`read`].
unsafe fn look<T: Growable>(from: *const T) {
    // SAFETY: promised by the caller.
    if let Ok(mut value) = unsafe { read(from, name::<T>()) } {
        log::info!("{} {:?}", name::<T>(), surplus(&mut value));
    }
}

/// Has `value` filled, marks its fields beyond ABI 1.0 and gives it to the host.
///
/// # Safety
/// As for [`fill`].
unsafe fn mark<T: Growable>(out: *mut T, fill_in: impl FnOnce(*mut T) -> *mut RlxError) -> *mut RlxError {
    let mut value = T::sized();
    let error = fill_in(&mut value);
    if !error.is_null() {
        return error;
    }
    surplus(&mut value).fill(MARK);
    // SAFETY: promised by the caller.
    unsafe { fill(out, value, name::<T>()) }.map_or_else(Error::into_raw, |()| null_mut())
}

/// The one entry of this plugin.
// SAFETY: the name is reserved for this purpose by the ABI.
#[unsafe(no_mangle)]
unsafe extern "C" fn rlx_backend_entry(
    request: *const RlxEntryRequest,
    response: *mut RlxEntryResponse,
) -> *mut RlxError {
    // SAFETY: the host's promises about both pointers are handed on; after success both have the size of 1.0 at least.
    unsafe {
        let error = entry(&API, request, response);
        if error.is_null() {
            look(request);
            look((*request).services);
            if let Ok(mut answer) = read(response.cast_const(), "response") {
                surplus(&mut answer).fill(MARK);
                return fill(response, answer, "response").map_or_else(Error::into_raw, |()| null_mut());
            }
        }
        error
    }
}

unsafe extern "C" fn info(out: *mut RlxBackendInfo) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe { mark(out, |value| plain!(info(value))) }
}

unsafe extern "C" fn device_info(index: u64, out: *mut RlxDeviceInfo) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe { mark(out, |value| plain!(device_info(index, value))) }
}

unsafe extern "C" fn executable_info(executable: *mut RlxExecutable, out: *mut RlxExecutableInfo) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe { mark(out, |value| plain!(executable_info(executable, value))) }
}

unsafe extern "C" fn create(args: *const RlxCreateArgs, backend: *mut *mut RlxBackend) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe {
        look(args);
        plain!(create(args, backend))
    }
}

unsafe extern "C" fn compile(
    backend: *mut RlxBackend,
    args: *const RlxCompileArgs,
    executable: *mut *mut RlxExecutable,
) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe {
        look(args);
        plain!(compile(backend, args, executable))
    }
}

unsafe extern "C" fn set_param(executable: *mut RlxExecutable, args: *const RlxParamArgs) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe {
        look(args);
        plain!(set_param(executable, args))
    }
}

unsafe extern "C" fn run(executable: *mut RlxExecutable, args: *const RlxRunArgs) -> *mut RlxError {
    // SAFETY: the host's promises about the arguments are handed on.
    unsafe {
        look(args);
        plain!(run(executable, args))
    }
}
