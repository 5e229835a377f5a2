//! Convolutions of f32 on the processor, with what follows them: the kernel of the crate rlx-mlx-cpu.
//!
//! Filters that depend on parameters alone are packed once. Every step is rounded as the operation that it stands for, so
//! that it makes no difference to the result whether steps are part of the convolution.

use super::conv_places::{Forward, Placed};
use super::scope::{Scope, declared_dtype};
use super::steps::on_processor;
use super::unary::vectors;
use crate::host::conv::{Convolve, Other, PackFilters, Step};
use crate::ir::chains::{self, Chain};
use crate::mlx::array::Array;
use crate::mlx::extents::int;
use rlx_host_api::{DType, Error};
use rlx_ir::op::BinaryOp;
use rlx_ir::{Node, NodeId};
use rlx_mlx_cpu::conv::{Binary, Conv, Shape};
use std::ffi::c_int;
use std::sync::Arc;

/// What is done to a convolution, with the operands that steps take, in order.
#[derive(Default)]
pub(super) struct Steps<'a> {
    steps: Vec<Step>,
    arrays: Vec<&'a Array>,
    others: Vec<&'a Array>,
}

impl<'a> Steps<'a> {
    pub(super) fn push(&mut self, step: Step, operand: Option<&'a Array>) {
        match step {
            Step::Binary { other: Other::Array, .. } => self.arrays.extend(operand),
            _ => self.others.extend(operand),
        }
        self.steps.push(step);
    }
}

/// The value of a chain, with its last node; nothing where that is not the kernel's.
pub(super) fn chain<'n>(
    scope: &Scope<'_>,
    chain: &Chain,
    node: impl Fn(NodeId) -> &'n Node,
) -> Result<Option<(&'n Node, Array)>, Error> {
    let (head, end) = (node(chain.head), chain.nodes().last().map(&node));
    let Some(forward) = Forward::of(head) else { return Ok(None) };
    let placed = forward.place(scope, head)?;
    let mut steps = Steps::default();
    for (at, (_, link)) in chain.links.iter().enumerate() {
        let is_read_again = |(_, link): &(NodeId, chains::Link)| matches!(link, chains::Link::Binary { other: chains::Other::Earlier(node), .. } if *node == at);
        if chain.links.iter().any(is_read_again) {
            steps.push(Step::Keep, None);
        }
        match *link {
            chains::Link::Map(kind) => match vectors(kind) {
                Some(function) => steps.push(Step::Map(function), None),
                None => return Ok(None),
            },
            chains::Link::Clamp { min, max } => steps.push(Step::Clamp { min, max }, None),
            chains::Link::Binary { op, other, turned } => {
                let Some(op) = binary(op) else { return Ok(None) };
                let (other, operand) = match other {
                    chains::Other::Scalar(id) => (Other::Scalar, Some(scope.value(id)?)),
                    chains::Other::Channel(id) => (Other::Channel, Some(scope.value(id)?)),
                    chains::Other::Array(id) => (Other::Array, Some(scope.value(id)?)),
                    chains::Other::Earlier(_) => (Other::Kept, None),
                };
                steps.push(Step::Binary { op, other, turned }, operand);
            }
        }
    }
    Ok(end.zip(convolution(scope, head, &placed, steps)?))
}

fn binary(op: BinaryOp) -> Option<Binary> {
    match op {
        BinaryOp::Add => Some(Binary::Add),
        BinaryOp::Sub => Some(Binary::Sub),
        BinaryOp::Mul => Some(Binary::Mul),
        BinaryOp::Div => Some(Binary::Div),
        _ => None,
    }
}

/// The convolution of the first operand of `node` with the second, and `steps` behind it; nothing where that is not the
/// kernel's. Its extents are the node's.
pub(super) fn convolution(
    scope: &Scope<'_>,
    node: &Node,
    placed: &Placed,
    steps: Steps<'_>,
) -> Result<Option<Array>, Error> {
    let (x, w) = (scope.input(node, 0)?, scope.input(node, 1)?);
    let is_f32 = x.dtype()? == DType::F32 && w.dtype()? == DType::F32 && declared_dtype(node) == DType::F32;
    if !is_f32 || placed.is_empty() || !on_processor(scope, x)? {
        return Ok(None);
    }
    let conv = Arc::new(Conv::new(shape(placed)?));
    let len = int(conv.packed_len())?;
    let packed =
        scope.prepare(node, 1, |w| scope.host_step(node, &[len], DType::F32, &[w], PackFilters(Arc::clone(&conv))))?;
    let Steps { steps, arrays, others } = steps;
    let operands = [vec![x], arrays, vec![&packed], others].concat();
    scope.host_step(node, &placed.declared, DType::F32, &operands, Convolve { conv, steps }).map(Some)
}

/// The kernel's extents: three axes, of which those that are missing come first.
fn shape(placed: &Placed) -> Result<Shape, Error> {
    let size = |value: c_int| usize::try_from(value).map_err(|_| Error::fault("a negative extent"));
    let list = |values: Vec<c_int>, neutral: usize| -> Result<[usize; 3], Error> {
        let mut all = [neutral; 3];
        let first = all.len().saturating_sub(values.len());
        for (place, value) in all.iter_mut().skip(first).zip(values) {
            *place = size(value)?;
        }
        Ok(all)
    };
    let windows = &placed.windows;
    Ok(Shape {
        groups: size(placed.groups)?,
        channels: size(placed.channels)?,
        filters: size(placed.filters)?,
        input: list(placed.spatial.clone(), 1)?,
        output: list(placed.declared.iter().skip(2).copied().collect(), 1)?,
        kernel: list(windows.iter().map(|window| window.kernel).collect(), 1)?,
        stride: list(windows.iter().map(|window| window.stride).collect(), 1)?,
        dilation: list(windows.iter().map(|window| window.dilation).collect(), 1)?,
        padding: list(windows.iter().map(|window| window.padding).collect(), 0)?,
    })
}
