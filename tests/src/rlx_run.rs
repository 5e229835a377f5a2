//! Runs of the built `rlx-run`, with nothing of this process's environment but the staged plugin's folder.

use assert_cmd::Command;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::PathBuf;

/// What `cargo xtask test` says under `variable`.
fn given(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => panic!("{variable} is not set: run `cargo xtask test`, which builds rlx-run and fetches the model"),
    }
}

/// The built program.
pub fn program() -> PathBuf {
    given("RLX_TEST_RLX_RUN")
}

/// The folder of the model all-MiniLM-L6-v2.
pub fn model() -> PathBuf {
    given("RLX_TEST_MODEL_DIR")
}

/// A command line that finds the staged plugin.
pub fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program());
    command.env_clear().env("RLX_PLUGIN_PATH", crate::plugin::folder()).args(args);
    command
}

/// What a command prints on standard output. It must succeed and print nothing else.
pub fn stdout(command: &mut Command) -> String {
    let output = command.assert().success().get_output().clone();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.is_empty(), "on standard error: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The JSON that a command prints.
pub fn json(command: &mut Command) -> Value {
    let text = stdout(command);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("not JSON: {e}\n{text}"))
}

/// The error line of a command. It must exit with `code` and print that line and nothing else.
pub fn error_line(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.stdout.is_empty(), "on standard output: {}", String::from_utf8_lossy(&output.stdout));
    assert!(!stderr.contains("panicked"), "{stderr}");
    let line = stderr.strip_prefix("error: ").and_then(|rest| rest.strip_suffix('\n'));
    match line {
        Some(line) if !line.is_empty() && !line.contains('\n') => line.to_owned(),
        _ => panic!("not one line that starts with `error: `:\n{stderr}"),
    }
}

/// The keys of a JSON object, sorted.
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().expect("a JSON object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
