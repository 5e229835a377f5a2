//! Linux on 64-bit ARM, by the system's cross compiler.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

pub(super) const TRIPLE: &str = "aarch64-unknown-linux-gnu";
const CC: &str = "aarch64-linux-gnu-gcc";
const CXX: &str = "aarch64-linux-gnu-g++";
const AR: &str = "aarch64-linux-gnu-ar";

/// What has cargo and build scripts use the cross compiler.
pub(super) fn environment() -> Result<Vec<(String, &'static str)>> {
    let found = Command::new(CXX).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        bail!(
            "{CXX} is not installed: it is the package g++-aarch64-linux-gnu of Debian and Ubuntu, gcc-c++-aarch64-linux-gnu of Fedora"
        );
    }
    let tools = [("CC", CC), ("CXX", CXX), ("AR", AR)];
    let mut environment: Vec<_> =
        tools.map(|(tool, program)| (format!("{tool}_aarch64_unknown_linux_gnu"), program)).into();
    environment.push(("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER".to_owned(), CC));
    Ok(environment)
}
