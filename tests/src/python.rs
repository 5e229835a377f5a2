//! Python, with the packages that `cargo xtask test` fetched.

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

/// The interpreter that the packages were fetched for, with nothing to import but them and the Python host.
pub fn python() -> assert_cmd::Command {
    let site = std::env::var_os("RLX_TEST_PYTHON_SITE")
        .expect("RLX_TEST_PYTHON_SITE is not set: run `cargo xtask test`, which fetches the Python packages");
    let interpreter = std::env::var_os("RLX_PYTHON").filter(|name| !name.is_empty());
    let mut command = assert_cmd::Command::new(interpreter.unwrap_or_else(|| "python3".into()));
    let path = std::env::join_paths([site.into(), repository().join("examples/python-host")]).unwrap();
    command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1");
    command
}
