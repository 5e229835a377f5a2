//! Reductions, positions of extremes, histograms.

use super::dtypes::{FLOATS, INTEGERS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::reduce;
use rlx_ir::op::ReduceOp::{self, *};
use rlx_ir::{DType, Op};

/// Shape, axes, and the result without them.
const SHAPES: [(&[usize], &[usize], &[usize]); 8] = [
    (&[], &[], &[]),
    (&[1], &[0], &[]),
    (&[257], &[0], &[]),
    (&[2, 3, 5], &[1], &[2, 5]),
    (&[2, 3, 5], &[0, 2], &[3]),
    (&[2, 3, 5], &[0, 1, 2], &[]),
    (&[2, 3, 5], &[], &[2, 3, 5]),
    (&[2, 0, 3], &[0], &[0, 3]),
];

pub(super) fn cases(cases: &mut Cases) {
    for op in [Sum, Mean, Max, Min, Prod] {
        for dtype in FLOATS {
            for (shape, axes, dims) in SHAPES {
                let len: usize = axes.iter().map(|&axis| shape[axis]).product();
                // Long products leave every range.
                let fill = if op == Prod && len > 50 { Fill::Within(0.98, 1.02) } else { Fill::Spread };
                add(cases, Layout::Dense, op, (dtype, shape, axes, dims), false, fill);
            }
            add(cases, Layout::Dense, op, (dtype, &[2, 3, 5], &[1], &[2, 1, 5]), true, Fill::Spread);
            add(cases, Layout::Transposed, op, (dtype, &[4, 5], &[1], &[4]), false, Fill::Spread);
            add(cases, Layout::Narrowed, op, (dtype, &[4, 5], &[1], &[4]), false, Fill::Spread);
            add(cases, Layout::Dense, op, (dtype, &[6, 3], &[1], &[6]), false, Fill::Special);
            // The neutral element, and no mean.
            add(cases, Layout::Dense, op, (dtype, &[2, 0, 3], &[1], &[2, 3]), false, Fill::Spread);
            if matches!(op, Max | Min) {
                add(cases, Layout::Dense, op, (dtype, &[13, 2], &[1], &[13]), false, Fill::Extremes);
            }
            if matches!(op, Sum | Mean) {
                // As halves they would stop at 2048 or 256.
                add(cases, Layout::Dense, op, (dtype, &[5000], &[0], &[]), false, Fill::All(1.0));
                add(cases, Layout::Dense, op, (dtype, &[1027, 3], &[0], &[3]), false, Fill::Spread);
            }
        }
        for dtype in INTEGERS {
            if op == Mean {
                continue;
            }
            for fill in [Fill::Spread, Fill::Extremes] {
                add(cases, Layout::Dense, op, (dtype, &[3, 7], &[1], &[3]), false, fill);
            }
        }
    }
    add(cases, Layout::Dense, Mean, (DType::F16, &[4000], &[0], &[]), false, Fill::All(60000.0));
    add(cases, Layout::Dense, Mean, (DType::I32, &[3], &[0], &[]), false, Fill::Wholes(&[1_000_000_000]));
    add(cases, Layout::Dense, Mean, (DType::I64, &[3], &[0], &[]), false, Fill::Wholes(&[4_000_000_000_000_000_000]));
    // Beyond 2^24 ones, an f32 sum of one after the other stands still.
    add(cases, Layout::Dense, Sum, (DType::F32, &[17_000_000], &[0], &[]), false, Fill::All(1.0));
    positions(cases);
    for (name, bins, min, max) in
        [("histogram4", 4, -2.0, 2.0), ("histogram1", 1, -1.0, 1.0), ("histogram7", 7, 0.0, 1.75)]
    {
        for dtype in FLOATS {
            for fill in [Fill::Spread, Fill::These(&[0.0, 0.25, 1.75, 2.0, -2.0, f64::NAN, f64::INFINITY])] {
                let operand = Operand::new(dtype, &[3, 11], fill);
                cases.add(name, Op::Histogram { bins, min, max }, vec![operand], (DType::F32, &[bins]), move |x| {
                    reduce::histogram(&x[0], bins, min, max)
                });
            }
        }
    }
}

fn add(
    cases: &mut Cases,
    layout: Layout,
    op: ReduceOp,
    (dtype, shape, axes, dims): (DType, &[usize], &'static [usize], &'static [usize]),
    keep_dim: bool,
    fill: Fill,
) {
    let at = axes.iter().map(usize::to_string).collect::<Vec<_>>().join("+");
    let name = format!("{}/axis{at}{}", format!("{op:?}").to_lowercase(), if keep_dim { "kept" } else { "" });
    let node = Op::Reduce { op, axes: axes.to_vec(), keep_dim };
    cases.add_in(layout, &name, node, vec![Operand::new(dtype, shape, fill)], (dtype, dims), move |x| {
        reduce::reduce(op, &x[0], axes, dims)
    });
}

fn positions(cases: &mut Cases) {
    for largest in [true, false] {
        for (dtype, to) in [
            (DType::F32, DType::F32),
            (DType::F16, DType::F32),
            (DType::BF16, DType::F32),
            (DType::F64, DType::F32),
            (DType::I32, DType::F32),
            (DType::I64, DType::F32),
            (DType::U8, DType::F32),
            (DType::F32, DType::I64),
            (DType::F32, DType::I32),
        ] {
            let ties = || Fill::These(&[1.0, 3.0, 0.0, 3.0, 0.0, 2.0, 3.0]);
            for (shape, axis, dims, fill) in [
                (&[9][..], 0, &[][..], Fill::Distinct),
                (&[1], 0, &[], Fill::Distinct),
                (&[3, 5], 0, &[5], Fill::Distinct),
                (&[3, 5], 1, &[3], ties()),
                (&[0, 5], 1, &[0], Fill::Distinct),
            ] {
                let name = format!(
                    "{}/axis{axis}/to-{}",
                    if largest { "argmax" } else { "argmin" },
                    rlx_host_api::DType::from(to)
                );
                let op = match largest {
                    true => Op::ArgMax { axis, keep_dim: false },
                    false => Op::ArgMin { axis, keep_dim: false },
                };
                cases.add(&name, op, vec![Operand::new(dtype, shape, fill)], (to, dims), move |x| {
                    reduce::arg(largest, &x[0], axis, (to, dims))
                });
            }
        }
    }
}
