//! Provisioning end to end, with a tiny wheel in a folder that pip uses instead of the network.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

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
    fn wheel(&self, files: &[(&str, &str)]) -> PathBuf {
        let path = self.path("tiny_mlx-1.0-py3-none-any.whl");
        let info = [
            ("tiny_mlx-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-mlx\nVersion: 1.0\n"),
            ("tiny_mlx-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("tiny_mlx-1.0.dist-info/RECORD", ""),
        ];
        let mut zip = ZipWriter::new(File::create(&path).expect("a file"));
        for (name, text) in info.iter().chain(files) {
            let mode = if name.contains("bin/") { 0o755 } else { 0o644 };
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(mode)).expect("an entry");
            zip.write_all(text.as_bytes()).expect("content");
        }
        zip.finish().expect("a zip");
        path
    }

    fn mlx_wheel(&self) -> PathBuf {
        self.wheel(&[
            ("mlx/include/mlx/version.h", VERSION_HEADER),
            ("mlx/lib/libmlx.so", "library"),
            ("mlx/bin/tool", "#!/bin/sh\n"),
            ("mlx_tiny.libs/libblas-1.so.3", "blas"),
        ])
    }

    fn store(&self, sha256: &str) -> Store {
        self.store_with(sha256, |_| ())
    }

    fn store_with(&self, sha256: &str, change: impl FnOnce(&mut Settings)) -> Store {
        let pins = format!(
            "[[package]]\nrole = 'cpu'\nname = 'tiny-mlx'\nversion = '1.0'\n\
             wheel = [{{ os = 'linux', arch = 'any', size = 1, sha256 = '{sha256}' }}]\n"
        );
        let mut settings = Settings {
            python: "python3".into(),
            pip_args: vec!["--no-index".into(), "--find-links".into(), self.folder.path().into()],
            mlx_prefix: None,
        };
        change(&mut settings);
        Store::with(self.path("store"), Pins::parse(&pins).expect("valid pins"), settings)
    }

    /// What the store holds besides locks.
    fn stored(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("store")).expect("the store");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        names.filter(|name| !name.ends_with(".lock")).collect()
    }
}

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
        for role in [flavour.name(), "model", "libclang"] {
            pins.package(role).and_then(|package| package.wheel_for(&target).map(|_| ())).expect(role);
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
fn a_wheel_is_unpacked_once_and_then_needs_no_pip() {
    let world = World::new();
    let wheel = world.mlx_wheel();
    let hash = wheel::sha256(&wheel).expect("a hash");
    let mlx = world.store(&hash).mlx(Flavour::Cpu, &linux(), &Silent).expect("provisioned");

    let bundle: Vec<_> = mlx.files.iter().map(|file| file.to.display().to_string()).collect();
    assert_eq!(bundle, ["libmlx.so", "libblas-1.so.3"]);
    assert_eq!(mlx.library, mlx.lib.join("libmlx.so"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(mlx.prefix.join("bin/tool")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "executable bits are kept");
    }
    assert_eq!(world.stored().len(), 1, "nothing but the unpacked wheel stays: {:?}", world.stored());

    fs::remove_file(wheel).expect("removed");
    let offline = world.store_with(&hash, |settings| settings.python = "no-such-python".into());
    let again = offline.mlx(Flavour::Cpu, &linux(), &Silent).expect("already there");
    assert_eq!(again.prefix, mlx.prefix);
}

#[test]
fn builds_at_once_download_once() {
    struct Count(AtomicUsize);
    impl Progress for Count {
        fn step(&self, message: &str) {
            self.0.fetch_add(usize::from(message.starts_with("downloading")), Ordering::Relaxed);
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
    assert_eq!(world.stored().len(), 1);
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
    let wheel = world.wheel(&[("mlx/include/mlx/version.h", VERSION_HEADER)]);
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
