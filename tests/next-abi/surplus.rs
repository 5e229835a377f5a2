//! The fields that a struct has beyond ABI 1.0. Plugin and host of this folder are built against several versions of
//! the host API, so they cannot name them.

use rlx_host_api::Growable;

/// What either side puts into such fields: anything but zero.
pub(crate) const MARK: u64 = 0x6E65_7874;

/// The words behind the last field of ABI 1.0: none when built against 1.0.
pub(crate) fn surplus<T: Growable>(value: &mut T) -> &mut [u64] {
    let words = (size_of::<T>() - T::BASELINE) / size_of::<u64>();
    // SAFETY: inside `value`, which is plain data; a 1.0 struct ends without padding and grows by whole words.
    unsafe { std::slice::from_raw_parts_mut((&raw mut *value).byte_add(T::BASELINE).cast(), words) }
}

/// The struct's name without its module.
pub(crate) fn name<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    path.rsplit("::").next().unwrap_or(path)
}
