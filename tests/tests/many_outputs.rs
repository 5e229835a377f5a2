//! Graphs of very many outputs, which are compiled and run in a time that grows with their number and not with its square.
//! With the square each of these takes minutes; the watchdog waits for one and a half.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Backend, CompileOptions};
use rlx_mlx_tests::plugin::{backend, with_kernels};
use std::fmt::Write;
use std::sync::mpsc;
use std::time::Duration;

const MANY: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(90);

/// Fails if `work` does not end.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || done.send(work()));
    match wait.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("not done after {PATIENCE:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().expect_err("a thread that panicked"))
        }
    }
}

/// A graph of these nodes behind the input `x`, every one an output; with names where `named`.
fn program(count: usize, input: &str, named: bool, node: impl Fn(usize) -> String) -> String {
    let mut text = format!("rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : {input}\n");
    for i in 1..=count {
        writeln!(text, "  %{i} = {}", node(i)).unwrap();
    }
    let name = |i: usize| if named { format!(" as out_{i}") } else { String::new() };
    let outputs: Vec<String> = (1..=count).map(|i| format!("%{i}{}", name(i))).collect();
    write!(text, "  return {}\n}}\n", outputs.join(", ")).unwrap();
    text
}

/// The first element of each output.
fn run(backend: &Backend, text: &str, options: &CompileOptions, input: &[f32]) -> Vec<f32> {
    let mut executable = backend.compile(text.as_bytes(), options).unwrap();
    let input: Vec<u8> = input.iter().flat_map(|v| v.to_le_bytes()).collect();
    let outputs = executable.run_to_vec(&[&input]).unwrap();
    outputs.iter().map(|bytes| f32::from_le_bytes(bytes[..4].try_into().unwrap())).collect()
}

/// What reads one value, each in another way and under a name of its own.
#[test]
fn a_hundred_thousand_outputs_of_one_input_take_linear_time() {
    let outputs = in_time(|| {
        let text =
            program(MANY, "f32[100000]", false, |i| format!("Narrow{{axis: 0, start: {}, len: 1}} %x : f32[1]", i - 1));
        let input: Vec<f32> = (0..MANY).map(|i| i as f32).collect();
        run(backend(), &text, &CompileOptions::new(), &input)
    });
    assert!(outputs.iter().enumerate().all(|(i, value)| *value == i as f32));
}

/// Behind each output lie all before it.
#[test]
fn a_chain_of_outputs_takes_linear_time() {
    let outputs = in_time(|| {
        let text = program(MANY, "f32[1]", false, |i| {
            let operand = if i == 1 { "x".to_owned() } else { (i - 1).to_string() };
            format!("Activation(Neg) %{operand} : f32[1]")
        });
        run(backend(), &text, &CompileOptions::new(), &[3.0])
    });
    assert_eq!(outputs.len(), MANY);
    assert_eq!(outputs[MANY - 2..], [-3.0, 3.0]);
}

/// Each is written where the host wants it.
#[test]
fn outputs_of_very_many_host_kernels_take_linear_time() {
    let outputs = in_time(|| {
        let next = Kernel::host_fn("test.next", |_, inputs, outputs| {
            outputs[0].values::<f32>()?[0] = inputs[0].values::<f32>()?[0] + 1.0;
            Ok(())
        });
        let own = with_kernels([next]);
        let text = program(MANY / 2, "f32[1]", false, |i| {
            let operand = if i == 1 { "x".to_owned() } else { (i - 1).to_string() };
            format!("Custom{{name: \"test.next\", num_inputs: 1, attrs: []}} %{operand} : f32[1]")
        });
        run(&own, &text, &CompileOptions::new().set("keep_outputs", false), &[0.0])
    });
    assert!(outputs.iter().enumerate().all(|(i, value)| *value == (i + 1) as f32));
}
