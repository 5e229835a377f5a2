//! The Python host under examples/python-host, started as a user would.

use crate::plugin;
use assert_cmd::Command;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

/// The staged plugin's file.
pub fn staged_plugin() -> PathBuf {
    plugin::folder().join(format!("rlx_mlx/{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}")).canonicalize().unwrap()
}

/// The packages that `cargo xtask test` fetched for this interpreter.
pub fn site() -> PathBuf {
    match std::env::var_os("RLX_TEST_PYTHON_SITE") {
        Some(folder) => Path::new(&folder).canonicalize().unwrap(),
        None => panic!("RLX_TEST_PYTHON_SITE is not set: run `cargo xtask test`, which fetches the Python packages"),
    }
}

/// The interpreter that the packages were fetched for, with nothing to import but them and the host.
pub fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    command_with(None, args)
}

/// The same, with what `cargo xtask test` fetched of real models to import.
pub fn command_for_models<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    match std::env::var_os("RLX_TEST_MODELS_SITE") {
        Some(folder) => command_with(Some(folder.into()), args),
        None => panic!("RLX_TEST_MODELS_SITE is not set: run `cargo xtask test`, which fetches the models"),
    }
}

fn command_with<S: AsRef<OsStr>>(more: Option<PathBuf>, args: impl IntoIterator<Item = S>) -> Command {
    let interpreter = std::env::var_os("RLX_PYTHON").filter(|name| !name.is_empty());
    let mut command = Command::new(interpreter.unwrap_or_else(|| "python3".into()));
    let path = [site(), repository().join("examples/python-host")].into_iter().chain(more);
    let path = std::env::join_paths(path).unwrap();
    command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1").args(args);
    command
}
