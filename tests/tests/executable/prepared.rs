//! What depends on parameters alone is computed once, after they were bound, and again when one of them has changed.

use super::assert_says;
use rlx_host_api::{CompileOptions, ErrorKind, Executable};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, Op, Shape, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, backend, compile_text};
use std::sync::Arc;

/// `y = x · (w v) + wᵀ`: a product of two parameters, a view of one.
const PROGRAM: &str = "rlxmodel 1
opset 1
graph @weights {
  %x = input : f32[2, 2]
  %w = param : f32[2, 2]
  %v = param : f32[2, 2]
  %product = MatMul %w, %v : f32[2, 2]
  %turned = Transpose{perm: [1, 0]} %w : f32[2, 2]
  %scaled = Binary(Mul) %x, %product : f32[2, 2]
  %y = Binary(Add) %scaled, %turned : f32[2, 2]
  return %y
}
";

/// `y = x · (w + w)`: nothing but a sum of a parameter with itself is read.
const DOUBLED: &str = "rlxmodel 1
opset 1
graph @doubled {
  %x = input : f32[2]
  %w = param : f32[2]
  %sum = Binary(Add) %w, %w : f32[2]
  %y = Binary(Mul) %x, %sum : f32[2]
  return %y
}
";

/// The same parameter, read as it is.
const PLAIN: &str = "rlxmodel 1
opset 1
graph @plain {
  %x = input : f32[2]
  %w = param : f32[2]
  %y = Binary(Mul) %x, %w : f32[2]
  return %y
}
";

const W: [f32; 4] = [1.0, 2.0, 3.0, 4.0];
const V: [f32; 4] = [5.0, 6.0, 7.0, 8.0];
const X: [f32; 4] = [1.0, 10.0, 100.0, 1000.0];

fn expected(w: [f32; 4], v: [f32; 4]) -> Vec<f32> {
    let product =
        [w[0] * v[0] + w[1] * v[2], w[0] * v[1] + w[1] * v[3], w[2] * v[0] + w[3] * v[2], w[2] * v[1] + w[3] * v[3]];
    let turned = [w[0], w[2], w[1], w[3]];
    (0..4).map(|i| X[i] * product[i] + turned[i]).collect()
}

fn weights(mode: &str) -> Executable {
    let mut executable = compile_text(PROGRAM, mode).unwrap();
    executable.set_param("w", view(&[2, 2], &bytes(&W))).unwrap();
    executable.set_param("v", view(&[2, 2], &bytes(&V))).unwrap();
    executable
}

fn run(executable: &mut Executable) -> Vec<f32> {
    floats(&executable.run_to_vec(&[&bytes(&X)]).unwrap()[0])
}

fn run_two(executable: &mut Executable, x: [f32; 2]) -> Vec<f32> {
    floats(&executable.run_to_vec(&[&bytes(&x)]).unwrap()[0])
}

fn doubled(mode: &str) -> Executable {
    let mut executable = compile_text(DOUBLED, mode).unwrap();
    executable.set_param("w", view(&[2], &bytes(&[3.0, 4.0]))).unwrap();
    executable
}

/// One evaluation more, the first time; in eager mode one for each node that runs leave out.
#[test]
fn it_is_computed_once() {
    for mode in MODES {
        let mut executable = weights(mode);
        let mut evaluations = Vec::new();
        let mut before = 0;
        for _ in 0..4 {
            assert_eq!(run(&mut executable), expected(W, V), "{mode}");
            let now = executable.counters().unwrap().evaluations;
            evaluations.push(now - before);
            before = now;
        }
        let [first, second, third, fourth] = evaluations[..] else { unreachable!() };
        assert!(first > second && second == third && third == fourth, "{mode}: {evaluations:?}");
        if mode == "compiled" {
            assert_eq!((first, second), (2, 1));
            assert_eq!(executable.counters().unwrap().traces, 1);
        }
    }
}

#[test]
fn a_changed_parameter_counts_from_the_next_run_on() {
    for mode in MODES {
        let mut executable = weights(mode);
        assert_eq!(run(&mut executable), expected(W, V));
        executable.set_param("v", view(&[2, 2], &bytes(&W))).unwrap();
        assert_eq!(run(&mut executable), expected(W, W), "{mode}: set");
        // The view of it is one of the memory that is written to.
        executable.write_param("w", 4, &bytes(&[9.0])).unwrap();
        assert_eq!(run(&mut executable), expected([1.0, 9.0, 3.0, 4.0], W), "{mode}: written to in part");
        let other = weights(mode);
        assert_eq!(executable.share_params(&other).unwrap(), 2);
        assert_eq!(run(&mut executable), expected(W, V), "{mode}: shared");
        let memory = Arc::new(bytes(&V));
        executable.set_param_shared("w", memory, |data| view(&[2, 2], data)).unwrap();
        assert_eq!(run(&mut executable), expected(V, V), "{mode}: in the host's memory");
        if mode == "compiled" {
            assert_eq!(executable.counters().unwrap().traces, 1);
        }
    }
}

#[test]
fn runs_under_way_keep_what_they_have_begun_with() {
    for mode in MODES {
        let mut executable = weights(mode);
        executable.submit(&[&bytes(&X)]).unwrap();
        executable.set_param("w", view(&[2, 2], &bytes(&V))).unwrap();
        let mut found = [0; 16];
        executable.read_output(0, 0, &mut found).unwrap();
        assert_eq!(floats(&found), expected(W, V), "{mode}");
        executable.submit(&[&bytes(&X)]).unwrap();
        executable.wait().unwrap();
        executable.read_output(0, 0, &mut found).unwrap();
        assert_eq!(floats(&found), expected(V, V), "{mode}");
        let x = bytes(&X);
        executable.set_param("v", view(&[2, 2], &bytes(&W))).unwrap();
        executable.run_batch(&mut [(&[&x], &mut [Some(&mut found)])]).unwrap();
        assert_eq!(floats(&found), expected(V, W), "{mode}");
    }
}

#[test]
fn copies_have_their_own() {
    for mode in MODES {
        let mut original = weights(mode);
        let mut early = original.duplicate().unwrap();
        assert_eq!(run(&mut original), expected(W, V));
        let mut late = original.duplicate().unwrap();
        let before = late.counters().unwrap().evaluations;
        assert_eq!(run(&mut late), expected(W, V), "{mode}");
        if mode == "compiled" {
            assert_eq!(late.counters().unwrap().evaluations - before, 1, "it has what the original made");
        }
        late.set_param("w", view(&[2, 2], &bytes(&V))).unwrap();
        assert_eq!(run(&mut late), expected(V, V), "{mode}");
        assert_eq!(run(&mut original), expected(W, V), "{mode}");
        assert_eq!(run(&mut early), expected(W, V), "{mode}");
    }
}

#[test]
fn a_parameter_that_is_read_no_more_is_let_go_and_says_so() {
    let says = "parameter `w` is kept only in the form that runs read since the first of them: set the whole anew, or \
                compile with option `keep_params`";
    let mode = "compiled";
    let mut executable = doubled(mode);
    executable.write_param("w", 0, &bytes(&[5.0])).unwrap();
    assert_eq!(run_two(&mut executable, [1.0, 10.0]), [10.0, 80.0], "{mode}");
    let written = executable.write_param("w", 0, &bytes(&[1.0]));
    assert_says(written, ErrorKind::FailedPrecondition, says);

    // A copy has what was made of it, and so does a sharer of the same program; of another it cannot be shared.
    let mut copy = executable.duplicate().unwrap();
    assert_eq!(run_two(&mut copy, [2.0, 10.0]), [20.0, 80.0], "{mode}");
    copy.set_param("w", view(&[2], &bytes(&[1.0, 1.0]))).unwrap();
    assert_eq!(run_two(&mut copy, [1.0, 1.0]), [2.0, 2.0], "{mode}");
    assert_eq!(copy.share_params(&executable).unwrap(), 1);
    assert_eq!(run_two(&mut copy, [2.0, 10.0]), [20.0, 80.0], "{mode}");
    let mut plain = compile_text(PLAIN, mode).unwrap();
    assert_says(plain.share_params(&executable).map(drop), ErrorKind::FailedPrecondition, says);
    assert!(plain.run_to_vec(&[&bytes(&[1.0, 1.0])]).is_err(), "nothing was bound");

    executable.set_param("w", view(&[2], &bytes(&[1.0, 2.0]))).unwrap();
    assert_eq!(plain.share_params(&executable).unwrap(), 1, "{mode}: set anew");
    assert_eq!(run_two(&mut executable, [1.0, 1.0]), [2.0, 4.0], "{mode}");
    assert_eq!(run_two(&mut plain, [1.0, 1.0]), [1.0, 2.0], "{mode}: a sharer keeps it");
}

/// `y = x · w · vᵀ`: weights are read in a packed form.
const LAYERS: &str = "rlxmodel 1
opset 1
graph @layers {
  %x = input : f32[2, 2]
  %w = param : f32[2, 3]
  %v = param : f32[5, 3]
  %turned = Transpose{perm: [1, 0]} %v : f32[3, 5]
  %h = MatMul %x, %w : f32[2, 3]
  %y = MatMul %h, %turned : f32[2, 5]
  return %y
}
";

/// Weights that are packed are let go, and yet can be written to in part, and shared with another program.
#[test]
fn packed_weights_can_be_had_back() {
    let wanted = |w: &[f32; 6], v: &[f32; 15]| {
        let mut y = Vec::new();
        for x in X.chunks_exact(2) {
            let h: Vec<f32> = (0..3).map(|j| x[0] * w[j] + x[1] * w[3 + j]).collect();
            y.extend((0..5).map(|j| (0..3).map(|p| h[p] * v[j * 3 + p]).sum::<f32>()));
        }
        y
    };
    for mode in MODES {
        let (mut w, mut v) = ([0.0; 6], [0.0; 15]);
        w.iter_mut().enumerate().for_each(|(i, w)| *w = i as f32 - 2.0);
        v.iter_mut().enumerate().for_each(|(i, v)| *v = (i as f32 - 7.0) / 2.0);
        let mut executable = compile_text(LAYERS, mode).unwrap();
        executable.set_param("w", view(&[2, 3], &bytes(&w))).unwrap();
        // With the last parameter all are packed; what the first run does, the second does too, but for steps on the way in
        // modes that lower anew.
        assert_eq!(executable.counters().unwrap().evaluations, 0, "{mode}");
        executable.set_param("v", view(&[5, 3], &bytes(&v))).unwrap();
        let evaluations = [(); 3].map(|()| {
            let now = executable.counters().unwrap().evaluations;
            assert_eq!(run(&mut executable), wanted(&w, &v), "{mode}");
            now
        });
        let [packed, once, twice] = evaluations;
        let is_alike = mode != "compiled" || once - packed == twice - once;
        assert!(packed > 0 && is_alike, "{mode}: {evaluations:?}");
        let mut other = compile_text(&LAYERS.replace("@layers", "@others"), mode).unwrap();
        assert_eq!(other.share_params(&executable).unwrap(), 2, "{mode}");
        for round in 0..3 {
            (w[1 + round], v[4 + round]) = (9.0, -3.5);
            executable.write_param("w", 4 * (1 + round), &bytes(&[9.0])).unwrap();
            executable.write_param("v", 4 * (4 + round), &bytes(&[-3.5])).unwrap();
            assert_eq!(run(&mut executable), wanted(&w, &v), "{mode}, {round}");
            let mut copy = executable.duplicate().unwrap();
            assert_eq!(run(&mut copy), wanted(&w, &v), "{mode}, {round}, a copy");
        }
        let (mut w, mut v) = ([0.0; 6], [0.0; 15]);
        w.iter_mut().enumerate().for_each(|(i, w)| *w = i as f32 - 2.0);
        v.iter_mut().enumerate().for_each(|(i, v)| *v = (i as f32 - 7.0) / 2.0);
        assert_eq!(run(&mut other), wanted(&w, &v), "{mode}: the other has its own");
    }
}

#[test]
fn parameters_are_kept_where_the_host_asks_for_it() {
    for mode in MODES {
        let options = CompileOptions::new().set("mode", mode);
        let options = if mode == "compiled" { options.set("keep_params", true) } else { options };
        let mut executable = backend().compile(DOUBLED.as_bytes(), &options).unwrap();
        executable.set_param("w", view(&[2], &bytes(&[3.0, 4.0]))).unwrap();
        assert_eq!(run_two(&mut executable, [1.0, 10.0]), [6.0, 80.0], "{mode}");
        executable.write_param("w", 0, &bytes(&[5.0])).unwrap();
        assert_eq!(run_two(&mut executable, [1.0, 10.0]), [10.0, 80.0], "{mode}");
    }
    let wrong = CompileOptions::new().set("keep_params", "yes");
    let refused = backend().compile(DOUBLED.as_bytes(), &wrong).map(drop);
    assert_says(refused, ErrorKind::InvalidArgument, "option `keep_params` is true or false, not `yes`");
}

/// The sum repeats r as the expansion does, so that a trace has one value for both, and does not read r.
#[test]
fn a_value_that_is_repeated_twice_is_there_for_both() {
    let text = "rlxmodel 1
opset 1
graph @repeated {
  %x = input : f32[3, 2]
  %w = param : f32[2]
  %r = Reverse{axes: [0]} %w : f32[2]
  %e = Expand{target_shape: [3, 2]} %r : f32[3, 2]
  %s = Binary(Add) %x, %r : f32[3, 2]
  return %e, %s
}
";
    for mode in MODES {
        let mut executable = compile_text(text, mode).unwrap();
        executable.set_param("w", view(&[2], &bytes(&[1.0, 2.0]))).unwrap();
        for _ in 0..2 {
            let outputs = executable.run_to_vec(&[&bytes(&[0.0; 6])]).unwrap();
            assert_eq!(outputs, [bytes(&[2.0, 1.0].repeat(3)), bytes(&[2.0, 1.0].repeat(3))], "{mode}");
        }
    }
}

/// In the body of a loop, and beside it.
#[test]
fn nested_graphs_have_theirs() {
    let shape = Shape::new(&[2], DType::F32);
    let mut body = Graph::new("body");
    let carry = body.input("carry", shape.clone());
    let w = body.param("w", shape.clone());
    let square = body.add_node(Op::Binary(BinaryOp::Mul), vec![w, w], shape.clone());
    let next = body.add_node(Op::Binary(BinaryOp::Add), vec![carry, square], shape.clone());
    body.set_outputs(vec![next]);
    let mut graph = Graph::new("nested");
    let x = graph.input("x", shape.clone());
    let w = graph.param("w", shape.clone());
    let sum = graph.add_node(Op::Binary(BinaryOp::Add), vec![w, w], shape.clone());
    let start = graph.add_node(Op::Binary(BinaryOp::Mul), vec![x, sum], shape);
    let looped = graph.scan_with_bcasts_and_xs(start, &[], &[], body, 3);
    graph.set_outputs(vec![looped]);
    let text = rlxmodel::to_text(&graph).unwrap();
    for mode in MODES {
        let mut executable = compile_text(&text, mode).unwrap();
        for w in [[1.0, 2.0], [3.0, 0.5]] {
            executable.set_param("w", view(&[2], &bytes(&w))).unwrap();
            let want: Vec<f32> = [10.0, 100.0].iter().zip(w).map(|(x, w)| x * 2.0 * w + 3.0 * w * w).collect();
            assert_eq!(run_two(&mut executable, [10.0, 100.0]), want, "{mode}");
            assert_eq!(run_two(&mut executable, [10.0, 100.0]), want, "{mode}");
        }
    }
}
