//! Ops that leave rows to themselves: programs of them give the first rows as a run of the whole does.

use super::{ROWS, compiled, constant, first_rows, node, random, rows, run};
use rlx_ir::op::{Activation, BinaryOp, CmpOp, MaskKind, ReduceOp, RopeStyle};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::MODES;
use rlx_mlx_tests::tensor::Tensor;

/// Every op here takes and gives such a value.
const DIMS: [usize; 3] = [ROWS, 4, 6];

type Build = fn(&mut Case, NodeId) -> NodeId;

fn activation(case: &mut Case, kind: Activation, x: NodeId) -> NodeId {
    node(case, Op::Activation(kind), &[x], &DIMS)
}

fn binary(case: &mut Case, op: BinaryOp, a: NodeId, b: NodeId) -> NodeId {
    node(case, Op::Binary(op), &[a, b], &DIMS)
}

fn reduced(case: &mut Case, x: NodeId, op: ReduceOp, axis: usize, keep_dim: bool) -> NodeId {
    let mut dims = DIMS.to_vec();
    if keep_dim {
        dims[axis] = 1;
    } else {
        dims.remove(axis);
    }
    node(case, Op::Reduce { op, axes: vec![axis], keep_dim }, &[x], &dims)
}

fn reshape(case: &mut Case, x: NodeId, dims: &[usize]) -> NodeId {
    node(case, Op::Reshape { new_shape: dims.iter().map(|&d| d as i64).collect() }, &[x], dims)
}

/// Positions of the largest elements along the last axis, as indices of `dtype`.
fn positions(case: &mut Case, x: NodeId, dtype: DType) -> NodeId {
    let at = node(case, Op::ArgMax { axis: 2, keep_dim: false }, &[x], &[ROWS, 4]);
    if dtype == DType::F32 { at } else { case.add(Op::Cast { to: dtype }, &[at], &[ROWS, 4], dtype) }
}

fn attention(case: &mut Case, x: NodeId, mask_kind: MaskKind, mask: Option<NodeId>) -> NodeId {
    let op = Op::Attention {
        num_heads: 2,
        head_dim: 3,
        v_head_dim: None,
        mask_kind,
        score_scale: None,
        attn_logit_softcap: None,
    };
    let inputs: Vec<NodeId> = [x, x, x].into_iter().chain(mask).collect();
    node(case, op, &inputs, &DIMS)
}

fn doubled() -> Box<Graph> {
    let mut graph = Graph::new("doubled");
    let x = graph.input("x", Shape::new(&DIMS, DType::F32));
    let y = graph.add_node(Op::Binary(BinaryOp::Add), vec![x, x], Shape::new(&DIMS, DType::F32));
    graph.set_outputs(vec![y]);
    Box::new(graph)
}

/// Each by its name. Those at the end multiply matrices.
const OPS: &[(&str, Build)] = &[
    ("gelu", |c, x| activation(c, Activation::Gelu, x)),
    ("silu", |c, x| activation(c, Activation::Silu, x)),
    ("tanh", |c, x| activation(c, Activation::Tanh, x)),
    ("softplus", |c, x| activation(c, Activation::Softplus, x)),
    ("abs and sqrt", |c, x| {
        let x = activation(c, Activation::Abs, x);
        activation(c, Activation::Sqrt, x)
    }),
    ("add itself", |c, x| binary(c, BinaryOp::Add, x, x)),
    ("add a row", |c, x| {
        let b = random(c, &[6], 1);
        binary(c, BinaryOp::Add, x, b)
    }),
    ("multiply by a column", |c, x| {
        let b = random(c, &[1, 4, 1], 2);
        binary(c, BinaryOp::Mul, x, b)
    }),
    ("add a value for each row", |c, x| {
        let b = random(c, &DIMS, 3);
        binary(c, BinaryOp::Add, x, b)
    }),
    ("add one number for each row", |c, x| {
        let b = random(c, &[ROWS, 1, 1], 4);
        binary(c, BinaryOp::Sub, b, x)
    }),
    ("divide by a scalar", |c, x| {
        let b = constant(c, &Tensor::f32(&[], [3.0]));
        binary(c, BinaryOp::Div, x, b)
    }),
    ("compare and select", |c, x| {
        let b = random(c, &DIMS, 5);
        let greater = c.add(Op::Compare(CmpOp::Gt), &[x, b], &DIMS, DType::Bool);
        node(c, Op::Where, &[greater, x, b], &DIMS)
    }),
    ("clamp", |c, x| node(c, Op::Clamp { min: -1.0, max: 0.5 }, &[x], &DIMS)),
    ("half and back", |c, x| {
        let half = c.add(Op::Cast { to: DType::F16 }, &[x], &DIMS, DType::F16);
        node(c, Op::Cast { to: DType::F32 }, &[half], &DIMS)
    }),
    ("stop gradient", |c, x| node(c, Op::StopGradient, &[x], &DIMS)),
    ("layer norm of the last axis", |c, x| {
        let (gamma, beta) = (random(c, &[6], 6), random(c, &[6], 7));
        node(c, Op::LayerNorm { axis: -1, eps: 1e-5 }, &[x, gamma, beta], &DIMS)
    }),
    ("layer norm of the middle axis", |c, x| {
        // Square, since the IR holds the weights to the last axis.
        let square = node(c, Op::Narrow { axis: 2, start: 0, len: 4 }, &[x], &[ROWS, 4, 4]);
        let (gamma, beta) = (random(c, &[4], 8), random(c, &[4], 9));
        let square = node(c, Op::LayerNorm { axis: 1, eps: 1e-5 }, &[square, gamma, beta], &[ROWS, 4, 4]);
        let rest = node(c, Op::Narrow { axis: 2, start: 4, len: 2 }, &[x], &[ROWS, 4, 2]);
        node(c, Op::Concat { axis: 2 }, &[square, rest], &DIMS)
    }),
    ("rms norm", |c, x| {
        let (gamma, beta) = (random(c, &[6], 10), random(c, &[6], 11));
        node(c, Op::RmsNorm { axis: -1, eps: 1e-5 }, &[x, gamma, beta], &DIMS)
    }),
    ("residual layer norm", |c, x| {
        let (gamma, beta) = (random(c, &[6], 12), random(c, &[6], 13));
        node(c, Op::FusedResidualLN { has_bias: false, eps: 1e-5 }, &[x, x, gamma, beta], &DIMS)
    }),
    ("softmax of the last axis", |c, x| node(c, Op::Softmax { axis: -1 }, &[x], &DIMS)),
    ("softmax of the middle axis", |c, x| node(c, Op::Softmax { axis: 1 }, &[x], &DIMS)),
    ("cumsum", |c, x| node(c, Op::Cumsum { axis: 1, exclusive: true }, &[x], &DIMS)),
    ("mean, expanded", |c, x| {
        let mean = reduced(c, x, ReduceOp::Mean, 2, true);
        node(c, Op::Expand { target_shape: DIMS.map(|d| d as i64).to_vec() }, &[mean], &DIMS)
    }),
    ("less the largest", |c, x| {
        let most = reduced(c, x, ReduceOp::Max, 1, true);
        binary(c, BinaryOp::Sub, x, most)
    }),
    ("sum without its axis", |c, x| {
        let sum = reduced(c, x, ReduceOp::Sum, 1, false);
        let sum = reshape(c, sum, &[ROWS, 1, 6]);
        binary(c, BinaryOp::Mul, x, sum)
    }),
    ("rows of their own", |c, x| {
        let flat = reshape(c, x, &[ROWS, 24]);
        let flat = node(c, Op::Softmax { axis: 1 }, &[flat], &[ROWS, 24]);
        reshape(c, flat, &DIMS)
    }),
    ("several for each row", |c, x| {
        let flat = reshape(c, x, &[ROWS * 4, 6]);
        let flat = node(c, Op::Softmax { axis: 1 }, &[flat], &[ROWS * 4, 6]);
        reshape(c, flat, &DIMS)
    }),
    ("transposed and back", |c, x| {
        let turned = node(c, Op::Transpose { perm: vec![0, 2, 1] }, &[x], &[ROWS, 6, 4]);
        let turned = node(c, Op::Cumsum { axis: 2, exclusive: false }, &[turned], &[ROWS, 6, 4]);
        node(c, Op::Transpose { perm: vec![0, 2, 1] }, &[turned], &DIMS)
    }),
    ("halves of the last axis, swapped", |c, x| {
        let half = |c: &mut Case, start| node(c, Op::Narrow { axis: 2, start, len: 3 }, &[x], &[ROWS, 4, 3]);
        let (low, high) = (half(c, 0), half(c, 3));
        node(c, Op::Concat { axis: 2 }, &[high, low], &DIMS)
    }),
    ("every other element, twice", |c, x| {
        let half = Op::Slice { axis: 2, start: 4, len: 3, step: -2 };
        let half = node(c, half, &[x], &[ROWS, 4, 3]);
        node(c, Op::Concat { axis: 2 }, &[half, half], &DIMS)
    }),
    ("reversed", |c, x| node(c, Op::Reverse { axes: vec![1, 2] }, &[x], &DIMS)),
    ("rope", |c, x| {
        let (cos, sin) = (random(c, &[4, 3], 14), random(c, &[4, 3], 15));
        node(c, Op::Rope { head_dim: 6, n_rot: 6, style: RopeStyle::NeoX }, &[x, cos, sin], &DIMS)
    }),
    ("rope of pairs", |c, x| {
        let (cos, sin) = (random(c, &[8, 2], 16), random(c, &[8, 2], 17));
        node(c, Op::Rope { head_dim: 6, n_rot: 4, style: RopeStyle::GptJ }, &[x, cos, sin], &DIMS)
    }),
    ("rope with rows as positions", |c, x| {
        let flat = reshape(c, x, &[ROWS, 24]);
        // More positions than rows.
        let (cos, sin) = (random(c, &[ROWS + 2, 12], 18), random(c, &[ROWS + 2, 12], 19));
        let turned = Op::Rope { head_dim: 24, n_rot: 24, style: RopeStyle::NeoX };
        let turned = node(c, turned, &[flat, cos, sin], &[ROWS, 24]);
        reshape(c, turned, &DIMS)
    }),
    ("gathered by position", |c, x| {
        let (table, at) = (random(c, &[6, 6], 20), positions(c, x, DType::I32));
        node(c, Op::Gather { axis: 0 }, &[table, at], &DIMS)
    }),
    ("gathered by float", |c, x| {
        let (table, at) = (random(c, &[9, 6], 21), positions(c, x, DType::F32));
        node(c, Op::Gather { axis: 0 }, &[table, at], &DIMS)
    }),
    // As many table rows as there are rows: they are no rows of the program's.
    ("gathered from a table of that size", |c, x| {
        let (table, at) = (random(c, &[ROWS, 6], 22), positions(c, x, DType::I64));
        node(c, Op::Gather { axis: 0 }, &[table, at], &DIMS)
    }),
    ("smallest along the last axis", |c, x| {
        let at = node(c, Op::ArgMin { axis: 2, keep_dim: true }, &[x], &[ROWS, 4, 1]);
        binary(c, BinaryOp::Add, x, at)
    }),
    ("function", |c, x| {
        node(c, Op::CustomFn { fwd_body: doubled(), vjp_body: None, jvp_body: None, num_inputs: 1 }, &[x], &DIMS)
    }),
    ("swiglu", |c, x| {
        let wide = node(c, Op::Concat { axis: 2 }, &[x, x], &[ROWS, 4, 12]);
        node(c, Op::FusedSwiGLU { cast_to: None, gate_first: true }, &[wide], &DIMS)
    }),
    ("product with a matrix", |c, x| {
        let w = random(c, &[6, 6], 30);
        node(c, Op::MatMul, &[x, w], &DIMS)
    }),
    ("product of flat rows with a matrix of that size", |c, x| {
        let narrow = node(c, Op::Narrow { axis: 1, start: 0, len: 1 }, &[x], &[ROWS, 1, 6]);
        let flat = reshape(c, narrow, &[ROWS, 6]);
        let up = random(c, &[6, ROWS], 31);
        let flat = node(c, Op::MatMul, &[flat, up], &[ROWS, ROWS]);
        let down = random(c, &[ROWS, 6], 32);
        let flat = node(c, Op::MatMul, &[flat, down], &[ROWS, 6]);
        let one = reshape(c, flat, &[ROWS, 1, 6]);
        binary(c, BinaryOp::Add, x, one)
    }),
    ("product of batches", |c, x| {
        let turned = node(c, Op::Transpose { perm: vec![0, 2, 1] }, &[x], &[ROWS, 6, 4]);
        let scores = node(c, Op::MatMul, &[x, turned], &[ROWS, 4, 4]);
        let scores = node(c, Op::Softmax { axis: 2 }, &[scores], &[ROWS, 4, 4]);
        node(c, Op::MatMul, &[scores, x], &DIMS)
    }),
    ("product with one matrix for all batches", |c, x| {
        let w = random(c, &[1, 6, 6], 33);
        node(c, Op::MatMul, &[x, w], &DIMS)
    }),
    ("product, bias and activation", |c, x| {
        let (w, b) = (random(c, &[6, 6], 34), random(c, &[6], 35));
        node(c, Op::FusedMatMulBiasAct { activation: Some(Activation::Relu) }, &[x, w, b], &DIMS)
    }),
    ("attention in each row", |c, x| attention(c, x, MaskKind::None, None)),
    ("causal attention in each row", |c, x| attention(c, x, MaskKind::Causal, None)),
    ("masked attention in each row", |c, x| {
        let mask = Tensor::random(&[ROWS, 4], 36).map(|v| f64::from(v > -1.0));
        let mask = constant(c, &mask);
        attention(c, x, MaskKind::Custom, Some(mask))
    }),
    ("attention block in each row", |c, x| {
        let (qkv, out) = (random(c, &[6, 18], 37), random(c, &[6, 6], 38));
        let mask = constant(c, &Tensor::f32(&[ROWS, 4], vec![1.0; ROWS * 4]));
        let block = Op::FusedAttentionBlock { num_heads: 2, head_dim: 3, has_bias: false, has_rope: false };
        node(c, block, &[x, qkv, out, mask], &DIMS)
    }),
];

/// Runs at some extents, up and down, and compares each with the first rows of the whole, bit for bit.
fn check(name: &str, case: &Case) {
    for mode in MODES {
        let (mut executable, inputs) = compiled(case, &[], mode);
        let whole = run(&mut executable, &inputs);
        let traces = executable.counters().unwrap().traces;
        for actual in [3, 1, ROWS, 2, 5, 6, 4] {
            assert!(
                executable.set_active_extent(rows(actual)).unwrap(),
                "{mode}, {name}: not honoured\n{}",
                case.graph
            );
            let got = run(&mut executable, &inputs);
            let want = first_rows(&executable, &whole, actual);
            assert!(got == want, "{mode}, {name}: {actual} rows differ from those of the whole\n{}", case.graph);
        }
        assert!(!executable.set_active_extent(None).unwrap());
        assert_eq!(run(&mut executable, &inputs), whole, "{mode}, {name}: the whole again");
        if mode == "compiled" {
            assert_eq!(executable.counters().unwrap().traces, traces, "{name}: traced again");
            assert_eq!(traces, 1);
        }
    }
}

#[test]
fn each_op_that_leaves_rows_to_themselves() {
    for (i, (name, build)) in OPS.iter().enumerate() {
        let mut case = Case::new();
        let x = case.input(&Tensor::random(&DIMS, 100 + i as u64));
        let y = build(&mut case, x);
        check(name, &case.outputs(&[y]));
    }
}

/// Several ops on each other, with values from before among the operands and among the outputs, and nodes that nobody reads.
#[test]
fn random_programs_of_such_ops() {
    // One sequence for all programs: those of neighbouring seeds overlap.
    let mut draws = Tensor::random(&[60 * 40], 1000).values.into_iter().map(|v| (v + 2.0) / 4.0);
    let mut below = |n: usize| (draws.next().unwrap() * n as f64) as usize % n;
    for seed in 0..60u64 {
        let mut case = Case::new();
        let mut values = vec![case.input(&Tensor::random(&DIMS, seed)), case.input(&Tensor::random(&DIMS, seed + 500))];
        let mut names = Vec::new();
        for _ in 0..2 + below(7) {
            let (name, build) = OPS[below(OPS.len())];
            let x = values[values.len() - 1 - below(values.len().min(3))];
            let y = build(&mut case, x);
            // Keeps sums of many in bounds.
            let y = activation(&mut case, Activation::Tanh, y);
            let other = values[below(values.len())];
            values.push(if below(2) == 0 { y } else { binary(&mut case, BinaryOp::Mul, y, other) });
            names.push(name);
        }
        let (last, some) = (values[values.len() - 1], values[2 + below(values.len() - 2)]);
        check(&format!("seed {seed}, {names:?}"), &case.outputs(&[last, some]));
    }
}
