//! `process-scenario NAME [ARGUMENT]`: a host that gets into one of the situations of `tests/process.rs`, each of which could
//! end or hang the process that tries it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test that started it"
)]

mod exit;
mod fork;
mod limits;
mod signals;

use rlx_host_api::{Backend, BackendOptions, CompileOptions, DeviceKind, Error, Executable, Plugin};
use rlx_mlx_tests::plugin::registry;
use std::process::ExitCode;
use std::sync::LazyLock;

/// A product that is dealt out to several threads, and some ops of MLX's own.
const NETWORK: &str = "rlxmodel 1
opset 1
graph @network {
  %x = input : f32[256, 256]
  %h = MatMul %x, %x : f32[256, 256]
  %a = Activation(Tanh) %h : f32[256, 256]
  %sum = Reduce{op: Sum, axes: [0, 1], keep_dim: false} %a : f32[]
  return %sum
}
";

fn find() -> Result<Plugin, Error> {
    registry().find("mlx")
}

fn create(plugin: &Plugin) -> Result<Backend, Error> {
    plugin.create(&BackendOptions::new().device(DeviceKind::Cpu))
}

fn compile(backend: &Backend, mode: &str) -> Result<Executable, Error> {
    backend.compile(NETWORK.as_bytes(), &CompileOptions::new().set("mode", mode))
}

fn executable(mode: &str) -> Executable {
    compile(&create(&find().unwrap()).unwrap(), mode).unwrap()
}

/// Made once: of a host that gets no memory for its own values nothing is to be learnt.
fn input() -> &'static [u8] {
    static ONES: LazyLock<Vec<u8>> =
        LazyLock::new(|| std::iter::repeat_n(1.0_f32.to_le_bytes(), 256 * 256).flatten().collect());
    &ONES
}

/// The network of ones gives tanh(256) = 1 everywhere.
fn run(executable: &mut Executable) -> Result<(), Error> {
    let outputs = executable.run_to_vec(&[input()])?;
    assert_eq!(outputs, [65536.0_f32.to_le_bytes()]);
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fork-after-run"] => fork::after_run(),
        ["fork-before-create"] => fork::before_create(),
        ["exit", what] => exit::with(what),
        ["signals"] => signals::all(),
        ["no-threads"] => limits::no_threads(),
        ["address-space", mebibytes] => limits::address_space(mebibytes.parse().expect("a number")),
        other => panic!("no such scenario: {other:?}"),
    }
    ExitCode::SUCCESS
}
