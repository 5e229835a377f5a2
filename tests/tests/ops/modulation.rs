//! `Op::AdaLayerNorm` and `Op::GatedResidual` against loops in f64.

use crate::norm::{Norm, norm};
use rlx_ir::op::AdaNormKind;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const FLOATS: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

/// x, and operands that broadcast to it: as wide models write them, of fewer axes, and whole.
const SHAPES: [(&[usize], &[usize]); 9] = [
    (&[2, 3, 8], &[2, 1, 8]),
    (&[2, 3, 8], &[8]),
    (&[2, 3, 8], &[2, 3, 8]),
    (&[2, 3, 8], &[1]),
    (&[5], &[5]),
    (&[1, 1], &[1, 1]),
    (&[0, 4], &[1, 4]),
    (&[2, 2, 3, 33], &[2, 1, 1, 33]),
    (&[3, 700], &[3, 1]),
];

/// The norm of x along its last axis, without weights.
fn normal(kind: AdaNormKind, x: &Tensor, eps: f32) -> Vec<f64> {
    let axis = x.dims.len() - 1;
    let width = [x.dims[axis]];
    let (ones, zeros) = (Tensor::f32(&width, vec![1.0; width[0]]), Tensor::f32(&width, vec![0.0; width[0]]));
    let kind = match kind {
        AdaNormKind::LayerNorm => Norm::Layer,
        AdaNormKind::RmsNorm => Norm::Rms,
    };
    norm(kind, x, &ones, &zeros, axis, eps)
}

fn modulated(kind: AdaNormKind, [x, scale, shift]: [&Tensor; 3], eps: f32) -> Vec<f64> {
    let normal = normal(kind, x, eps);
    let at = indices(&x.dims).zip(normal);
    at.map(|(at, normal)| normal * (1.0 + scale.broadcast_at(&at)) + shift.broadcast_at(&at)).collect()
}

fn ada(norm: AdaNormKind) -> Op {
    Op::AdaLayerNorm { norm, eps: 1e-5 }
}

#[test]
fn adaptive_norms_of_all_shapes_and_dtypes() {
    for kind in [AdaNormKind::LayerNorm, AdaNormKind::RmsNorm] {
        for (dims, modulation) in SHAPES {
            for dtype in FLOATS {
                let x = Tensor::random(dims, 1).to(dtype);
                let (scale, shift) = (Tensor::random(modulation, 2).to(dtype), Tensor::random(modulation, 3).to(dtype));
                let want = modulated(kind, [&x, &scale, &shift], 1e-5);
                for layout in Layout::ALL {
                    let got = run_one(&one_op(ada(kind), &[&x, &scale, &shift], layout, dims, dtype));
                    // One rounding; f64 has one at each of its steps, in values of at most sqrt(n) times 3.
                    let size = 3.0 * (dims[dims.len() - 1] as f64).sqrt();
                    assert_within(
                        &format!("{kind:?} {dims:?} {modulation:?} {dtype:?} {layout:?}"),
                        &got,
                        &want,
                        |_, w| 0.5 * epsilon(dtype) * w.abs() + 16.0 * f64::EPSILON * size,
                    );
                }
            }
        }
    }
}

/// What differs between a norm in f64 and one in the operands' dtype: a far mean, and squares beyond the dtype's range.
#[test]
fn adaptive_norms_survive_offsets_and_magnitudes() {
    let one_row = |dtype, values: [f64; 4]| {
        let (x, zero) = (Tensor::of(dtype, &[1, 4], values), Tensor::of(dtype, &[1, 4], [0.0; 4]));
        run_one(&one_op(ada(AdaNormKind::LayerNorm), &[&x, &zero, &zero], Layout::Dense, &[1, 4], dtype)).values
    };
    assert_eq!(one_row(DType::F32, [f64::from(1000.1f32); 4]), [0.0; 4]);
    assert_eq!(one_row(DType::F32, [3e38, -3e38, 3e38, -3e38]), [1.0, -1.0, 1.0, -1.0]);
    assert_eq!(one_row(DType::F16, [60000.0, -60000.0, 60000.0, -60000.0]), [1.0, -1.0, 1.0, -1.0]);
    assert!(one_row(DType::F32, [f64::NAN, 0.0, 1.0, 2.0]).iter().all(|v| v.is_nan()));
}

#[test]
fn gated_residuals_are_rounded_once() {
    for (dims, modulation) in SHAPES {
        for dtype in FLOATS {
            let (x, y) = (Tensor::random(dims, 1).to(dtype), Tensor::random(dims, 2).to(dtype));
            let gate = Tensor::random(modulation, 3).to(dtype);
            let want: Vec<f64> = indices(dims).map(|at| gate.broadcast_at(&at).mul_add(y.at(&at), x.at(&at))).collect();
            // Of products of halves and of f32 the sum in f64 is as good as exact.
            let want = Tensor::of(dtype, dims, want);
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::GatedResidual, &[&x, &y, &gate], layout, dims, dtype));
                assert_same(&format!("{dims:?} {modulation:?} {dtype:?} {layout:?}"), &got, &want.values);
            }
        }
    }
}

#[test]
fn operands_of_several_dtypes_compute_in_the_declared_one() {
    let (x, y) = (Tensor::random(&[2, 3], 1), Tensor::random(&[2, 3], 2).to(DType::F16));
    let gate = Tensor::random(&[1, 3], 3).to(DType::BF16);
    let want: Vec<f64> = indices(&[2, 3]).map(|at| gate.broadcast_at(&at).mul_add(y.at(&at), x.at(&at))).collect();
    for dtype in FLOATS {
        let got = run_one(&one_op(Op::GatedResidual, &[&x, &y, &gate], Layout::Dense, &[2, 3], dtype));
        assert_same(&format!("{dtype:?}"), &got, &Tensor::of(dtype, &[2, 3], want.clone()).values);
        let kind = AdaNormKind::RmsNorm;
        let got = run_one(&one_op(ada(kind), &[&x, &y, &gate], Layout::Dense, &[2, 3], dtype));
        assert_within(&format!("norm {dtype:?}"), &got, &modulated(kind, [&x, &y, &gate], 1e-5), |_, w| {
            0.5 * epsilon(dtype) * w.abs() + 64.0 * f64::EPSILON
        });
    }
}

#[test]
fn infinities_follow_ieee() {
    let x = Tensor::f32(&[4], [1.0, f64::INFINITY, f64::INFINITY, f64::NAN]);
    let y = Tensor::f32(&[4], [f64::INFINITY, f64::NEG_INFINITY, 1.0, 1.0]);
    let gate = Tensor::f32(&[4], [0.0, 1.0, 2.0, 2.0]);
    let got = run_one(&one_op(Op::GatedResidual, &[&x, &y, &gate], Layout::Dense, &[4], DType::F32));
    assert_same("gated", &got, &[f64::NAN, f64::NAN, f64::INFINITY, f64::NAN]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = Tensor::random(&[2, 3], 1);
    let of = |dims: &[usize], dtype| Tensor::random(dims, 2).to(dtype);
    let ada = |scale: &Tensor, shift: &Tensor| {
        one_op(ada(AdaNormKind::LayerNorm), &[&x, scale, shift], Layout::Dense, &[2, 3], DType::F32)
    };
    let gated =
        |y: &Tensor, gate: &Tensor| one_op(Op::GatedResidual, &[&x, y, gate], Layout::Dense, &[2, 3], DType::F32);
    let (fits, wide, deep) = (of(&[1, 3], DType::F32), of(&[4], DType::F32), of(&[1, 1, 3], DType::F32));
    let whole = of(&[2, 3], DType::I32);
    let scalar = Tensor::random(&[], 1);
    let of_scalar = one_op(self::ada(AdaNormKind::RmsNorm), &[&scalar; 3], Layout::Dense, &[], DType::F32);
    for (case, parts) in [
        (ada(&wide, &fits), ["AdaLayerNorm", "scale is [4]"]),
        (ada(&fits, &deep), ["AdaLayerNorm", "shift is [1, 1, 3]"]),
        (ada(&fits, &whole), ["AdaLayerNorm", "operand 2 is i32"]),
        (of_scalar, ["AdaLayerNorm", "x is a scalar"]),
        (gated(&fits, &fits), ["GatedResidual", "they have one shape"]),
        (gated(&x, &wide), ["GatedResidual", "gate is [4]"]),
        (gated(&whole, &fits), ["GatedResidual", "operand 1 is i32"]),
    ] {
        let error = refusal(&case);
        assert!(parts.iter().all(|part| error.message().contains(part)), "{error}");
    }
}
