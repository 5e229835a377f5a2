//! Extension `rng/1`.

use crate::Error;
use crate::abi::*;
use crate::author::thunks::{ExecutableOf, exclusive, guard, type_layout};
use crate::author::{Executable, Exported};
use crate::types::{Generator, Rng};
use std::ffi::c_void;

/// Executables that draw random numbers.
pub trait Random: Executable {
    /// Says what the random numbers of all later runs follow from; before it is called, [`Rng::default`]. Runs of one seed
    /// draw the same numbers, but for ops whose seed says that each run draws others (`Op::Sample` with seed 0): those
    /// follow from the number of runs since this call too, which it sets back. A duplicate starts with what is in force.
    ///
    /// # Errors
    /// Unsupported when the plugin lacks the generator; then what was in force stays.
    fn set_rng(&mut self, rng: Rng) -> Result<(), Error>;
}

/// The table of extension `rng/1` for plugin `P`.
pub fn rng_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Random,
{
    let table: &'static RlxRngApi = const {
        &RlxRngApi {
            struct_size: size_of::<RlxRngApi>() as u64,
            type_layout: Some(type_layout::<RlxRngApi>),
            set: Some(set::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

unsafe extern "C" fn set<P: Exported>(executable: *mut RlxExecutable, seed: u64, generator: u32) -> *mut RlxError
where
    ExecutableOf<P>: Random,
{
    // SAFETY: the host's promises about the handle.
    guard(|| unsafe {
        exclusive::<P>(executable, "rng set", |executable, _| {
            executable.set_rng(Rng { seed, generator: Generator::from_code(generator)? })
        })
    })
}
