//! A graph as it was built, beside what the runtime's passes make of it: fusions, rewrites and clean-ups leave its meaning.

use crate::{FLOATS, cases};
use proptest::prelude::*;
use rlx_host_api::CompileOptions;
use rlx_host_api::runtime::prepare;
use rlx_ir::op::{Activation, AdaNormKind, BinaryOp, PadMode, ReduceOp};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, backend, input_bytes, run};
use rlx_mlx_tests::tensor::Tensor;

/// Rows and columns of all values between layers.
const DIMS: [usize; 3] = [2, 6, 8];

/// One layer on `x`, of its extents: the patterns that the runtime fuses, and ops that it rewrites or moves.
fn layer(case: &mut Case, kind: usize, x: NodeId, other: NodeId, seed: u64, dtype: DType) -> NodeId {
    let [b, s, d] = DIMS;
    let weight = |case: &mut Case, dims: &[usize], salt: u64| {
        let value = Tensor::random(dims, seed.wrapping_add(salt)).map(|v| v * 0.25).to(dtype);
        case.input(&value)
    };
    let same = |case: &mut Case, op: Op, operands: &[NodeId]| case.add(op, operands, &DIMS, dtype);
    match kind {
        // What becomes FusedMatMulBiasAct.
        0 | 1 => {
            let (w, bias) = (weight(case, &[d, d], 1), weight(case, &[d], 2));
            let product = same(case, Op::MatMul, &[x, w]);
            let sum = same(case, Op::Binary(BinaryOp::Add), &[product, bias]);
            if kind == 0 { sum } else { same(case, Op::Activation(Activation::Gelu), &[sum]) }
        }
        // What becomes FusedResidualLN and FusedResidualRmsNorm.
        2 | 3 => {
            let (gamma, beta) = (weight(case, &[d], 3), weight(case, &[d], 4));
            let sum = same(case, Op::Binary(BinaryOp::Add), &[x, other]);
            let op =
                if kind == 2 { Op::LayerNorm { axis: -1, eps: 1e-3 } } else { Op::RmsNorm { axis: -1, eps: 1e-3 } };
            same(case, op, &[sum, gamma, beta])
        }
        // What becomes FusedSwiGLU.
        4 => {
            let w = weight(case, &[d, 2 * d], 5);
            let wide = case.add(Op::MatMul, &[x, w], &[b, s, 2 * d], dtype);
            let part = |case: &mut Case, start| same(case, Op::Narrow { axis: 2, start, len: d }, &[wide]);
            let (up, gate) = (part(case, 0), part(case, d));
            let gate = same(case, Op::Activation(Activation::Silu), &[gate]);
            same(case, Op::Binary(BinaryOp::Mul), &[up, gate])
        }
        // A softmax along an axis in the middle, which the runtime turns.
        5 => same(case, Op::Softmax { axis: 1 }, &[x]),
        6 => {
            let turned = case.add(Op::Transpose { perm: vec![0, 2, 1] }, &[x], &[b, d, s], dtype);
            let turned = case.add(Op::Activation(Activation::Tanh), &[turned], &[b, d, s], dtype);
            same(case, Op::Transpose { perm: vec![0, 2, 1] }, &[turned])
        }
        7 => {
            let padded = case.add(
                Op::Pad { pads: vec![[0, 0], [1, 2], [0, 0]], mode: PadMode::Constant(0.5) },
                &[x],
                &[b, s + 3, d],
                dtype,
            );
            same(case, Op::Slice { axis: 1, start: 2, len: s, step: 1 }, &[padded])
        }
        8 => {
            let axes = vec![2];
            let mean = case.add(Op::Reduce { op: ReduceOp::Mean, axes, keep_dim: true }, &[x], &[b, s, 1], dtype);
            same(case, Op::Binary(BinaryOp::Sub), &[x, mean])
        }
        9 => {
            let (scale, shift) = (weight(case, &[b, 1, d], 6), weight(case, &[b, 1, d], 7));
            same(case, Op::AdaLayerNorm { norm: AdaNormKind::LayerNorm, eps: 1e-3 }, &[x, scale, shift])
        }
        10 => {
            let gate = weight(case, &[b, 1, d], 8);
            same(case, Op::GatedResidual, &[x, other, gate])
        }
        11 => same(case, Op::Roll { shifts: vec![2], dims: vec![1] }, &[x]),
        12 => {
            let clamped = same(case, Op::Clamp { min: -1.0, max: 1.5 }, &[x]);
            same(case, Op::Binary(BinaryOp::Max), &[clamped, other])
        }
        _ => {
            // A chain that could be a region.
            let negative = same(case, Op::Activation(Activation::Neg), &[x]);
            let power = same(case, Op::Activation(Activation::Sigmoid), &[negative]);
            same(case, Op::Binary(BinaryOp::Mul), &[power, other])
        }
    }
}

const LAYERS: usize = 14;

/// The outputs of the graph as the runtime would hand it to the plugin.
fn prepared(case: &Case, mode: &str) -> Vec<Tensor> {
    let options = rlx_runtime::CompileOptions::baseline();
    let prepared = prepare(backend().plugin(), case.graph.clone(), &options).unwrap();
    let mut executable =
        backend().compile(prepared.program.as_bytes(), &CompileOptions::new().set("mode", mode)).unwrap();
    for constant in &prepared.constants {
        executable.set_param(&constant.info.name, constant.view()).unwrap();
    }
    let inputs = input_bytes(case, &executable);
    let outputs = executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let shapes = case.graph.outputs.iter().map(|&id| case.graph.shape(id));
    shapes.zip(outputs).map(|(shape, data)| Tensor::from_bytes(shape.dtype(), &DIMS, &data)).collect()
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_graph_and_what_the_passes_make_of_it_agree(
        layers in prop::collection::vec((0..LAYERS, any::<prop::sample::Index>()), 1..7),
        seed in any::<u64>(), dtype in prop::sample::select(&FLOATS[..]),
        mode in prop::sample::select(&MODES[..]),
    ) {
        let mut case = Case::new();
        let first = case.input(&Tensor::random(&DIMS, seed).to(dtype));
        let mut nodes = vec![first];
        for (i, (kind, other)) in layers.iter().enumerate() {
            let (x, other) = (nodes[nodes.len() - 1], nodes[other.index(nodes.len())]);
            let node = layer(&mut case, *kind, x, other, seed.wrapping_add(100 * i as u64), dtype);
            nodes.push(node);
        }
        // The last value, and one in the middle, which a fusion must not swallow.
        let outputs = [nodes[nodes.len() - 1], nodes[nodes.len() / 2]];
        let case = case.outputs(&outputs);
        let (raw, optimized) = (run(&case), prepared(&case, mode));
        // Each layer rounds values of a few units a few times, and norms enlarge what came before by at most 32, one over the
        // root of their eps; here by far less.
        let bound = 128.0 * layers.len() as f64 * epsilon(dtype);
        for (raw, optimized) in raw.iter().zip(&optimized) {
            let largest = raw.values.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
            assert_within(&format!("{layers:?} {dtype:?} {mode}"), optimized, &raw.values, |_, _| bound * largest);
        }
    }
}
