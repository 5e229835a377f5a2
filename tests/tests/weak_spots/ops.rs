//! Attributes that were ignored, claims without an implementation, and shapes that were changed to fit.

use crate::{f32s, traced_once};
use rlx_host_api::ErrorKind;
use rlx_ir::op::{Activation, BinaryOp, ChainOperand, ChainStep, CmpOp, RegionPrologue, RopeStyle, ScaleMode, SteKind};
use rlx_ir::{DType, Graph, Op, Shape};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run, run_one};
use rlx_mlx_tests::runtime::mlx;
use rlx_mlx_tests::tensor::Tensor;

/// Weak spot 26: both were claimed, and errors when they ran.
pub(crate) fn running_scales_and_loops_without_a_bound_run() {
    let mut case = Case::new();
    let (x, state) = (case.input(&Tensor::f32(&[2], [7.0, -3.5])), case.input(&Tensor::f32(&[1], [0.0])));
    let op =
        Op::FakeQuantize { bits: 4, axis: None, ste: SteKind::Identity, scale_mode: ScaleMode::EMA { decay: 0.5 } };
    let y = case.add(op, &[x, state], &[2], DType::F32);
    let got = run(&case.outputs(&[y, state]));
    // The first scale is the batch's, 7 / 7: -3.5 is between two steps.
    assert_same("the scale", &got[1], &[1.0]);
    assert!(got[0].values[0] == 7.0 && [-3.0, -4.0].contains(&got[0].values[1]), "{:?}", got[0].values);

    let carried = |graph: &mut Graph| graph.input("v0", f32s(&[1]));
    let number = |graph: &mut Graph, value: f32| {
        graph.add_node(Op::Constant { data: value.to_le_bytes().to_vec() }, vec![], f32s(&[1]))
    };
    let mut cond = Graph::new("cond");
    let (v, limit) = (carried(&mut cond), number(&mut cond, 1000.0));
    let holds = cond.add_node(Op::Compare(CmpOp::Lt), vec![v, limit], Shape::new(&[1], DType::Bool));
    cond.set_outputs(vec![holds]);
    let mut body = Graph::new("body");
    let v = carried(&mut body);
    let next = body.binary(BinaryOp::Add, v, v, f32s(&[1]));
    body.set_outputs(vec![next]);
    let op = Op::While { cond: Box::new(cond), body: Box::new(body), max_iterations: None };
    let got = run_one(&one_op(op, &[&Tensor::f32(&[1], [3.0])], Layout::Dense, &[1], DType::F32));
    assert_same("doubled until it is enough", &got, &[1536.0]);
}

/// Weak spot 27: the input that a prologue resizes was always the first, and in batches the modulus was ignored.
pub(crate) fn regions_read_by_their_prologue_and_modulus() {
    let sum = vec![ChainStep::Binary(BinaryOp::Add, ChainOperand::Input(0), ChainOperand::Input(1))];
    let op = Op::ElementwiseRegion {
        chain: sum.clone(),
        num_inputs: 2,
        scalar_input_mask: 0,
        input_modulus: [0; 16],
        prologue: RegionPrologue::ResizeNearest2x,
        prologue_input: 1,
    };
    let wide = Tensor::f32(&[1, 1, 2, 4], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    let small = Tensor::f32(&[1, 1, 1, 2], [10.0, 20.0]);
    let got = run_one(&one_op(op, &[&wide, &small], Layout::Dense, &wide.dims, DType::F32));
    assert_same("the second is resized", &got, &[10.0, 11.0, 22.0, 23.0, 14.0, 15.0, 26.0, 27.0]);

    let mut input_modulus = [0; 16];
    input_modulus[0] = 2;
    let op = Op::BatchElementwiseRegion {
        chain: vec![ChainStep::Activation(Activation::Neg, ChainOperand::Input(0))],
        num_batch_inputs: 2,
        scalar_input_mask: 0,
        input_modulus,
        prologue: RegionPrologue::None,
        prologue_input: 0,
    };
    let (a, b) = (Tensor::f32(&[4], [1.0, 2.0, 3.0, 4.0]), Tensor::f32(&[4], [5.0, 6.0, 7.0, 8.0]));
    let got = run_one(&one_op(op, &[&a, &b], Layout::Dense, &[8], DType::F32));
    assert_same("by the modulus", &got, &[-1.0, -2.0, -1.0, -2.0, -5.0, -6.0, -5.0, -6.0]);
}

/// Weak spot 28: norms were along the last axis whatever they said, and tables of one axis were refused. (The third op of this
/// number, a stage of a Fourier transform, comes with those.)
pub(crate) fn axes_of_norms_and_flat_tables_are_as_they_say() {
    let x = Tensor::f32(&[2, 2], [1.0, 10.0, 3.0, 10.0]);
    let (one, zero) = (Tensor::f32(&[2], [1.0; 2]), Tensor::f32(&[2], [0.0; 2]));
    let layer = Op::LayerNorm { axis: 0, eps: 1e-12 };
    let got = run_one(&one_op(layer, &[&x, &one, &zero], Layout::Dense, &[2, 2], DType::F32));
    assert_same("along the first axis", &got, &[-1.0, 0.0, 1.0, 0.0]);
    let rms = Op::RmsNorm { axis: 0, eps: 0.0 };
    let got = run_one(&one_op(rms, &[&x, &one, &zero], Layout::Dense, &[2, 2], DType::F32));
    let root = 5f64.sqrt();
    assert_within("along the first axis", &got, &[1.0 / root, 1.0, 3.0 / root, 1.0], |_, w| epsilon(DType::F32) * w);

    let x = Tensor::f32(&[2, 2], [1.0, 2.0, 3.0, 4.0]);
    let (cos, sin) = (Tensor::f32(&[2], [1.0, 0.0]), Tensor::f32(&[2], [0.0, 1.0]));
    let op = Op::Rope { head_dim: 2, n_rot: 2, style: RopeStyle::NeoX };
    let got = run_one(&one_op(op, &[&x, &cos, &sin], Layout::Dense, &[2, 2], DType::F32));
    assert_same("a flat table", &got, &[1.0, 2.0, -4.0, 3.0]);
}

/// Weak spot 31: operands that do not fit were sliced, repeated and reshaped until they did.
pub(crate) fn shapes_are_not_repaired() {
    let of = |dims: &[usize]| Tensor::random(dims, 1);
    let two = |op, a: &[usize], b: &[usize], y: &[usize]| one_op(op, &[&of(a), &of(b)], Layout::Dense, y, DType::F32);
    let reshape = |x: &[usize], to: &[usize]| {
        let new_shape = to.iter().map(|&extent| extent as i64).collect();
        one_op(Op::Reshape { new_shape }, &[&of(x)], Layout::Dense, to, DType::F32)
    };
    for case in [
        // Sequences of two lengths, one of which is that of a batch.
        two(Op::Binary(BinaryOp::Add), &[2, 3, 4], &[2, 5, 4], &[2, 5, 4]),
        two(Op::Binary(BinaryOp::Mul), &[1, 7, 4], &[3, 5, 4], &[3, 7, 4]),
        two(Op::MatMul, &[2, 3, 4], &[2, 5, 6], &[2, 3, 6]),
        two(Op::Concat { axis: 1 }, &[1, 3, 4], &[1, 3, 5], &[1, 6, 4]),
        two(Op::Concat { axis: 2 }, &[2, 3, 4], &[2, 4, 4], &[2, 3, 8]),
        // As many channels as models often have.
        reshape(&[1, 10, 128], &[1, 10, 256]),
        reshape(&[2, 5, 512], &[5, 512]),
        reshape(&[3, 384], &[1, 2, 384]),
    ] {
        let error = refusal(&case);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}\n{}", case.graph);
    }
}

/// Weak spot 33: a typed run gave f32 where the graph declares a half.
pub(crate) fn outputs_have_the_declared_dtype() {
    for dtype in [DType::F16, DType::BF16, DType::I32, DType::I64, DType::U8, DType::Bool] {
        let x = Tensor::of(dtype, &[3], [0.0, 1.0, 1.0]);
        let mut graph = Graph::new("typed");
        let input = graph.input("x", x.shape());
        let y = graph.add_node(Op::Binary(BinaryOp::Max), vec![input, input], x.shape());
        graph.set_outputs(vec![y]);
        let outputs = mlx().compile(graph).run_typed(&[("x", &x.bytes(), dtype)]);
        assert_eq!(outputs, [(x.bytes(), dtype)]);
        let got = traced_once(&one_op(Op::Reverse { axes: vec![0] }, &[&x], Layout::Dense, &[3], dtype));
        assert_eq!((got[0].dtype, got[0].values.as_slice()), (dtype, &[1.0, 1.0, 0.0][..]));
    }
}
