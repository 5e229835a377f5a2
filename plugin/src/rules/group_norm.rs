//! The gradients of group normalization: `Op::GroupNormBackward{Input, Gamma, Beta}`. Half types are computed in f32.

use super::rule::{any, rules};
use super::steps::wide;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::Error;
use rlx_host_api::kernel::{Reduce, Unary};
use std::ffi::c_int;

rules! {
    GroupNormBackwardInput { num_groups, eps } [x, gamma, _beta, dy] any => by_input(x, gamma, dy, *num_groups, *eps);
    GroupNormBackwardGamma { num_groups, eps } [x, dy] any => by_gamma(x, dy, *num_groups, *eps);
    GroupNormBackwardBeta { num_groups, eps }  [x, dy] any => by_beta(x, dy, *num_groups, *eps);
}

/// An input `[n, c, …]`, its channels in groups of `c / groups`.
struct Groups {
    /// `[n, groups, channels of a group × positions]`.
    grouped: [c_int; 3],
    /// `[n, c, positions]`.
    channels: [c_int; 3],
    eps: f64,
}

/// By x: what `gamma dy` has left of its mean and of its part along the normalized x, scaled back.
fn by_input(x: &Array, gamma: &Array, dy: &Array, groups: usize, eps: f32) -> Result<Array, Error> {
    let shape = Groups::of(x, dy, groups, eps)?;
    let (normal, scale) = shape.normalized(x)?;
    let gamma = wide(gamma)?.reshape(&[1, shape.channels[1], 1])?;
    let slope = wide(dy)?.reshape(&shape.channels)?.mul(&gamma)?.reshape(&shape.grouped)?;
    let along = mean(&slope.mul(&normal)?)?.mul(&normal)?;
    slope.sub(&mean(&slope)?)?.sub(&along)?.mul(&scale)?.reshape(&x.dims()?)
}

/// By gamma: the sum of dy times the normalized x, for each channel.
fn by_gamma(x: &Array, dy: &Array, groups: usize, eps: f32) -> Result<Array, Error> {
    let shape = Groups::of(x, dy, groups, eps)?;
    let normal = shape.normalized(x)?.0.reshape(&shape.channels)?;
    wide(dy)?.reshape(&shape.channels)?.mul(&normal)?.reduce(Reduce::Sum, &[0, 2], false)
}

/// By beta: the sum of dy for each channel.
fn by_beta(x: &Array, dy: &Array, groups: usize, eps: f32) -> Result<Array, Error> {
    let shape = Groups::of(x, dy, groups, eps)?;
    wide(dy)?.reshape(&shape.channels)?.reduce(Reduce::Sum, &[0, 2], false)
}

impl Groups {
    fn of(x: &Array, dy: &Array, groups: usize, eps: f32) -> Result<Self, Error> {
        let (dims, dy, groups) = (x.dims()?, dy.dims()?, int(groups)?);
        let [n, c, positions @ ..] = dims.as_slice() else {
            return Err(Error::invalid(format!("x is {dims:?}: it has an axis of batches and one of channels")));
        };
        if dy != dims {
            return Err(Error::invalid(format!("x is {dims:?} and dy is {dy:?}: they have one shape")));
        }
        if groups < 1 || c % groups != 0 {
            return Err(Error::invalid(format!("{c} channels do not divide into {groups} groups")));
        }
        let positions = joined(positions)?;
        let grouped = [*n, groups, joined(&[c / groups, positions])?];
        Ok(Self { grouped, channels: [*n, *c, positions], eps: eps.into() })
    }

    /// x less its group's mean and over its group's deviation, grouped; and one over the deviation.
    fn normalized(&self, x: &Array) -> Result<(Array, Array), Error> {
        let x = wide(x)?.reshape(&self.grouped)?;
        let centred = x.sub(&mean(&x)?)?;
        let variance = mean(&centred.mul(&centred)?)?;
        let scale = variance.add(&Array::scalar(self.eps, x.dtype()?)?)?.unary(Unary::Rsqrt)?;
        Ok((centred.mul(&scale)?, scale))
    }
}

/// Over the elements of each group.
fn mean(grouped: &Array) -> Result<Array, Error> {
    grouped.reduce(Reduce::Mean, &[2], true)
}
