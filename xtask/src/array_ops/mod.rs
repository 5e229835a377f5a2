//! `cargo xtask array-ops`: the table of array operations that composed kernels build with, written from the shim's
//! headers.
//!
//! One list of declarations becomes four things: methods of the plugin's own `Array`, thunks with the types of the wire ABI
//! beside them, safe methods of `ArrayOps` in host-api, and types of functions in a C header. What cannot cross is named in `op::LEFT_OUT`.

mod c;
mod docs;
mod header;
mod host;
mod methods;
mod op;
mod plugin;
mod vocabulary;

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use self::op::LEFT_OUT;
use self::vocabulary::{COMMAND, Vocabulary};
use crate::cargo::Workspace;
use crate::generated;

/// Writes all files anew; with `check`, only fails if they are not what would be written.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let vocabulary = Vocabulary::read(workspace)?;
    let update = |path: &str, text: &str| generated::update(&workspace.root.join(path), text, check, COMMAND);
    for (file, text) in plugin::files(&vocabulary) {
        update(&format!("plugin/src/kernels/array_ops/table/{file}"), &rustfmt(workspace, &text)?)?;
    }
    for (file, text) in methods::files(&vocabulary)? {
        update(&format!("plugin/src/mlx/ops/{file}"), &rustfmt(workspace, &text)?)?;
    }
    for (file, text) in host::files(&vocabulary)? {
        update(&format!("host-api/src/kernel/array_ops/{file}"), &rustfmt(workspace, &text)?)?;
    }
    update("host-api/include/rlx_array_ops.h", &c::file(&vocabulary)?)?;
    println!("{} operations, {} left out", vocabulary.sorted().len(), LEFT_OUT.len());
    Ok(())
}

/// Formats with the workspace's settings.
fn rustfmt(workspace: &Workspace, text: &str) -> Result<String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition=2024", "--config-path"]).arg(&workspace.root);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run rustfmt")?;
    // rustfmt reads everything before it writes, so the two pipes cannot block each other.
    child.stdin.take().context("rustfmt has no standard input")?.write_all(text.as_bytes()).context("rustfmt")?;
    let output = child.wait_with_output().context("rustfmt")?;
    if !output.status.success() {
        bail!("rustfmt failed ({})", output.status);
    }
    String::from_utf8(output.stdout).context("rustfmt wrote something that is not UTF-8")
}
