//! Elements by index.

use super::dtypes::REALS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::gather;
use rlx_ir::{DType, Op};

const INDICES: [DType; 3] = [DType::F32, DType::I32, DType::I64];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in REALS {
        for at in INDICES {
            all(cases, dtype, at);
        }
        outside(cases, dtype);
    }
}

fn all(cases: &mut Cases, dtype: DType, at: DType) {
    for (table, rows, axis, dims) in [
        (&[5, 3][..], &[4][..], 0, &[4, 3][..]),
        (&[5, 3], &[2, 2], 1, &[5, 2, 2]),
        (&[7], &[], 0, &[]),
        (&[5, 3], &[0], 0, &[0, 3]),
        (&[2, 4, 3], &[1], 1, &[2, 1, 3]),
    ] {
        let indices = Fill::Wholes(&[2, 0, 1, 2]);
        let operands = vec![Operand::new(dtype, table, Fill::Special), Operand::new(at, rows, indices)];
        cases.add(&format!("gather/axis{axis}"), Op::Gather { axis }, operands, (dtype, dims), move |x| {
            gather::gather(&x[0], &x[1], axis, dims)
        });
    }
    for (data, rows, batch, dims) in [
        (&[4, 3][..], &[5, 2][..], 0, &[5][..]),
        (&[4, 3], &[2, 1], 0, &[2, 3]),
        (&[2, 3, 4], &[2, 2, 1], 1, &[2, 2, 4]),
        (&[4, 3], &[0, 2], 0, &[0]),
    ] {
        let indices = Fill::Wholes(&[2, 0, 1, 2, 0, 1, 1]);
        let operands = vec![Operand::new(dtype, data, Fill::Special), Operand::new(at, rows, indices)];
        let op = Op::GatherNd { batch_dims: batch };
        cases.add(&format!("gathernd/batch{batch}"), op, operands, (dtype, dims), move |x| {
            gather::gather_nd(&x[0], &x[1], batch as usize, dims)
        });
    }
    for (data, dims, axis) in
        [(&[3, 4][..], &[2, 4][..], 0), (&[3, 4], &[3, 2], -1), (&[3], &[5], 0), (&[3, 4], &[3, 0], 1)]
    {
        let indices = Fill::Wholes(&[2, 0, 1, 2, 0]);
        let operands = vec![Operand::new(dtype, data, Fill::Special), Operand::new(at, dims, indices)];
        let along = if axis < 0 { data.len() - 1 } else { axis as usize };
        cases.add(
            &format!("gatherelements/axis{axis}"),
            Op::GatherElements { axis },
            operands,
            (dtype, dims),
            move |x| gather::gather_elements(&x[0], &x[1], along),
        );
    }
}

/// Indices in f32 that no row has: what is beyond the last row is that one, as NumPy's `clip` has it, also where an integer
/// of 64 bits does not reach.
fn outside(cases: &mut Cases, dtype: DType) {
    const FAR: &[f64] = &[1e10, 1.9, f64::INFINITY, 1e20, 2.0, 16_777_216.0, 3e38];
    for (table, axis, dims) in [(&[3, 2][..], 0, &[7, 2][..]), (&[2, 5], 1, &[2, 7]), (&[1], 0, &[7])] {
        let operands =
            vec![Operand::new(dtype, table, Fill::Distinct), Operand::new(DType::F32, &[7], Fill::These(FAR))];
        cases.add(&format!("gather/outside/axis{axis}"), Op::Gather { axis }, operands, (dtype, dims), move |x| {
            gather::gather_clipped(&x[0], &x[1], axis, dims)
        });
    }
}
