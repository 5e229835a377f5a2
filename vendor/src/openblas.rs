//! The OpenBLAS that the plugin's BLAS forwarders call.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::mlx::{BundleFile, libraries_in, licences_in};
use crate::pins::Package;
use crate::private::PrivateLibraries;
use crate::store::require;

/// An unpacked OpenBLAS. Its symbols carry the prefix `scipy_`, e.g. `scipy_cblas_sgemm`.
#[derive(Debug, Clone)]
pub struct OpenBlas {
    /// Folder of the C headers (`cblas.h`, `lapack.h`).
    pub include: PathBuf,
    /// Folder of the library.
    pub lib: PathBuf,
    /// The library itself, `libscipy_openblas-<hash>.so`: SciPy's packages come with one of the plain name.
    pub library: PathBuf,
    /// Name to link with: `-lscipy_openblas-<hash>`.
    pub link_name: String,
    /// What goes beside the plugin.
    pub files: Vec<BundleFile>,
    /// Licence texts; `to` is relative to the bundle's licence folder.
    pub licences: Vec<BundleFile>,
}

impl OpenBlas {
    /// The libraries as the wheel has them.
    pub(crate) fn libraries_of_wheel(package: &Package, folder: &Path) -> Result<Vec<BundleFile>, Error> {
        require(package, folder, "scipy_openblas32/lib/libscipy_openblas.so")?;
        libraries_in(&folder.join("scipy_openblas32/lib"), |_| true)
    }

    /// From an unpacked wheel and its libraries under private names.
    pub(crate) fn new(package: &Package, folder: &Path, libraries: PrivateLibraries) -> Result<Self, Error> {
        Ok(Self {
            include: require(package, folder, "scipy_openblas32/include")?,
            library: require(package, &libraries.folder, &libraries.file_name("libscipy_openblas.so"))?,
            link_name: libraries.link_name("scipy_openblas"),
            files: libraries_in(&libraries.folder, |_| true)?,
            licences: licences_in(folder, |info| info.ends_with(".dist-info"), "openblas"),
            lib: libraries.folder,
        })
    }
}
