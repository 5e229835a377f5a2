//! Products of 8-bit integers: sums of products less the zero points, scaled, rounded with halves away from zero, and held
//! within 8 bits. All in integers save the scaling, of which f64 has every digit.

use super::conv::{self, Steps};
use super::matmul;
use crate::compare::Expected;
use crate::format::whole_range;
use crate::tensor::{Tensor, Values};
use rlx_ir::DType;

/// Zero points, and the factor of sums.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Of x.
    pub x: i32,
    /// Of the weights.
    pub w: i32,
    /// Of the result.
    pub out: i32,
    /// `x_scale * w_scale / out_scale`.
    pub factor: f32,
}

/// Of x `[m, k]`, the weights `[k, n]` and the bias `[n]`.
pub fn matmul(operands: &[Tensor], scale: Scale) -> Expected {
    let (x, w) = less(operands, scale);
    let dims = [x.dims[0], w.dims[1]];
    rescaled(matmul::matmul(&x, &w, &dims), &operands[2], scale, |at| at % dims[1])
}

/// Of x `[n, c_in, h, w]`, the weights `[c_out, c_in / groups, kh, kw]` and the bias `[c_out]`. Padding is the zero point.
pub fn conv(operands: &[Tensor], scale: Scale, steps: &Steps, dims: &[usize]) -> Expected {
    let (x, w) = less(operands, scale);
    let places = dims[2] * dims[3];
    rescaled(conv::conv(&x, &w, steps, dims), &operands[2], scale, |at| at / places.max(1) % dims[1])
}

/// x and the weights less their zero points. Sums of their products are whole numbers that f64 has.
fn less(operands: &[Tensor], scale: Scale) -> (Tensor, Tensor) {
    let less = |x: &Tensor, zero: i32| {
        let values = x.reals().into_iter().map(|value| value - f64::from(zero)).collect();
        Tensor { dims: x.dims.clone(), dtype: DType::F64, values: Values::Real(values) }
    };
    (less(&operands[0], scale.x), less(&operands[1], scale.w))
}

fn rescaled(sums: Expected, bias: &Tensor, scale: Scale, channel: impl Fn(usize) -> usize) -> Expected {
    let (bias, sum) = (bias.reals(), Tensor { dims: sums.dims, dtype: sums.dtype, values: sums.values });
    let (first, last) = whole_range(DType::I8).unwrap_or((0, 0));
    let each = |(at, sum): (usize, f64)| {
        let scaled = ((sum + bias[channel(at)]) * f64::from(scale.factor)).round();
        (scaled as i128 + i128::from(scale.out)).clamp(first, last)
    };
    let values = sum.reals().into_iter().enumerate().map(each).collect();
    Expected::whole(DType::I8, &sum.dims, values)
}
