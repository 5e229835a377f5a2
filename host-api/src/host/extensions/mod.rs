//! The host's side of the extensions: typed methods on the handles, each `Unsupported` where the plugin lacks the table.

mod claims;
mod collectives;
mod extent;
mod kernels;
mod memory;
mod params;
mod pipeline;
mod profile;
mod resident;
mod rng;
mod timeline;

pub use collectives::{CommunicationBackend, Group, GroupOptions};
pub use pipeline::BatchRun;

use super::{Plugin, layout};
use crate::abi::*;
use crate::{Error, ErrorKind};
use abi_stable::StableAbi;
use abi_stable::type_layout::TypeLayout;
use std::ffi::c_void;
use std::sync::OnceLock;

/// A table of functions that [`RlxBackendApi::get_extension`] gives.
///
/// # Safety
/// `#[repr(C)]`, starts with `struct_size` and `type_layout`, and is the table that the ABI documents for `ID` and
/// `VERSION`.
pub(crate) unsafe trait Extension: StableAbi + Sized + 'static {
    const ID: &'static str;
    const VERSION: u32;

    /// Its place among the tables that were asked for.
    fn found(tables: &Tables) -> &Found<Self>;
}

/// What looking for a table once has brought.
type Found<T> = OnceLock<Result<&'static T, Error>>;

/// What every table starts with.
#[repr(C)]
struct Head {
    struct_size: u64,
    type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
}

macro_rules! extensions {
    ($($field:ident: $table:ident, $id:ident, $version:ident;)*) => {
        /// The tables of one plugin, each looked for and checked at the first call that needs it.
        #[derive(Debug, Default)]
        pub(crate) struct Tables {
            $($field: Found<$table>,)*
        }

        $(
            // SAFETY: declared in `abi` for this id and version.
            unsafe impl Extension for $table {
                const ID: &'static str = $id;
                const VERSION: u32 = $version;

                fn found(tables: &Tables) -> &Found<Self> {
                    &tables.$field
                }
            }
        )*
    };
}

extensions! {
    params: RlxParamsApi, RLX_PARAMS_ID, RLX_PARAMS_VERSION;
    resident: RlxResidentApi, RLX_RESIDENT_ID, RLX_RESIDENT_VERSION;
    pipeline: RlxPipelineApi, RLX_PIPELINE_ID, RLX_PIPELINE_VERSION;
    memory: RlxMemoryApi, RLX_MEMORY_ID, RLX_MEMORY_VERSION;
    profile: RlxProfileApi, RLX_PROFILE_ID, RLX_PROFILE_VERSION;
    kernels: RlxKernelsApi, RLX_KERNELS_ID, RLX_KERNELS_VERSION;
    extent: RlxExtentApi, RLX_EXTENT_ID, RLX_EXTENT_VERSION;
    claims: RlxClaimsApi, RLX_CLAIMS_ID, RLX_CLAIMS_VERSION;
    rng: RlxRngApi, RLX_RNG_ID, RLX_RNG_VERSION;
    timeline: RlxTimelineApi, RLX_TIMELINE_ID, RLX_TIMELINE_VERSION;
    collectives: RlxCollectivesApi, RLX_COLLECTIVES_ID, RLX_COLLECTIVES_VERSION;
}

impl Plugin {
    /// The table of an extension, checked.
    ///
    /// # Errors
    /// Unsupported when the plugin lacks it, version mismatch when its layout differs.
    pub(super) fn table<T: Extension>(&self) -> Result<&'static T, Error> {
        T::found(self.tables()).get_or_init(|| self.find_table()).clone()
    }

    /// Whether the plugin has an extension.
    #[cfg(feature = "rlx-runtime")]
    pub(crate) fn offers<T: Extension>(&self) -> bool {
        self.table::<T>().is_ok()
    }

    fn find_table<T: Extension>(&self) -> Result<&'static T, Error> {
        let refuse = |kind, why: &str| {
            let info = self.info();
            let message = format!("backend `{}` {}: extension {}/{} {why}", info.name, info.version, T::ID, T::VERSION);
            Err(Error::new(kind, message).with("extension", T::ID))
        };
        let Some(table) = self.extension(T::ID, T::VERSION) else {
            return refuse(ErrorKind::Unsupported, "is not supported; a newer plugin may have it");
        };
        let table = table.cast::<Head>();
        if !table.cast::<T>().is_aligned() {
            return refuse(ErrorKind::PluginFault, "is misaligned");
        }
        // SAFETY: aligned; every extension table starts with these fields and lives as long as the process.
        let head = unsafe { table.as_ref() };
        if head.struct_size < size_of::<T>() as u64 {
            return refuse(ErrorKind::VersionMismatch, &format!("has {} bytes only", head.struct_size));
        }
        if let Some(type_layout) = head.type_layout {
            // SAFETY: the slot takes nothing and gives a static `TypeLayout`, as that of the core table.
            let found = unsafe { type_layout().cast::<TypeLayout>().as_ref() };
            let same = self.abi_version() == ABI_VERSION;
            let checked = found.map_or(Err("gives no type layout".to_owned()), |f| layout::check::<T>(f, same));
            if let Err(difference) = checked {
                return refuse(ErrorKind::VersionMismatch, &format!("has another layout: {difference}"));
            }
        }
        // SAFETY: aligned, of the size that this version has, and of this layout as far as can be told.
        Ok(unsafe { table.cast::<T>().as_ref() })
    }
}
