//! A key-value cache that lives on the device, written to row by row.

use super::resident;
use rlx_host_api::{Executable, Segment, Source};
use rlx_ir::{DType, Graph, GraphExt, NodeId, Op, Shape, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, compile_text};

const STEPS: usize = 256;
const WIDTH: usize = 16;

/// A value in -0.5..0.5 that looks random.
fn noise(seed: usize) -> f32 {
    let hash = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (hash >> 40) as f32 / (1 << 24) as f32 - 0.5
}

fn matrix(seed: usize, rows: usize) -> Vec<f32> {
    (0..rows * WIDTH).map(|i| noise(seed * 1_000_003 + i)).collect()
}

/// One step of attention with one head: `x` attends to the rows of the cache that `mask` leaves, and to itself. Outputs:
/// the result and the rows that `x` adds to the cache.
fn step_graph() -> Graph {
    let mut graph = Graph::new("step");
    let f32s = |dims: &[usize]| Shape::new(dims, DType::F32);
    let x = graph.input("x", f32s(&[1, WIDTH]));
    let mask = graph.input("mask", f32s(&[1, STEPS + 1]));
    let caches = ["keys", "values"].map(|name| graph.input(name, f32s(&[STEPS, WIDTH])));
    let [q, k, v] = ["wq", "wk", "wv"].map(|name| {
        let w = graph.param(name, f32s(&[WIDTH, WIDTH]));
        graph.mm(x, w)
    });
    let mut node = |op: Op, inputs: Vec<NodeId>, dims: &[usize]| graph.add_node(op, inputs, f32s(dims));
    let keys = node(Op::Concat { axis: 0 }, vec![caches[0], k], &[STEPS + 1, WIDTH]);
    let values = node(Op::Concat { axis: 0 }, vec![caches[1], v], &[STEPS + 1, WIDTH]);
    let turned = node(Op::Transpose { perm: vec![1, 0] }, vec![keys], &[WIDTH, STEPS + 1]);
    let scores = node(Op::MatMul, vec![q, turned], &[1, STEPS + 1]);
    let masked = graph.add(scores, mask);
    let weights = graph.add_node(Op::Softmax { axis: -1 }, vec![masked], f32s(&[1, STEPS + 1]));
    let attended = graph.mm(weights, values);
    graph.set_outputs(vec![attended, k, v]);
    graph
}

const KEYS: usize = 2;
const VALUES: usize = 3;

/// `a b` of row-major matrices with `WIDTH` columns, in f64.
fn project(a: &[f32], w: &[f32]) -> Vec<f64> {
    let at = |i: usize| {
        let (row, column) = (i / WIDTH, i % WIDTH);
        (0..WIDTH).map(|k| f64::from(a[row * WIDTH + k]) * f64::from(w[k * WIDTH + column])).sum()
    };
    (0..a.len()).map(at).collect()
}

/// Causal attention over all rows of `x` at once.
fn full_attention(x: &[f32], [wq, wk, wv]: &[Vec<f32>; 3]) -> Vec<f64> {
    let [q, k, v] = [wq, wk, wv].map(|w| project(x, w));
    let row = |m: &[f64], i: usize| m[i * WIDTH..(i + 1) * WIDTH].to_vec();
    (0..STEPS)
        .flat_map(|t| {
            let q = row(&q, t);
            let scores: Vec<f64> =
                (0..=t).map(|s| row(&k, s).iter().zip(&q).map(|(a, b)| a * b).sum::<f64>().exp()).collect();
            let sum: f64 = scores.iter().sum();
            (0..WIDTH).map(move |c| (c, sum)).map({
                let v = v.clone();
                move |(c, sum)| scores.iter().enumerate().map(|(s, w)| w / sum * v[s * WIDTH + c]).sum::<f64>()
            })
        })
        .collect()
}

#[test]
fn a_decode_loop_equals_the_full_recomputation_and_moves_one_row_a_feed() {
    let x = matrix(1, STEPS);
    let weights = [2, 3, 4].map(|seed| matrix(seed, WIDTH));
    let expected = full_attention(&x, &weights);
    let text = rlxmodel::to_text(&step_graph()).unwrap();
    for mode in MODES {
        let mut executable = compile_text(&text, mode).unwrap();
        for (name, weight) in ["wq", "wk", "wv"].iter().zip(&weights) {
            executable.set_param(name, view(&[WIDTH as i64; 2], &bytes(weight))).unwrap();
        }
        let empty = bytes(&[0.0; STEPS * WIDTH]);
        for cache in [KEYS, VALUES] {
            executable.bind_resident(cache, Some(view(&[STEPS as i64, WIDTH as i64], &empty))).unwrap();
        }
        let row = (WIDTH * 4) as u64;
        for t in 0..STEPS {
            let before = executable.counters().unwrap();
            let mask: Vec<f32> =
                (0..=STEPS).map(|s| if s < t || s == STEPS { 0.0 } else { f32::NEG_INFINITY }).collect();
            let mut attended = [0; WIDTH * 4];
            let x = bytes(&x[t * WIDTH..(t + 1) * WIDTH]);
            executable.run(&[&x, &bytes(&mask), &[], &[]], &mut [Some(&mut attended), None, None]).unwrap();
            for (cache, output) in [(KEYS, 1), (VALUES, 2)] {
                let piece = Segment { source: 0, target: (t * WIDTH) as u64, len: WIDTH as u64 };
                executable.copy_resident(cache, None, Source::Output(output), &[piece]).unwrap();
            }
            for (found, expected) in floats(&attended).iter().zip(&expected[t * WIDTH..]) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{mode}, step {t}: {found} instead of {expected}");
            }
            let after = executable.counters().unwrap();
            assert_eq!(after.bytes_on_device - before.bytes_on_device, 2 * row, "{mode}, step {t}");
            assert_eq!(after.bytes_in - before.bytes_in, row + 4 * (STEPS as u64 + 1), "{mode}, step {t}");
            assert_eq!(after.bytes_out - before.bytes_out, row, "{mode}, step {t}");
        }
        if mode == "compiled" {
            assert_eq!(executable.counters().unwrap().traces, 1);
        }
    }
}

const BATCH: usize = 3;
const CAPACITY: usize = 5;

/// Sequences of a batch in one cache `[BATCH, CAPACITY, WIDTH]`; a step gives one row for each, `2 x`.
fn batch_executable(mode: &str) -> Executable {
    let mut graph = Graph::new("batch");
    let x = graph.input("x", Shape::new(&[BATCH, 1, WIDTH], DType::F32));
    let cache = graph.input("cache", Shape::new(&[BATCH, CAPACITY, WIDTH], DType::F32));
    let rows = graph.add(x, x);
    let sum = graph.add(cache, cache);
    graph.set_outputs(vec![rows, sum]);
    let mut executable = compile_text(&rlxmodel::to_text(&graph).unwrap(), mode).unwrap();
    let dims = [BATCH, CAPACITY, WIDTH].map(|d| d as i64);
    executable.bind_resident(1, Some(view(&dims, &bytes(&[0.0; BATCH * CAPACITY * WIDTH])))).unwrap();
    executable
}

/// Feeds the rows of one step: sequence `b` to row `rows[b]` of its part of the cache, or nowhere.
fn feed_rows(executable: &mut Executable, expected: &mut [f32], step: usize, rows: [Option<usize>; BATCH]) {
    let x = matrix(10 + step, BATCH);
    executable.run(&[&bytes(&x), &[]], &mut [None, None]).unwrap();
    let place = |b: usize, row: usize| (b * CAPACITY + row) * WIDTH;
    let fed = rows.iter().enumerate().filter_map(|(b, row)| row.map(|row| (b, row)));
    let mut segments = Vec::new();
    for (b, row) in fed {
        segments.push(Segment { source: (b * WIDTH) as u64, target: place(b, row) as u64, len: WIDTH as u64 });
        for c in 0..WIDTH {
            expected[place(b, row) + c] = 2.0 * x[b * WIDTH + c];
        }
    }
    let before = executable.counters().unwrap().bytes_on_device;
    executable.copy_resident(1, None, Source::Output(0), &segments).unwrap();
    let moved = executable.counters().unwrap().bytes_on_device - before;
    assert_eq!(moved, (segments.len() * WIDTH * 4) as u64);
}

#[test]
fn rows_of_a_batch_go_to_one_row_or_each_to_its_own() {
    for mode in MODES {
        let mut executable = batch_executable(mode);
        let mut expected = vec![0.0; BATCH * CAPACITY * WIDTH];
        // The prompts end at different rows; then one sequence has ended.
        for (step, rows) in [[Some(0); BATCH], [Some(1), Some(4), Some(2)], [Some(2), None, Some(3)]].iter().enumerate()
        {
            feed_rows(&mut executable, &mut expected, step, *rows);
            assert_eq!(resident(&executable, 1, expected.len()), expected, "{mode}, step {step}");
        }
        let outputs = executable.run_to_vec(&[&bytes(&matrix(0, BATCH)), &[]]).unwrap();
        let doubled: Vec<f32> = expected.iter().map(|v| 2.0 * v).collect();
        assert_eq!(floats(&outputs[1]), doubled, "{mode}: the next run sees the rows");
    }
}
