//! Extension `params/1`.

use crate::abi::*;
use crate::author::thunks::{ExecutableOf, ExecutableState, counted, exclusive, guard, type_layout};
use crate::author::{Executable, Exported};
use crate::views::slice;
use crate::{Error, TensorInfo};
use std::ffi::c_void;

/// Executables whose parameters can be changed in part, shared and copied.
pub trait Params: Executable + Sized {
    /// Overwrites the bytes from `offset` on of a bound parameter; the range lies inside the parameter `declared`.
    /// Executables that share it keep the old values.
    ///
    /// # Errors
    /// Failed precondition when the parameter is not bound.
    fn write_param(&mut self, declared: &TensorInfo, offset: usize, data: &[u8]) -> Result<(), Error>;

    /// Binds each parameter that `source` has bound under the same name, dtype and shape to the same memory, and gives
    /// their number.
    ///
    /// # Errors
    /// When sharing is not possible, for example between devices.
    fn share_params(&mut self, source: &Self) -> Result<usize, Error>;

    /// A second executable of the same program, with shared parameters and resident inputs of its own.
    ///
    /// # Errors
    /// When memory runs out.
    fn duplicate(&mut self) -> Result<Self, Error>;
}

/// The table of extension `params/1` for plugin `P`.
pub fn params_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Params,
{
    let table: &'static RlxParamsApi = const {
        &RlxParamsApi {
            struct_size: size_of::<RlxParamsApi>() as u64,
            type_layout: Some(type_layout::<RlxParamsApi>),
            write: Some(write::<P>),
            share: Some(share::<P>),
            duplicate: Some(duplicate::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

unsafe extern "C" fn write<P: Exported>(
    executable: *mut RlxExecutable,
    name: RlxStr,
    offset: u64,
    data: RlxBytes,
) -> *mut RlxError
where
    ExecutableOf<P>: Params,
{
    // SAFETY: the host's promises about the handle and the views.
    guard(|| unsafe {
        let (name, data) = (name.as_str()?, slice(data.data, data.len, "data")?);
        exclusive::<P>(executable, "params write", |executable, tensors| {
            let declared = tensors.param(name)?;
            let fits = |offset: &usize| offset.checked_add(data.len()).is_some_and(|end| end <= declared.byte_len());
            let offset = usize::try_from(offset).ok().filter(fits).ok_or_else(|| {
                Error::invalid(format!(
                    "parameter `{name}` has {} bytes; {} at {offset} do not fit",
                    declared.byte_len(),
                    data.len()
                ))
            })?;
            executable.write_param(declared, offset, data)
        })
    })
}

unsafe extern "C" fn share<P: Exported>(
    executable: *mut RlxExecutable,
    source: *mut RlxExecutable,
    count: *mut u64,
) -> *mut RlxError
where
    ExecutableOf<P>: Params,
{
    // SAFETY: the host's promises about the handles and `count`. A source that is the target is refused as in use.
    guard(|| unsafe {
        let count = count.as_mut().ok_or_else(|| Error::invalid("params share: count must not be NULL"))?;
        exclusive::<P>(executable, "params share", |executable, _| {
            exclusive::<P>(source, "params share, source", |source, _| {
                *count = executable.share_params(source)? as u64;
                Ok(())
            })
        })
    })
}

unsafe extern "C" fn duplicate<P: Exported>(
    executable: *mut RlxExecutable,
    copy: *mut *mut RlxExecutable,
) -> *mut RlxError
where
    ExecutableOf<P>: Params,
{
    // SAFETY: the host's promises about the handle and `copy`.
    guard(|| unsafe {
        let out = copy.as_mut().ok_or_else(|| Error::invalid("params duplicate: copy must not be NULL"))?;
        *out = std::ptr::null_mut();
        exclusive::<P>(executable, "params duplicate", |executable, _| {
            let made = counted::<P, _>(|| executable.duplicate())?;
            *out = ExecutableState::into_handle(made);
            Ok(())
        })
    })
}
