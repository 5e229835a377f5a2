//! Normalization by channels: `Op::GroupNorm`, `Op::LayerNorm2d` over `[n, c, …]`, and `Op::BatchNormInference` over the last
//! axis. On the processor by kernels in f64, elsewhere composed in f32; rounded once.

use super::floats::for_declared;
use super::norm::{by_kernel, flat};
use super::rule::{Case, any, rules};
use super::scope::{Scope, declared_dtype};
use super::steps::{on_last_axis, on_processor, wide};
use crate::host::normalize::{Columns, Groups};
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::kernel::{Reduce, Unary};
use rlx_host_api::{DType, Error};
use rlx_ir::Node;
use rlx_mlx_cpu::norm::Norm;
use std::ffi::c_int;

rules! {
    GroupNorm { num_groups, eps }    [x, _gamma, _beta; scope, node]    of_channels    => {
        group_norm(scope, node, x, *num_groups, *eps)
    };
    LayerNorm2d { eps }              [x, _gamma, _beta; scope, node]    of_channels    => layer_norm_2d(scope, node, x, *eps);
    BatchNormInference { eps }       [x, _gamma, _beta, _mean, _variance; scope, node]    any    => {
        batch_norm(scope, node, x, *eps)
    };
}

/// An axis of batches and one of channels.
fn of_channels(case: &Case<'_>) -> Result<(), Error> {
    match case.rank(0) {
        Some(rank) if rank < 2 => {
            Err(Error::invalid(format!("x has rank {rank}: it has an axis of batches and one of channels")))
        }
        _ => Ok(()),
    }
}

fn group_norm(scope: &Scope<'_>, node: &Node, x: &Array, groups: usize, eps: f32) -> Result<Array, Error> {
    let (dims, groups) = (x.dims()?, int(groups)?);
    let [n, c, positions @ ..] = dims.as_slice() else { return Err(Error::fault("x has no channels")) };
    if groups < 1 || c % groups != 0 {
        return Err(Error::invalid(format!("{c} channels do not divide into {groups} groups")));
    }
    let positions = joined(positions)?;
    if on_processor(scope, x)? {
        let weight = |i| f64_weight(scope, node, i, *c);
        let code = Groups { channels: (c / groups) as usize, positions: positions as usize, eps: eps.into() };
        return scope.host_step(node, &dims, x.dtype()?, &[x, &weight(1)?, &weight(2)?], code);
    }
    let x = wide(x)?.reshape(&[*n, groups, joined(&[c / groups, positions])?])?;
    let mean = |x: &Array| x.reduce(Reduce::Mean, &[2], true);
    let centred = x.sub(&mean(&x)?)?;
    let factor = mean(&centred.mul(&centred)?)?.add(&Array::scalar(eps.into(), x.dtype()?)?)?.unary(Unary::Rsqrt)?;
    let normal = centred.mul(&factor)?.reshape(&[*n, *c, positions])?;
    let weight = |i: usize| wide(scope.input(node, i)?)?.reshape(&[1, *c, 1]);
    normal.mul(&weight(1)?)?.add(&weight(2)?)?.reshape(&dims)
}

/// Over the channels of each position.
fn layer_norm_2d(scope: &Scope<'_>, node: &Node, x: &Array, eps: f32) -> Result<Array, Error> {
    if on_processor(scope, x)? {
        let channels = x.dims()?.get(1).copied().unwrap_or(1);
        let weights = [f64_weight(scope, node, 1, channels)?, f64_weight(scope, node, 2, channels)?];
        return on_last_axis(&for_declared(node, x)?, 1, |x| {
            by_kernel(scope, node, Norm::Layer, x, weights.each_ref(), eps, declared_dtype(node))
        });
    }
    let wide_x = wide(x)?;
    let mean = |x: &Array| x.reduce(Reduce::Mean, &[1], true);
    let centred = wide_x.sub(&mean(&wide_x)?)?;
    let eps = Array::scalar(eps.into(), wide_x.dtype()?)?;
    let factor = mean(&centred.mul(&centred)?)?.add(&eps)?.unary(Unary::Rsqrt)?;
    let mut along: Vec<c_int> = vec![1; x.dims()?.len()];
    along[1] = -1;
    let weight = |i: usize| wide(scope.input(node, i)?)?.reshape(&along);
    centred.mul(&factor)?.mul(&weight(1)?)?.add(&weight(2)?)
}

/// By frozen means and variances of the last axis.
fn batch_norm(scope: &Scope<'_>, node: &Node, x: &Array, eps: f32) -> Result<Array, Error> {
    let dims = x.dims()?;
    let Some(&channels) = dims.last() else { return Err(Error::invalid("x is a scalar: its last axis are channels")) };
    let ours = on_processor(scope, x)?;
    let weight =
        |i: usize| if ours { f64_weight(scope, node, i, channels) } else { wide(&flat(scope.input(node, i)?)?) };
    let (gamma, beta, mean, variance) = (weight(1)?, weight(2)?, weight(3)?, weight(4)?);
    let deviation = variance.add(&Array::scalar(eps.into(), variance.dtype()?)?)?.unary(Unary::Sqrt)?;
    let factor = gamma.div(&deviation)?;
    if ours {
        return scope.host_step(node, &dims, x.dtype()?, &[x, &mean, &factor, &beta], Columns { rank: dims.len() });
    }
    wide(x)?.sub(&mean)?.mul(&factor)?.add(&beta)
}

/// Operand `i`, an element for each channel, in f64.
fn f64_weight(scope: &Scope<'_>, node: &Node, i: usize, channels: c_int) -> Result<Array, Error> {
    let weight = scope.prepare(node, i, |weight| flat(weight)?.cast(DType::F64))?;
    match weight.dims()?.as_slice() {
        [found] if *found == channels => Ok(weight),
        found => Err(Error::invalid(format!("operand {i} has {found:?} elements, x has {channels} channels"))),
    }
}
