//! What an extent does to transfers, parameters, resident inputs, outputs on the device, duplicates and unwaited runs.

use super::{ROWS, UNTOUCHED, compiled, constant, first_rows, node, rows, run};
use rlx_host_api::{ActiveExtent, ErrorKind, Executable, Segment, Source};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, Op, Shape};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::MODES;
use rlx_mlx_tests::tensor::Tensor;

const DIMS: [usize; 2] = [ROWS, 4];
const ROW: usize = 16;
const WHOLE: usize = ROWS * ROW;

/// `(x + positions) w`, whose positions have as many rows as `x`; and `x + x`.
fn program() -> (Case, Vec<(&'static str, Tensor)>) {
    let mut case = Case::new();
    let x = case.input(&Tensor::random(&DIMS, 1));
    let positions = case.graph.param("positions", Shape::new(&DIMS, DType::F32));
    let w = case.graph.param("w", Shape::new(&[4, 4], DType::F32));
    let sum = node(&mut case, Op::Binary(BinaryOp::Add), &[x, positions], &DIMS);
    let y = node(&mut case, Op::MatMul, &[sum, w], &DIMS);
    let twice = node(&mut case, Op::Binary(BinaryOp::Add), &[x, x], &DIMS);
    (case.outputs(&[y, twice]), vec![("positions", Tensor::random(&DIMS, 2)), ("w", Tensor::random(&[4, 4], 3))])
}

/// `next = state + x`, and `twice = 2 x`.
fn adder() -> Case {
    let mut case = Case::new();
    let state = case.input(&Tensor::random(&DIMS, 4));
    let x = case.input(&Tensor::random(&DIMS, 5));
    let next = node(&mut case, Op::Binary(BinaryOp::Add), &[state, x], &DIMS);
    let twice = node(&mut case, Op::Binary(BinaryOp::Add), &[x, x], &DIMS);
    case.outputs(&[next, twice])
}

fn output(executable: &mut Executable, index: usize, offset: usize, len: usize) -> Vec<u8> {
    let mut data = vec![UNTOUCHED; len];
    executable.read_output(index, offset, &mut data).unwrap();
    data
}

fn read_state(executable: &Executable) -> Vec<u8> {
    let mut data = vec![0; WHOLE];
    executable.read_resident(0, 0, &mut data).unwrap();
    data
}

#[test]
fn parameters_of_the_rows_are_read_as_far_and_may_change() {
    let (case, params) = program();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &params, mode);
        let whole = run(&mut executable, &inputs);
        assert!(executable.set_active_extent(rows(2)).unwrap(), "{mode}");
        assert_eq!(run(&mut executable, &inputs), first_rows(&executable, &whole, 2), "{mode}");

        let other = Tensor::random(&DIMS, 6).bytes();
        executable.set_param("positions", view(&[ROWS as i64, 4], &other)).unwrap();
        executable.write_param("w", 0, &bytes(&[7.0])).unwrap();
        let got = run(&mut executable, &inputs);
        executable.set_active_extent(None).unwrap();
        let whole = run(&mut executable, &inputs);
        assert_eq!(got, first_rows(&executable, &whole, 2), "{mode}, other parameters");
    }
}

#[test]
fn only_the_rows_are_moved_and_nothing_is_traced() {
    let (case, params) = program();
    let (mut executable, inputs) = compiled(&case, &params, "compiled");
    // What depends on parameters alone is computed now.
    run(&mut executable, &inputs);
    for actual in (1..=ROWS).chain((1..ROWS).rev()) {
        executable.set_active_extent(rows(actual)).unwrap();
        let before = executable.counters().unwrap();
        run(&mut executable, &inputs);
        let after = executable.counters().unwrap();
        let moved = [after.bytes_in - before.bytes_in, after.bytes_out - before.bytes_out];
        assert_eq!(moved, [(actual * ROW) as u64, (2 * actual * ROW) as u64], "{actual} rows");
        assert_eq!((after.traces, after.evaluations), (1, before.evaluations + 1));
    }
    for (mode, evaluated) in [("lazy", 1), ("eager", 6)] {
        let (mut executable, inputs) = compiled(&case, &params, mode);
        run(&mut executable, &inputs);
        let traces = executable.counters().unwrap().traces;
        // As by a host that ends it behind each run.
        for extent in [rows(3), None, rows(3)] {
            executable.set_active_extent(extent).unwrap();
        }
        let before = executable.counters().unwrap();
        assert_eq!(before.traces - traces, 1, "{mode}: what was found is kept");
        run(&mut executable, &inputs);
        let after = executable.counters().unwrap();
        assert_eq!((after.bytes_in - before.bytes_in, after.bytes_out - before.bytes_out), (48, 96), "{mode}");
        assert_eq!((after.traces - before.traces, after.evaluations - before.evaluations), (1, evaluated), "{mode}");
    }
}

/// A value of the whole that does not fit the memory limit is none that a run of a few rows computes.
#[test]
fn less_memory_is_needed() {
    const LONG: usize = 1 << 14;
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[LONG, 1], vec![1.0; LONG]));
    let wide = constant(&mut case, &Tensor::f32(&[1, 1 << 12], vec![1.0; 1 << 12]));
    let wide = node(&mut case, Op::MatMul, &[x, wide], &[LONG, 1 << 12]);
    let axes = vec![1];
    let sum = Op::Reduce { op: rlx_ir::op::ReduceOp::Sum, axes, keep_dim: false };
    let sum = node(&mut case, sum, &[wide], &[LONG]);
    let case = case.outputs(&[sum]);
    let (mut executable, inputs) = compiled(&case, &[], "compiled");
    let backend = rlx_mlx_tests::plugin::backend();
    let before = backend.set_memory_limit(rlx_host_api::MemoryLimit::Active, 128 << 20).unwrap();
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut sums = vec![0; LONG * 4];
    let whole = executable.run(&inputs, &mut [Some(&mut sums)]);
    let honoured = executable.set_active_extent(Some(ActiveExtent { actual: 2, upper: LONG }));
    let few = executable.run(&inputs, &mut [Some(&mut sums)]);
    backend.set_memory_limit(rlx_host_api::MemoryLimit::Active, before).unwrap();
    assert_eq!((whole.unwrap_err().kind(), honoured.unwrap(), few), (ErrorKind::OutOfMemory, true, Ok(())));
    assert_eq!(floats(&sums)[..4], [4096.0, 4096.0, 0.0, 0.0]);
}

#[test]
fn extents_that_cannot_be_are_refused_and_leave_none() {
    let (case, params) = program();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &params, mode);
        let whole = run(&mut executable, &inputs);
        assert!(executable.set_active_extent(rows(1)).unwrap());
        let error = executable.set_active_extent(rows(ROWS + 1)).unwrap_err();
        let message = "active extent: 8 of 7 rows; give at most as many rows as the axis has";
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidArgument, message));
        assert_eq!(run(&mut executable, &inputs), whole, "{mode}: no extent is in force");
        // Those that no input has, none at all, and ones that MLX cannot count.
        let odd = [(0, ROWS), (1, ROWS - 1), (4, 4), (1, 1), (0, 0), (1, usize::MAX), (usize::MAX, usize::MAX)];
        for (actual, upper) in odd {
            assert!(executable.set_active_extent(rows(1)).unwrap());
            let honoured = executable.set_active_extent(Some(ActiveExtent { actual, upper }));
            assert_eq!(honoured, Ok(false), "{mode}: {actual} of {upper}");
            assert_eq!(run(&mut executable, &inputs), whole, "{mode}: {actual} of {upper}");
        }
    }
}

/// What is an input of as many rows, but read whole, makes no rows.
#[test]
fn an_input_that_is_a_square_matrix_is_read_whole() {
    let mut case = Case::new();
    let x = case.input(&Tensor::random(&[ROWS, ROWS], 7));
    let w = case.input(&Tensor::random(&[ROWS, ROWS], 8));
    let y = node(&mut case, Op::MatMul, &[x, w], &[ROWS, ROWS]);
    let case = case.outputs(&[y]);
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        assert!(executable.set_active_extent(rows(3)).unwrap());
        assert_eq!(run(&mut executable, &inputs), first_rows(&executable, &whole, 3), "{mode}");
    }
}

#[test]
fn nodes_that_nobody_reads_and_values_without_rows_do_not_matter() {
    let mut case = Case::new();
    let x = case.input(&Tensor::random(&DIMS, 9));
    let unread = case.input(&Tensor::random(&DIMS, 10));
    let scale = case.input(&Tensor::random(&[4], 11));
    let mixed = node(&mut case, Op::Softmax { axis: 0 }, &[x], &DIMS);
    node(&mut case, Op::Binary(BinaryOp::Add), &[mixed, unread], &DIMS);
    let y = node(&mut case, Op::Binary(BinaryOp::Mul), &[x, scale], &DIMS);
    let tanh = node(&mut case, Op::Activation(Activation::Tanh), &[scale], &[4]);
    // The input itself as well.
    let case = case.outputs(&[y, tanh, x]);
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        assert!(executable.set_active_extent(rows(3)).unwrap(), "{mode}");
        assert_eq!(run(&mut executable, &inputs), first_rows(&executable, &whole, 3), "{mode}");
    }
}

#[test]
fn resident_inputs_are_read_as_far_and_stay_whole() {
    let case = adder();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        executable.bind_resident(0, Some(view(&[ROWS as i64, 4], &inputs[0]))).unwrap();
        for actual in [2, 5] {
            assert!(executable.set_active_extent(rows(actual)).unwrap());
            let got = run(&mut executable, &[vec![], inputs[1].clone()]);
            assert_eq!(got, first_rows(&executable, &whole, actual), "{mode}");
        }
        assert_eq!(read_state(&executable), inputs[0], "{mode}");
        // A row of it is written in place, as without an extent.
        let before = executable.counters().unwrap().bytes_on_device;
        executable.copy_resident(0, None, Source::Output(1), &[Segment { source: 4, target: 0, len: 4 }]).unwrap();
        assert_eq!(executable.counters().unwrap().bytes_on_device - before, ROW as u64, "{mode}");
        assert_eq!(read_state(&executable)[..ROW], whole[1][ROW..2 * ROW], "{mode}");
    }
}

/// No row of what is fed is lost.
#[test]
fn while_an_input_is_fed_the_whole_is_computed() {
    let case = adder();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        executable.bind_resident(0, Some(view(&[ROWS as i64, 4], &inputs[0]))).unwrap();
        executable.set_active_extent(rows(2)).unwrap();
        executable.feed(0, Some(0)).unwrap();
        assert_eq!(run(&mut executable, &[vec![], inputs[1].clone()]), whole, "{mode}");
        assert_eq!(read_state(&executable), whole[0], "{mode}");
        executable.submit(&[&[], &inputs[1]]).unwrap();
        executable.wait().unwrap();
        assert_ne!(read_state(&executable)[2 * ROW..], whole[0][2 * ROW..], "{mode}");
        // The extent is in force again afterwards.
        executable.feed(0, None).unwrap();
        let got = run(&mut executable, &inputs);
        assert_eq!(got, first_rows(&executable, &whole, 2), "{mode}");
    }
}

#[test]
fn outputs_on_the_device_have_zeros_in_the_other_rows() {
    let case = adder();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        executable.set_active_extent(rows(3)).unwrap();
        let got = run(&mut executable, &inputs);
        let mut padded = whole[0].clone();
        padded[3 * ROW..].fill(0);
        assert_eq!(output(&mut executable, 0, ROW, ROW), whole[0][ROW..2 * ROW], "{mode}");
        // Half of it in a row that was computed.
        assert_eq!(output(&mut executable, 0, 3 * ROW - 8, ROW), padded[3 * ROW - 8..][..ROW], "{mode}");
        assert_eq!(output(&mut executable, 0, 0, WHOLE), padded, "{mode}");
        // Also where another extent is in force by now.
        run(&mut executable, &inputs);
        executable.set_active_extent(rows(5)).unwrap();
        assert_eq!(output(&mut executable, 0, 0, WHOLE), padded, "{mode}");
        run(&mut executable, &inputs);
        executable.set_active_extent(None).unwrap();
        assert_eq!(output(&mut executable, 0, 4 * ROW, 2 * ROW), [&whole[0][4 * ROW..5 * ROW], &[0; ROW]].concat());
        assert_eq!(got, first_rows(&executable, &whole, 3), "{mode}");

        // As the source of a copy.
        executable.bind_resident(0, Some(view(&[ROWS as i64, 4], &inputs[0]))).unwrap();
        executable.set_active_extent(rows(3)).unwrap();
        run(&mut executable, &inputs);
        let rows_of = [Segment { source: 8, target: 0, len: 4 }, Segment { source: 24, target: 4, len: 4 }];
        executable.copy_resident(0, None, Source::Output(0), &rows_of).unwrap();
        assert_eq!(read_state(&executable)[..2 * ROW], [&whole[0][2 * ROW..3 * ROW], &[0; ROW]].concat(), "{mode}");
        assert_eq!(read_state(&executable)[2 * ROW..], inputs[0][2 * ROW..], "{mode}");
    }
}

#[test]
fn unwaited_runs_and_batches_compute_as_many_rows() {
    let case = adder();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        let views: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        // Each with the extent that was in force when it was started.
        for actual in [2, 6, 4] {
            executable.set_active_extent(rows(actual)).unwrap();
            executable.submit(&views).unwrap();
        }
        executable.wait().unwrap();
        assert_eq!(output(&mut executable, 1, 0, 4 * ROW), whole[1][..4 * ROW], "{mode}");
        assert_eq!(output(&mut executable, 1, 4 * ROW, 3 * ROW), [0; 3 * ROW], "{mode}");

        let mut outputs = vec![vec![UNTOUCHED; WHOLE]; 12];
        let mut places: Vec<Option<&mut [u8]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
        let mut runs: Vec<_> = places.chunks_mut(2).map(|places| (views.as_slice(), places)).collect();
        let before = executable.counters().unwrap();
        executable.run_batch(&mut runs).unwrap();
        let after = executable.counters().unwrap();
        assert_eq!(after.bytes_in - before.bytes_in, 6 * 2 * 4 * ROW as u64, "{mode}");
        assert_eq!(after.bytes_out - before.bytes_out, 6 * 2 * 4 * ROW as u64, "{mode}");
        for pair in outputs.chunks(2) {
            assert_eq!(pair, first_rows(&executable, &whole, 4), "{mode}");
        }
    }
}

#[test]
fn a_duplicate_keeps_the_extent_and_has_its_own_from_then_on() {
    let (case, params) = program();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &params, mode);
        let whole = run(&mut executable, &inputs);
        executable.set_active_extent(rows(2)).unwrap();
        let mut copy = executable.duplicate().unwrap();
        assert_eq!(run(&mut copy, &inputs), first_rows(&copy, &whole, 2), "{mode}");
        copy.set_active_extent(rows(5)).unwrap();
        executable.set_active_extent(None).unwrap();
        assert_eq!(run(&mut copy, &inputs), first_rows(&copy, &whole, 5), "{mode}");
        assert_eq!(run(&mut executable, &inputs), whole, "{mode}");
        if mode == "compiled" {
            assert_eq!(copy.counters().unwrap().traces, 0);
        }
    }
}

/// Outputs that do not stay, and some that nobody wants.
#[test]
fn outputs_that_are_delivered_alone_or_left_out() {
    let (case, params) = program();
    let options = rlx_host_api::CompileOptions::new().set("keep_outputs", false);
    let backend = rlx_mlx_tests::plugin::backend();
    let mut executable = rlx_mlx_tests::plugin::compile_with(backend, &case, &options).unwrap();
    for (name, value) in &params {
        let dims: Vec<i64> = value.dims.iter().map(|&d| d as i64).collect();
        executable.set_param(name, view(&dims, &value.bytes())).unwrap();
    }
    let inputs = case.inputs[0].bytes();
    let mut whole = vec![0; WHOLE];
    executable.run(&[&inputs], &mut [Some(&mut whole), None]).unwrap();
    executable.set_active_extent(rows(3)).unwrap();
    let mut got = vec![UNTOUCHED; WHOLE];
    executable.run(&[&inputs], &mut [Some(&mut got), None]).unwrap();
    assert_eq!((&got[..3 * ROW], &got[3 * ROW..]), (&whole[..3 * ROW], &[UNTOUCHED; 4 * ROW][..]));
    assert_eq!(executable.read_output(0, 0, &mut got).unwrap_err().kind(), ErrorKind::FailedPrecondition);
    executable.read_output(1, 0, &mut got).unwrap();
    assert_eq!(floats(&got)[12..], [0.0; 16]);
}

/// Failures leave the extent as it was.
#[test]
fn a_wrong_run_is_refused_as_without_an_extent() {
    let (case, params) = program();
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &params, mode);
        let whole = run(&mut executable, &inputs);
        executable.set_active_extent(rows(2)).unwrap();
        let mut out = vec![0; WHOLE];
        // The first rows alone are no input: sizes stay those that are declared.
        let short = executable.run(&[&inputs[0][..2 * ROW]], &mut [Some(&mut out), None]).unwrap_err();
        assert_eq!(short.kind(), ErrorKind::InvalidArgument, "{mode}");
        assert_eq!(run(&mut executable, &inputs), first_rows(&executable, &whole, 2), "{mode}");
    }
}
