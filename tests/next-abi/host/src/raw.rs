//! The same run slot by slot, as a host in C would make it.

use crate::surplus::{MARK, name, surplus};
use crate::{Values, named};
use anyhow::{Context, Result};
use rlx_host_api::abi::*;
use rlx_host_api::{Error, Executable, Growable};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::Path;
use std::ptr::{NonNull, null_mut};

/// What came out of a run.
pub(crate) struct Ran {
    pub(crate) outputs: Vec<Vec<u8>>,
    pub(crate) saw: Saw,
}

/// The fields beyond ABI 1.0 of what the plugin filled, by struct.
type Saw = BTreeMap<&'static str, Vec<u64>>;

/// A struct with a mark in every field beyond ABI 1.0.
fn marked<T: Growable>(mut value: T) -> T {
    surplus(&mut value).fill(MARK);
    value
}

/// What `fill` makes of a fresh struct.
fn filled<T: Growable>(saw: &mut Saw, fill: impl FnOnce(*mut T) -> *mut RlxError) -> Result<T> {
    let mut value = T::sized();
    // SAFETY: a slot returns NULL or an error that is released here.
    unsafe { Error::check(fill(&mut value))? };
    saw.insert(name::<T>(), surplus(&mut value).to_vec());
    Ok(value)
}

/// Runs `model` in the plugin at `path`, which is loaded; `like` is the same model compiled there.
pub(crate) fn run(path: &Path, model: &[u8], like: &Executable, values: &Values) -> Result<Ran> {
    let mut saw = Saw::new();
    let api = table(path, &mut saw)?;
    let (info, device_info, executable_info) = (slot(api.info)?, slot(api.device_info)?, slot(api.executable_info)?);
    let mut outputs: Vec<Vec<u8>> = like.outputs().iter().map(|o| vec![0; o.byte_len()]).collect();
    // SAFETY: the slots are called as `rlx_host_api::abi` says. Each struct states its size; all of them, and what their
    // views show, outlive the calls; the handles are live and are destroyed once.
    unsafe {
        filled::<RlxBackendInfo>(&mut saw, |out| info(out))?;
        filled::<RlxDeviceInfo>(&mut saw, |out| device_info(0, out))?;

        let mut backend = null_mut();
        Error::check(slot(api.create)?(&marked(RlxCreateArgs::sized()), &mut backend))?;
        let program = RlxStr { data: model.as_ptr(), len: model.len() as u64 };
        let args = marked(RlxCompileArgs { program, ..RlxCompileArgs::sized() });
        let mut executable = null_mut();
        Error::check(slot(api.compile)?(backend, &args, &mut executable))?;
        filled::<RlxExecutableInfo>(&mut saw, |out| executable_info(executable, out))?;

        for info in like.params() {
            let data = named(values, info)?;
            let (rank, data) = (info.dims.len() as u32, RlxBytes::new(data));
            let tensor = RlxTensor { dtype: info.dtype.code(), rank, dims: info.dims.as_ptr(), data };
            let args = marked(RlxParamArgs { name: RlxStr::new(&info.name), tensor, ..RlxParamArgs::sized() });
            Error::check(slot(api.set_param)?(executable, &args))?;
        }
        let inputs = like.inputs().iter().map(|info| Ok(RlxBytes::new(named(values, info)?)));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let buffers: Vec<RlxBytesMut> = outputs.iter_mut().map(|bytes| RlxBytesMut::new(bytes)).collect();
        let args = marked(RlxRunArgs {
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as u64,
            outputs: buffers.as_ptr(),
            output_count: buffers.len() as u64,
            ..RlxRunArgs::sized()
        });
        Error::check(slot(api.run)?(executable, &args))?;
        slot(api.executable_destroy)?(executable);
        slot(api.destroy)?(backend);
    }
    Ok(Ran { outputs, saw })
}

/// Negotiates once more, with marks.
fn table(path: &Path, saw: &mut Saw) -> Result<&'static RlxBackendApi> {
    // A plugin may log from its threads for ever.
    let services: &RlxHostServices = Box::leak(Box::new(marked(RlxHostServices::sized())));
    let request =
        marked(RlxEntryRequest { abi_min: ABI_OLDEST, abi_max: ABI_VERSION, services, ..RlxEntryRequest::sized() });
    // SAFETY: the plugin is in this process already, and it is never unloaded; the structs of the call state their
    // sizes; the table lives as long as the process.
    unsafe {
        let library = libloading::Library::new(path)?;
        let entry = *library.get::<RlxBackendEntry>(ENTRY_SYMBOL)?;
        std::mem::forget(library);
        let response = filled::<RlxEntryResponse>(saw, |out| entry(&request, out))?;
        response.api.as_ref().context("no table")
    }
}

fn slot<F>(slot: Option<F>) -> Result<F> {
    slot.context("an empty slot")
}

/// Calls the one function of the extension `next/1`.
pub(crate) fn answer(table: NonNull<c_void>) -> u64 {
    #[repr(C)]
    struct Table {
        struct_size: u64,
        answer: unsafe extern "C" fn() -> u64,
    }
    // SAFETY: the table of that id and version, which lives as long as the process.
    unsafe { (table.cast::<Table>().as_ref().answer)() }
}
