//! The OpenBLAS that the plugin's BLAS forwarders call.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::mlx::{BundleFile, libraries_in, licences_in};
use crate::pins::Package;
use crate::store::require;

/// An unpacked OpenBLAS. Its symbols carry the prefix `scipy_`, e.g. `scipy_cblas_sgemm`.
#[derive(Debug, Clone)]
pub struct OpenBlas {
    /// Folder of the C headers (`cblas.h`, `lapack.h`).
    pub include: PathBuf,
    /// Folder of the library.
    pub lib: PathBuf,
    /// Name to link with: `-lscipy_openblas`.
    pub link_name: &'static str,
    /// What goes beside the plugin.
    pub files: Vec<BundleFile>,
    /// Licence texts; `to` is relative to the bundle's licence folder.
    pub licences: Vec<BundleFile>,
}

impl OpenBlas {
    pub(crate) fn from_wheel(package: &Package, folder: &Path) -> Result<Self, Error> {
        require(package, folder, "scipy_openblas32/lib/libscipy_openblas.so")?;
        let lib = folder.join("scipy_openblas32/lib");
        Ok(Self {
            include: require(package, folder, "scipy_openblas32/include")?,
            files: libraries_in(&lib, |_| true)?,
            licences: licences_in(folder, |info| info.ends_with(".dist-info"), "openblas"),
            link_name: "scipy_openblas",
            lib,
        })
    }
}
