//! Gradients, by the derivatives of the closed forms.

use super::exact_sum;
use crate::compare::Expected;
use crate::tensor::{Tensor, indices};
use crate::tolerance::{EXACT, NORM_BACKWARD, SLOPE, SUM};
use rlx_ir::op::{Activation, SteKind};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// dy times the slope of an activation at x.
pub fn activation(kind: Activation, x: &Tensor, dy: &Tensor) -> Expected {
    let pairs = x.reals().into_iter().zip(dy.reals());
    let found = pairs.map(|(x, dy)| {
        let (slope, size) = slope(kind, x);
        (dy * slope, dy.abs() * size)
    });
    let (values, scale) = found.unzip();
    use Activation::{Abs, Ceil, Floor, Neg, Relu, Round, Sign};
    let exact = matches!(kind, Neg | Abs | Relu | Round | Floor | Ceil | Sign);
    Expected::real(x.dtype, &x.dims, values, if exact { EXACT } else { SLOPE }).scaled(scale)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `1 - tanh²`, without the difference.
fn bell(x: f64) -> f64 {
    let cosh = x.cosh();
    1.0 / (cosh * cosh)
}

/// The derivative, and the size of what it is computed from. A step has none, save rounding, which the IR lets pass.
fn slope(kind: Activation, x: f64) -> (f64, f64) {
    let sum = |a: f64, b: f64| (a + b, a.abs() + b.abs());
    let one = |value: f64| (value, value.abs());
    match kind {
        Activation::Gelu => {
            let density = (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
            // The error of erf is in units of 1.
            let (value, size) = sum(0.5 * libm::erfc(-x * FRAC_1_SQRT_2), x * density);
            (value, size.max(0.5))
        }
        Activation::GeluApprox => {
            let scale = (2.0 / PI).sqrt();
            let (u, slope) = (scale * (x + 0.044_715 * x * x * x), scale * (1.0 + 3.0 * 0.044_715 * x * x));
            let (value, size) = sum(sigmoid(2.0 * u), 0.5 * x * bell(u) * slope);
            (value, size.max(0.5))
        }
        Activation::Silu => sum(sigmoid(x), x * sigmoid(x) * sigmoid(-x)),
        Activation::Relu => one(f64::from(u8::from(x > 0.0))),
        Activation::Sigmoid => one(sigmoid(x) * sigmoid(-x)),
        Activation::Tanh => one(bell(x)),
        Activation::Exp => one(x.exp()),
        Activation::Log => one(1.0 / x),
        Activation::Sqrt => one(0.5 / x.sqrt()),
        Activation::Rsqrt => one(-0.5 / (x * x.sqrt())),
        Activation::Neg => one(-1.0),
        Activation::Abs => one(if x == 0.0 { 0.0 } else { x.signum() }),
        Activation::Sin => one(x.cos()),
        Activation::Cos => one(-x.sin()),
        Activation::Tan => one(1.0 + x.tan() * x.tan()),
        Activation::Atan => one(1.0 / (1.0 + x * x)),
        Activation::Recip => one(-1.0 / (x * x)),
        Activation::Round => one(1.0),
        Activation::Floor | Activation::Ceil | Activation::Sign => one(0.0),
        Activation::Softplus => one(sigmoid(x)),
        Activation::Elu => one(if x > 0.0 { 1.0 } else { x.exp() }),
        // The square is rounded, which moves the power by as much, relatively.
        Activation::Erf => {
            let value = FRAC_2_SQRT_PI * (-x * x).exp();
            (value, value * (1.0 + x * x))
        }
        Activation::HardSwish if x <= -3.0 => one(0.0),
        Activation::HardSwish if x >= 3.0 => one(1.0),
        Activation::HardSwish => sum(x / 3.0, 0.5),
        Activation::HardSigmoid => one(if x.abs() < 3.0 { 1.0 / 6.0 } else { 0.0 }),
        Activation::Mish => {
            let softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
            sum(softplus.tanh(), x * sigmoid(x) * bell(softplus))
        }
        Activation::Softsign => one(1.0 / ((1.0 + x.abs()) * (1.0 + x.abs()))),
        Activation::LogSigmoid => one(sigmoid(-x)),
    }
}

/// dy, damped where x is far from 0, as `ste` says. The scale is that of the batch: one, or one for each index of `axis`.
pub fn fake_quantize(x: &Tensor, dy: &Tensor, bits: u8, axis: Option<usize>, ste: SteKind) -> Expected {
    let (xs, slopes) = (x.reals(), dy.reals());
    let most = f64::from((1i32 << (bits - 1)) - 1);
    let channel = |index: &[usize]| axis.map_or(0, |axis| index[axis]);
    let mut largest = vec![0.0f64; axis.map_or(1, |axis| x.dims[axis])];
    for (index, value) in indices(&x.dims).zip(&xs) {
        largest[channel(&index)] = largest[channel(&index)].max(value.abs());
    }
    let found = indices(&x.dims).enumerate().map(|(at, index)| {
        let (x, dy, bound) = (xs[at], slopes[at], largest[channel(&index)]);
        match ste {
            // None lies outside of a range that is the batch's own.
            SteKind::Identity | SteKind::ClippedIdentity => (dy, 0.0),
            // A relative error of the argument is one of its own size in the result.
            SteKind::Tanh => {
                let steps = x / bound * most;
                (dy * bell(steps), dy * bell(steps) * (1.0 + steps.abs()))
            }
            SteKind::HardTanh => (dy * (1.0 - x.abs() / bound), dy),
        }
    });
    let (values, scale) = found.unzip();
    let moved = matches!(ste, SteKind::Identity | SteKind::ClippedIdentity);
    Expected::real(x.dtype, &x.dims, values, if moved { EXACT } else { SLOPE }).scaled(scale)
}

/// Of a group norm of `[n, c, ..]`: by x where the scales of channels are given, else by them.
pub fn group_norm(x: &Tensor, gamma: Option<&Tensor>, dy: &Tensor, groups: usize, eps: f32) -> Expected {
    let (xs, ds) = (x.reals(), dy.reals());
    let (channels, size) = (x.dims[1], x.dims[1] / groups);
    let weights = gamma.map_or_else(|| vec![1.0; channels], Tensor::reals);
    let (of_group, of_channel): (Vec<usize>, Vec<usize>) =
        indices(&x.dims).map(|index| (index[0] * groups + index[1] / size, index[1])).unzip();
    let mut members = vec![Vec::new(); x.dims[0] * groups];
    of_group.iter().enumerate().for_each(|(at, &group)| members[group].push(at));
    let mut by_x = vec![(0.0, 0.0); xs.len()];
    let mut by_gamma = vec![(0.0, 0.0); channels];
    for group in &members {
        let count = group.len() as f64;
        let mean_of = |value: &dyn Fn(usize) -> f64| exact_sum(group.iter().map(|&at| value(at))) / count;
        let mean = mean_of(&|at| xs[at]);
        let rate = 1.0 / (mean_of(&|at| (xs[at] - mean) * (xs[at] - mean)) + f64::from(eps)).sqrt();
        // The mean is off by a rounding of its own size.
        let off = 1.0 + mean.abs() * rate;
        let normal = |at: usize| (xs[at] - mean) * rate;
        let slope = |at: usize| ds[at] * weights[of_channel[at]];
        let (shift, along) = (mean_of(&slope), mean_of(&|at| slope(at) * normal(at)));
        let sizes = [mean_of(&|at| slope(at).abs()), mean_of(&|at| (slope(at) * normal(at)).abs())];
        for &at in group {
            let value = rate * (slope(at) - shift - normal(at) * along);
            let size = rate * off * (slope(at).abs() + sizes[0] + (normal(at).abs() + 1.0) * (sizes[1] + sizes[0]));
            by_x[at] = (value, size);
            let (value, size) = &mut by_gamma[of_channel[at]];
            (*value, *size) = (*value + ds[at] * normal(at), *size + (ds[at]).abs() * (normal(at).abs() + off));
        }
    }
    let terms = xs.len().max(1);
    let (dims, found) = if gamma.is_some() { (x.dims.clone(), by_x) } else { (vec![channels], by_gamma) };
    let (values, scale) = found.into_iter().unzip();
    Expected::real(x.dtype, &dims, values, NORM_BACKWARD).scaled(scale).of_terms(terms)
}

/// The sum of each channel of `[n, c, ..]`.
pub fn channel_sums(dy: &Tensor) -> Expected {
    let values = dy.reals();
    let mut members = vec![Vec::new(); dy.dims[1]];
    indices(&dy.dims).zip(&values).for_each(|(index, &value)| members[index[1]].push(value));
    let sum = |channel: &Vec<f64>| exact_sum(channel.iter().copied());
    let size = |channel: &Vec<f64>| channel.iter().map(|value| value.abs()).sum();
    let terms = members.first().map_or(1, Vec::len);
    let (sums, sizes) = (members.iter().map(sum).collect(), members.iter().map(size).collect());
    Expected::real(dy.dtype, &dy.dims[1..2], sums, SUM).scaled(sizes).of_terms(terms)
}
