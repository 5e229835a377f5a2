//! Ops that move elements.

use crate::compare::Expected;
use crate::format::Format;
use crate::tensor::{Tensor, Values, indices, offset};
use rlx_ir::op::PadMode;

/// The same elements in another shape.
pub fn reshape(x: &Tensor, dims: &[usize]) -> Expected {
    Expected::exact(Tensor { dims: dims.to_vec(), ..x.clone() })
}

/// Elements by the index that each output element is taken from.
pub fn moved(x: &Tensor, dims: &[usize], source: impl Fn(&[usize]) -> Vec<usize>) -> Expected {
    Expected::exact(x.picked(dims, |index| offset(&x.dims, &source(&index))))
}

/// One after another along an axis.
pub fn concat(parts: &[Tensor], axis: usize, dims: &[usize]) -> Expected {
    let mut values = match parts[0].values {
        Values::Real(_) => Values::Real(Vec::new()),
        Values::Whole(_) => Values::Whole(Vec::new()),
    };
    for index in indices(dims) {
        let mut at = index.clone();
        for part in parts {
            if at[axis] < part.dims[axis] {
                match (&mut values, &part.values) {
                    (Values::Real(values), Values::Real(own)) => values.push(own[offset(&part.dims, &at)]),
                    (Values::Whole(values), Values::Whole(own)) => values.push(own[offset(&part.dims, &at)]),
                    _ => {}
                }
                break;
            }
            at[axis] -= part.dims[axis];
        }
    }
    Expected::exact(Tensor { dims: dims.to_vec(), dtype: parts[0].dtype, values })
}

/// With what `mode` says around each axis.
pub fn pad(x: &Tensor, pads: &[[usize; 2]], mode: PadMode, dims: &[usize]) -> Expected {
    let source = |index: &[usize]| -> Option<Vec<usize>> {
        let axes = index.iter().zip(&x.dims).zip(pads);
        axes.map(|((&at, &extent), &[before, _])| {
            let (at, n) = (at as i64 - before as i64, extent as i64);
            let inside = (0..n).contains(&at);
            let found = match mode {
                PadMode::Constant(_) if !inside => return None,
                PadMode::Constant(_) => at,
                PadMode::Replicate => at.clamp(0, n - 1),
                PadMode::Circular => at.rem_euclid(n),
                PadMode::Reflect => {
                    let period = (2 * (n - 1)).max(1);
                    let folded = at.rem_euclid(period);
                    folded.min(period - folded)
                }
            };
            Some(found as usize)
        })
        .collect()
    };
    let positions: Vec<Option<usize>> = indices(dims).map(|index| Some(offset(&x.dims, &source(&index)?))).collect();
    let fill = match mode {
        PadMode::Constant(value) => f64::from(value),
        _ => 0.0,
    };
    let values = match &x.values {
        Values::Real(own) => {
            let fill = Format::of(x.dtype).map_or(fill, |format| format.round(fill));
            Values::Real(positions.iter().map(|at| at.map_or(fill, |at| own[at])).collect())
        }
        Values::Whole(own) => Values::Whole(positions.iter().map(|at| at.map_or(fill as i128, |at| own[at])).collect()),
    };
    Expected::exact(Tensor { dims: dims.to_vec(), dtype: x.dtype, values })
}

/// The upper or lower triangle of the last two axes, 0 elsewhere.
pub fn triangle(x: &Tensor, upper: bool, diagonal: i64) -> Expected {
    let rank = x.dims.len();
    let keeps = |index: &[usize]| {
        let over = index[rank - 1] as i64 - index[rank - 2] as i64;
        if upper { over >= diagonal } else { over <= diagonal }
    };
    let kept: Vec<bool> = indices(&x.dims).map(|index| keeps(&index)).collect();
    let values = match &x.values {
        Values::Real(own) => {
            Values::Real(own.iter().zip(&kept).map(|(&x, &kept)| if kept { x } else { 0.0 }).collect())
        }
        Values::Whole(own) => {
            Values::Whole(own.iter().zip(&kept).map(|(&x, &kept)| if kept { x } else { 0 }).collect())
        }
    };
    let mut expected = Expected::exact(Tensor { values, ..x.clone() });
    expected.signed_zeros = false;
    expected
}
