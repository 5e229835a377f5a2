//! The staged folder works where it is copied to: elsewhere, from any working directory, without an environment. Every
//! library of MLX and BLAS then comes from the copy, and nothing from the build.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::{plugin, rlx_run};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const DOUBLE: &str = "rlxmodel 1\nopset 1\ngraph @double {\n  %x = input : f32[1]\n  %y = Binary(Add) %x, %x : f32[1]\n  return %y as y\n}\n";

/// `open(2)`'s flag, the same on every Linux that MLX has wheels for.
const O_NONBLOCK: i32 = 0o4000;

/// The libraries that a plugin folder brings; the rest is the system's.
const BUNDLED: [&str; 6] = ["librlx_mlx", "libmlx", "libscipy_openblas", "liblapack", "libblas", "libgfortran"];

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// rlx-run, copied, with a model whose input comes through a pipe.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new() -> Self {
        let host = Self { folder: tempfile::tempdir().unwrap() };
        fs::copy(rlx_run::program(), host.path("rlx-run")).unwrap();
        fs::write(host.path("double.rlxmodel"), DOUBLE).unwrap();
        assert!(Command::new("mkfifo").arg(host.path("x.npy")).status().unwrap().success());
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// A command with no environment, in another folder than its own.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.path("rlx-run"));
        command.args(args).env_clear().current_dir("/");
        command
    }

    /// What `rlx-run plugins` finds.
    fn plugins(&self, plugins: Option<&Path>) -> serde_json::Value {
        let mut command = self.command(&["plugins", "--json"]);
        command.envs(plugins.map(|folder| ("RLX_PLUGIN_PATH", folder)));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs the model on MLX. Gives the files that the process had mapped when plugin and program were loaded.
    fn mapped_files(&self, plugins: Option<&Path>) -> BTreeSet<PathBuf> {
        let model = self.path("double.rlxmodel").display().to_string();
        let input = format!("x={}", self.path("x.npy").display());
        let mut command = self.command(&["run", &model, "--backend", "mlx", "--input", &input, "--json"]);
        command.envs(plugins.map(|folder| ("RLX_PLUGIN_PATH", folder)));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It opens its input after it has compiled, and then waits for us.
        let mut pipe = open_when_read(&self.path("x.npy"), &mut child);
        let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
        pipe.write_all(&npy(21.0)).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["outputs"][0]["first"], serde_json::json!([42.0]));
        maps.lines().filter_map(|line| Some(PathBuf::from(&line[line.find('/')?..]))).collect()
    }
}

/// Opens the pipe for writing as soon as the child reads it.
fn open_when_read(pipe: &Path, child: &mut Child) -> fs::File {
    loop {
        match OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(pipe) {
            Ok(file) => return file,
            // ENXIO: nobody reads it yet.
            Err(error) if error.raw_os_error() == Some(6) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{}: {error}", pipe.display()),
        }
        if let Some(status) = child.try_wait().unwrap() {
            let mut stderr = String::new();
            std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
            panic!("rlx-run ended with {status} before it read its input: {stderr}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A .npy file of one f32 in one dimension.
fn npy(value: f32) -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".to_owned();
    let padding = 64 - (10 + header.len() + 1) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let length = u16::try_from(header.len()).unwrap();
    [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], header.as_bytes(), &value.to_le_bytes()].concat()
}

/// Asserts that what a plugin brings was loaded from `folder`, all of it, and nothing from the build.
fn assert_loaded_from(folder: &Path, mapped: &BTreeSet<PathBuf>) {
    let bundled: Vec<&PathBuf> = mapped
        .iter()
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            BUNDLED.iter().any(|library| name.starts_with(library)) || name.contains("blas") || name.contains("mlx")
        })
        .collect();
    for path in &bundled {
        assert!(path.starts_with(folder), "{} is not from {}", path.display(), folder.display());
    }
    for library in ["librlx_mlx", "libmlx", "libscipy_openblas"] {
        let loaded = |path: &&PathBuf| path.file_name().is_some_and(|f| f.to_string_lossy().starts_with(library));
        assert!(bundled.iter().any(loaded), "{library} is not among {bundled:?}");
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for path in mapped {
        let built = path.starts_with(target) || path.starts_with(repository) || path.starts_with(plugin::folder());
        assert!(!built, "{} is from the build", path.display());
    }
}

#[test]
fn a_copy_of_the_folder_works_elsewhere_and_beside_the_program() {
    let elsewhere = tempfile::tempdir().unwrap();
    let copied = elsewhere.path().canonicalize().unwrap().join("a folder of plugins");
    copy_folder(&plugin::folder().join("rlx_mlx"), &copied.join("rlx_mlx"));
    let host = Host::new();

    // Named by the one variable.
    assert_loaded_from(&copied, &host.mapped_files(Some(&copied)));
    let found = host.plugins(Some(&copied));
    assert!(Path::new(found["plugins"][0]["path"].as_str().unwrap()).starts_with(&copied), "{found:#}");

    // Without the variable the copy is not found, so it was the variable that led there.
    let others = host.plugins(None);
    assert!(!others.to_string().contains(&*copied.to_string_lossy()), "{others:#}");

    // Beside the program, without any variable.
    let beside = host.path("plugins");
    copy_folder(&copied, &beside);
    drop(elsewhere);
    assert_loaded_from(&beside, &host.mapped_files(None));

    // A bundle folder is not needed either.
    for entry in fs::read_dir(beside.join("rlx_mlx")).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), beside.join(entry.file_name())).unwrap();
    }
    fs::remove_dir(beside.join("rlx_mlx")).unwrap();
    assert_loaded_from(&beside, &host.mapped_files(None));
}

/// No LD_LIBRARY_PATH of the user's puts another library before a bundled one.
#[test]
fn a_library_path_of_the_user_does_not_change_what_is_loaded() {
    let host = Host::new();
    let trap = host.path("trap");
    fs::create_dir(&trap).unwrap();
    for entry in fs::read_dir(plugin::folder().join("rlx_mlx")).unwrap() {
        fs::write(trap.join(entry.unwrap().file_name()), "not a library: loading it is an error").unwrap();
    }
    let mut command = host.command(&["plugins", "--json"]);
    let output = command.env("RLX_PLUGIN_PATH", plugin::folder()).env("LD_LIBRARY_PATH", &trap).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["plugins"][0]["usable"], true, "{report:#}");
}

/// The model too: the whole way from a copied folder to embeddings.
#[test]
fn embeddings_come_from_a_program_without_an_environment() {
    let host = Host::new();
    let model = rlx_run::model().display().to_string();
    let mut command = host.command(&["embed", "--backend", "mlx", "--model", &model, "--json", "A sentence."]);
    let output = command.env("RLX_PLUGIN_PATH", plugin::folder()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["shape"], serde_json::json!([1, 384]));
}
