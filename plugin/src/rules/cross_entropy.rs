//! `Op::SoftmaxCrossEntropy` and `Op::SoftmaxCrossEntropyWithLogits`: a loss for each row of logits.

use super::floats::{float_operand, float_result};
use super::rows::{clamped, real_indices};
use super::rule::{Case, rules};
use super::scope::Scope;
use super::steps::{on_processor, wide};
use crate::host::cross_entropy::CrossEntropy;
use crate::mlx::array::Array;
use rlx_host_api::kernel::{Reduce, Unary};
use rlx_host_api::{DType, Error};
use rlx_ir::Node;

rules! {
    SoftmaxCrossEntropy              [logits, targets; scope, node]    of_targets    => dense(scope, node, logits, targets);
    SoftmaxCrossEntropyWithLogits    [logits, labels; scope, node]     of_labels     => labelled(scope, node, logits, labels);
}

/// Logits `[n, c]`, of at least one class.
fn of_logits(case: &Case<'_>) -> Result<(), Error> {
    float_operand(case, 0)?;
    float_result(case)?;
    match case.rank(0) {
        Some(rank) if rank != 2 => Err(Error::invalid(format!("the logits have rank {rank}: they are rows, [n, c]"))),
        _ => Ok(()),
    }
}

fn of_targets(case: &Case<'_>) -> Result<(), Error> {
    of_logits(case)?;
    float_operand(case, 1)
}

fn of_labels(case: &Case<'_>) -> Result<(), Error> {
    of_logits(case)?;
    real_indices(case)
}

/// `log Σ e^z - Σ t z` for each row z of the logits and t of the targets, which need not sum to one.
fn dense(scope: &Scope<'_>, node: &Node, logits: &Array, targets: &Array) -> Result<Array, Error> {
    let (dims, found) = (logits.dims()?, targets.dims()?);
    if found != dims {
        return Err(Error::invalid(format!("the logits are {dims:?} and the targets {found:?}: they have one shape")));
    }
    if classes(logits)? == 0 {
        return Err(Error::invalid("the logits have no classes"));
    }
    if on_processor(scope, logits)? {
        let dtype = if targets.dtype()? == logits.dtype()? { logits.dtype()? } else { DType::F64 };
        let (logits, targets) = (logits.cast(dtype)?, targets.cast(dtype)?);
        return scope.host_step(node, &[dims[0]], DType::F64, &[&logits, &targets], CrossEntropy);
    }
    let (largest, below, log_sum) = composed(logits)?;
    let targets = wide(targets)?;
    let sum = |x: &Array| x.reduce(Reduce::Sum, &[1], false);
    let one = Array::scalar(1.0, targets.dtype()?)?;
    // What a target lacks to one counts with the largest logit.
    let rest = one.sub(&sum(&targets)?)?.mul(&largest.reshape(&[dims[0]])?)?;
    log_sum.sub(&sum(&targets.mul(&below)?)?)?.add(&rest)
}

/// `log Σ e^z - z[label]` for each row z of the logits. Labels are read as indices are: floats are truncated, negative
/// ones count from the end, those outside are the nearest inside.
fn labelled(scope: &Scope<'_>, node: &Node, logits: &Array, labels: &Array) -> Result<Array, Error> {
    let (dims, found) = (logits.dims()?, labels.dims()?);
    if found != dims[..1] {
        return Err(Error::invalid(format!(
            "the logits are {dims:?} and the labels {found:?}: there is one for each row"
        )));
    }
    let labels = clamped(labels, classes(logits)?).map_err(|_| Error::invalid("the logits have no classes"))?;
    if on_processor(scope, logits)? {
        return scope.host_step(node, &dims[..1], DType::F64, &[logits, &labels], CrossEntropy);
    }
    let (_, below, log_sum) = composed(logits)?;
    let picked = below.take_along_axis(&labels.reshape(&[dims[0], 1])?, 1)?;
    log_sum.sub(&picked.reshape(&dims[..1])?)
}

fn classes(logits: &Array) -> Result<std::ffi::c_int, Error> {
    Ok(logits.dims()?.last().copied().unwrap_or_default())
}

/// The largest of each row, the logits less that, and the logarithm of the sum of their exponentials.
fn composed(logits: &Array) -> Result<(Array, Array, Array), Error> {
    let logits = wide(logits)?;
    let largest = logits.reduce(Reduce::Max, &[1], true)?;
    let below = logits.sub(&largest)?;
    let log_sum = below.unary(Unary::Exp)?.reduce(Reduce::Sum, &[1], false)?.unary(Unary::Log)?;
    Ok((largest, below, log_sum))
}
