//! What an executable does beyond one run: parameters in part and shared, inputs that stay on the device, runs that nobody
//! waits for, and counters of all that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod counters;
mod extent;
mod kv_cache;
mod lent;
mod params;
mod pipeline;
mod prepared;
mod random;
mod resident;
mod state;
mod timeline;
mod unneeded;

use rlx_host_api::{Error, ErrorKind, Executable};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::compile_text;

/// `next = state + x`, and `twice = 2 x`.
const ADD: &str = "rlxmodel 1
opset 1
graph @add {
  %state = input : f32[4]
  %x = input : f32[4]
  %next = Binary(Add) %state, %x : f32[4]
  %twice = Binary(Add) %x, %x : f32[4]
  return %next as next, %twice as twice
}
";

/// Index of `state` and of `next`.
const STATE: usize = 0;
const NEXT: usize = 0;

/// An adder whose state is bound to `state` and fed.
fn adder(mode: &str, state: [f32; 4]) -> Executable {
    let mut executable = compile_text(ADD, mode).unwrap();
    executable.bind_resident(STATE, Some(view(&[4], &bytes(&state)))).unwrap();
    executable.feed(STATE, Some(NEXT)).unwrap();
    executable
}

/// Adds `x` to the state, and gives `next`.
fn add(executable: &mut Executable, x: [f32; 4]) -> Vec<f32> {
    let mut next = [0; 16];
    executable.run(&[&[], &bytes(&x)], &mut [Some(&mut next), None]).unwrap();
    floats(&next)
}

/// A resident input of this many elements.
fn resident(executable: &Executable, input: usize, elements: usize) -> Vec<f32> {
    let mut data = vec![0; elements * 4];
    executable.read_resident(input, 0, &mut data).unwrap();
    floats(&data)
}

#[track_caller]
fn assert_says(result: Result<(), Error>, kind: ErrorKind, message: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.message()), (kind, message));
}
