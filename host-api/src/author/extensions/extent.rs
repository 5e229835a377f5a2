//! Extension `extent/1`.

use crate::Error;
use crate::abi::*;
use crate::author::thunks::{ExecutableOf, exclusive, guard, type_layout};
use crate::author::{Executable, Exported};
use crate::types::ActiveExtent;
use std::ffi::c_void;

/// Executables that can leave out rows that the host does not want.
pub trait Extent: Executable {
    /// Says which rows of inputs and outputs the host fills and reads from now on; all of them for `None`. `upper` is at least
    /// 1, and `actual` at most `upper`. Gives whether runs compute less for it. They may compute the whole; rows of outputs
    /// beyond `actual` are undefined.
    ///
    /// # Errors
    /// When it cannot be found out; then no extent is in force.
    fn set_active_extent(&mut self, extent: Option<ActiveExtent>) -> Result<bool, Error>;
}

/// The table of extension `extent/1` for plugin `P`.
pub fn extent_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Extent,
{
    let table: &'static RlxExtentApi = const {
        &RlxExtentApi {
            struct_size: size_of::<RlxExtentApi>() as u64,
            type_layout: Some(type_layout::<RlxExtentApi>),
            set: Some(set::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

/// An extent from the host, `None` for the whole.
fn extent_of(actual: u64, upper: u64) -> Result<Option<ActiveExtent>, Error> {
    let wrong = || {
        Error::invalid(format!("active extent: {actual} of {upper} rows; give at most as many rows as the axis has"))
    };
    match (usize::try_from(actual), usize::try_from(upper)) {
        (_, Ok(0)) => Ok(None),
        (Ok(actual), Ok(upper)) if actual <= upper => Ok(Some(ActiveExtent { actual, upper })),
        _ => Err(wrong()),
    }
}

unsafe extern "C" fn set<P: Exported>(
    executable: *mut RlxExecutable,
    actual: u64,
    upper: u64,
    honoured: *mut u32,
) -> *mut RlxError
where
    ExecutableOf<P>: Extent,
{
    // SAFETY: the host's promises about the handle and `honoured`.
    guard(|| unsafe {
        let honoured = honoured.as_mut().ok_or_else(|| Error::invalid("extent set: honoured must not be NULL"))?;
        *honoured = 0;
        exclusive::<P>(executable, "extent set", |executable, _| {
            let extent = extent_of(actual, upper);
            // One that is refused leaves none.
            *honoured = executable.set_active_extent(extent.as_ref().ok().copied().flatten())?.into();
            extent.map(drop)
        })
    })
}
