//! Which library the dynamic linker gave the plugin for MLX: the one that came with it, or another that the process
//! had before.

use rlx_host_api::{Error, ErrorKind};
use std::ffi::{CStr, OsStr, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The MLX library that the plugin was linked with, from the plugin's folder on; none where MLX is part of the plugin.
const LINKED: Option<&str> = option_env!("RLX_MLX_LINKED_FILE");

unsafe extern "C" {
    /// `mlx::core::version()`, for its address alone.
    #[link_name = "_ZN3mlx4core7versionEv"]
    fn mlx_core_version();
}

/// Fails if the plugin has its MLX beside it but calls another. A library that was loaded for all to see (`LD_PRELOAD`,
/// `RTLD_GLOBAL`) comes before the plugin's own. The name decides, not the folder: copies of one plugin share it.
pub(crate) fn check() -> Result<(), Error> {
    let Some(linked) = LINKED.map(Path::new) else { return Ok(()) };
    let (Some(plugin), Some(mlx)) = (file_of(check as *const c_void), file_of(mlx_core_version as *const c_void))
    else {
        return Ok(());
    };
    let bundled = plugin.with_file_name(linked);
    if mlx.file_name() == linked.file_name() || !bundled.exists() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::FailedPrecondition,
        format!(
            "MLX would come from {}, not from {}: start the program without LD_PRELOAD, and load the other MLX without \
             RTLD_GLOBAL",
            mlx.display(),
            bundled.display()
        ),
    ))
}

/// The file that the code at `address` was loaded from.
fn file_of(address: *const c_void) -> Option<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `info` is writable, and zero bytes are a value of it.
    let info = unsafe {
        if libc::dladdr(address, info.as_mut_ptr()) == 0 {
            return None;
        }
        info.assume_init()
    };
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: NUL-terminated; it lives as long as its library, which holds the address.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())).to_path_buf())
}
