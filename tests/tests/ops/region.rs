//! Regions against the chain that they are, element by element.

use ChainOperand::{Input, Step};
use rlx_ir::op::{Activation, BinaryOp, ChainOperand, ChainStep, CmpOp, RegionPrologue, TransformStep};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, round_to};

/// How an input is read: every element, its first, or its first few over and over.
#[derive(Debug, Clone, Copy)]
enum Read {
    All,
    First,
    Every(u32),
}

fn region(chain: &[ChainStep], reads: &[Read], prologue: Option<u32>) -> Op {
    let mut scalar_input_mask = 0;
    let mut input_modulus = [0; 16];
    for (i, read) in reads.iter().enumerate() {
        match read {
            Read::All => {}
            Read::First => scalar_input_mask |= 1 << i,
            Read::Every(m) => input_modulus[i] = *m,
        }
    }
    Op::ElementwiseRegion {
        chain: chain.to_vec(),
        num_inputs: reads.len() as u32,
        scalar_input_mask,
        input_modulus,
        prologue: if prologue.is_some() { RegionPrologue::ResizeNearest2x } else { RegionPrologue::None },
        prologue_input: prologue.unwrap_or(0),
    }
}

fn activation(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::Relu => x.max(0.0),
        Activation::Exp => x.exp(),
        Activation::Neg => -x,
        Activation::Tanh => x.tanh(),
        Activation::Abs => x.abs(),
        other => unreachable!("no chain here has {other:?}"),
    }
}

/// The value of a chain whose inputs are `x`.
fn value(chain: &[ChainStep], x: &[f64]) -> f64 {
    let mut done: Vec<f64> = Vec::new();
    for step in chain {
        let v = |from: &ChainOperand| match *from {
            Input(i) => x[i as usize],
            Step(i) => done[i as usize],
        };
        let next = match step {
            ChainStep::Activation(kind, x) => activation(*kind, v(x)),
            ChainStep::Cast(to, x) => round_to(*to, v(x)),
            ChainStep::Binary(BinaryOp::Add, a, b) => v(a) + v(b),
            ChainStep::Binary(BinaryOp::Sub, a, b) => v(a) - v(b),
            ChainStep::Binary(BinaryOp::Mul, a, b) => v(a) * v(b),
            ChainStep::Binary(BinaryOp::Max, a, b) => v(a).max(v(b)),
            ChainStep::Binary(op, ..) => unreachable!("no chain here has {op:?}"),
            ChainStep::Compare(CmpOp::Gt, a, b) => f64::from(u8::from(v(a) > v(b))),
            ChainStep::Compare(op, ..) => unreachable!("no chain here has {op:?}"),
            ChainStep::Where(condition, x, y) => {
                if v(condition) == 0.0 {
                    v(y)
                } else {
                    v(x)
                }
            }
        };
        done.push(next);
    }
    done[chain.len() - 1]
}

/// What element number `at` of the result reads of an input.
fn read(x: &Tensor, read: Read, at: usize) -> f64 {
    x.values[match read {
        Read::All => at,
        Read::First => 0,
        Read::Every(m) => at % m as usize,
    }]
}

fn of_region(chain: &[ChainStep], inputs: &[&Tensor], reads: &[Read], count: usize) -> Vec<f64> {
    let of = |at| {
        let x: Vec<f64> = inputs.iter().zip(reads).map(|(x, how)| read(x, *how, at)).collect();
        value(chain, &x)
    };
    (0..count).map(of).collect()
}

/// `exp(-|x * s|) where x > b, else x + b`: all kinds of steps but a cast, a step read twice, inputs read late.
fn mixed() -> Vec<ChainStep> {
    vec![
        ChainStep::Binary(BinaryOp::Mul, Input(0), Input(2)),
        ChainStep::Activation(Activation::Abs, Step(0)),
        ChainStep::Activation(Activation::Neg, Step(1)),
        ChainStep::Activation(Activation::Exp, Step(2)),
        ChainStep::Compare(CmpOp::Gt, Input(0), Input(1)),
        ChainStep::Binary(BinaryOp::Add, Input(0), Input(1)),
        ChainStep::Where(Step(4), Step(3), Step(5)),
    ]
}

fn assert_close(what: &str, got: &Tensor, want: &[f64]) {
    assert_within(what, got, want, |_, w| 8.0 * epsilon(got.dtype) * w.abs().max(1.0));
}

#[test]
fn chains_of_all_kinds_of_steps() {
    for (dims, other, how) in [
        (&[2, 3][..], &[2, 3][..], Read::All),
        (&[2, 3], &[3], Read::Every(3)),
        (&[2, 3], &[6], Read::All),
        (&[2, 3], &[1], Read::First),
        (&[2, 3], &[1], Read::Every(1)),
        (&[2, 3], &[], Read::First),
        (&[2, 3], &[4], Read::First),
        (&[2, 3, 4], &[3, 4], Read::Every(12)),
        (&[2, 3, 4], &[1, 3, 4], Read::Every(12)),
        // No run of trailing axes: the elements tile across them.
        (&[2, 3, 4], &[6], Read::Every(6)),
        (&[2, 3, 4], &[8], Read::Every(8)),
        // The first two of five.
        (&[2, 4], &[5], Read::Every(2)),
        (&[1], &[1], Read::All),
        (&[0, 3], &[0, 3], Read::All),
        (&[0, 3], &[3], Read::Every(3)),
        (&[], &[], Read::All),
    ] {
        let (x, b, s) = (Tensor::random(dims, 1), Tensor::random(other, 2), Tensor::f32(&[1], [0.75]));
        let reads = [Read::All, how, Read::First];
        let want = of_region(&mixed(), &[&x, &b, &s], &reads, x.values.len());
        for layout in Layout::ALL {
            let got = run_one(&one_op(region(&mixed(), &reads, None), &[&x, &b, &s], layout, dims, DType::F32));
            assert_close(&format!("{dims:?} with {other:?}, {how:?}, {layout:?}"), &got, &want);
        }
    }
}

/// An input with less elements along a middle axis is read in its own order, as the IR says, and not as it would broadcast.
#[test]
fn a_modulus_counts_elements_and_no_axes() {
    let (x, b) = (Tensor::f32(&[2, 3], [0.0; 6]), Tensor::f32(&[2, 1], [1.0, 2.0]));
    let chain = [ChainStep::Binary(BinaryOp::Add, Input(0), Input(1))];
    let op = region(&chain, &[Read::All, Read::Every(2)], None);
    let got = run_one(&one_op(op, &[&x, &b], Layout::Dense, &[2, 3], DType::F32));
    assert_same("flat", &got, &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn casts_round_where_they_stand() {
    let x = Tensor::f32(&[4], [2.75, -2.75, 0.1, 300.5]);
    for to in [DType::I32, DType::F16, DType::BF16, DType::F64, DType::Bool, DType::I64] {
        let chain = [ChainStep::Cast(to, Input(0)), ChainStep::Cast(DType::F32, Step(0))];
        let got = run_one(&one_op(region(&chain, &[Read::All], None), &[&x], Layout::Dense, &[4], DType::F32));
        let want: Vec<f64> = x.values.iter().map(|&v| round_to(to, v)).collect();
        assert_same(&format!("{to:?}"), &got, &want);
        let got = run_one(&one_op(region(&chain[..1], &[Read::All], None), &[&x], Layout::Dense, &[4], to));
        assert_same(&format!("{to:?} at the end"), &got, &want);
    }
}

/// In f32 inside, so that `x + 2048 - 2048` keeps what a half would lose.
#[test]
fn halves_are_rounded_once() {
    let chain =
        [ChainStep::Binary(BinaryOp::Add, Input(0), Input(1)), ChainStep::Binary(BinaryOp::Sub, Step(0), Input(1))];
    for (dtype, big) in [(DType::F16, 2048.0), (DType::BF16, 256.0)] {
        let (x, big) = (Tensor::of(dtype, &[3], [0.25, 0.5, 1.5]), Tensor::of(dtype, &[1], [big]));
        let op = region(&chain, &[Read::All, Read::First], None);
        let got = run_one(&one_op(op, &[&x, &big], Layout::Dense, &[3], dtype));
        assert_same(&format!("{dtype:?}"), &got, &x.values);
    }
}

#[test]
fn integers_doubles_and_bools() {
    let chain =
        [ChainStep::Binary(BinaryOp::Add, Input(0), Input(1)), ChainStep::Binary(BinaryOp::Max, Step(0), Input(0))];
    for dtype in [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U32] {
        let (x, y) = (Tensor::of(dtype, &[3], [1.0, 50.0, 100.0]), Tensor::of(dtype, &[1], [7.0]));
        let got =
            run_one(&one_op(region(&chain, &[Read::All, Read::First], None), &[&x, &y], Layout::Dense, &[3], dtype));
        assert_same(&format!("{dtype:?}"), &got, &[8.0, 57.0, 107.0]);
    }
    let exact = 9_007_199_254_740_991.0;
    let (x, one) = (Tensor::of(DType::I64, &[1], [exact - 1.0]), Tensor::of(DType::I64, &[1], [1.0]));
    let got =
        run_one(&one_op(region(&chain, &[Read::All, Read::All], None), &[&x, &one], Layout::Dense, &[1], DType::I64));
    assert_same("i64", &got, &[exact]);
    let (x, tiny) = (Tensor::of(DType::F64, &[1], [1.0]), Tensor::of(DType::F64, &[1], [1e-15]));
    let got =
        run_one(&one_op(region(&chain, &[Read::All, Read::All], None), &[&x, &tiny], Layout::Dense, &[1], DType::F64));
    assert_same("f64", &got, &[1.0 + 1e-15]);
    // A condition that is a number, NaN among them, counts unless it is zero.
    let c = Tensor::f32(&[4], [0.0, -0.0, 0.5, f64::NAN]);
    let (x, y) = (Tensor::f32(&[1], [1.0]), Tensor::f32(&[1], [2.0]));
    let chain = [ChainStep::Where(Input(0), Input(1), Input(2))];
    let op = region(&chain, &[Read::All, Read::First, Read::First], None);
    assert_same("where", &run_one(&one_op(op, &[&c, &x, &y], Layout::Dense, &[4], DType::F32)), &[2.0, 2.0, 1.0, 1.0]);
    let chain = [ChainStep::Compare(CmpOp::Gt, Input(0), Input(1))];
    let op = region(&chain, &[Read::All, Read::First], None);
    let got = run_one(&one_op(op, &[&Tensor::f32(&[3], [0.5, 1.0, 3.0]), &x], Layout::Dense, &[3], DType::Bool));
    assert_same("compare", &got, &[0.0, 0.0, 1.0]);
}

/// `x` of `[n, c, h, w]` with each element twice along the last two axes.
fn doubled(x: &Tensor) -> Tensor {
    let big = [x.dims[0], x.dims[1], 2 * x.dims[2], 2 * x.dims[3]];
    let values: Vec<f64> = indices(&big).map(|i| x.at(&[i[0], i[1], i[2] / 2, i[3] / 2])).collect();
    Tensor::of(x.dtype, &big, values)
}

#[test]
fn a_prologue_resizes_the_input_that_it_names() {
    let (small, big) = (Tensor::random(&[2, 3, 1, 2], 1), Tensor::random(&[2, 3, 2, 4], 2));
    let bias = Tensor::random(&[4], 3);
    let chain =
        [ChainStep::Binary(BinaryOp::Mul, Input(0), Input(1)), ChainStep::Binary(BinaryOp::Add, Step(0), Input(2))];
    let reads = [Read::All, Read::All, Read::Every(4)];
    for (named, inputs) in [(0, [&small, &big, &bias]), (1, [&big, &small, &bias])] {
        let wide = doubled(&small);
        let resized: Vec<&Tensor> = inputs.iter().map(|x| if x.dims == small.dims { &wide } else { *x }).collect();
        let want = of_region(&chain, &resized, &reads, big.values.len());
        for layout in Layout::ALL {
            let op = region(&chain, &reads, Some(named));
            let got = run_one(&one_op(op, &inputs, layout, &big.dims, DType::F32));
            assert_close(&format!("input {named}, {layout:?}"), &got, &want);
        }
    }
}

fn batch(chain: &[ChainStep], count: u32, input_modulus: [u32; 16], prologue: RegionPrologue) -> Op {
    Op::BatchElementwiseRegion {
        chain: chain.to_vec(),
        num_batch_inputs: count,
        scalar_input_mask: 0,
        input_modulus,
        prologue,
        prologue_input: 0,
    }
}

#[test]
fn a_batch_is_the_chain_over_each_input() {
    let chain =
        [ChainStep::Activation(Activation::Tanh, Input(0)), ChainStep::Binary(BinaryOp::Mul, Step(0), Input(0))];
    for firsts in [&[1][..], &[1, 1, 1], &[2, 1, 3]] {
        let dims: Vec<[usize; 4]> = firsts.iter().map(|&n| [n, 2, 3, 2]).collect();
        let inputs: Vec<Tensor> = dims.iter().enumerate().map(|(i, dims)| Tensor::random(dims, i as u64)).collect();
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        for prologue in [RegionPrologue::None, RegionPrologue::ResizeNearest2x] {
            let resize = prologue == RegionPrologue::ResizeNearest2x;
            let read = inputs.iter().map(|x| if resize { doubled(x) } else { (*x).clone() });
            let want: Vec<f64> = read.flat_map(|x| x.values).map(|v| value(&chain, &[v])).collect();
            let factor = if resize { 2 } else { 1 };
            let out = [firsts.iter().sum(), 2, 3 * factor, 2 * factor];
            for layout in Layout::ALL {
                let op = batch(&chain, firsts.len() as u32, [0; 16], prologue);
                let got = run_one(&one_op(op, &inputs, layout, &out, DType::F32));
                assert_close(&format!("{firsts:?} {prologue:?} {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn a_batch_reads_by_its_modulus_too() {
    let x = Tensor::f32(&[1, 4], [1.0, 2.0, 3.0, 4.0]);
    let mut modulus = [0; 16];
    modulus[0] = 2;
    let op = batch(&[ChainStep::Activation(Activation::Neg, Input(0))], 2, modulus, RegionPrologue::None);
    let got = run_one(&one_op(op, &[&x, &x], Layout::Dense, &[2, 4], DType::F32));
    assert_same("two over and over", &got, &[[-1.0, -2.0, -1.0, -2.0]; 2].concat());
}

#[test]
fn a_transform_is_all_its_steps() {
    let x = Tensor::random(&[1, 2, 1, 3], 1);
    for (steps, want) in [
        (vec![Input(0)], doubled(&x)),
        (vec![Input(0), Step(0)], doubled(&doubled(&x))),
        (vec![Input(0), Step(0), Step(1)], doubled(&doubled(&doubled(&x)))),
    ] {
        let op = Op::TransformRegion {
            steps: steps.iter().map(|from| TransformStep::ResizeNearest2x(*from)).collect(),
            num_inputs: 1,
        };
        for layout in Layout::ALL {
            let got = run_one(&one_op(op.clone(), &[&x], layout, &want.dims, DType::F32));
            assert_same(&format!("{steps:?}"), &got, &want.values);
        }
    }
}

#[test]
fn regions_that_do_not_hold_together_are_refused() {
    let (x, y) = (Tensor::random(&[2, 3], 1), Tensor::random(&[4], 2));
    let add = |a, b| ChainStep::Binary(BinaryOp::Add, a, b);
    let all = [Read::All, Read::All];
    for (op, word) in [
        (region(&[add(Input(0), Input(7))], &all, None), "Input(7)"),
        (region(&[add(Input(0), Step(0))], &all, None), "Step(0)"),
        (region(&[add(Input(0), Step(9))], &all, None), "Step(9)"),
        (region(&[], &all, None), "no steps"),
        (region(&[add(Input(0), Input(1))], &all, None), "input 1"),
        (region(&[add(Input(0), Input(1))], &[Read::All, Read::Every(4)], None), "input 1"),
        (region(&[add(Input(0), Input(1))], &[Read::All, Read::Every(6)], None), "input 1"),
        (region(&[add(Input(0), Input(0))], &[Read::All], None), "declares 1 inputs"),
        (region(&[add(Input(0), Input(0))], &all, Some(0)), "four axes"),
        (region(&[add(Input(0), Input(0))], &[Read::All, Read::First], Some(5)), "input 5"),
    ] {
        let error = refusal(&one_op(op.clone(), &[&x, &y], Layout::Dense, &[2, 3], DType::F32));
        assert!(error.message().contains("ElementwiseRegion") && error.message().contains(word), "{op:?}: {error}");
    }
    let neg = |from| ChainStep::Activation(Activation::Neg, from);
    for (op, word) in [
        (batch(&[neg(Input(1))], 2, [0; 16], RegionPrologue::None), "Input(1)"),
        (batch(&[neg(Input(0))], 3, [0; 16], RegionPrologue::None), "declares 3 inputs"),
        (batch(&[], 2, [0; 16], RegionPrologue::None), "no steps"),
    ] {
        let error = refusal(&one_op(op.clone(), &[&x, &x], Layout::Dense, &[4, 3], DType::F32));
        assert!(
            error.message().contains("BatchElementwiseRegion") && error.message().contains(word),
            "{op:?}: {error}"
        );
    }
    let x = Tensor::random(&[1, 1, 1, 1], 1);
    for (steps, dims, word) in [
        (vec![], [1, 1, 1, 1], "no steps"),
        (vec![TransformStep::ResizeNearest2x(Input(1))], [1, 1, 2, 2], "Input(1)"),
        (vec![TransformStep::ResizeNearest2x(Step(0))], [1, 1, 2, 2], "Step(0)"),
    ] {
        let op = Op::TransformRegion { steps, num_inputs: 1 };
        let error = refusal(&one_op(op.clone(), &[&x], Layout::Dense, &dims, DType::F32));
        assert!(error.message().contains("TransformRegion") && error.message().contains(word), "{op:?}: {error}");
    }
}
