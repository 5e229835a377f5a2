//! Work that leaves the device or the trace.

use crate::{f32s, run_and_count, traced_once};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{ActiveExtent, ErrorKind};
use rlx_ir::op::{Activation, BinaryOp, QrPart, ReduceOp, ScatterNdReduction, SvdPart};
use rlx_ir::quant::QuantScheme;
use rlx_ir::{DType, Graph, NodeId, Op};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{compile, compile_on, input_bytes, refusal, with_kernels};
use rlx_mlx_tests::tensor::{Tensor, indices};

fn activation(case: &mut Case, kind: Activation, x: NodeId, dims: &[usize]) -> NodeId {
    case.add(Op::Activation(kind), &[x], dims, DType::F32)
}

/// Weak spot 1: one op that the host computes sent the whole graph to another mode.
pub(crate) fn an_op_of_the_host_leaves_the_graph_compiled() {
    let x = Tensor::random(&[3, 8], 1);
    let mut case = Case::new();
    let input = case.input(&x);
    let twice = case.add(Op::Binary(BinaryOp::Add), &[input, input], &[3, 8], DType::F32);
    let product = case.add(Op::Fma, &[twice, twice, input], &[3, 8], DType::F32);
    let counts = case.add(Op::Histogram { bins: 4, min: -4.0, max: 4.0 }, &[twice], &[4], DType::F32);
    let token = Op::Sample { top_k: 1, top_p: 1.0, temperature: 1.0, seed: 3 };
    let token = case.add(token, &[product], &[3], DType::I32);
    let negative = activation(&mut case, Activation::Neg, counts, &[4]);
    let got = traced_once(&case.outputs(&[negative, token, product]));
    let fma: Vec<f64> = x.values.iter().map(|x| 4.0 * x * x + x).collect();
    assert_within("products", &got[2], &fma, |_, w| 0.5 * epsilon(DType::F32) * w.abs());
    let bin = |x: &f64| ((2.0 * x + 4.0) / 2.0).floor() as usize;
    let count = |at| -(x.values.iter().filter(|x| bin(x) == at).count() as f64);
    assert_same("counts", &got[0], &[0, 1, 2, 3].map(count));
    let largest = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as f64;
    assert_same("tokens", &got[1], &fma.chunks(8).map(largest).collect::<Vec<_>>());
}

/// Weak spot 2: eight kinds failed inside the first trace, and left it.
pub(crate) fn no_op_waits_for_the_first_run_to_fail_in_a_trace() {
    let mut case = Case::new();
    let a = case.input(&Tensor::f32(&[2, 2], [4.0, 2.0, 2.0, 3.0]));
    let b = case.input(&Tensor::f32(&[2, 1], [8.0, 7.0]));
    let nodes = [
        case.add(Op::Cholesky, &[a], &[2, 2], DType::F32),
        case.add(Op::TriangularSolve { lower: true, transpose: false }, &[a, b], &[2, 1], DType::F32),
        case.add(Op::Det, &[a], &[], DType::F32),
        case.add(Op::LogDet, &[a], &[], DType::F32),
        case.add(Op::Sort { axis: 1, descending: false }, &[a], &[2, 2], DType::F32),
        case.add(Op::ArgSort { axis: 1, descending: false }, &[a], &[2, 2], DType::F32),
        case.add(Op::Svd { part: SvdPart::S }, &[a], &[2], DType::F32),
        case.add(Op::Qr { part: QrPart::R }, &[a], &[2, 2], DType::F32),
    ];
    let got = traced_once(&case.outputs(&nodes));
    let (root, spread) = (2f64.sqrt(), 4.25f64.sqrt());
    let want: [&[f64]; 7] = [
        &[2.0, 0.0, 1.0, root],
        &[2.0, 1.0],
        &[8.0],
        &[8f64.ln()],
        &[2.0, 4.0, 2.0, 3.0],
        &[1.0, 0.0, 0.0, 1.0],
        &[3.5 + spread, 3.5 - spread],
    ];
    for (got, want) in got.iter().zip(want) {
        assert_within("a factor", got, want, |_, w| 8.0 * epsilon(DType::F32) * w.abs().max(1.0));
    }
    // Up to the signs of its rows: the columns of A have the lengths sqrt(20) and, across the first, 8 / sqrt(20).
    let length = 20f64.sqrt();
    let sizes = got[7].map(f64::abs);
    assert_within("R", &sizes, &[length, 14.0 / length, 0.0, 8.0 / length], |_, _| 32.0 * epsilon(DType::F32));
}

/// Weak spot 4: a custom op left the trace though its kernel is composed of the graph's own operations.
pub(crate) fn a_composed_kernel_is_part_of_the_trace() {
    let backend = with_kernels([Kernel::composed_fn("twice", |_, ops, x| ops.add(x[0], x[0]))]);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[3], [1.0, -2.0, 0.5]));
    let abs = activation(&mut case, Activation::Abs, x, &[3]);
    let op = Op::Custom { name: "twice".into(), num_inputs: 1, attrs: vec![] };
    let twice = case.add(op, &[abs], &[3], DType::F32);
    let y = activation(&mut case, Activation::Neg, twice, &[3]);
    let case = case.outputs(&[y]);
    let mut executable = compile_on(&backend, &case, "compiled").unwrap();
    let outputs = run_and_count(&mut executable, &case, 3);
    assert_eq!(floats(&outputs[0]), [-2.0, -4.0, -1.0]);
}

/// Weak spot 5: these went by the host, and an update of a cache copied all of it there.
pub(crate) fn gathers_scatters_and_updates_stay_on_the_device() {
    let mut case = Case::new();
    let data = case.input(&Tensor::f32(&[2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let place = case.input(&Tensor::of(DType::I64, &[1, 2], [1.0, -1.0]));
    let column = case.input(&Tensor::f32(&[2, 1], [2.0, 0.0]));
    let value = case.input(&Tensor::f32(&[1], [10.0]));
    let nodes = [
        case.add(Op::GatherNd { batch_dims: 0 }, &[data, place], &[1], DType::F32),
        case.add(Op::GatherElements { axis: 1 }, &[data, column], &[2, 1], DType::F32),
        case.add(Op::ScatterNd { reduction: ScatterNdReduction::Mul }, &[data, place, value], &[2, 3], DType::F32),
    ];
    let got = traced_once(&case.outputs(&nodes));
    assert_same("a tuple", &got[0], &[6.0]);
    assert_same("elements", &got[1], &[3.0, 4.0]);
    assert_same("scattered", &got[2], &[1.0, 2.0, 3.0, 4.0, 5.0, 60.0]);

    const ROWS: usize = 4096;
    let mut case = Case::new();
    let cache = case.input(&Tensor::f32(&[ROWS, 4], vec![0.0; ROWS * 4]));
    let row = case.input(&Tensor::f32(&[1, 4], [1.0, 2.0, 3.0, 4.0]));
    let at = case.input(&Tensor::of(DType::I64, &[], [5.0]));
    let next = case.add(Op::DynamicUpdateSlice { axis: 0 }, &[cache, row, at], &[ROWS, 4], DType::F32);
    let axes = vec![0];
    let sum = Op::Reduce { op: ReduceOp::Sum, axes, keep_dim: false };
    let sum = case.add(sum, &[next], &[4], DType::F32);
    let case = case.outputs(&[next, sum]);
    let mut executable = compile(&case, "compiled").unwrap();
    let names: Vec<&str> = executable.inputs().iter().map(|info| info.name.as_str()).collect();
    let cache = names.iter().position(|name| *name == "x0").unwrap();
    let mut inputs = input_bytes(&case, &executable);
    let whole = std::mem::take(&mut inputs[cache]);
    executable.bind_resident(cache, Some(view(&[ROWS as i64, 4], &whole))).unwrap();
    executable.feed(cache, Some(0)).unwrap();
    let position = executable.inputs().iter().position(|info| info.name == "x2").unwrap();
    let before = executable.counters().unwrap();
    let mut sums = vec![0; 16];
    for run in 1..=3i64 {
        inputs[position] = (run * 100).to_le_bytes().to_vec();
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        executable.run(&inputs, &mut [None, Some(&mut sums)]).unwrap();
        assert_eq!(floats(&sums), [1.0, 2.0, 3.0, 4.0].map(|v| v * run as f32));
    }
    let after = executable.counters().unwrap();
    let moved = (after.bytes_in - before.bytes_in, after.bytes_out - before.bytes_out);
    assert_eq!((moved, after.traces), ((3 * (16 + 8), 3 * 16), 1), "a row and its place, and the sums");
}

/// Weak spot 6: sorting and factorising went by the host though there are nodes for it.
pub(crate) fn sorts_and_factorisations_are_nodes_of_the_graph() {
    // Between other nodes, of more than one batch, and sorted by what was computed just before.
    let x = Tensor::random(&[2, 3, 3], 5);
    let mut case = Case::new();
    let input = case.input(&x);
    let negative = activation(&mut case, Activation::Neg, input, &[2, 3, 3]);
    let sorted = case.add(Op::Sort { axis: 2, descending: true }, &[negative], &[2, 3, 3], DType::F32);
    let back = activation(&mut case, Activation::Neg, sorted, &[2, 3, 3]);
    let turned = case.add(Op::Transpose { perm: vec![0, 2, 1] }, &[input], &[2, 3, 3], DType::F32);
    let square = case.add(Op::MatMul, &[input, turned], &[2, 3, 3], DType::F32);
    let factor = case.add(Op::Cholesky, &[square], &[2, 3, 3], DType::F32);
    let turned = case.add(Op::Transpose { perm: vec![0, 2, 1] }, &[factor], &[2, 3, 3], DType::F32);
    let again = case.add(Op::MatMul, &[factor, turned], &[2, 3, 3], DType::F32);
    let got = traced_once(&case.outputs(&[back, again, square]));
    let mut want = x.values.clone();
    want.chunks_mut(3).for_each(|row| row.sort_by(f64::total_cmp));
    assert_same("ascending", &got[0], &want);
    assert_within("L times its transpose", &got[1], &got[2].values, |_, _| 64.0 * epsilon(DType::F32));
}

/// Weak spot 7: a scan beyond the limits of unrolling was a loop of the host's.
pub(crate) fn a_long_scan_is_evaluated_by_hundreds_of_steps() {
    const LENGTH: usize = 5000;
    let mut body = Graph::new("step");
    let (sum, x) = (body.input("v0", f32s(&[2])), body.input("v1", f32s(&[2])));
    let next = body.binary(BinaryOp::Add, sum, x, f32s(&[2]));
    body.set_outputs(vec![next]);
    let rows = Tensor::f32(&[LENGTH, 2], (0..2 * LENGTH).map(|i| (i % 7) as f64).collect::<Vec<_>>());
    let mut case = Case::new();
    let (start, xs) = (case.input(&Tensor::f32(&[2], [0.5, -1.0])), case.input(&rows));
    let op = Op::Scan {
        body: Box::new(body),
        length: LENGTH as u32,
        save_trajectory: false,
        num_bcast: 0,
        num_xs: 1,
        num_checkpoints: 0,
    };
    let y = case.add(op, &[start, xs], &[2], DType::F32);
    let case = case.outputs(&[y]);
    let mut executable = compile(&case, "compiled").unwrap();
    let inputs = input_bytes(&case, &executable);
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let column = |c: usize| rows.values.chunks(2).map(|row| row[c]).sum::<f64>();
    for run in 1..=3 {
        let outputs = executable.run_to_vec(&inputs).unwrap();
        assert_eq!(floats(&outputs[0]), [column(0) as f32 + 0.5, column(1) as f32 - 1.0]);
        let counters = executable.counters().unwrap();
        assert_eq!(counters.traces, 1, "of all steps");
        assert!(counters.evaluations * 100 <= run * LENGTH as u64, "{counters:?}");
    }
}

/// Weak spot 8: random numbers were filled in by the host before a run.
pub(crate) fn random_numbers_are_made_in_the_graph() {
    const COUNT: usize = 1 << 16;
    let mut case = Case::new();
    let by = case.input(&Tensor::f32(&[1], [2.0]));
    let normal = Op::RngNormal { mean: 0.0, scale: 1.0, key: 3, op_seed: None };
    let uniform = Op::RngUniform { low: 0.0, high: 1.0, key: 4, op_seed: None };
    let [normal, uniform] = [normal, uniform].map(|op| case.add(op, &[], &[COUNT], DType::F32));
    let scaled = case.add(Op::Binary(BinaryOp::Mul), &[uniform, by], &[COUNT], DType::F32);
    let all = [normal, scaled].map(|x| {
        let mean = Op::Reduce { op: ReduceOp::Mean, axes: vec![0], keep_dim: false };
        case.add(mean, &[x], &[], DType::F32)
    });
    let case = case.outputs(&all);
    let got = traced_once(&case);
    // Means of so many are as near as ten of their deviations.
    assert!(got[0].values[0].abs() < 10.0 / 256.0 && (got[1].values[0] - 1.0).abs() < 10.0 / 256.0, "{got:?}");
    let mut executable = compile(&case, "compiled").unwrap();
    run_and_count(&mut executable, &case, 3);
    let counters = executable.counters().unwrap();
    assert_eq!((counters.bytes_in, counters.bytes_out), (3 * 4, 3 * 8), "none of them crosses");
}

/// Weak spot 9: transposed convolutions with groups, and those whose windows hold more than 2^29 elements, left the trace.
pub(crate) fn convolutions_of_groups_and_of_many_windows_stay_compiled() {
    let (x, w) =
        (Tensor::f32(&[1, 2, 1, 2], [1.0, 2.0, 3.0, 4.0]), Tensor::f32(&[2, 1, 1, 2], [1.0, 10.0, 1.0, 100.0]));
    let op = Op::ConvTranspose2d {
        kernel_size: vec![1, 2],
        stride: vec![1, 2],
        padding: vec![0, 0],
        dilation: vec![1, 1],
        output_padding: vec![0, 0],
        groups: 2,
    };
    let got = traced_once(&one_op(op, &[&x, &w], Layout::Dense, &[1, 2, 1, 4], DType::F32));
    assert_same("two dimensions", &got[0], &[1.0, 10.0, 2.0, 20.0, 3.0, 300.0, 4.0, 400.0]);
    let (x, w) = (x.reshaped(&[1, 2, 1, 1, 2]), w.reshaped(&[2, 1, 1, 1, 2]));
    let op =
        Op::ConvTranspose3d { stride: [1, 1, 2], padding: [0; 3], dilation: [1; 3], output_padding: [0; 3], groups: 2 };
    let got = traced_once(&one_op(op, &[&x, &w], Layout::Dense, &[1, 2, 1, 1, 4], DType::F32));
    assert_same("three dimensions", &got[0], &[1.0, 10.0, 2.0, 20.0, 3.0, 300.0, 4.0, 400.0]);

    // 36 elements for each of 4096² places.
    const SIDE: usize = 4096;
    let value = |i: usize| ((i * 31 + i / SIDE * 17) % 9) as f64 - 4.0;
    let x = Tensor::f32(&[1, 1, SIDE, SIDE], (0..SIDE * SIDE).map(value).collect::<Vec<_>>());
    let w = Tensor::f32(&[1, 1, 6, 6], (0..36).map(|i| f64::from(i % 5) - 2.0).collect::<Vec<_>>());
    let op =
        Op::Conv { kernel_size: vec![6, 6], stride: vec![1, 1], padding: vec![0, 0], dilation: vec![1, 1], groups: 1 };
    let out = SIDE - 5;
    let case = one_op(op, &[&x, &w], Layout::Dense, &[1, 1, out, out], DType::F32);
    let mut executable = compile(&case, "compiled").unwrap();
    let outputs = run_and_count(&mut executable, &case, 1);
    let got = Tensor::from_bytes(DType::F32, &[1, 1, out, out], &outputs[0]);
    for (row, column) in [(0, 0), (17, 4000), (2048, 2047), (out - 1, out - 1)] {
        let seen = indices(&[6, 6]).map(|j| x.at(&[0, 0, row + j[0], column + j[1]]) * w.at(&[0, 0, j[0], j[1]]));
        assert_eq!(got.at(&[0, 0, row, column]), seen.sum::<f64>(), "{row}, {column}");
    }
}

/// Weak spot 10: a format with a row of its own was declared to be the host's, and so ended compiled mode for the graph. An op
/// is in the table with what it is, or it is refused; nothing is found out by the first run.
pub(crate) fn a_packed_product_is_taken_or_refused_when_it_is_compiled() {
    let mut case = Case::new();
    let x = case.input(&Tensor::random(&[1, 32], 1));
    let weight = case.input(&Tensor::of(DType::U8, &[34], vec![0.0; 34]));
    let op = Op::DequantMatMul { scheme: QuantScheme::GgufQ8_0 };
    let y = case.add(op, &[x, weight], &[1, 1], DType::F32);
    let case = case.outputs(&[y]);
    if rlx_mlx_tests::plugin::backend().plugin().info().ops.iter().any(|op| op == "DequantMatMul") {
        assert_same("a product with nothing", &traced_once(&case)[0], &[0.0]);
    } else {
        let error = refusal(&case);
        assert!(error.kind() == ErrorKind::Unsupported && error.message().contains("DequantMatMul"), "{error}");
    }
}

/// Weak spot 11: compiled mode ended with more than 1536 nodes, with any active extent, and after any one failure.
pub(crate) fn nothing_ends_compiled_mode() {
    // Many nodes.
    let x = Tensor::f32(&[4], [1.0, -2.0, 0.5, 3.0]);
    let mut case = Case::new();
    let input = case.input(&x);
    let mut node = input;
    for i in 0..4000 {
        let op = if i % 2 == 0 { BinaryOp::Add } else { BinaryOp::Sub };
        node = case.add(Op::Binary(op), &[node, input], &[4], DType::F32);
    }
    assert_same("4000 nodes", &traced_once(&case.outputs(&[node]))[0], &x.values);

    // A few of the rows.
    let x = Tensor::random(&[7, 3], 1);
    let double = one_op(Op::Softmax { axis: -1 }, &[&x], Layout::Dense, &[7, 3], DType::F32);
    let mut executable = compile(&double, "compiled").unwrap();
    let whole = run_and_count(&mut executable, &double, 1);
    for actual in [1, 6, 2] {
        assert!(executable.set_active_extent(Some(ActiveExtent { actual, upper: 7 })).unwrap());
        let some = run_and_count(&mut executable, &double, 1);
        assert_eq!(some[0][..actual * 12], whole[0][..actual * 12]);
    }
    executable.set_active_extent(None).unwrap();
    assert_eq!(run_and_count(&mut executable, &double, 1), whole);

    // Failures of a run: values that do not fit, and an op that finds none.
    let (a, b) = (Tensor::f32(&[2, 2], [2.0, 0.0, 0.0, 4.0]), Tensor::f32(&[2], [2.0, 2.0]));
    let solve = one_op(Op::DenseSolve, &[&a, &b], Layout::Dense, &[2], DType::F32);
    let mut executable = compile(&solve, "compiled").unwrap();
    let good = input_bytes(&solve, &executable);
    let good: Vec<&[u8]> = good.iter().map(Vec::as_slice).collect();
    let singular = bytes(&[1.0, 2.0, 2.0, 4.0]);
    let square = good.iter().position(|input| input.len() == 16).unwrap();
    for _ in 0..3 {
        assert!(executable.run_to_vec(&[&good[square][..4]; 2]).is_err());
        let mut bad = good.clone();
        bad[square] = &singular;
        assert!(executable.run_to_vec(&bad).unwrap_err().message().contains("inversion failed"));
        assert_eq!(floats(&executable.run_to_vec(&good).unwrap()[0]), [1.0, 0.5]);
    }
    assert_eq!(executable.counters().unwrap().traces, 1);
}
