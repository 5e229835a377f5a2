//! Ops that mix rows: the whole is computed, all of it, and the host is told.

use super::{ROWS, compiled, constant, node, random, rows, run};
use rlx_host_api::kernel::Kernel;
use rlx_ir::op::{Activation, BinaryOp, MaskKind, ReduceOp};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, input_bytes, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

const DIMS: [usize; 2] = [ROWS, 6];

/// A program of `mix` behind an op that keeps rows, whose value is an output too.
fn program(mix: impl FnOnce(&mut Case, NodeId) -> NodeId) -> Case {
    let mut case = Case::new();
    let x = case.input(&Tensor::random(&DIMS, 9));
    let x = node(&mut case, Op::Activation(Activation::Tanh), &[x], &DIMS);
    let mixed = mix(&mut case, x);
    case.outputs(&[mixed, x])
}

fn whole_whatever_the_extent(mix: impl FnOnce(&mut Case, NodeId) -> NodeId) {
    let case = program(mix);
    for mode in MODES {
        let (mut executable, inputs) = compiled(&case, &[], mode);
        let whole = run(&mut executable, &inputs);
        for actual in [1, 3, ROWS - 1] {
            assert!(!executable.set_active_extent(rows(actual)).unwrap(), "{mode}: honoured\n{}", case.graph);
            assert_eq!(run(&mut executable, &inputs), whole, "{mode}, {actual} rows\n{}", case.graph);
        }
    }
}

macro_rules! mixing {
    ($($name:ident: $mix:expr;)*) => {$(
        #[test]
        fn $name() {
            whole_whatever_the_extent($mix);
        }
    )*};
}

fn mapped(op: Op, dims: &'static [usize]) -> impl FnOnce(&mut Case, NodeId) -> NodeId {
    move |case, x| node(case, op, &[x], dims)
}

fn attention(case: &mut Case, x: NodeId, dims: &[usize]) -> NodeId {
    let op = Op::Attention {
        num_heads: 2,
        head_dim: 3,
        v_head_dim: None,
        mask_kind: MaskKind::None,
        score_scale: None,
        attn_logit_softcap: None,
    };
    node(case, op, &[x, x, x], dims)
}

fn same(case: &mut Case, x: NodeId, new_shape: &[usize]) -> NodeId {
    node(case, Op::Reshape { new_shape: new_shape.iter().map(|&d| d as i64).collect() }, &[x], new_shape)
}

/// With its first column once more: the IR holds the weights of a norm to the last axis, whatever axis it is over.
fn square(case: &mut Case, x: NodeId) -> NodeId {
    let column = node(case, Op::Narrow { axis: 1, start: 0, len: 1 }, &[x], &[ROWS, 1]);
    node(case, Op::Concat { axis: 1 }, &[x, column], &[ROWS, ROWS])
}

/// A nested graph of one value of `DIMS`, which it doubles or negates.
fn body(activation: Option<Activation>) -> Box<Graph> {
    let shape = Shape::new(&DIMS, DType::F32);
    let mut graph = Graph::new("body");
    let x = graph.input("x", shape.clone());
    let y = match activation {
        Some(kind) => graph.add_node(Op::Activation(kind), vec![x], shape),
        None => graph.add_node(Op::Binary(BinaryOp::Add), vec![x, x], shape),
    };
    graph.set_outputs(vec![y]);
    Box::new(graph)
}

mixing! {
    softmax_over_rows: mapped(Op::Softmax { axis: 0 }, &DIMS);
    cumsum_over_rows: mapped(Op::Cumsum { axis: 0, exclusive: false }, &DIMS);
    sum_over_rows: mapped(Op::Reduce { op: ReduceOp::Sum, axes: vec![0], keep_dim: false }, &[6]);
    mean_over_rows_and_columns: mapped(Op::Reduce { op: ReduceOp::Mean, axes: vec![0, 1], keep_dim: true }, &[1, 1]);
    largest_of_rows: mapped(Op::Reduce { op: ReduceOp::Max, axes: vec![0], keep_dim: true }, &[1, 6]);
    position_of_the_largest_row: mapped(Op::ArgMax { axis: 0, keep_dim: false }, &[6]);
    position_of_the_smallest_row: mapped(Op::ArgMin { axis: 0, keep_dim: true }, &[1, 6]);
    rows_reversed: mapped(Op::Reverse { axes: vec![0] }, &DIMS);
    some_rows: mapped(Op::Narrow { axis: 0, start: 2, len: 3 }, &[3, 6]);
    every_other_row: mapped(Op::Slice { axis: 0, start: 0, len: 4, step: 2 }, &[4, 6]);
    transposed: mapped(Op::Transpose { perm: vec![1, 0] }, &[6, ROWS]);
    other_rows_of_the_same_elements: mapped(Op::Reshape { new_shape: vec![6, 7] }, &[6, ROWS]);
    one_row_of_all: mapped(Op::Reshape { new_shape: vec![1, 42] }, &[1, 42]);
    all_elements: mapped(Op::Reshape { new_shape: vec![42] }, &[42]);
    rows_on_rows: |case, x| node(case, Op::Concat { axis: 0 }, &[x, x], &[2 * ROWS, 6]);
    mean_over_rows_taken_off: |case, x| {
        let mean = node(case, Op::Reduce { op: ReduceOp::Mean, axes: vec![0], keep_dim: true }, &[x], &[1, 6]);
        node(case, Op::Binary(BinaryOp::Sub), &[x, mean], &DIMS)
    };
    layer_norm_over_rows: |case, x| {
        let (square, gamma, beta) = (square(case, x), random(case, &[ROWS], 1), random(case, &[ROWS], 2));
        node(case, Op::LayerNorm { axis: 0, eps: 1e-5 }, &[square, gamma, beta], &[ROWS, ROWS])
    };
    rms_norm_over_rows: |case, x| {
        let (square, gamma, beta) = (square(case, x), random(case, &[ROWS], 1), random(case, &[ROWS], 2));
        node(case, Op::RmsNorm { axis: 0, eps: 1e-5 }, &[square, gamma, beta], &[ROWS, ROWS])
    };
    softmax_of_a_vector_of_rows: |case, x| {
        let column = node(case, Op::Narrow { axis: 1, start: 0, len: 1 }, &[x], &[ROWS, 1]);
        let column = same(case, column, &[ROWS]);
        node(case, Op::Softmax { axis: 0 }, &[column], &[ROWS])
    };
    layer_norm_of_a_vector_of_rows: |case, x| {
        let column = node(case, Op::Narrow { axis: 1, start: 0, len: 1 }, &[x], &[ROWS, 1]);
        let column = same(case, column, &[ROWS]);
        let (gamma, beta) = (random(case, &[ROWS], 1), random(case, &[ROWS], 2));
        node(case, Op::LayerNorm { axis: 0, eps: 1e-5 }, &[column, gamma, beta], &[ROWS])
    };
    rows_gathered: |case, x| {
        let at = constant(case, &Tensor::of(DType::I32, &[3], [6.0, 0.0, 3.0]));
        node(case, Op::Gather { axis: 0 }, &[x, at], &[3, 6])
    };
    as_many_rows_gathered: |case, x| {
        let at = constant(case, &Tensor::of(DType::I32, &[ROWS], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]));
        node(case, Op::Gather { axis: 0 }, &[x, at], &DIMS)
    };
    rows_as_the_right_matrix: |case, x| {
        let w = random(case, &[5, ROWS], 3);
        node(case, Op::MatMul, &[w, x], &[5, 6])
    };
    rows_times_rows: |case, x| {
        let turned = node(case, Op::Transpose { perm: vec![1, 0] }, &[x], &[6, ROWS]);
        node(case, Op::MatMul, &[x, turned], &[ROWS, ROWS])
    };
    attention_over_rows: |case, x| attention(case, x, &DIMS);
    attention_over_rows_of_a_batch: |case, x| {
        let batch = same(case, x, &[1, ROWS, 6]);
        attention(case, batch, &[1, ROWS, 6])
    };
    attention_block_over_rows: |case, x| {
        let (qkv, out) = (random(case, &[6, 18], 4), random(case, &[6, 6], 5));
        let mask = constant(case, &Tensor::f32(&[1, ROWS], vec![1.0; ROWS]));
        let block = Op::FusedAttentionBlock { num_heads: 2, head_dim: 3, has_bias: false, has_rope: false };
        node(case, block, &[x, qkv, out, mask], &DIMS)
    };
    rope_over_the_middle_axis_of_rows_in_a_batch: |case, x| {
        let batch = same(case, x, &[1, ROWS, 6]);
        let (cos, sin) = (random(case, &[ROWS, 3], 6), random(case, &[ROWS, 3], 7));
        let op = Op::Rope { head_dim: 6, n_rot: 6, style: rlx_ir::op::RopeStyle::NeoX };
        node(case, op, &[batch, cos, sin], &[1, ROWS, 6])
    };
    branches: |case, x| {
        let holds = constant(case, &Tensor::of(DType::Bool, &[1], [1.0]));
        let (then_branch, else_branch) = (body(None), body(Some(Activation::Neg)));
        node(case, Op::If { then_branch, else_branch }, &[holds, x], &DIMS)
    };
    scan_over_rows: |case, x| {
        let mut step = Graph::new("step");
        let row = Shape::new(&[6], DType::F32);
        let (carry, x_row) = (step.input("carry", row.clone()), step.input("row", row.clone()));
        let sum = step.add_node(Op::Binary(BinaryOp::Add), vec![carry, x_row], row);
        step.set_outputs(vec![sum]);
        let start = random(case, &[6], 8);
        let scan = Op::Scan {
            body: Box::new(step),
            length: ROWS as u32,
            save_trajectory: true,
            num_bcast: 0,
            num_xs: 1,
            num_checkpoints: 0,
        };
        node(case, scan, &[start, x], &DIMS)
    };
}

/// A kernel of the host's may do with rows what it likes.
#[test]
fn host_kernel() {
    let reversed = Kernel::host_fn("test.reversed", |_, inputs, outputs| {
        let (x, y) = (inputs[0].values::<f32>()?, outputs[0].values::<f32>()?);
        y.iter_mut().zip(x.iter().rev()).for_each(|(y, x)| *y = *x);
        Ok(())
    });
    let backend = with_kernels([reversed]);
    for behind in [false, true] {
        let case = program(|case, x| {
            let custom = Op::Custom { name: "test.reversed".to_owned(), num_inputs: 1, attrs: vec![] };
            let y = node(case, custom, &[x], &DIMS);
            if behind { node(case, Op::Activation(Activation::Neg), &[y], &DIMS) } else { y }
        });
        for mode in MODES {
            let mut executable = compile_on(&backend, &case, mode).unwrap();
            let inputs = input_bytes(&case, &executable);
            let whole = run(&mut executable, &inputs);
            assert!(!executable.set_active_extent(rows(2)).unwrap(), "{mode}");
            assert_eq!(run(&mut executable, &inputs), whole, "{mode}");
        }
    }
}
