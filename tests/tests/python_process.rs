//! The Python host when its process forks, and when it ends while a daemon thread runs.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::python;
use std::time::Duration;

/// Far longer than any of these takes.
const WATCHDOG: Duration = Duration::from_secs(120);

/// An executable that has run, in `executable`, and the array to run it with, in `x`.
const RUN_ONCE: &str = r#"
PROGRAM = """rlxmodel 1
opset 1
graph @network {
  %x = input : f32[256, 256]
  %h = MatMul %x, %x : f32[256, 256]
  %y = Activation(Tanh) %h : f32[256, 256]
  return %y
}
"""
import os, sys, threading, time
import numpy as np
import rlx_host
backend = rlx_host.load(os.environ["PLUGIN"]).create()
executable = backend.compile(PROGRAM)
x = np.ones((256, 256), np.float32)
assert (executable.run({"x": x})[0] == 1).all()
"#;

fn ends_well(code: &str) {
    let mut command = python::command(["-c", &format!("{RUN_ONCE}{code}")]);
    let output = command.env("PLUGIN", python::staged_plugin()).timeout(WATCHDOG).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}\n{stderr}", output.status);
    assert_eq!(stderr, "", "nothing to say");
}

#[test]
fn a_forked_child_is_told_and_ends() {
    ends_well(
        r#"
for explicit in (False, True):
    child = os.fork()
    if child == 0:
        try:
            executable.run({"x": x})
        except rlx_host.PluginError as error:
            assert "forked" in str(error), error
            if explicit:
                del executable, backend
            sys.exit(7)
        sys.exit("the child ran")
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 7, status
assert (executable.run({"x": x})[0] == 1).all()
"#,
    );
}

#[test]
fn the_process_ends_while_a_daemon_thread_runs() {
    for what in ["executable.run({'x': x})", "backend.compile(PROGRAM).run({'x': x})", "backend.compile(PROGRAM)"] {
        for _ in 0..8 {
            ends_well(&format!(
                "
rounds = []
def loop():
    while True:
        {what}
        rounds.append(1)
threading.Thread(target=loop, daemon=True).start()
while len(rounds) < 3:
    time.sleep(0.001)
"
            ));
        }
    }
}
