//! Structs that gain trailing fields within a major version, and how one side reads what the other wrote. Extension
//! tables use it for their own structs.

use crate::Error;
use crate::abi::*;

/// A struct of the ABI that starts with `struct_size` and may gain trailing fields in a minor version.
///
/// The owner of a struct states the size it knows. Who reads or fills it takes any size from [`BASELINE`](Self::BASELINE) on: fields beyond the
/// writer's size count as zero, fields beyond the reader's are ignored. So zero must mean "as before" in every new
/// field.
///
/// # Safety
/// `#[repr(C)]`, the first field is `struct_size: u64`, all bytes zero is a valid value, and the struct is plain data
/// that may be copied byte by byte.
pub unsafe trait Growable: Copy {
    /// Size in bytes at the first minor of this major version; what every writer has.
    const BASELINE: usize;

    /// All fields zero, save `struct_size`. Literals end in `..Growable::sized()`, so that they stay right when the
    /// struct grows.
    fn sized() -> Self {
        // SAFETY: zero is valid, and the first field is the size; both promised by the implementor.
        unsafe {
            let mut value: Self = std::mem::zeroed();
            (&raw mut value).cast::<u64>().write(size_of::<Self>() as u64);
            value
        }
    }
}

/// Size of the field behind a projection, for [`growable!`].
const fn field_size<T, F>(_: fn(&T) -> *const F) -> usize {
    size_of::<F>()
}

/// Implements [`Growable`]; names the last field of version 1.0.
macro_rules! growable {
    ($($name:ident ends with $last:ident),* $(,)?) => {$(
        // SAFETY: declared in `abi` as `#[repr(C)]` with `struct_size: u64` first; integers, nullable pointers and
        // nullable function pointers are valid when zero.
        unsafe impl Growable for $name {
            const BASELINE: usize =
                std::mem::offset_of!($name, $last) + field_size(|value: &$name| &raw const value.$last);
        }
    )*};
}

growable! {
    RlxHostServices ends with log,
    RlxEntryRequest ends with services,
    RlxEntryResponse ends with api,
    RlxBackendInfo ends with op_count,
    RlxDeviceInfo ends with attribute_count,
    RlxCreateArgs ends with option_count,
    RlxParamArgs ends with release_context,
    RlxCompileArgs ends with option_count,
    RlxTensorInfo ends with dims,
    RlxExecutableInfo ends with output_count,
    RlxRunArgs ends with output_count,
    RlxCopyArgs ends with segment_count,
    RlxMemoryStats ends with cache_limit,
    RlxExecutableCounters ends with bytes_on_device,
    RlxKernelCall ends with output_count,
    RlxKernel ends with fallback,
    RlxKernelSource ends with shared_memory,
    RlxLaunch ends with init,
    RlxArrayOps ends with describe,
    RlxClaim ends with reason,
    RlxSpan ends with bytes,
    RlxGroupArgs ends with timeout_ns,
    RlxGroupInfo ends with backend,
}

/// Whether `name` is a struct that may grow.
pub(crate) fn grows(name: &str) -> bool {
    // In tables and errors, which are frozen, it only guards against a truncated one.
    name != "RlxError" && !name.ends_with("Api")
}

/// How many bytes both sides know of a struct whose owner states its size.
fn known_size<T: Growable>(stated: u64, what: &str) -> Result<usize, Error> {
    if stated < T::BASELINE as u64 {
        let baseline = T::BASELINE;
        return Err(Error::invalid(format!(
            "{what}: struct_size {stated} is below {baseline}, the size of ABI {ABI_OLDEST}"
        )));
    }
    Ok(usize::try_from(stated).unwrap_or(usize::MAX).min(size_of::<T>()))
}

/// A struct that the other side wrote, as far as both sides know it; `what` names it in errors.
///
/// # Errors
/// Invalid argument for NULL, or for a size below the baseline.
///
/// # Safety
/// A non-NULL `from` is aligned and points to a struct of the size that its `struct_size` states.
pub unsafe fn read<T: Growable>(from: *const T, what: &str) -> Result<T, Error> {
    if from.is_null() {
        return Err(Error::invalid(format!("{what} must not be NULL")));
    }
    // SAFETY: not NULL, starts with its size.
    let known = known_size::<T>(unsafe { from.cast::<u64>().read() }, what)?;
    let mut value = T::sized();
    // SAFETY: both sides hold `known` bytes and do not overlap.
    unsafe { from.cast::<u8>().copy_to_nonoverlapping((&raw mut value).cast(), known) };
    Ok(value)
}

/// Writes `value` into a caller's struct as far as the caller knows it; `struct_size` stays the caller's.
///
/// # Errors
/// Invalid argument for NULL, or for a size below the baseline, such as one that was never set; nothing is written then.
///
/// # Safety
/// A non-NULL `out` is aligned and points to a writable struct of the size that its `struct_size` states.
pub unsafe fn fill<T: Growable>(out: *mut T, value: T, what: &str) -> Result<(), Error> {
    if out.is_null() {
        return Err(Error::invalid(format!("{what} must not be NULL")));
    }
    let head = size_of::<u64>();
    // SAFETY: not NULL, starts with its size.
    let known = known_size::<T>(unsafe { out.cast::<u64>().read() }, what)?;
    // SAFETY: both sides hold at least `known` bytes; the size field in front is left alone.
    unsafe {
        (&raw const value).cast::<u8>().add(head).copy_to_nonoverlapping(out.cast::<u8>().add(head), known - head);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `RlxCreateArgs` as a later minor may have it.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Later {
        now: RlxCreateArgs,
        more: u64,
    }

    // SAFETY: `RlxCreateArgs` with a trailing integer.
    unsafe impl Growable for Later {
        const BASELINE: usize = RlxCreateArgs::BASELINE;
    }

    #[test]
    fn at_1_0_every_struct_is_its_own_baseline() {
        assert_eq!(RlxCreateArgs::BASELINE, size_of::<RlxCreateArgs>());
        assert_eq!(RlxBackendInfo::BASELINE, size_of::<RlxBackendInfo>());
    }

    #[test]
    fn an_older_writer_leaves_zero_and_a_newer_ones_surplus_is_ignored() {
        let older = RlxCreateArgs { device: 3, ..RlxCreateArgs::sized() };
        // SAFETY: the struct states its size.
        let read_by_newer = unsafe { read((&raw const older).cast::<Later>(), "args") }.unwrap();
        assert_eq!((read_by_newer.now.device, read_by_newer.more), (3, 0));

        let newer = Later { now: RlxCreateArgs { device: 4, ..Later::sized().now }, more: 9 };
        // SAFETY: as above.
        let read_by_older = unsafe { read((&raw const newer).cast::<RlxCreateArgs>(), "args") }.unwrap();
        assert_eq!(read_by_older.device, 4);
    }

    #[test]
    fn a_struct_is_filled_as_far_as_its_owner_knows_it() {
        let mut older = RlxCreateArgs::sized();
        let value = Later { now: RlxCreateArgs { device: 5, ..RlxCreateArgs::sized() }, more: 6 };
        // SAFETY: the struct states its size.
        unsafe { fill((&raw mut older).cast::<Later>(), value, "args") }.unwrap();
        assert_eq!((older.device, older.struct_size), (5, size_of::<RlxCreateArgs>() as u64));
        let mut newer = Later { more: 7, ..Later::sized() };
        // SAFETY: as above.
        unsafe { fill((&raw mut newer).cast::<RlxCreateArgs>(), value.now, "args") }.unwrap();
        assert_eq!((newer.now.device, newer.more), (5, 7));
    }

    #[test]
    fn what_is_shorter_than_1_0_is_refused() {
        for size in [0, 8, RlxCreateArgs::BASELINE as u64 - 1] {
            let mut short = RlxCreateArgs { struct_size: size, device: 9, ..RlxCreateArgs::sized() };
            let stated = format!("struct_size {size} is below 32");
            // SAFETY: the struct is larger than it states.
            let refusal = unsafe { read(&raw const short, "args") }.unwrap_err();
            assert!(refusal.message().contains(&stated), "{refusal}");
            // SAFETY: as above.
            let refusal = unsafe { fill(&raw mut short, RlxCreateArgs::sized(), "args") }.unwrap_err();
            assert!(refusal.message().contains(&stated), "{refusal}");
            assert_eq!(short.device, 9, "nothing is written");
        }
    }
}
