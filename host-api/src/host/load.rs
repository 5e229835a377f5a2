//! Opens a plugin file, negotiates, and checks the table before any slot is called.

use super::layout;
use super::services::services;
use crate::abi::*;
use crate::discovery::Refusal;
use crate::negotiate::{VersionRange, select};
use crate::{Error, Growable};
use abi_stable::type_layout::TypeLayout;
use std::path::Path;

/// Stands in the answer until the plugin fills it.
const NO_VERSION: RlxVersion = RlxVersion { major: 0, minor: 0, patch: 0 };

/// The table of the plugin at `path`. The library stays loaded for the life of the process.
pub(super) fn load(path: &Path) -> Result<&'static RlxBackendApi, Refusal> {
    let entry = open(path)?;
    let request =
        RlxEntryRequest { abi_min: ABI_OLDEST, abi_max: ABI_VERSION, services: services(), ..RlxEntryRequest::sized() };
    let mut response = RlxEntryResponse::sized();
    // SAFETY: both structs state their sizes and outlive the call; the services are static.
    let answer = unsafe { Error::check(entry(&request, &mut response)) };
    let theirs = VersionRange { oldest: response.abi_min, newest: response.abi_max };
    answer.map_err(|error| refused(error, theirs))?;
    check_version(theirs, response.abi_selected)?;
    if !response.api.is_aligned() {
        return Err(Refusal::BadEntry { reason: "its function table is misaligned".to_owned() });
    }
    // SAFETY: aligned; the plugin promises NULL or a table that lives as long as the process.
    let api = unsafe { response.api.as_ref() };
    let api = api.ok_or_else(|| Refusal::BadEntry { reason: "it gave no function table".to_owned() })?;
    check_table(api)?;
    check_built(theirs, response.abi_selected, api.abi_version)?;
    Ok(api)
}

/// What an error of the entry means: no common version, or another failure.
fn refused(error: Error, theirs: VersionRange) -> Refusal {
    if select(VersionRange::OURS, theirs).is_some() || theirs.newest == NO_VERSION {
        return Refusal::EntryFailed { error };
    }
    mismatch(theirs)
}

fn mismatch(theirs: VersionRange) -> Refusal {
    let older = if theirs.newest < ABI_OLDEST { "plugin" } else { "host" };
    Refusal::AbiMismatch { plugin: theirs, host: VersionRange::OURS, older }
}

fn open(path: &Path) -> Result<RlxBackendEntry, Refusal> {
    let refuse = |reason: String| Refusal::OpenFailed { reason };
    #[cfg(unix)]
    let library = {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
        // SAFETY: runs the library's initialisers. The user chose the file; its symbols stay out of the global scope,
        // and every symbol must resolve now, not in the middle of a run.
        unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(|e| refuse(system_text(&e, path)))?
    };
    #[cfg(windows)]
    let library = {
        use libloading::os::windows::{LOAD_LIBRARY_SEARCH_DEFAULT_DIRS, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, Library};
        // SAFETY: runs the library's initialisers. The user chose the file; dependencies come from beside it or from
        // the system, never from the current directory.
        unsafe { Library::load_with_flags(path, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS) }
            .map_err(|e| refuse(system_text(&e, path)))?
    };
    // SAFETY: the ABI reserves this name for a function of this type.
    let entry = unsafe { library.get::<RlxBackendEntry>(ENTRY_SYMBOL) }
        .map(|symbol| *symbol)
        .map_err(|_| Refusal::NoEntrySymbol)?;
    // Engines keep threads and static destructors: a plugin is never unloaded.
    std::mem::forget(library);
    Ok(entry)
}

/// What the system's loader said, without the name of the file that `refuse` gives; libloading keeps it behind its own
/// text.
fn system_text(error: &libloading::Error, path: &Path) -> String {
    let text = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    match text.strip_prefix(&format!("{}: ", path.display())) {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn check_version(theirs: VersionRange, picked: RlxVersion) -> Result<(), Refusal> {
    let common = select(VersionRange::OURS, theirs).ok_or_else(|| mismatch(theirs))?;
    if picked <= common && theirs.oldest <= picked && ABI_OLDEST <= picked {
        return Ok(());
    }
    Err(Refusal::BadEntry { reason: format!("it speaks ABI {theirs} and picked {picked}, not one up to {common}") })
}

/// The table is of a version between the one that the plugin agreed to and its newest.
fn check_built(theirs: VersionRange, picked: RlxVersion, built: RlxVersion) -> Result<(), Refusal> {
    if picked <= built && built <= theirs.newest {
        return Ok(());
    }
    let reason = format!("it speaks ABI {theirs} and picked {picked}, but its function table is of ABI {built}");
    Err(Refusal::BadEntry { reason })
}

fn check_table(api: &'static RlxBackendApi) -> Result<(), Refusal> {
    let expected = size_of::<RlxBackendApi>() as u64;
    if api.struct_size < expected {
        let version = api.abi_version.to_string();
        return Err(Refusal::ShortTable { found: api.struct_size, expected, version });
    }
    if let Some(type_layout) = api.type_layout {
        let differs = |difference: String| Refusal::LayoutDiffers { version: api.abi_version.to_string(), difference };
        // SAFETY: the slot takes nothing and returns a static; a plugin that fills it promises a `TypeLayout` of the
        // abi_stable version that this ABI names.
        let found = unsafe { type_layout().cast::<TypeLayout>().as_ref() };
        let found = found.ok_or_else(|| differs("it gives no type layout".to_owned()))?;
        layout::check::<RlxBackendApi>(found, api.abi_version == ABI_VERSION).map_err(differs)?;
    }
    let slots: Vec<&'static str> = [
        ("info", api.info.is_none()),
        ("device_count", api.device_count.is_none()),
        ("device_info", api.device_info.is_none()),
        ("create", api.create.is_none()),
        ("destroy", api.destroy.is_none()),
        ("compile", api.compile.is_none()),
        ("executable_destroy", api.executable_destroy.is_none()),
        ("executable_info", api.executable_info.is_none()),
        ("set_param", api.set_param.is_none()),
        ("run", api.run.is_none()),
        ("get_extension", api.get_extension.is_none()),
        ("shutdown", api.shutdown.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, missing)| missing.then_some(name))
    .collect();
    if slots.is_empty() { Ok(()) } else { Err(Refusal::EmptySlots { slots }) }
}

/// Calls a slot that [`check_table`] has found filled.
macro_rules! slot {
    ($api:expr, $name:ident ( $($arg:expr),* $(,)? )) => {
        match $api.$name {
            // SAFETY: the caller of the macro states why the arguments are right.
            Some(slot) => slot($($arg),*),
            None => $crate::Error::fault(concat!("slot `", stringify!($name), "` is empty")).into_raw(),
        }
    };
}
pub(super) use slot;

#[cfg(test)]
mod tests {
    use super::*;

    const NEWER: RlxVersion = RlxVersion { minor: ABI_VERSION.minor + 3, ..ABI_VERSION };
    const THEIRS: VersionRange = VersionRange { oldest: ABI_OLDEST, newest: NEWER };

    fn reason(checked: Result<(), Refusal>) -> String {
        match checked {
            Err(Refusal::BadEntry { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_pick_of_a_newer_plugin_must_be_one_that_this_host_speaks() {
        assert_eq!(check_version(THEIRS, ABI_VERSION), Ok(()));
        assert!(reason(check_version(THEIRS, NEWER)).contains(&format!("picked {NEWER}")));
        assert!(reason(check_version(THEIRS, NO_VERSION)).contains(&format!("picked {NO_VERSION}")));
    }

    #[test]
    fn a_table_is_of_a_version_from_the_pick_to_the_plugins_newest() {
        let beyond = RlxVersion { minor: NEWER.minor + 1, ..NEWER };
        for built in [ABI_VERSION, NEWER] {
            assert_eq!(check_built(THEIRS, ABI_VERSION, built), Ok(()));
        }
        for built in [NO_VERSION, beyond] {
            assert!(reason(check_built(THEIRS, ABI_VERSION, built)).contains(&format!("table is of ABI {built}")));
        }
    }
}
