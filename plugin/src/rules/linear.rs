//! Products of floats with a matrix of weights on the processor, with what follows them: the kernel of the crate rlx-mlx-cpu.
//!
//! Weights that depend on parameters alone are packed once. Every step is rounded as the operation that it stands for, so
//! that it makes no difference to the result whether steps are part of the product.

use super::scope::{Scope, declared_dtype};
use super::steps::on_processor;
use super::unary::vectors;
use crate::host::linear::{Linear, Pack, Packed, Shown, Step, packed_len};
use crate::ir::chains::{self, Chain, Other};
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::int;
use rlx_host_api::{DType, Error};
use rlx_ir::op::BinaryOp;
use rlx_ir::{Node, NodeId};
use std::ffi::c_int;

/// Rows from which on it pays to pack weights that change from run to run.
const ROWS: usize = 32;

/// What is done to a product, with the operand that it takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Link<'a> {
    /// Plus one number a column, `[n]`, maybe behind axes of extent 1.
    Bias(&'a Array),
    /// Plus an array of the result's extents.
    Add(&'a Array),
    /// A function of each element.
    Map(rlx_mlx_cpu::vector::Function),
}

/// The value of a chain, with its last node; nothing where that is not the kernel's.
pub(super) fn chain<'n>(
    scope: &Scope<'_>,
    chain: &Chain,
    node: impl Fn(NodeId) -> &'n Node,
) -> Result<Option<(&'n Node, Array)>, Error> {
    let mut links = Vec::with_capacity(chain.links.len());
    for (_, link) in &chain.links {
        links.push(match *link {
            chains::Link::Binary { op: BinaryOp::Add, other: Other::Channel(bias), .. } => {
                Link::Bias(scope.value(bias)?)
            }
            chains::Link::Binary { op: BinaryOp::Add, other: Other::Array(other), .. } => {
                Link::Add(scope.value(other)?)
            }
            chains::Link::Map(kind) => match vectors(kind) {
                Some(function) => Link::Map(function),
                None => return Ok(None),
            },
            _ => return Ok(None),
        });
    }
    let (product, end) = (node(chain.head), chain.nodes().last().map(&node));
    let value = linear(scope, product, scope.input(product, 0)?, 1, &links)?;
    Ok(end.zip(value))
}

/// x times operand `i` of `node`, a matrix, and `links` behind it; nothing where that is not the kernel's.
pub(super) fn linear(
    scope: &Scope<'_>,
    node: &Node,
    x: &Array,
    i: usize,
    links: &[Link<'_>],
) -> Result<Option<Array>, Error> {
    let w = scope.input(node, i)?;
    let (from, weights) = (x.dims()?, w.dims()?);
    let ([rows @ .., k], [depth, n]) = (from.as_slice(), weights.as_slice()) else { return Ok(None) };
    let dtype = x.dtype()?;
    let is_alike = is_float(dtype) && [w.dtype()?, declared_dtype(node)] == [dtype; 2];
    let is_ours = is_alike && on_processor(scope, x)?;
    let count: usize = rows.iter().map(|&extent| extent as usize).product();
    if !is_ours || k != depth || rows.is_empty() || !(scope.is_fixed(node, i)? || count >= ROWS) {
        return Ok(None);
    }
    let (k, n) = (*k as usize, *n as usize);
    // Weights that were converted are kept as they came, which are half as many bytes.
    let stored = if dtype == DType::F32 { scope.stored_dtype(node, i)? } else { dtype };
    let len = int(packed_len(stored, k, n)?)?;
    let form = scope.shown_param(node, i, stored)?.map(|shown| Packed { k, n, dtype: stored, shown });
    let shown = form.map_or(Shown::AsIs, |form| form.shown);
    let pack = |w: &Array| {
        // The parameter as it lies: to be packed it need not be transposed.
        let w = if shown == Shown::Transposed { w.transpose(&[1, 0])? } else { w.duplicate()? };
        scope.host_step(node, &[len], stored, &[&w], Pack { k, n, shown })
    };
    let packed = scope.prepare_as(node, i, form, pack)?;
    let dims = [rows, &[int(n)?]].concat();
    let (mut steps, mut adds, mut biases) = (Vec::new(), vec![x], vec![&packed]);
    for link in links {
        steps.push(match *link {
            Link::Bias(bias) => {
                biases.push(bias);
                Step::Bias
            }
            Link::Add(other) => {
                adds.push(other);
                Step::Add
            }
            Link::Map(function) => Step::Map(function),
        });
    }
    let code = Linear { k, n, rank: dims.len(), steps };
    scope.host_step(node, &dims, dtype, &[adds, biases].concat(), code).map(Some)
}

/// The link that adds `bias`; nothing where that is not one number for each of n columns.
pub(super) fn bias(bias: &Array, n: c_int) -> Result<Option<Link<'_>>, Error> {
    let dims = bias.dims()?;
    let is_row = matches!(dims.as_slice(), [ones @ .., last] if *last == n && ones.iter().all(|&one| one == 1));
    Ok(is_row.then_some(Link::Bias(bias)))
}
