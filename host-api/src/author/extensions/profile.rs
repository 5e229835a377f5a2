//! Extension `profile/1`.

use crate::Growable;
use crate::abi::*;
use crate::author::thunks::{ExecutableOf, exclusive, guard, type_layout};
use crate::author::{Executable, Exported};
use crate::growable::fill;
use crate::types::Counters;
use std::ffi::c_void;

/// Executables that count what they do.
pub trait Profile: Executable {
    /// The counters.
    fn counters(&self) -> Counters;
}

/// The table of extension `profile/1` for plugin `P`.
pub fn profile_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Profile,
{
    let table: &'static RlxProfileApi = const {
        &RlxProfileApi {
            struct_size: size_of::<RlxProfileApi>() as u64,
            type_layout: Some(type_layout::<RlxProfileApi>),
            counters: Some(counters::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

unsafe extern "C" fn counters<P: Exported>(
    executable: *mut RlxExecutable,
    out: *mut RlxExecutableCounters,
) -> *mut RlxError
where
    ExecutableOf<P>: Profile,
{
    // SAFETY: the host's promises about the handle and `out`.
    guard(|| unsafe {
        exclusive::<P>(executable, "profile counters", |executable, _| {
            let Counters { runs, traces, evaluations, bytes_in, bytes_out, bytes_on_device } = executable.counters();
            let value = RlxExecutableCounters {
                runs,
                traces,
                evaluations,
                bytes_in,
                bytes_out,
                bytes_on_device,
                ..RlxExecutableCounters::sized()
            };
            fill(out, value, "counters")
        })
    })
}
