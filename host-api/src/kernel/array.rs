//! Lazy arrays of a plugin's engine, and the table of operations that composed kernels build them with.
//!
//! # Signatures
//! The table gives each operation a name and a signature, so that host and plugin may be of different ages: an operation
//! that is not there, or takes other arguments, is an error and not a wrong call. The function's first parameter is where
//! results go, an array of handles that the caller has room for; it writes fresh ones, or returns an error. A signature
//! states the number of results, `n` standing for a `uint64_t` that follows, and then one letter for each argument:
//!
//! | letter | argument | C |
//! |---|---|---|
//! | `a` | array | `RlxArray *` |
//! | `o` | array or NULL | `RlxArray *` |
//! | `l` | list of arrays | `RlxArray *const *`, `uint64_t` |
//! | `i` | integer | `int32_t` |
//! | `b` | truth value | `int32_t` |
//! | `u` | count, offset or seed | `uint64_t` |
//! | `f`, `d` | real number | `float`, `double` |
//! | `t` | element type | `uint32_t`, one of `RLX_DTYPE_*` |
//! | `e` | kind | `uint32_t`, a value of the operation's own enum |
//! | `v` | list of integers | `const int32_t *`, `uint64_t` |
//! | `x` | list of integers, or NULL | `const int32_t *`, `uint64_t` |
//! | `w` | list of integers | `const int64_t *`, `uint64_t` |
//! | `s` | text | `RlxStr` |
//!
//! A name never changes its meaning: an operation that would becomes another one, of another name.

use crate::abi::*;
use crate::growable::read;
use crate::views::{MAX_TEXT, slice, text};
use crate::{DType, Error};
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Extents of most arrays fit into this many; of others they are asked for twice.
const USUAL_RANK: usize = 8;

/// An array in a graph of the plugin's engine. It has no elements before the graph is evaluated, which is after the
/// kernel has returned.
#[derive(Debug)]
pub struct Array<'a> {
    handle: NonNull<RlxArray>,
    ops: ArrayOps<'a>,
}

impl Drop for Array<'_> {
    fn drop(&mut self) {
        // SAFETY: an owned handle, freed once, by the plugin that made it.
        unsafe { (self.ops.free)(self.handle.as_ptr()) }
    }
}

impl<'a> Array<'a> {
    /// Takes a handle over.
    ///
    /// # Errors
    /// Plugin fault for NULL.
    ///
    /// # Safety
    /// `handle` is NULL or a live array of the plugin that `ops` belongs to, which nobody else frees.
    pub unsafe fn from_raw(handle: *mut RlxArray, ops: ArrayOps<'a>) -> Result<Self, Error> {
        let handle = NonNull::new(handle).ok_or_else(|| Error::fault("the plugin gave no array and no error"))?;
        Ok(Self { handle, ops })
    }

    /// Looks at an array that somebody else frees.
    ///
    /// # Errors
    /// Plugin fault for NULL.
    ///
    /// # Safety
    /// As [`from_raw`](Self::from_raw), save that its owner frees it, after `'a`.
    pub unsafe fn borrowed(handle: *mut RlxArray, ops: ArrayOps<'a>) -> Result<ManuallyDrop<Self>, Error> {
        // SAFETY: promised by the caller; it is not dropped.
        unsafe { Self::from_raw(handle, ops) }.map(ManuallyDrop::new)
    }

    /// The handle, given away: who has it frees it.
    pub fn into_raw(self) -> *mut RlxArray {
        ManuallyDrop::new(self).handle.as_ptr()
    }

    /// Extents, as operations take them.
    ///
    /// # Errors
    /// What the plugin tells.
    pub fn dims(&self) -> Result<Vec<i32>, Error> {
        let dims = self.describe()?.1;
        let narrow = |dim| i32::try_from(dim).map_err(|_| Error::fault(format!("the plugin gave an array {dims:?}")));
        dims.iter().copied().map(narrow).collect()
    }

    /// Element type.
    ///
    /// # Errors
    /// What the plugin tells.
    pub fn dtype(&self) -> Result<DType, Error> {
        DType::from_code(self.describe()?.0).map_err(|e| Error::fault(e.message()).context("an array of the plugin"))
    }

    fn describe(&self) -> Result<(u32, Vec<i64>), Error> {
        let mut dtype = 0;
        let mut dims = vec![0; USUAL_RANK];
        loop {
            let mut rank = 0;
            let capacity = dims.len() as u64;
            // SAFETY: live handle; the buffer has the capacity stated, and the others are writable.
            unsafe {
                let describe = self.ops.describe;
                Error::check(describe(self.handle.as_ptr(), &mut dtype, dims.as_mut_ptr(), capacity, &mut rank))?;
            }
            // An engine with this rank would be news; a plugin that gives it is broken.
            let known = usize::try_from(rank).ok().filter(|&rank| rank <= 1 << 10);
            let rank = known.ok_or_else(|| Error::fault(format!("the plugin gave an array of rank {rank}")))?;
            let complete = rank <= dims.len();
            dims.resize(rank, 0);
            if complete {
                return Ok((dtype, dims));
            }
        }
    }
}

/// The operations that a plugin offers to composed kernels, a method for each. Their results are lazy.
///
/// A method fails with *unsupported* when the plugin lacks the operation, which an older one may, and with *invalid
/// argument*, naming the operation, when shapes, axes or dtypes do not fit.
#[derive(Debug, Clone, Copy)]
pub struct ArrayOps<'a> {
    /// Which table it is: arrays of one plugin are not for another.
    table: *const RlxArrayOps,
    ops: &'a [RlxArrayOp],
    free: unsafe extern "C" fn(*mut RlxArray),
    describe: unsafe extern "C" fn(*const RlxArray, *mut u32, *mut i64, u64, *mut u64) -> *mut RlxError,
}

impl<'a> ArrayOps<'a> {
    /// Checks a plugin's table.
    ///
    /// # Errors
    /// Invalid argument for NULL, a table that is too short, or one without its own functions.
    ///
    /// # Safety
    /// `table` is NULL or points to a table of the size that it states, which keeps what [`RlxArrayOps`] promises for
    /// `'a`.
    pub unsafe fn from_raw(table: *const RlxArrayOps) -> Result<Self, Error> {
        // SAFETY: promised by the caller.
        let (seen, ops) = unsafe {
            let seen = read(table, "array operations")?;
            (seen, slice(seen.ops, seen.op_count, "array operations")?)
        };
        let (Some(free), Some(describe)) = (seen.free, seen.describe) else {
            return Err(Error::invalid("array operations: `free` and `describe` must not be NULL"));
        };
        Ok(Self { table, ops, free, describe })
    }

    /// Names of the operations that the plugin has, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let ops = self.ops;
        // SAFETY: the promise of `from_raw` covers the texts.
        ops.iter().filter_map(|op| unsafe { text(op.name, MAX_TEXT, "name") }.ok())
    }

    /// The function of an operation.
    ///
    /// # Safety
    /// `F` is the type of a pointer to a function of this signature.
    pub(super) unsafe fn find<F: Copy>(&self, name: &str, signature: &str) -> Result<F, Error> {
        const { assert!(size_of::<F>() == size_of::<*const c_void>()) };
        // SAFETY: the promise of `from_raw` covers the texts.
        let spelled = |view: RlxStr| unsafe { text(view, MAX_TEXT, "array operations") }.unwrap_or_default();
        let found = self.ops.binary_search_by(|op| spelled(op.name).cmp(name)).ok().map(|at| &self.ops[at]);
        let Some(op) = found.filter(|op| !op.function.is_null()) else {
            return Err(Error::unsupported(format!("the plugin has no array operation `{name}`")));
        };
        let theirs = spelled(op.signature);
        if theirs != signature {
            return Err(Error::unsupported(format!(
                "the plugin has no array operation `{name}` of signature `{signature}`, its own is `{theirs}`"
            )));
        }
        // SAFETY: of one size; the caller's promise about `F`, and the table's about its function.
        Ok(unsafe { std::mem::transmute_copy(&op.function) })
    }

    /// The handle of an argument.
    pub(super) fn handle(&self, array: &Array<'_>) -> Result<*mut RlxArray, Error> {
        if std::ptr::eq(array.ops.table, self.table) {
            return Ok(array.handle.as_ptr());
        }
        Err(Error::invalid("the array belongs to another plugin"))
    }

    pub(super) fn optional_handle(&self, array: Option<&Array<'_>>) -> Result<*mut RlxArray, Error> {
        array.map_or(Ok(std::ptr::null_mut()), |array| self.handle(array))
    }

    pub(super) fn handles(&self, arrays: &[&Array<'_>]) -> Result<Vec<*mut RlxArray>, Error> {
        arrays.iter().map(|array| self.handle(array)).collect()
    }

    /// The results of a call that writes `N` of them.
    ///
    /// # Safety
    /// After success the call has written `N` fresh handles or NULL.
    pub(super) unsafe fn call<const N: usize>(
        &self,
        call: impl FnOnce(*mut *mut RlxArray) -> *mut RlxError,
    ) -> Result<[Option<Array<'a>>; N], Error> {
        let mut out = [std::ptr::null_mut(); N];
        // SAFETY: what an operation returns is NULL or a fresh error.
        unsafe { Error::check(call(out.as_mut_ptr()))? };
        Ok(out.map(|handle| Some(Array { handle: NonNull::new(handle)?, ops: *self })))
    }

    /// The same for as many results as the caller wants.
    ///
    /// # Safety
    /// As [`call`](Self::call), for `count`.
    pub(super) unsafe fn call_counted(
        &self,
        count: usize,
        call: impl FnOnce(*mut *mut RlxArray, u64) -> *mut RlxError,
    ) -> Result<Vec<Array<'a>>, Error> {
        let mut out = vec![std::ptr::null_mut(); count];
        // SAFETY: as in `call`.
        unsafe { Error::check(call(out.as_mut_ptr(), count as u64))? };
        // All are taken over before one that is missing is told, so that none leaks.
        let made: Vec<_> =
            out.into_iter().map(|handle| Some(Array { handle: NonNull::new(handle)?, ops: *self })).collect();
        made.into_iter().map(given).collect()
    }
}

/// A result that an operation always gives.
pub(super) fn given(result: Option<Array<'_>>) -> Result<Array<'_>, Error> {
    result.ok_or_else(|| Error::fault("an array operation of the plugin gave no array and no error"))
}
