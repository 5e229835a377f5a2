//! An MLX to build against and to bundle: headers, library, licences.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pins::Package;
use crate::private::PrivateLibraries;
use crate::store::require;
use crate::{Error, MLX_VERSION, Target};

/// A file that travels with the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// Where it is now.
    pub from: PathBuf,
    /// Where it goes, relative to the plugin's own folder.
    pub to: PathBuf,
}

/// An MLX install of version [`MLX_VERSION`].
///
/// The bundle is flat: the plugin is linked with a DT_RPATH of `$ORIGIN`, which the loader also applies to what the
/// plugin's libraries need in turn, so they are found beside it whatever folders the wheel had them in. Only an MLX that
/// compiles kernels at run time has its libraries in [`Mlx::FOLDER`]: it looks for the kernels' headers in `include`, one folder
/// above its own, and that has to be the plugin's folder, which no other version shares.
#[derive(Debug, Clone)]
pub struct Mlx {
    /// The install's root.
    pub prefix: PathBuf,
    /// Folder that holds `mlx/mlx.h`.
    pub include: PathBuf,
    /// Folder of the library.
    pub lib: PathBuf,
    /// The library itself: `libmlx-<hash>.so` of a Linux wheel, whose name no other MLX in a process has; `libmlx.so`,
    /// `libmlx.dylib` or, of a static build, `libmlx.a` of an install.
    pub library: PathBuf,
    /// Name to link with: `-lmlx-<hash>` or `-lmlx`.
    pub link_name: String,
    /// What goes beside the plugin. Empty for a static build. NVIDIA's libraries are never among them.
    pub files: Vec<BundleFile>,
    /// Licence texts; `to` is relative to the bundle's licence folder.
    pub licences: Vec<BundleFile>,
}

impl Mlx {
    /// The folder of the libraries of an MLX that needs headers at run time, within the plugin's.
    pub const FOLDER: &str = "lib";

    /// Uses an existing install: `prefix` holds `include/mlx/version.h` and `lib/libmlx.so` (`.dylib`, `.a`). The
    /// folder `mlx` of a Python environment's site-packages is one.
    ///
    /// # Errors
    /// [`Error::NotAnMlx`] if either is missing, [`Error::MlxVersion`] if it is another release.
    pub fn from_prefix(prefix: &Path, target: &Target) -> Result<Self, Error> {
        let missing = |file: &str| Error::NotAnMlx { prefix: prefix.to_path_buf(), missing: file.into() };
        let header =
            fs::read_to_string(prefix.join("include/mlx/version.h")).map_err(|_| missing("include/mlx/version.h"))?;
        let found = version_in(&header);
        if found != MLX_VERSION {
            return Err(Error::MlxVersion { prefix: prefix.to_path_buf(), found });
        }

        let shared = if target.os == "macos" { "libmlx.dylib" } else { "libmlx.so" };
        let lib = ["lib", "lib64"]
            .map(|name| prefix.join(name))
            .into_iter()
            .find(|lib| lib.join(shared).exists() || lib.join("libmlx.a").exists());
        let lib = lib.ok_or_else(|| missing(&format!("lib/{shared}")))?;
        let is_shared = lib.join(shared).exists();
        let library = lib.join(if is_shared { shared } else { "libmlx.a" });

        let beside = prefix.parent().unwrap_or(prefix);
        let of_this_version = format!("-{MLX_VERSION}.dist-info");
        let mut files = Vec::new();
        if is_shared {
            // The prefix may be /usr, so only what is MLX's own is taken.
            files =
                libraries_in(&lib, |name| name == shared || name.starts_with("libjaccl.") || name == "mlx.metallib")?;
            // auditwheel puts the libraries that it bundles into a sibling of the package, e.g. mlx_cpu.libs.
            for folder in folders_in(beside, |name| name.starts_with("mlx_") && name.ends_with(".libs")) {
                files.extend(libraries_in(&folder, |_| true)?);
            }
        }
        Ok(Self {
            include: prefix.join("include"),
            licences: licences_in(beside, |info| info.starts_with("mlx") && info.ends_with(&of_this_version), "mlx"),
            prefix: prefix.to_path_buf(),
            lib,
            library,
            link_name: "mlx".to_owned(),
            files,
        })
    }

    pub(crate) fn from_wheel(package: &Package, folder: &Path, target: &Target) -> Result<Self, Error> {
        // An incomplete tree is the wheel's fault here, so it gets another message than a user's prefix.
        let shared = if target.os == "macos" { "mlx/lib/libmlx.dylib" } else { "mlx/lib/libmlx.so" };
        for file in [shared, "mlx/include/mlx/version.h"] {
            require(package, folder, file)?;
        }
        Self::from_prefix(&folder.join("mlx"), target)
    }

    /// The same MLX with its libraries under private names.
    pub(crate) fn with_private(self, package: &Package, libraries: PrivateLibraries) -> Result<Self, Error> {
        Ok(Self {
            library: require(package, &libraries.folder, &libraries.file_name("libmlx.so"))?,
            link_name: libraries.link_name("mlx"),
            files: libraries_in(&libraries.folder, |_| true)?,
            lib: libraries.folder,
            ..self
        })
    }

    /// The same MLX with the headers of kernels among its files, if it compiles any at run time.
    pub(crate) fn with_headers(mut self) -> Result<Self, Error> {
        let headers: Vec<&str> = HEADERS.into_iter().filter(|name| self.include.join(name).is_dir()).collect();
        if !headers.is_empty() {
            for file in &mut self.files {
                file.to = Path::new(Self::FOLDER).join(&file.to);
            }
        }
        for name in headers {
            self.files.extend(files_below(&self.include.join(name), &Path::new("include").join(name))?);
        }
        Ok(self)
    }
}

/// The version that `mlx/version.h` defines.
fn version_in(header: &str) -> String {
    let number = |name: &str| {
        let define = header.lines().find_map(|line| line.trim().strip_prefix("#define ")?.strip_prefix(name));
        define.map_or("?", str::trim)
    };
    format!("{}.{}.{}", number("MLX_VERSION_MAJOR "), number("MLX_VERSION_MINOR "), number("MLX_VERSION_PATCH "))
}

/// The shared libraries (and Metal libraries) directly in a folder that `wanted` accepts, sorted by name.
pub(crate) fn libraries_in(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<BundleFile>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_library =
            name.ends_with(".so") || name.contains(".so.") || name.ends_with(".dylib") || name.ends_with(".metallib");
        if is_library && wanted(&name) {
            files.push(BundleFile { from: entry.path(), to: name.into() });
        }
    }
    files.sort_by(|a, b| a.to.cmp(&b.to));
    Ok(files)
}

/// The headers of CUDA's C++ library and of CUTLASS, within the folder of headers.
const HEADERS: [&str; 3] = ["cccl", "cute", "cutlass"];

/// All files below a folder, to go below `to`, sorted by name.
fn files_below(folder: &Path, to: &Path) -> Result<Vec<BundleFile>, Error> {
    let (mut files, mut folders) = (Vec::new(), vec![(folder.to_path_buf(), to.to_path_buf())]);
    while let Some((folder, to)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
            let entry = entry.map_err(Error::io("list", &folder))?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() {
                folders.push((from, to));
            } else {
                files.push(BundleFile { from, to });
            }
        }
    }
    files.sort_by(|a, b| a.to.cmp(&b.to));
    Ok(files)
}

/// The licence texts and the bills of materials in a wheel's `*.dist-info` folder, to go into `to_folder`.
pub(crate) fn licences_in(folder: &Path, info_folder: impl Fn(&str) -> bool, to_folder: &str) -> Vec<BundleFile> {
    let mut files = Vec::new();
    for info in folders_in(folder, info_folder) {
        for from in ["licenses", "sboms"].into_iter().flat_map(|kind| children(&info.join(kind))) {
            if let Some(name) = from.file_name() {
                files.push(BundleFile { to: Path::new(to_folder).join(name), from });
            }
        }
    }
    files.sort_by(|a, b| a.to.cmp(&b.to));
    files
}

/// The folders in `folder` whose name `wanted` accepts; none if it cannot be listed.
fn folders_in(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted);
    children(folder).into_iter().filter(|path| path.is_dir() && named(path)).collect()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}
