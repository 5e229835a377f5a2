//! Convolutions of f32 on the processor, with what follows them: the kernel of the crate rlx-mlx-cpu.
//!
//! Filters that depend on parameters alone are packed once. Every step is rounded as the operation that it stands for, so
//! that it makes no difference to the result whether steps are part of the convolution.

use super::conv_places::{Forward, Placed, on_three_axes};
use super::scope::{Scope, declared_dtype};
use super::steps::on_processor;
use super::transposed_places::Transposed;
use super::unary::vectors;
use super::windows::Window;
use crate::host::conv::{Convolve, Kernel, Other, PackFilters, Step};
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
    let value = match (Forward::of(head), Transposed::of(head)) {
        (Some(forward), _) => convolution(scope, head, &forward.place(scope, head)?, steps)?,
        (None, Some(transposed)) => {
            let placed = transposed.place(scope, head)?;
            let kernel = placed.kernel(scope, head)?;
            kernel.map(|kernel| convolved(scope, head, kernel, &placed.dims, steps)).transpose()?
        }
        (None, None) => None,
    };
    Ok(end.zip(value))
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
    let kernel = Kernel::Forward(Box::new(Conv::new(shape(placed)?)));
    convolved(scope, node, kernel, &placed.declared, steps).map(Some)
}

/// What a kernel makes of the first two operands of `node`, with `steps` behind it.
pub(super) fn convolved(
    scope: &Scope<'_>,
    node: &Node,
    kernel: Kernel,
    dims: &[c_int],
    steps: Steps<'_>,
) -> Result<Array, Error> {
    let len = int(kernel.packed_len())?;
    let kernel = Arc::new(kernel);
    let pack = |w: &Array| scope.host_step(node, &[len], DType::F32, &[w], PackFilters(Arc::clone(&kernel)));
    let packed = scope.prepare(node, 1, pack)?;
    let Steps { steps, arrays, others } = steps;
    let operands = [vec![scope.input(node, 0)?], arrays, vec![&packed], others].concat();
    scope.host_step(node, dims, DType::F32, &operands, Convolve { kernel, steps })
}

/// The kernel's extents: three axes, of which those that are missing come first.
fn shape(placed: &Placed) -> Result<Shape, Error> {
    let size = |value: c_int| usize::try_from(value).map_err(|_| Error::fault("a negative extent"));
    let windows = |of: fn(&Window) -> c_int| placed.windows.iter().map(of);
    Ok(Shape {
        groups: size(placed.groups)?,
        channels: size(placed.channels)?,
        filters: size(placed.filters)?,
        input: on_three_axes(placed.spatial.iter().copied(), 1)?,
        output: on_three_axes(placed.declared.get(2..).unwrap_or_default().iter().copied(), 1)?,
        kernel: on_three_axes(windows(|window| window.kernel), 1)?,
        stride: on_three_axes(windows(|window| window.stride), 1)?,
        dilation: on_three_axes(windows(|window| window.dilation), 1)?,
        padding: on_three_axes(windows(|window| window.padding), 0)?,
    })
}
