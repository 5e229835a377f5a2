//! What compiling and running must not do: start a process, or write a file.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::plugin::{MODES, compile_text, folder};
use rlx_mlx_tests::rlx_run;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

const NETWORK: &str = "rlxmodel 1
opset 1
graph @network {
  %x = input : f32[8, 8]
  %h = MatMul %x, %x : f32[8, 8]
  %a = Activation(Gelu) %h : f32[8, 8]
  %b = Binary(Add) %a, %x : f32[8, 8]
  %y = Activation(Tanh) %b : f32[8, 8]
  return %y
}
";

/// One test starts processes, the other looks for some: they take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the kernel counts for children that have ended: the page faults that any program takes to start.
fn faults_of_children() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name before it, in brackets, may contain anything; `cminflt` is the ninth field behind.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(8).unwrap().parse().unwrap()
}

fn children() -> String {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default()).collect()
}

/// MLX would look for a C++ compiler, and use it.
#[test]
fn no_process_is_started_and_one_would_be_noticed() {
    let _turn = turn();
    let before = faults_of_children();
    for mode in MODES {
        let mut executable = compile_text(NETWORK, mode).unwrap();
        for _ in 0..3 {
            executable.run_to_vec(&[&[0; 256]]).unwrap();
        }
    }
    assert_eq!((faults_of_children(), children().as_str()), (before, ""));
    assert!(Command::new("/bin/sh").args(["-c", "exit"]).status().unwrap().success());
    assert!(faults_of_children() > before, "this test would not notice a process");
}

#[test]
fn nothing_is_written_to_the_users_folders() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let model = home.path().join("network.rlxmodel");
    std::fs::write(&model, NETWORK).unwrap();
    let input = home.path().join("x.npy");
    ndarray_npy::write_npy(&input, &ndarray::Array2::<f32>::eye(8)).unwrap();
    let before = listing(home.path());
    for mode in MODES {
        let mut command = rlx_run::command(["run", "--backend", "mlx", "--mode", mode]);
        for variable in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, home.path());
        }
        command.env("RLX_PLUGIN_PATH", folder()).current_dir(home.path());
        command.arg(&model).arg("--input").arg(format!("x={}", input.display()));
        rlx_run::stdout(&mut command);
    }
    assert_eq!(listing(home.path()), before);
}

fn listing(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
