//! Parameters in part, shared and copied.

use super::assert_says;
use rlx_host_api::{ErrorKind, Executable, TensorView};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, compile_text};
use std::sync::Arc;

/// `y = x w + b`.
const AFFINE: &str = "rlxmodel 1
opset 1
graph @affine {
  %x = input : f32[1, 2]
  %w = param : f32[2, 2]
  %b = param : f32[2]
  %product = MatMul %x, %w : f32[1, 2]
  %y = Binary(Add) %product, %b : f32[1, 2]
  return %y
}
";

/// Another graph with a parameter `b` alike and a `w` of another shape.
const OTHER: &str = "rlxmodel 1
opset 1
graph @other {
  %x = input : f32[2]
  %w = param : f32[2]
  %b = param : f32[2]
  %product = Binary(Mul) %x, %w : f32[2]
  %y = Binary(Add) %product, %b : f32[2]
  return %y
}
";

fn affine(mode: &str) -> Executable {
    let mut executable = compile_text(AFFINE, mode).unwrap();
    executable.set_param("w", view(&[2, 2], &bytes(&[1.0, 0.0, 0.0, 1.0]))).unwrap();
    executable.set_param("b", view(&[2], &bytes(&[0.5, -0.5]))).unwrap();
    executable
}

fn run(executable: &mut Executable, x: [f32; 2]) -> Vec<f32> {
    floats(&executable.run_to_vec(&[&bytes(&x)]).unwrap()[0])
}

#[test]
fn a_part_of_a_parameter_is_overwritten() {
    for mode in MODES {
        let mut executable = affine(mode);
        assert_eq!(run(&mut executable, [1.0, 2.0]), [1.5, 1.5]);
        executable.write_param("w", 4, &bytes(&[3.0, 4.0])).unwrap();
        assert_eq!(run(&mut executable, [1.0, 2.0]), [1.0 + 8.0 + 0.5, 3.0 + 2.0 - 0.5], "{mode}");
        // Bytes that are no whole element: the upper half of 0.5 becomes that of -2.
        executable.write_param("b", 2, &(-2f32).to_le_bytes()[2..]).unwrap();
        assert_eq!(run(&mut executable, [0.0, 0.0]), [-2.0, -0.5], "{mode}");
    }
}

/// The plugin may use a shared parameter in place, but it never writes there.
#[test]
fn writing_leaves_the_hosts_memory_alone() {
    let memory = Arc::new(bytes(&[7.0, 8.0]));
    let mut executable = affine("compiled");
    executable.set_param_shared("b", Arc::clone(&memory), |data| view(&[2], data)).unwrap();
    executable.write_param("b", 0, &bytes(&[1.0])).unwrap();
    assert_eq!(run(&mut executable, [0.0, 0.0]), [1.0, 8.0]);
    assert_eq!(floats(&memory), [7.0, 8.0]);
}

#[test]
fn parameters_are_shared_and_written_apart() {
    for mode in MODES {
        let source = affine(mode);
        let mut first = compile_text(AFFINE, mode).unwrap();
        let mut second = compile_text(AFFINE, mode).unwrap();
        assert_eq!(first.share_params(&source).unwrap(), 2);
        assert_eq!(second.share_params(&first).unwrap(), 2, "of what was shared before");
        drop(source);
        assert_eq!(run(&mut first, [1.0, 2.0]), [1.5, 1.5]);
        first.write_param("b", 0, &bytes(&[10.0])).unwrap();
        assert_eq!(run(&mut first, [1.0, 2.0]), [11.0, 1.5], "{mode}");
        assert_eq!(run(&mut second, [1.0, 2.0]), [1.5, 1.5], "{mode}: keeps the old values");
        second.write_param("b", 4, &bytes(&[20.0])).unwrap();
        assert_eq!(run(&mut second, [1.0, 2.0]), [1.5, 22.0], "{mode}");
        assert_eq!(run(&mut first, [1.0, 2.0]), [11.0, 1.5], "{mode}");
    }
}

#[test]
fn only_parameters_that_are_alike_and_bound_are_shared() {
    let mut other = compile_text(OTHER, "compiled").unwrap();
    assert_eq!(other.share_params(&compile_text(AFFINE, "compiled").unwrap()).unwrap(), 0, "nothing is bound");
    assert_eq!(other.share_params(&affine("compiled")).unwrap(), 1, "`w` has another shape");
    let error = other.run_to_vec(&[&bytes(&[1.0, 2.0])]).unwrap_err();
    assert_eq!(error.message(), "1 of 2 parameters are not set: w");
    other.set_param("w", view(&[2], &bytes(&[2.0, 3.0]))).unwrap();
    assert_eq!(run(&mut other, [1.0, 2.0]), [2.5, 5.5]);
}

#[test]
fn a_duplicate_has_the_parameters_and_goes_its_own_way() {
    for mode in MODES {
        let mut original = affine(mode);
        let mut copy = original.duplicate().unwrap();
        assert_eq!(run(&mut copy, [1.0, 2.0]), [1.5, 1.5], "{mode}");
        copy.write_param("w", 0, &bytes(&[2.0])).unwrap();
        original.set_param("b", view(&[2], &bytes(&[0.0, 0.0]))).unwrap();
        assert_eq!(run(&mut copy, [1.0, 2.0]), [2.5, 1.5], "{mode}");
        assert_eq!(run(&mut original, [1.0, 2.0]), [1.0, 2.0], "{mode}");
        drop(original);
        assert_eq!(run(&mut copy, [1.0, 2.0]), [2.5, 1.5], "{mode}");
    }
}

#[test]
fn a_duplicate_of_what_is_not_complete_is_not_complete() {
    let mut copy = compile_text(AFFINE, "compiled").unwrap().duplicate().unwrap();
    let error = copy.run_to_vec(&[&bytes(&[1.0, 2.0])]).unwrap_err();
    assert_eq!(error.message(), "2 of 2 parameters are not set: w, b");
}

#[test]
fn what_cannot_be_written_is_named() {
    let mut executable = compile_text(AFFINE, "compiled").unwrap();
    let data = bytes(&[1.0, 2.0]);
    assert_says(
        executable.write_param("b", 0, &data),
        ErrorKind::FailedPrecondition,
        "parameter `b` is not set: set the whole first",
    );
    executable.set_param("b", TensorView { dtype: rlx_host_api::DType::F32, dims: &[2], data: &data }).unwrap();
    assert_says(
        executable.write_param("b", 4, &data),
        ErrorKind::InvalidArgument,
        "parameter `b` has 8 bytes; 8 at 4 do not fit",
    );
    assert_says(executable.write_param("bias", 0, &data), ErrorKind::NotFound, "the graph has no parameter `bias`");
}
