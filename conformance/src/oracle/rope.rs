//! Rotary position embedding.

use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, offset};
use crate::tolerance::FEW;
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
