//! Rotary position embedding.

use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, offset};
use crate::tolerance::{FEW, SIN_COS};
use rlx_ir::DType;
use rlx_ir::op::RopeStyle;

/// Rotates the first `n_rot` of each head's `head_dim` values by the angles of the position, the axis before the last.
pub fn rope(x: &Tensor, cos: &Tensor, sin: &Tensor, head_dim: usize, n_rot: usize, style: RopeStyle) -> Expected {
    let (values, cos_values, sin_values) = (x.reals(), cos.reals(), sin.reals());
    let half = n_rot / 2;
    let width = cos.dims[cos.dims.len() - 1];
    let rank = x.dims.len();
    let found = each(&x.dims, |index| {
        let at = index[rank - 1] % head_dim;
        let own = values[offset(&x.dims, &index)];
        if at >= n_rot {
            return (own, 0.0);
        }
        let (pair, first) = match style {
            RopeStyle::NeoX => (at % half, at < half),
            RopeStyle::GptJ => (at / 2, at.is_multiple_of(2)),
        };
        let distance = if style == RopeStyle::NeoX { half } else { 1 };
        let mut other = index.clone();
        other[rank - 1] = if first { index[rank - 1] + distance } else { index[rank - 1] - distance };
        let other = values[offset(&x.dims, &other)];
        let angle = index[rank - 2] * width + pair;
        let (c, s) = (cos_values[angle], sin_values[angle]);
        let turned = if first { own * c - other * s } else { own * c + other * s };
        (turned, (own * c).abs() + (other * s).abs())
    });
    let (values, scale) = found.into_iter().unzip();
    Expected::real(x.dtype, &x.dims, values, FEW).scaled(scale)
}

/// Tokens `[batch, seq, heads * head_dim]` of a grid, `repeat` of each cell in a row. Pairs of neighbours in the first half of
/// a head are turned by the column, those in the second half by the row, each pair slower than the one before.
pub fn axial(x: &Tensor, [columns, repeat]: [usize; 2], head_dim: usize, theta: f32) -> Expected {
    let seq = x.dims[1];
    let quarter = head_dim / 4;
    let angle = |token: usize, pair: usize| {
        let cell = token / repeat;
        let place = if pair < quarter { cell % columns } else { cell / columns };
        place as f64 * f64::from(theta).powf(-((4 * (pair % quarter)) as f64) / head_dim as f64)
    };
    let table = |of: fn(f64) -> f64| {
        let values = each(&[seq, head_dim / 2], |index| of(angle(index[0], index[1])));
        Tensor { dims: vec![seq, head_dim / 2], dtype: DType::F64, values: Values::Real(values) }
    };
    let turned = rope(x, &table(f64::cos), &table(f64::sin), head_dim, head_dim, RopeStyle::GptJ);
    Expected { tolerance: SIN_COS, ..turned }
}
