//! What compiling and running must not do: start a program, write a file, or keep a second copy of the weights.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod exec_trace;

use exec_trace::execs;
use rlx_mlx_tests::plugin::{MODES, folder};
use rlx_mlx_tests::rlx_run;
use std::process::{Command, Stdio};

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

/// MLX would look for a C++ compiler, and use it.
#[test]
fn no_program_is_started() {
    for mode in MODES {
        let mut command = Command::new(rlx_run::program());
        command.args(["embed", "--backend", "mlx", "--mode", mode, "--model"]).arg(rlx_run::model());
        command
            .args(["--repeat", "2", "No compiler, no shell."])
            .env("RLX_PLUGIN_PATH", folder())
            .stdout(Stdio::null());
        let (status, programs) = execs(&mut command).unwrap();
        assert_eq!(status, 0, "{mode}");
        assert_eq!(programs, [rlx_run::program().canonicalize().unwrap()], "{mode}");
    }
}

#[test]
fn a_program_that_is_started_would_be_noticed() {
    let (status, programs) = execs(Command::new("/bin/sh").args(["-c", "/bin/sh -c 'exit 0'; exit 3"])).unwrap();
    assert_eq!((status >> 8, programs.len()), (3, 2), "{programs:?}");
}

#[test]
fn nothing_is_written_to_the_users_folders() {
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

/// 91 MB of weights are mapped and used in place.
#[test]
fn embedding_with_minilm_takes_at_most_180_mb() {
    let long = "All work and no play makes Jack a dull boy. ".repeat(20);
    for texts in [vec!["One short text."], vec![long.as_str(); 8]] {
        let mut command = Command::new(rlx_run::program());
        command.args(["embed", "--backend", "mlx", "--model"]).arg(rlx_run::model());
        command.args(["--max-length", "128"]).args(&texts).env("RLX_PLUGIN_PATH", folder()).stdout(Stdio::null());
        let (status, kibibytes) = peak_resident_set(&mut command);
        assert_eq!(status, 0);
        assert!((20_000..180_000_000 / 1024).contains(&kibibytes), "{} texts took {kibibytes} KiB", texts.len());
    }
}

/// The exit status of a command, and its maximum resident set in KiB.
#[expect(clippy::zombie_processes, reason = "`wait4` waits for it, and tells what it used")]
fn peak_resident_set(command: &mut Command) -> (i32, i64) {
    let child = command.spawn().unwrap();
    // SAFETY: plain data, for which all zero is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    // SAFETY: both are writable; the child is waited for here alone.
    let pid = unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, &mut usage) };
    assert_eq!(pid, child.id() as libc::pid_t);
    (status, usage.ru_maxrss)
}
