//! `cargo xtask qemu`: the bundle for Linux on 64-bit ARM on this machine, under qemu's emulation of its processor. What it
//! computes is compared with what this machine's own bundle computes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::cargo::{self, Workspace};
use crate::cross::Platform;
use crate::{dist, provision, stage};

/// The emulator, where the system's libraries for that processor are, and the packages with both.
const QEMU: &str = "qemu-aarch64-static";
const SYSTEM: &str = "/usr/aarch64-linux-gnu";
const PACKAGES: &str = "qemu-user-static and g++-aarch64-linux-gnu";

/// How far a result may be from this machine's, as a part of what is larger than 1.
const TOLERANCE: f64 = 1e-6;

const MODES: [&str; 3] = ["eager", "lazy", "compiled"];
const MODELS: [&str; 3] = ["affine", "encoder", "mlp"];

/// Two texts, one much longer than the other.
const TEXTS: [&str; 2] =
    ["A cat sits outside.", "The new movie is so great that we have watched it twice since Monday."];

/// Makes the bundle, runs it and compares, then runs the unit tests of the kernels; an error at the first difference.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let version = Command::new(QEMU).arg("--version").stdout(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) || !Path::new(SYSTEM).exists() {
        bail!("{QEMU} or {SYSTEM} is missing: they are in Debian's packages {PACKAGES}");
    }
    let platform = Platform::LinuxAarch64;
    let program = dist::make(workspace, Some(platform), None)?.rlx_run;
    let emulated = Host { program, plugins: workspace.target_dir.join("dist"), is_emulated: true };
    println!("{}", emulated.say(&["plugins"])?);

    let plugins = stage::run(workspace)?.plugins;
    workspace.build("rlx-run")?;
    let here = Host { program: workspace.built("rlx-run"), plugins, is_emulated: false };
    for model in MODELS {
        let file = workspace.root.join(format!("examples/models/{model}.rlxmodel"));
        for mode in MODES {
            let arguments = ["run", &*file.to_string_lossy(), "--backend", "mlx", "--json", "--mode", mode];
            report(&format!("{model}, {mode}"), here.json(&arguments)?, emulated.json(&arguments)?, "outputs")?;
        }
    }
    let model = provision::model(workspace)?;
    let arguments = ["embed", "--model", &*model.to_string_lossy(), "--backend", "mlx", "--json"];
    let arguments: Vec<&str> = arguments.into_iter().chain(TEXTS).collect();
    report("all-MiniLM-L6-v2", here.json(&arguments)?, emulated.json(&arguments)?, "embeddings")?;
    test_kernels(workspace, platform)
}

/// rlx-run with its plugins, on this machine or emulated.
struct Host {
    program: PathBuf,
    plugins: PathBuf,
    is_emulated: bool,
}

impl Host {
    fn say(&self, arguments: &[&str]) -> Result<String> {
        let mut command = if self.is_emulated { emulator() } else { Command::new(&self.program) };
        if self.is_emulated {
            command.arg(&self.program);
        }
        cargo::capture(command.args(arguments).env("RLX_PLUGIN_PATH", &self.plugins))
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        serde_json::from_str(&self.say(arguments)?).with_context(|| format!("rlx-run {} --json", arguments[0]))
    }
}

fn emulator() -> Command {
    let mut command = Command::new(QEMU);
    command.args(["-L", SYSTEM]);
    command
}

/// Compares a part of what two hosts have said and tells the largest difference.
fn report(what: &str, here: Value, emulated: Value, part: &str) -> Result<()> {
    let largest = difference(&here[part], &emulated[part]).with_context(|| what.to_owned())?;
    println!("{what}: largest difference {largest:.1e}");
    ensure!(largest <= TOLERANCE, "{what} differs by {largest:.1e}, more than {TOLERANCE:.0e}");
    Ok(())
}

/// The largest difference of two numbers at the same place, as a part of what is larger than 1. Everything else has to be the
/// same.
fn difference(a: &Value, b: &Value) -> Result<f64> {
    let mut largest: f64 = 0.0;
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                largest = largest.max(difference(a, b)?);
            }
            Ok(largest)
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (a, b) in a.values().zip(b.values()) {
                largest = largest.max(difference(a, b)?);
            }
            Ok(largest)
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = a.as_f64().zip(b.as_f64()).context("numbers that are none")?;
            Ok((a - b).abs() / a.abs().max(1.0))
        }
        _ if a == b => Ok(0.0),
        _ => bail!("{b} stands where this machine has {a}"),
    }
}

/// The unit tests of the kernels, which have forms of their own for that processor.
fn test_kernels(workspace: &Workspace, platform: Platform) -> Result<()> {
    for program in platform.tests(workspace, "rlx-mlx-cpu")? {
        cargo::run(emulator().arg(program))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_found_wherever_they_are() {
        let a = json!({ "outputs": [{ "name": "y", "values": [1.0, 2000.0], "file": null }] });
        let of = |values: Value| json!({ "outputs": [{ "name": "y", "values": values, "file": null }] });
        assert_eq!(difference(&a, &a).unwrap(), 0.0);
        assert_eq!(difference(&a, &of(json!([1.5, 2000.0]))).unwrap(), 0.5);
        assert_eq!(difference(&a, &of(json!([1.0, 1000.0]))).unwrap(), 0.5);
        assert!(difference(&a, &of(json!([1.0]))).is_err());
        assert!(difference(&a, &of(json!([1.0, null]))).is_err());
        assert!(difference(&Value::Null, &a).is_err());
    }
}
