//! What the plugin does to the process around it: forks, the end of the process, signals, and systems that give no more
//! threads or memory. Each scenario is a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::plugin::folder;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Far longer than any scenario takes.
const WATCHDOG: Duration = Duration::from_secs(120);

fn scenario(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_process-scenario"));
    command.args(args).env("RLX_TEST_PLUGIN_DIR", folder()).env_remove("RLX_MLX_MODE");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the scenario starts");
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > WATCHDOG {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("{args:?} hangs\n{}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

/// Ends with this exit code, not by a signal; gives what it printed.
fn ends_with(code: i32, args: &[&str]) -> String {
    let output = scenario(args);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let (status, signal) = (output.status, output.status.signal());
    assert_eq!(status.code(), Some(code), "{args:?}: {status}, signal {signal:?}\n{stdout}{stderr}");
    stdout.into_owned()
}

#[test]
fn fork_after_a_run_is_told_at_once_in_the_child() {
    ends_with(0, &["fork-after-run"]);
}

#[test]
fn fork_before_an_instance_is_allowed() {
    ends_with(0, &["fork-before-create"]);
}

#[test]
fn exit_while_runs_are_in_flight() {
    for what in ["run", "run-lazy", "run-eager", "submit", "compile"] {
        for _ in 0..15 {
            ends_with(0, &["exit", what]);
        }
    }
    for _ in 0..15 {
        ends_with(7, &["exit", "submitted"]);
    }
}

#[test]
fn exit_while_a_kernel_never_ends() {
    ends_with(7, &["exit", "endless-kernel"]);
}

#[test]
fn signals_are_left_to_the_host() {
    ends_with(0, &["signals"]);
}

#[test]
fn no_more_threads_is_an_error() {
    let said = ends_with(0, &["no-threads"]);
    assert!(said.contains("refused: ") && said.contains("threads"), "{said}");
}

/// Around the places where the plugin, its libraries and their buffers stop fitting.
#[test]
fn little_address_space_is_an_error() {
    let mut said = Vec::new();
    for mebibytes in (20..=400).step_by(10) {
        let limit = mebibytes.to_string();
        said.push(ends_with(0, &["address-space", &limit]));
    }
    assert!(said.iter().any(|said| said.contains("refused: ") && !said.contains("loaded")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("loaded") && said.contains("refused: ")), "{said:?}");
    assert!(said.last().unwrap().contains("ran"), "{said:?}");
}
