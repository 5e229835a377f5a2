//! `Op::Pad` against its definition: what stands at each place, axis by axis.

use rlx_ir::op::PadMode;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, round_to};

/// Where the element at `i` of a padded axis comes from; none for a constant.
fn source(i: usize, before: usize, extent: usize, mode: PadMode) -> Option<usize> {
    let (at, n) = (i as i64 - before as i64, extent as i64);
    let inside = (0..n).contains(&at);
    let found = match mode {
        PadMode::Constant(_) => return inside.then_some(at as usize),
        PadMode::Replicate => at.clamp(0, n - 1),
        PadMode::Circular => at.rem_euclid(n),
        PadMode::Reflect => n - 1 - (n - 1 - at.abs()).abs(),
    };
    Some(found as usize)
}

fn padded_dims(dims: &[usize], pads: &[[usize; 2]]) -> Vec<usize> {
    dims.iter().zip(pads).map(|(extent, [before, after])| before + extent + after).collect()
}

fn padded(x: &Tensor, pads: &[[usize; 2]], mode: PadMode) -> Vec<f64> {
    indices(&padded_dims(&x.dims, pads))
        .map(|index| {
            let places = index.iter().zip(pads).zip(&x.dims);
            let from: Option<Vec<usize>> = places.map(|((&i, [before, _]), &n)| source(i, *before, n, mode)).collect();
            match (from, mode) {
                (Some(from), _) => x.at(&from),
                (None, PadMode::Constant(value)) => round_to(x.dtype, value.into()),
                (None, _) => unreachable!("every place has a source"),
            }
        })
        .collect()
}

fn check(x: &Tensor, pads: &[[usize; 2]], mode: PadMode) {
    let want = padded(x, pads, mode);
    let op = Op::Pad { pads: pads.to_vec(), mode };
    for layout in Layout::ALL {
        let got = run_one(&one_op(op.clone(), &[x], layout, &padded_dims(&x.dims, pads), x.dtype));
        assert_same(&format!("{op:?} of {:?} {:?}, {layout:?}", x.dtype, x.dims), &got, &want);
    }
}

const MODES: [PadMode; 4] = [PadMode::Constant(-1.5), PadMode::Reflect, PadMode::Replicate, PadMode::Circular];

#[test]
fn modes_ranks_and_sides() {
    for mode in MODES {
        for (dims, pads) in [
            (&[5][..], &[[2, 3]][..]),
            (&[5], &[[0, 4]]),
            (&[5], &[[4, 0]]),
            (&[5], &[[0, 0]]),
            (&[3, 4], &[[1, 2], [3, 0]]),
            (&[2, 3, 4], &[[0, 1], [0, 0], [2, 2]]),
            (&[2, 2, 3, 2], &[[1, 1], [1, 0], [2, 2], [0, 1]]),
        ] {
            check(&Tensor::random(dims, 1), pads, mode);
        }
    }
}

/// As far as each mode goes: a constant beyond everything, edges any number of times, a turn once round.
#[test]
fn the_widest_pads() {
    check(&Tensor::random(&[2, 1], 1), &[[7, 9], [5, 0]], PadMode::Constant(f32::NEG_INFINITY));
    check(&Tensor::random(&[2, 1], 1), &[[7, 9], [5, 0]], PadMode::Replicate);
    check(&Tensor::random(&[4, 1], 1), &[[4, 4], [1, 1]], PadMode::Circular);
    check(&Tensor::random(&[4, 2], 1), &[[3, 3], [1, 1]], PadMode::Reflect);
}

#[test]
fn scalars_and_axes_without_elements() {
    check(&Tensor::f32(&[], [3.0]), &[], PadMode::Constant(1.0));
    check(&Tensor::f32(&[], [3.0]), &[], PadMode::Reflect);
    check(&Tensor::f32(&[0], []), &[[2, 1]], PadMode::Constant(4.0));
    check(&Tensor::f32(&[2, 0], []), &[[1, 0], [0, 3]], PadMode::Constant(4.0));
    check(&Tensor::f32(&[2, 0], []), &[[1, 1], [0, 0]], PadMode::Circular);
}

#[test]
fn every_dtype() {
    use DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U32};
    for dtype in [F32, F16, BF16, F64, I8, I16, I32, I64, U8, U32, Bool] {
        let x = Tensor::of(dtype, &[2, 3], [0.0, 1.0, 2.0, 3.0, 100.0, 5.0]);
        for mode in [PadMode::Constant(1.0), PadMode::Reflect, PadMode::Replicate, PadMode::Circular] {
            check(&x, &[[1, 1], [2, 0]], mode);
        }
    }
    // The ends of what a dtype holds.
    check(&Tensor::of(I8, &[1], [1.0]), &[[1, 0]], PadMode::Constant(-128.0));
    check(&Tensor::of(U8, &[1], [1.0]), &[[1, 0]], PadMode::Constant(255.0));
    check(&Tensor::of(U32, &[1], [1.0]), &[[1, 0]], PadMode::Constant(4_294_967_040.0));
    check(&Tensor::of(I64, &[1], [1.0]), &[[1, 0]], PadMode::Constant(-9_223_372_036_854_775_808.0));
    check(&Tensor::of(F16, &[1], [1.0]), &[[1, 0]], PadMode::Constant(1e6));
}

#[test]
fn constants_that_are_no_ordinary_numbers() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::from_bits(1)] {
        check(&Tensor::f32(&[2], [f64::NAN, 1.0]), &[[1, 1]], PadMode::Constant(value));
    }
    let op = Op::Pad { pads: vec![[1, 0]], mode: PadMode::Constant(-0.0) };
    let got = run_one(&one_op(op, &[&Tensor::f32(&[1], [-0.0])], Layout::Dense, &[2], DType::F32));
    assert!(got.values.iter().all(|v| *v == 0.0 && v.is_sign_negative()), "{:?}", got.values);
}

#[test]
fn constants_that_a_dtype_lacks_are_refused() {
    for (dtype, value) in [
        (DType::I32, 0.5),
        (DType::I8, 128.0),
        (DType::U8, -1.0),
        (DType::I64, f32::NAN),
        (DType::U32, f32::INFINITY),
        (DType::Bool, 2.0),
    ] {
        let op = Op::Pad { pads: vec![[1, 0]], mode: PadMode::Constant(value) };
        let error = refusal(&one_op(op, &[&Tensor::of(dtype, &[1], [1.0])], Layout::Dense, &[2], dtype));
        assert!(error.message().contains("Pad") && error.message().contains("holds"), "{error}");
    }
}

#[test]
fn pads_beyond_what_is_there_are_refused() {
    for (extent, pads, mode) in [
        (3, [3, 0], PadMode::Reflect),
        (3, [0, 3], PadMode::Reflect),
        (1, [1, 0], PadMode::Reflect),
        (0, [1, 0], PadMode::Reflect),
        (3, [4, 0], PadMode::Circular),
        (3, [0, 4], PadMode::Circular),
        (0, [0, 1], PadMode::Circular),
        (0, [1, 0], PadMode::Replicate),
    ] {
        let x = Tensor::random(&[extent], 1);
        let out = extent + pads[0] + pads[1];
        let error = refusal(&one_op(Op::Pad { pads: vec![pads], mode }, &[&x], Layout::Dense, &[out], DType::F32));
        assert!(error.message().contains("Pad") && error.message().contains("axis 0"), "{error}");
    }
    let op = Op::Pad { pads: vec![[1, 0]], mode: PadMode::Constant(0.0) };
    let error = refusal(&one_op(op, &[&Tensor::random(&[2, 2], 1)], Layout::Dense, &[3, 2], DType::F32));
    assert!(error.message().contains("pad"), "{error}");
}
