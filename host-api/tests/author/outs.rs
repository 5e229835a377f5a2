//! Structs that a plugin fills: what states less than the size of version 1.0 is refused and stays as it was.

use super::probe::Probe;
use super::table::{api, create, empty_response, rlx_backend_entry};
use rlx_host_api::abi::*;
use rlx_host_api::author::{memory_table, profile_table};
use rlx_host_api::{Error, Growable};
use std::collections::BTreeSet;
use std::ptr::null;

/// Asserts that `slot` fills a whole `T`, and refuses and leaves alone one of any size below that of version 1.0. Gives
/// the name of `T`.
#[track_caller]
pub(super) fn check<T: Growable>(slot: impl Fn(*mut T) -> Result<(), Error>) -> &'static str {
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap();
    let mut whole = T::sized();
    slot(&raw mut whole).unwrap();
    for size in (0..T::BASELINE as u64).step_by(4).chain([T::BASELINE as u64 - 1]) {
        // SAFETY: a growable struct is plain data, with its size in front.
        let (mut out, before) = unsafe {
            let mut out: T = std::mem::zeroed();
            (&raw mut out).cast::<u64>().write(size);
            (out, bytes(&out))
        };
        let refusal = slot(&raw mut out).expect_err(&format!("{name} of {size} bytes is taken"));
        assert!(refusal.message().contains(&size.to_string()), "{name} of {size} bytes: {refusal}");
        // SAFETY: as above.
        assert_eq!(unsafe { bytes(&out) }, before, "{name} of {size} bytes is written to");
    }
    name
}

/// # Safety
/// `T` has no byte that was never written, such as padding.
unsafe fn bytes<T: Growable>(value: &T) -> Vec<u8> {
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }.to_vec()
}

#[test]
fn every_out_struct_below_1_0_is_refused_and_left_alone() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    // SAFETY: tables live as long as the process.
    let (memory, profile) = unsafe {
        (&*memory_table::<Probe>().cast::<RlxMemoryApi>(), &*profile_table::<Probe>().cast::<RlxProfileApi>())
    };
    // SAFETY: live handles; each struct is at least as large as it states.
    let filled = unsafe {
        [
            check(|out| Error::check(api().info.unwrap()(out))),
            check(|out| Error::check(api().device_info.unwrap()(0, out))),
            check(|out| Error::check(api().executable_info.unwrap()(graph.handle, out))),
            check(|out| Error::check(memory.stats.unwrap()(instance.handle(), out))),
            check(|out| Error::check(profile.counters.unwrap()(graph.handle, out))),
        ]
    };
    // What needs a group is tried where there is one.
    let tried = filled.into_iter().chain(["RlxGroupInfo"]);
    assert_eq!(tried.collect::<BTreeSet<_>>(), out_structs(), "each of the ABI is tried here");
}

/// The entry tells its range wherever that has room, so that a refusal can be read; the rest is left alone.
#[test]
fn an_entry_response_below_1_0_gets_the_range_and_no_table() {
    api();
    let request = RlxEntryRequest { abi_min: ABI_OLDEST, abi_max: ABI_VERSION, ..RlxEntryRequest::sized() };
    for size in 0..RlxEntryResponse::BASELINE as u64 {
        let mut response = RlxEntryResponse { struct_size: size, ..empty_response() };
        // SAFETY: both structs are at least as large as they state.
        let refusal = unsafe { Error::check(rlx_backend_entry(&request, &mut response)) }.unwrap_err();
        assert!(refusal.message().contains(&format!("response of {size} bytes")), "{refusal}");
        assert_eq!(response.api, std::ptr::dangling(), "{size} bytes: written beyond the range");
        let told = size >= 8 + 2 * size_of::<RlxVersion>() as u64;
        assert_eq!(response.abi_max == ABI_VERSION, told, "{size} bytes");
    }
    assert_eq!(request.services, null());
}

/// The structs with a size that the slots of the C header take to fill, but for the entry's response.
fn out_structs() -> BTreeSet<&'static str> {
    let header = include_str!("../../include/rlx_backend.h");
    let has_size = |name: &str| {
        let body = header.split_once(&format!("\nstruct {name} {{")).map(|(_, rest)| rest);
        body.is_some_and(|body| body[..body.find('}').unwrap()].contains("uint64_t struct_size;"))
    };
    let mut found = BTreeSet::new();
    for line in header.lines().filter(|line| line.contains("(*")) {
        let arguments = line.rsplit('(').next().unwrap();
        for argument in arguments.split([',', ')']).map(str::trim).filter(|a| !a.starts_with("const ")) {
            if let Some((name, _)) = argument.split_once(" *").filter(|(name, _)| has_size(name)) {
                found.insert(name);
            }
        }
    }
    // Frozen for ever, and what its `release` gets is the plugin's own.
    assert!(found.remove("RlxError") && found.remove("RlxEntryResponse"), "{found:?}");
    found
}
