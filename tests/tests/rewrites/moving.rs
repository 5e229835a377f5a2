//! Ops that move elements through the runtime: what the plugin claims arrives whole, and gives what rlx-cpu gives.

use rlx_host_api::runtime::prepare;
use rlx_ir::op::{BinaryOp, PadMode, ScatterNdReduction};
use rlx_ir::{DType, NodeId, Op, OpKind, rlxmodel};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::oracle;
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::runtime::{assert_close, mlx};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::CompileOptions;

/// The kinds of a case's nodes after all of the runtime's passes.
fn kinds(case: &Case) -> Vec<OpKind> {
    let prepared = prepare(backend().plugin(), case.graph.clone(), &CompileOptions::baseline()).unwrap();
    rlxmodel::from_text(&prepared.program).unwrap().nodes().iter().map(|node| node.op.kind()).collect()
}

#[track_caller]
fn assert_whole(case: &Case, kind: OpKind) {
    let kinds = kinds(case);
    assert!(kinds.contains(&kind), "{kind:?} is gone: {kinds:?}");
    let names: Vec<String> = (0..case.inputs.len()).map(|i| format!("x{i}")).collect();
    let data: Vec<Vec<f32>> = case.inputs.iter().map(|x| x.values.iter().map(|&v| v as f32).collect()).collect();
    let inputs: Vec<(&str, &[f32])> = names.iter().map(String::as_str).zip(data.iter().map(Vec::as_slice)).collect();
    let got = mlx().compile(case.graph.clone()).run(&inputs);
    let want: Vec<Vec<f32>> =
        oracle::run(case).into_iter().map(|values| values.into_iter().map(|v| v as f32).collect()).collect();
    assert_close(&got, &want, 1e-6);
}

fn one(op: Op, operands: &[&Tensor], dims: &[usize]) -> Case {
    let mut case = Case::new();
    let inputs: Vec<NodeId> = operands.iter().map(|x| case.input(x)).collect();
    let node = case.add(op, &inputs, dims, DType::F32);
    case.outputs(&[node])
}

#[test]
fn claimed_ops_arrive_whole() {
    let x = Tensor::random(&[4, 3], 1);
    let (row, part) = (Tensor::random(&[1, 3], 2), Tensor::random(&[2, 3], 3));
    let indices = Tensor::f32(&[2, 1], [3.0, 0.0]);
    let start = Tensor::f32(&[1], [1.0]);
    for (op, operands, dims) in [
        (Op::Pad { pads: vec![[1, 2], [0, 1]], mode: PadMode::Reflect }, vec![&x], [7, 4]),
        (Op::Roll { shifts: vec![1, -1], dims: vec![0, 1] }, vec![&x], [4, 3]),
        (Op::Tile { reps: vec![2, 1] }, vec![&x], [8, 3]),
        (Op::Trilu { upper: true, diagonal: 1 }, vec![&x], [4, 3]),
        (Op::KvAppend { axis: 0, pos: 2 }, vec![&x, &row], [3, 3]),
        (Op::DynamicUpdateSlice { axis: 0 }, vec![&x, &part, &start], [4, 3]),
        (Op::GatherNd { batch_dims: 0 }, vec![&x, &indices], [2, 3]),
        (Op::GatherElements { axis: 0 }, vec![&x, &indices], [2, 1]),
        (Op::ScatterNd { reduction: ScatterNdReduction::Add }, vec![&x, &indices, &part], [4, 3]),
    ] {
        let kind = op.kind();
        assert_whole(&one(op, &operands, &dims), kind);
    }
}

/// Of a sum that reads a product, once a plugin claims it.
#[test]
fn a_product_that_is_added_to_something_becomes_one_op() {
    let mut case = Case::new();
    let [a, b, c] = [&[2, 3][..], &[3, 4], &[2, 4]].map(|dims| case.input(&Tensor::random(dims, dims[0] as u64)));
    let product = case.add(Op::MatMul, &[a, b], &[2, 4], DType::F32);
    let sum = case.add(Op::Binary(BinaryOp::Add), &[product, c], &[2, 4], DType::F32);
    assert_whole(&case.outputs(&[sum]), OpKind::FusedMatMulResidual);
}
