//! `rlx-run launch`: what ranks are told, what they print, and that they end together, whatever happens.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod bench;
mod embed;
mod ends;
mod examples;
mod hostfiles;
mod machines;
mod mlx_ring;
mod mpi;
mod ranks;

use assert_cmd::Command;
use rlx_mlx_tests::ranks::assert_gone;
use rlx_mlx_tests::rlx_run;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

/// Far longer than anything here takes.
const WATCHDOG: Duration = Duration::from_secs(60);

/// `rlx-run launch` with these arguments, and the system's programs to start.
fn launch(args: &[&str]) -> Command {
    let mut command = rlx_run::command(["launch"]);
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").args(args).timeout(WATCHDOG);
    command
}

/// The same of ranks that run a script of the shell.
fn launch_script(args: &[&str], script: &str) -> Command {
    launch(&[args, &["--", "sh", "-c", script]].concat())
}

/// The same, to be sent signals, with its output in a pipe.
fn start_script(args: &[&str], script: &str) -> Process {
    let mut process = Process::new(rlx_run::program());
    process.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    process.arg("launch").args(args).args(["--", "sh", "-c", script]);
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process
}

/// Lines of standard output, in order of the ranks, and of each rank as they came.
fn lines(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8(output.to_vec()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| line.split(']').next().map(str::to_owned));
    lines
}
