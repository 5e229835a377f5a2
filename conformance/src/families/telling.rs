//! Cases that tell apart what no other does: each is here because a planted fault went by without it.

use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::compare::Expected;
use crate::fill::Fill;
use crate::format::whole_range;
use crate::oracle::attention::{Attention, attention};
use crate::oracle::pool::{Window, pool};
use crate::oracle::{gather, matmul};
use crate::tensor::Tensor;
use rlx_ir::op::{MaskKind, ReduceOp};
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        cases.family("attention");
        threshold(cases, dtype);
        cases.family("pool");
        edges(cases, dtype);
        cases.family("gather");
        from_the_end(cases, dtype);
        cases.family("cast");
        outside(cases, dtype);
        cases.family("matmul");
        square(cases, dtype);
    }
}

/// Square weights, whose transpose has the same shape.
fn square(cases: &mut Cases, dtype: DType) {
    for (x, dims) in [(&[4, 4][..], &[4, 4][..]), (&[2, 3, 4], &[2, 3, 4])] {
        let operands = vec![Operand::new(dtype, x, Fill::Spread), Operand::new(dtype, &[4, 4], Fill::Spread)];
        cases.add("matmul/square", Op::MatMul, operands, (dtype, dims), move |x| matmul::matmul(&x[0], &x[1], dims));
    }
}

/// Masks that are neither 0 nor 1: from a half on a key is seen.
fn threshold(cases: &mut Cases, dtype: DType) {
    let op = Op::Attention {
        num_heads: 2,
        head_dim: 4,
        v_head_dim: None,
        mask_kind: MaskKind::Custom,
        score_scale: None,
        attn_logit_softcap: None,
    };
    let rows = || Operand::new(dtype, &[2, 2, 5, 4], Fill::Spread);
    let mask = Operand::new(dtype, &[2, 5], Fill::These(&[0.5, 0.25, 2.0, 0.4375, -1.0, 0.5625]));
    let attributes = Attention { mask: MaskKind::Custom, scale: 0.5, cap: None };
    cases.add("bhsd/custom/threshold", op, vec![rows(), rows(), rows(), mask], (dtype, &[2, 2, 5, 4]), move |x| {
        attention(&attributes, x)
    });
}

/// A mean is over the cells inside, and a window that hangs over is there where the graph declares it.
fn edges(cases: &mut Cases, dtype: DType) {
    for kind in [ReduceOp::Max, ReduceOp::Min, ReduceOp::Mean, ReduceOp::Sum] {
        for (name, dims, padding, out) in
            [("padded", &[1, 2, 5, 5][..], [1, 1], &[1, 2, 3, 3][..]), ("ceil", &[1, 2, 6, 6], [0, 0], &[1, 2, 3, 3])]
        {
            if (kind, name) != (ReduceOp::Mean, "padded") && name == "padded" {
                continue;
            }
            let size = vec![3, 3];
            let op = Op::Pool { kind, kernel_size: size.clone(), stride: vec![2, 2], padding: padding.to_vec() };
            let window = Window { size, stride: vec![2, 2], padding: padding.to_vec() };
            let name = format!("{}/{name}", format!("{kind:?}").to_lowercase());
            let operand = Operand::new(dtype, dims, Fill::Within(1.0, 2.0));
            cases.add(&name, op, vec![operand], (dtype, out), move |x| pool(kind, &x[0], &window, out));
        }
    }
}

/// Indices below zero.
fn from_the_end(cases: &mut Cases, dtype: DType) {
    for at in [DType::F32, DType::I32, DType::I64] {
        let data = || Operand::new(dtype, &[4, 3], Fill::Distinct);
        let indices = Operand::new(at, &[5, 3], Fill::Wholes(&[-1, 2, -3, 0, -2, 1, -4]));
        let op = Op::GatherElements { axis: 0 };
        cases.add("gatherelements/negative", op, vec![data(), indices], (dtype, &[5, 3]), |x| {
            gather::gather_elements(&x[0], &x[1], 0)
        });
        let indices = Operand::new(at, &[5, 1], Fill::Wholes(&[-1, 2, -3, 0, -4]));
        let op = Op::GatherNd { batch_dims: 0 };
        cases.add("gathernd/negative", op, vec![data(), indices], (dtype, &[5, 3]), |x| {
            gather::gather_nd(&x[0], &x[1], 0, &[5, 3])
        });
    }
}

/// Floats outside the range of an integer go to its nearest end, and NaN to 0, as the IR's reference has it.
fn outside(cases: &mut Cases, dtype: DType) {
    for to in [DType::I8, DType::I16, DType::U8] {
        let values =
            Fill::These(&[300.0, -300.0, 128.0, -129.5, 255.5, 40000.0, -40000.0, f64::INFINITY, f64::NAN, -0.5]);
        let operand = Operand::new(dtype, &[10], values);
        let name = format!("outside/to-{}", rlx_host_api::DType::from(to));
        cases.add(&name, Op::Cast { to }, vec![operand], (to, &[10]), move |x| to_nearest(&x[0], to));
    }
}

fn to_nearest(x: &Tensor, to: DType) -> Expected {
    let (low, high) = whole_range(to).unwrap_or((0, 0));
    // What is no number is 0 as a whole one.
    Expected::whole(to, &x.dims, x.wholes().into_iter().map(|value| value.clamp(low, high)).collect())
}
