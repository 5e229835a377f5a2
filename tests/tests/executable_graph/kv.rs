//! Key-value caches on the device.

use super::{counters, f32s};
use rlx_ir::{DType, Graph, GraphExt, Shape};
use rlx_mlx_tests::runtime::{bare, mlx, values};
use rlx_runtime::{CompiledGraph, Device, ExecutableGraph, Session};

const WIDTH: usize = 3;

/// A decode step with a cache of `upper` rows: the sum over cache and new row in place of logits, and the grown cache.
fn decode(upper: usize) -> Graph {
    let mut g = Graph::new("decode");
    let past = g.input("past_k_0", f32s(&[upper, WIDTH]));
    let new = g.input("k_new", f32s(&[1, WIDTH]));
    let grown = g.concat(vec![past, new], 0, f32s(&[upper + 1, WIDTH]));
    let total = g.sum(grown, vec![0, 1], false);
    g.set_outputs(vec![total, grown]);
    g
}

pub(crate) fn a_decode_loop_equals_the_cpu() {
    const UPPER: usize = 256;
    let cpu = rlx_runtime::backend_for(Device::Cpu).unwrap();
    let want = cpu.compile(decode(UPPER), &rlx_runtime::CompileOptions::baseline());
    let mut executables = [bare(decode(UPPER)), want];
    for executable in &mut executables {
        assert!(executable.bind_gpu_handle("past_k_0", &[0.0; UPPER * WIDTH]));
        assert!(executable.register_kv_row_feed("past_k_0", 1));
    }
    let mut sum = 0.0;
    // One step more than the cache has rows: a full cache is left alone.
    for step in 0..=UPPER {
        let new = values(&[WIDTH], step as u64);
        sum += new.iter().map(|v| f64::from(*v)).sum::<f64>();
        let before = counters(executables[0].as_ref());
        for executable in &mut executables {
            let total = executable.run_read_outputs(&[("k_new", &new)], Some(&[0]));
            assert!((f64::from(total[0][0]) - sum).abs() < 1e-3, "step {step}: {total:?} instead of {sum}");
            assert!(executable.feed_kv_row(UPPER, step, WIDTH));
        }
        let after = counters(executables[0].as_ref());
        let row = if step < UPPER { (WIDTH * 4) as u64 } else { 0 };
        assert_eq!(after.bytes_on_device - before.bytes_on_device, row, "step {step}: the row alone moves");
        assert_eq!((after.bytes_in - before.bytes_in, after.bytes_out - before.bytes_out), ((WIDTH * 4) as u64, 4));
    }
    let [got, want] = executables.map(|executable| executable.read_gpu_handle("past_k_0"));
    assert_eq!(got, want);
}

#[test]
fn feeds_that_cannot_be_are_refused() {
    const UPPER: usize = 4;
    let mut compiled = mlx().compile(decode(UPPER));
    assert!(!compiled.feed_kv_row(UPPER, 0, WIDTH), "nothing is registered");
    assert!(!compiled.register_kv_row_feed("nothing", 1) && !compiled.register_kv_row_feed("past_k_0", 2));
    assert!(compiled.register_kv_row_feed("past_k_0", 1));
    assert!(!compiled.feed_kv_row(UPPER, 0, WIDTH), "nothing is bound");
    assert!(compiled.bind_gpu_handle("past_k_0", &[0.0; UPPER * WIDTH]));
    assert!(!compiled.feed_kv_row(UPPER, 0, WIDTH), "there was no run");
    compiled.run(&[("k_new", &[1.0; WIDTH])]);
    assert!(!compiled.feed_kv_row(UPPER + 1, 0, WIDTH), "the output has no such row");
    assert!(!compiled.feed_kv_row(0, 0, 0) && !compiled.feed_kv_row(usize::MAX, 1, 2));
    assert_eq!(compiled.read_gpu_handle("past_k_0").unwrap(), [0.0; UPPER * WIDTH]);
}

/// A row feed takes the place of a feed of whole outputs, and the other way round.
#[test]
fn the_last_feed_of_a_handle_counts() {
    let mut g = Graph::new("same");
    let past = g.input("past", f32s(&[2, WIDTH]));
    let x = g.input("x", f32s(&[2, WIDTH]));
    let sum = g.add(past, x);
    g.set_outputs(vec![sum]);
    let mut compiled = mlx().compile(g);
    let step = |compiled: &mut CompiledGraph| {
        compiled.run(&[("x", &[1.0; 2 * WIDTH])]);
        compiled.read_gpu_handle("past").unwrap()
    };
    assert!(compiled.bind_gpu_handle("past", &[0.0; 2 * WIDTH]));
    assert!(compiled.set_gpu_handle_feed("past", 0) && compiled.register_kv_row_feed("past", 0));
    assert_eq!(step(&mut compiled), [0.0; 2 * WIDTH]);
    assert!(compiled.feed_kv_row(0, 1, WIDTH));
    assert_eq!(compiled.read_gpu_handle("past").unwrap(), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert!(compiled.set_gpu_handle_feed("past", 0));
    assert_eq!(step(&mut compiled), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    assert!(!compiled.feed_kv_row(0, 1, WIDTH));
}

#[test]
fn rows_of_another_dtype_are_not_fed() {
    let mut g = Graph::new("dtypes");
    let past = g.input("past", Shape::new(&[2, WIDTH], DType::F16));
    let x = g.input("x", f32s(&[2, WIDTH]));
    let (twice, sum) = (g.add(past, past), g.add(x, x));
    g.set_outputs(vec![twice, sum]);
    let mut compiled = mlx().compile(g);
    assert!(!compiled.register_kv_row_feed("past", 1) && compiled.register_kv_row_feed("past", 0));
}

const BATCH: usize = 3;
const CAPACITY: usize = 5;

/// Sequences of a batch in one cache; a step gives a row for each, and the grown cache.
fn batch() -> Box<dyn ExecutableGraph> {
    let mut g = Graph::new("batch");
    let cache = g.input("cache", f32s(&[BATCH, CAPACITY, WIDTH]));
    let x = g.input("x", f32s(&[BATCH, 1, WIDTH]));
    let rows = g.add(x, x);
    let grown = g.concat(vec![cache, rows], 1, f32s(&[BATCH, CAPACITY + 1, WIDTH]));
    g.set_outputs(vec![rows, grown]);
    let mut executable = bare(g);
    assert!(executable.bind_gpu_handle("cache", &[0.0; BATCH * CAPACITY * WIDTH]));
    executable
}

/// Runs a step and feeds its rows with `feed`. Sequence `b` gets row `rows[b]`, or none beyond the capacity.
fn step(
    executable: &mut dyn ExecutableGraph,
    output: usize,
    rows: [usize; BATCH],
    feed: impl FnOnce(&mut dyn ExecutableGraph) -> bool,
) {
    let x = values(&[BATCH, 1, WIDTH], rows[0] as u64);
    let mut expected = executable.read_gpu_handle("cache").unwrap();
    assert!(executable.register_kv_row_feed("cache", output));
    executable.run_read_outputs(&[("x", &x)], Some(&[]));
    let before = counters(executable);
    assert!(feed(executable));
    let after = counters(executable);
    let fed = rows.iter().enumerate().filter(|(_, row)| **row < CAPACITY);
    for (b, row) in fed.clone() {
        let at = (b * CAPACITY + row) * WIDTH;
        (0..WIDTH).for_each(|c| expected[at + c] = 2.0 * x[b * WIDTH + c]);
    }
    assert_eq!(executable.read_gpu_handle("cache").unwrap(), expected, "{rows:?}");
    assert_eq!(after.bytes_on_device - before.bytes_on_device, (fed.count() * WIDTH * 4) as u64, "only the rows move");
    assert_eq!((after.bytes_in, after.bytes_out), (before.bytes_in, before.bytes_out));
}

pub(crate) fn rows_of_a_batch_go_to_one_row() {
    let mut executable = batch();
    for row in [0, 1, 4, 5] {
        step(executable.as_mut(), 0, [row; BATCH], |e| e.feed_kv_batch_major(row, BATCH, CAPACITY, WIDTH));
    }
    // A layout that is not that of the cache or of the output changes nothing.
    let before = executable.read_gpu_handle("cache");
    assert!(!executable.feed_kv_batch_major(0, BATCH, CAPACITY - 1, WIDTH));
    assert!(!executable.feed_kv_batch_major(0, BATCH - 1, CAPACITY, WIDTH));
    assert!(!executable.feed_kv_batch_major(0, 0, CAPACITY, WIDTH));
    assert!(!executable.feed_kv_batch_major(0, usize::MAX, CAPACITY, WIDTH));
    assert!(executable.register_kv_row_feed("cache", 1));
    assert!(!executable.feed_kv_batch_major(0, BATCH, CAPACITY, WIDTH));
    assert_eq!(executable.read_gpu_handle("cache"), before);
}

pub(crate) fn rows_of_a_batch_come_from_a_longer_output() {
    let mut executable = batch();
    for row in [2, 0, 7] {
        step(executable.as_mut(), 1, [row; BATCH], |e| {
            e.feed_kv_batch_major_src(CAPACITY, CAPACITY + 1, row, BATCH, CAPACITY, WIDTH)
        });
    }
    assert!(!executable.feed_kv_batch_major_src(CAPACITY + 1, CAPACITY + 1, 0, BATCH, CAPACITY, WIDTH));
}

pub(crate) fn rows_of_a_batch_go_each_to_its_own() {
    let mut executable = batch();
    for rows in [[0, 4, 2], [1, 9, 3], [5, 5, 5]] {
        step(executable.as_mut(), 1, rows, |e| {
            e.feed_kv_batch_major_ragged(CAPACITY, CAPACITY + 1, &rows, CAPACITY, WIDTH)
        });
    }
    assert!(!executable.feed_kv_batch_major_ragged(CAPACITY, CAPACITY + 1, &[0; 2], CAPACITY, WIDTH));
}

pub(crate) fn rows_of_outputs_and_handles_are_read() {
    const UPPER: usize = 4;
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(decode(UPPER));
        assert!(compiled.read_gpu_handle_row("past_k_0", 0, WIDTH).is_none());
        assert!(compiled.bind_gpu_handle("past_k_0", &values(&[UPPER, WIDTH], 1)));
        compiled.run_read_outputs(&[("k_new", &[1.0, 2.0, 3.0])], Some(&[0]));
        assert!(compiled.read_output_row(1, UPPER + 1, WIDTH).is_none());
        assert!(compiled.read_output_row(9, 0, WIDTH).is_none());
        assert!(compiled.read_gpu_handle_row("past_k_0", UPPER, WIDTH).is_none());
        assert!(compiled.read_gpu_handle_row("nothing", 0, WIDTH).is_none());
        let rows = (0..=UPPER).map(|row| compiled.read_output_row(1, row, WIDTH));
        let kept = (0..UPPER).map(|row| compiled.read_gpu_handle_row("past_k_0", row, WIDTH));
        rows.chain(kept).collect::<Option<Vec<_>>>().unwrap()
    });
    assert_eq!(got, want);
    assert_eq!(got[UPPER], [1.0, 2.0, 3.0]);
    assert!(mlx().compile(decode(UPPER)).read_output_row(0, 0, 1).is_none(), "there was no run");
}

/// A decode step with caches of one layer.
fn layer(upper: usize) -> Graph {
    let mut g = Graph::new("layer");
    let new = g.input("new", f32s(&[1, WIDTH]));
    let mut outputs = Vec::new();
    for name in ["past_k_0", "past_v_0"] {
        let past = g.input(name, f32s(&[upper, WIDTH]));
        outputs.push(g.concat(vec![past, new], 0, f32s(&[upper + 1, WIDTH])));
    }
    let logits = g.sum(outputs[0], vec![0, 1], false);
    outputs.insert(0, logits);
    g.set_outputs(outputs);
    g
}

pub(crate) fn caches_move_to_a_larger_bucket() {
    const SMALL: usize = 2;
    let large = 4;
    let mut source = mlx().compile(layer(SMALL));
    let (keys, rows) = (values(&[SMALL, WIDTH], 1), values(&[SMALL, WIDTH], 2));
    assert!(source.bind_gpu_handle("past_k_0", &keys) && source.bind_gpu_handle("past_v_0", &rows));
    let new = [7.0, 8.0, 9.0];
    source.run_read_outputs(&[("new", &new)], Some(&[0]));

    // The rows of the caches, and the one which they have no place for from the outputs.
    let mut target = mlx().compile(layer(large));
    assert!(target.seed_resident_kv_prefix_from(&source, SMALL + 1, SMALL, WIDTH, 1));
    let seeded = |rows: &[f32]| [rows, &new, &[0.0; WIDTH]].concat();
    assert_eq!(target.read_gpu_handle("past_k_0").unwrap(), seeded(&keys));
    assert_eq!(target.read_gpu_handle("past_v_0").unwrap(), seeded(&rows));

    // A part of the rows; the others stay.
    let mut target = mlx().compile(layer(large));
    assert!(target.bind_gpu_handle("past_k_0", &[5.0; 12]) && target.bind_gpu_handle("past_v_0", &[6.0; 12]));
    assert!(target.copy_resident_kv_rows_from(&source, 1, 2, SMALL, WIDTH, 1));
    let expected = [&[5.0; WIDTH], &keys[WIDTH..], &[5.0; 2 * WIDTH]].concat();
    assert_eq!(target.read_gpu_handle("past_k_0").unwrap(), expected);
    // No rows are there at once; rows or layers that one side does not have change nothing.
    assert!(target.copy_resident_kv_rows_from(&source, 2, 2, SMALL, WIDTH, 1));
    assert!(!target.copy_resident_kv_rows_from(&source, 0, SMALL + 2, SMALL, WIDTH, 1));
    assert!(!target.copy_resident_kv_rows_from(&source, 0, 1, SMALL, WIDTH, 2));
    let unbound = mlx().compile(layer(SMALL));
    assert!(!target.copy_resident_kv_rows_from(&unbound, 0, 1, SMALL, WIDTH, 1));
    let mut narrow = mlx().compile(layer(1));
    assert!(!narrow.copy_resident_kv_rows_from(&source, 0, 2, SMALL, WIDTH, 1));
    assert_eq!(target.read_gpu_handle("past_k_0").unwrap(), expected);
}
