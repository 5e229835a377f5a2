//! Traces and evaluations of graphs with control flow, and the other ways to run them.

use crate::{add, body, compare, f32s, mul, number};
use rlx_host_api::Executable;
use rlx_ir::op::{Activation, CmpOp};
use rlx_ir::{Graph, Op, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::compile_text;

/// `(tanh(x) summed 50 times, then doubled while its counter is below 4) * w`: five segments, `tanh`,
/// the scan's body, the loop's condition and body, and the product.
fn looping() -> String {
    let shape = f32s(&[2]);
    let mut graph = Graph::new("looping");
    let x = graph.input("x", shape.clone());
    let zero = graph.input("zero", f32s(&[1]));
    let start = graph.activation(Activation::Tanh, x, shape.clone());
    let step = body(&[&shape, &shape], |g, v| vec![add(g, v[0], v[1])]);
    let sum = graph.scan_with_bcasts_and_xs(x, &[start], &[], *step, 50);
    let carried = [shape.clone(), f32s(&[1])];
    let cond = body(&carried, |g, v| {
        let limit = number(g, 4.0);
        vec![compare(g, CmpOp::Lt, v[1], limit)]
    });
    let doubling = body(&carried, |g, v| {
        let one = number(g, 1.0);
        vec![add(g, v[0], v[0]), add(g, v[1], one)]
    });
    let op = Op::While { cond, body: doubling, max_iterations: None };
    let doubled = graph.add_node(op, vec![sum, zero], shape.clone());
    let w = graph.param("w", shape);
    let y = mul(&mut graph, doubled, w);
    graph.set_outputs(vec![y]);
    rlxmodel::to_text(&graph).unwrap()
}

fn compiled(mode: &str) -> Executable {
    let mut executable = compile_text(&looping(), mode).unwrap();
    let w = bytes(&[1.0, 0.5]);
    executable.set_param("w", view(&[2], &w)).unwrap();
    executable
}

fn want(x: [f32; 2]) -> Vec<f32> {
    let sum = x.map(|x| (0..50).fold(x, |sum, _| sum + x.tanh()) * 16.0);
    vec![sum[0], sum[1] * 0.5]
}

#[track_caller]
fn assert_near(got: &[f32], want: &[f32]) {
    let near = got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 1e-4 * (1.0 + w.abs()));
    assert!(near && got.len() == want.len(), "{got:?}, expected {want:?}");
}

fn run(executable: &mut Executable, x: [f32; 2]) -> Vec<f32> {
    floats(&executable.run_to_vec(&[&bytes(&x), &bytes(&[0.0])]).unwrap()[0])
}

#[test]
fn each_segment_is_traced_once_however_often_it_runs() {
    let mut executable = compiled("compiled");
    assert_eq!(executable.counters().unwrap().traces, 5);
    for i in 0..100 {
        let x = [i as f32 / 50.0, -0.5];
        assert_near(&run(&mut executable, x), &want(x));
        let counters = executable.counters().unwrap();
        // One for each of the four turns and the last look at the condition, one for the outputs.
        assert_eq!((counters.traces, counters.runs, counters.evaluations), (5, i + 1, 6 * (i + 1)));
    }
    let mut copy = executable.duplicate().unwrap();
    assert_near(&run(&mut copy, [0.25, 1.0]), &want([0.25, 1.0]));
    assert_eq!(copy.counters().unwrap().traces, 0);
}

/// What lazy and eager mode lower: two segments, 50 steps of the scan, five conditions and four turns.
#[test]
fn the_other_modes_lower_what_they_run() {
    for mode in ["lazy", "eager"] {
        let mut executable = compiled(mode);
        assert_near(&run(&mut executable, [0.5, -0.5]), &want([0.5, -0.5]));
        assert_eq!(executable.counters().unwrap().traces, 5 + 2 + 50 + 5 + 4, "{mode}");
    }
}

#[test]
fn they_can_be_submitted_batched_and_fed() {
    for mode in ["eager", "lazy", "compiled"] {
        let mut executable = compiled(mode);
        let inputs: Vec<[Vec<u8>; 2]> = (0..9).map(|i| [bytes(&[i as f32, 0.5]), bytes(&[0.0])]).collect();
        for input in &inputs {
            executable.submit(&[&input[0], &input[1]]).unwrap();
        }
        executable.wait().unwrap();
        let mut last = [0; 8];
        executable.read_output(0, 0, &mut last).unwrap();
        assert_near(&floats(&last), &want([8.0, 0.5]));

        let mut outputs = vec![[0; 8]; inputs.len()];
        let views: Vec<[&[u8]; 2]> = inputs.iter().map(|input| [&input[0][..], &input[1][..]]).collect();
        let mut sinks: Vec<[Option<&mut [u8]>; 1]> = outputs.iter_mut().map(|o| [Some(&mut o[..])]).collect();
        let mut runs: Vec<_> = views.iter().zip(&mut sinks).map(|(i, o)| (&i[..], &mut o[..])).collect();
        executable.run_batch(&mut runs).unwrap();
        for (i, output) in outputs.iter().enumerate() {
            assert_near(&floats(output), &want([i as f32, 0.5]));
        }

        executable.bind_resident(0, Some(view(&[2], &bytes(&[0.01, 0.02])))).unwrap();
        executable.feed(0, Some(0)).unwrap();
        let mut x = [0.01, 0.02];
        for _ in 0..3 {
            let got = executable.run_to_vec(&[&[], &bytes(&[0.0])]).unwrap();
            let expected = want(x);
            assert_near(&floats(&got[0]), &expected);
            x = [expected[0], expected[1]];
        }
    }
}

/// Two threads on duplicates of one executable, which share its traces.
#[test]
fn duplicates_run_at_once() {
    let mut executable = compiled("compiled");
    let mut copy = executable.duplicate().unwrap();
    let runs = |executable: &mut Executable| {
        for i in 0..50 {
            let x = [i as f32 / 20.0, 0.5];
            assert_near(&run(executable, x), &want(x));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| runs(&mut executable));
        scope.spawn(|| runs(&mut copy));
    });
}

/// A graph without control flow stays one trace.
#[test]
fn a_function_makes_no_segment_of_its_own() {
    let shape = f32s(&[2]);
    let mut graph = Graph::new("g");
    let x = graph.input("x", shape.clone());
    let double = body(&[&shape], |g, v| vec![add(g, v[0], v[0])]);
    let y = graph.custom_fn(vec![x], *double, None, None);
    let y = graph.activation(Activation::Tanh, y, shape);
    graph.set_outputs(vec![y]);
    let executable = compile_text(&rlxmodel::to_text(&graph).unwrap(), "compiled").unwrap();
    assert_eq!(executable.counters().unwrap().traces, 1);
}
