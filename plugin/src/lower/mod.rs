//! IR nodes to MLX arrays: the walk, the list of ops, and one file per op family.
//!
//! Every family's `lower` takes the [`Scope`] and a node, and gives a lazy array. The walk then makes sure that the
//! array has the node's declared dtype and shape, so that a wrong graph is told at compile time, by node. Control flow is
//! not lowered: [`plan`](crate::plan) executes it.

mod activation;
mod activation_backward;
mod attention;
mod conv_backward;
mod custom;
mod elementwise;
mod fused;
mod gather;
mod group_norm_backward;
mod leaf;
mod matmul;
mod norm;
mod pool;
mod quant;
mod reduce;
mod rope;
mod shape;

use crate::array::{Array, eval};
use crate::program::{Program, Segment, dims_of, place};
use rlx_host_api::{DType, Error, ErrorKind};
use rlx_ir::{Node, NodeId, Op, OpKind};
use std::ffi::c_int;

/// The ops that this plugin compiles.
pub(crate) const SUPPORTED_OPS: &[OpKind] = &[
    OpKind::Input,
    OpKind::Param,
    OpKind::Constant,
    OpKind::Activation,
    OpKind::Cast,
    OpKind::StopGradient,
    OpKind::Binary,
    OpKind::Compare,
    OpKind::Where,
    OpKind::Clamp,
    OpKind::MatMul,
    OpKind::LayerNorm,
    OpKind::RmsNorm,
    OpKind::Attention,
    OpKind::Rope,
    OpKind::Reshape,
    OpKind::Transpose,
    OpKind::Narrow,
    OpKind::Slice,
    OpKind::Concat,
    OpKind::Expand,
    OpKind::Reverse,
    OpKind::Gather,
    OpKind::Reduce,
    OpKind::Softmax,
    OpKind::Cumsum,
    OpKind::ArgMax,
    OpKind::ArgMin,
    OpKind::FusedMatMulBiasAct,
    OpKind::FusedResidualLN,
    OpKind::FusedResidualRmsNorm,
    OpKind::FusedSwiGLU,
    OpKind::FusedAttentionBlock,
    OpKind::FusedTransformerLayer,
    OpKind::If,
    OpKind::While,
    OpKind::Scan,
    OpKind::CustomFn,
    OpKind::Custom,
    OpKind::MaxPool2dBackward,
    OpKind::ResizeNearest2x,
    OpKind::ActivationBackward,
    OpKind::GroupNormBackwardInput,
    OpKind::GroupNormBackwardGamma,
    OpKind::GroupNormBackwardBeta,
    OpKind::Conv2dBackwardWeight,
    OpKind::FakeQuantize,
    OpKind::FakeQuantizeBackward,
];

/// The lazy outputs of a segment for its arguments. They may be views.
pub(crate) fn lower(program: &Program, segment: &Segment, args: &[&Array]) -> Result<Vec<Array>, Error> {
    walk(program, segment, args, &mut |_, _, _| Ok(()))
}

/// Like [`lower`], evaluating after each node that an output needs, which `evaluations` counts; a failure names the node.
pub(crate) fn lower_eagerly(
    program: &Program,
    segment: &Segment,
    args: &[&Array],
    evaluations: &mut u64,
) -> Result<Vec<Array>, Error> {
    walk(program, segment, args, &mut |program, node, value| {
        if !program.is_needed(node.id) {
            return Ok(());
        }
        *evaluations += 1;
        eval(std::slice::from_ref(value)).map_err(|e| e.context(place(node)))
    })
}

/// The outputs as [`lower`] gives them, then the values of all nodes in order, [`count_values`] many. `places` gets the name
/// of each.
pub(crate) fn lower_with_values(
    program: &Program,
    segment: &Segment,
    args: &[&Array],
    places: &mut Vec<String>,
) -> Result<Vec<Array>, Error> {
    let mut values = Vec::new();
    let mut outputs = walk(program, segment, args, &mut |_, node, value| {
        values.push(value.duplicate()?);
        places.push(place(node));
        Ok(())
    })?;
    outputs.append(&mut values);
    Ok(outputs)
}

/// How many values lowering a segment visits, those of functions that it calls included.
pub(crate) fn count_values(program: &Program, segment: &Segment) -> usize {
    let called = segment.nodes.iter().flat_map(|&id| program.bodies(id));
    segment.nodes.len() + called.map(|body| count_values(body, &body.whole)).sum::<usize>()
}

/// What is done with each value as it arises; the program is the one that has the node.
type Visit<'a> = dyn FnMut(&Program, &Node, &Array) -> Result<(), Error> + 'a;

fn walk(program: &Program, segment: &Segment, args: &[&Array], visit: &mut Visit<'_>) -> Result<Vec<Array>, Error> {
    let graph = &program.graph;
    let mut scope = Scope { program, segment, args, values: Vec::new() };
    scope.values.resize_with(graph.len(), || None);
    for &id in &segment.nodes {
        let (at, node) = (id.0 as usize, graph.node(id));
        let value = match segment.arg(program.source(id)) {
            Some(arg) => scope.arg(arg)?.duplicate()?,
            None => lower_node(&scope, node, visit).map_err(|e| e.context(place(node)))?,
        };
        visit(program, node, &value)?;
        scope.values[at] = Some(value);
        // A value that nobody reads any more is dropped, so that MLX can reuse its memory.
        for input in &node.inputs {
            if program.last_use[input.0 as usize] == at {
                scope.values[input.0 as usize] = None;
            }
        }
    }
    segment.outputs.iter().map(|&id| scope.value(id)?.duplicate()).collect()
}

/// What a node's lowering can see.
pub(super) struct Scope<'a> {
    program: &'a Program,
    segment: &'a Segment,
    args: &'a [&'a Array],
    values: Vec<Option<Array>>,
}

impl Scope<'_> {
    fn value(&self, id: NodeId) -> Result<&Array, Error> {
        self.values
            .get(id.0 as usize)
            .and_then(Option::as_ref)
            .ok_or_else(|| Error::fault(format!("the value of node {id} is gone")))
    }

    /// Operand `i` of `node`.
    fn input(&self, node: &Node, i: usize) -> Result<&Array, Error> {
        let id = node.inputs.get(i).ok_or_else(|| Error::invalid(format!("operand {i} is missing")))?;
        self.value(*id)
    }

    /// Extents of operand `i` of `node`, as the graph declares them.
    fn input_dims(&self, node: &Node, i: usize) -> Result<Vec<c_int>, Error> {
        let id = node.inputs.get(i).ok_or_else(|| Error::invalid(format!("operand {i} is missing")))?;
        dims_of(self.program.graph.node(*id))
    }

    fn arg(&self, index: usize) -> Result<&Array, Error> {
        self.args.get(index).copied().ok_or_else(|| Error::fault(format!("argument {index} has no value")))
    }

    /// The function's body over the node's operands, as part of the enclosing graph.
    fn call(&self, node: &Node, visit: &mut Visit<'_>) -> Result<Array, Error> {
        let body = self.program.bodies(node.id).first().ok_or_else(|| Error::fault("the function has no body"))?;
        let mut args = node.inputs.iter().map(|&id| self.value(id)).collect::<Result<Vec<_>, _>>()?;
        for param in self.program.params_of(body)? {
            let arg = self.segment.arg(param).ok_or_else(|| Error::fault("a parameter is no argument"))?;
            args.push(self.arg(arg)?);
        }
        let outputs = walk(body, &body.whole, &args, visit)?;
        outputs.into_iter().next().ok_or_else(|| Error::fault("the function gives nothing"))
    }
}

fn lower_node(scope: &Scope<'_>, node: &Node, visit: &mut Visit<'_>) -> Result<Array, Error> {
    let x = |i| scope.input(node, i);
    let value = match &node.op {
        Op::Constant { data } => leaf::constant(node, data),
        Op::Activation(kind) => activation::lower(x(0)?, *kind),
        Op::Cast { to } => x(0)?.cast((*to).into()),
        Op::StopGradient => x(0)?.duplicate(),
        Op::Binary(op) => elementwise::binary(x(0)?, x(1)?, *op, declared_dtype(node)),
        Op::Compare(op) => elementwise::compare(x(0)?, x(1)?, *op),
        Op::Where => x(0)?.select(x(1)?, x(2)?),
        Op::Clamp { min, max } => elementwise::clamp(x(0)?, *min, *max),
        Op::MatMul => x(0)?.matmul(x(1)?),
        Op::LayerNorm { axis, eps } => norm::layer_norm(x(0)?, x(1)?, x(2)?, *axis, *eps),
        Op::RmsNorm { axis, eps } => norm::rms_norm(x(0)?, x(1)?, x(2)?, *axis, *eps, &dims_of(node)?),
        Op::Attention { .. } => attention::lower(scope, node),
        Op::Rope { head_dim, n_rot, style } => rope::lower(x(0)?, x(1)?, x(2)?, *head_dim, *n_rot, *style),
        Op::Reshape { .. } => x(0)?.reshape(&dims_of(node)?),
        Op::Transpose { perm } => x(0)?.transpose(&ints(perm)?),
        Op::Narrow { axis, start, len } => shape::slice(x(0)?, *axis, *start, *len, 1),
        Op::Slice { axis, start, len, step } => shape::slice(x(0)?, *axis, *start, *len, *step),
        Op::Concat { axis } => shape::concat(scope, node, *axis),
        Op::Expand { .. } => x(0)?.broadcast_to(&dims_of(node)?),
        Op::Reverse { axes } => shape::reverse(x(0)?, axes),
        Op::Gather { axis } => gather::gather(x(0)?, x(1)?, *axis),
        Op::Reduce { op, axes, keep_dim } => reduce::reduce(x(0)?, *op, axes, *keep_dim),
        Op::Softmax { axis } => reduce::softmax(x(0)?, *axis),
        Op::Cumsum { axis, exclusive } => reduce::cumsum(x(0)?, *axis, *exclusive),
        Op::ArgMax { axis, keep_dim } => x(0)?.argmax(*axis, *keep_dim),
        Op::ArgMin { axis, keep_dim } => x(0)?.argmin(*axis, *keep_dim),
        Op::FusedMatMulBiasAct { activation } => matmul::bias_act(x(0)?, x(1)?, x(2)?, *activation),
        Op::FusedResidualLN { has_bias, eps } => fused::residual_layer_norm(scope, node, *has_bias, *eps),
        Op::FusedResidualRmsNorm { has_bias, eps } => fused::residual_rms_norm(scope, node, *has_bias, *eps),
        Op::FusedSwiGLU { gate_first, .. } => fused::swiglu(x(0)?, *gate_first),
        Op::FusedAttentionBlock { .. } => fused::attention_block(scope, node),
        Op::FusedTransformerLayer { .. } => fused::transformer_layer(scope, node),
        Op::MaxPool2dBackward { kernel_size, stride, padding } => {
            pool::max_pool2d_backward(scope, node, kernel_size, stride, padding)
        }
        Op::ResizeNearest2x => shape::resize_nearest_2x(x(0)?),
        Op::ActivationBackward { kind } => activation_backward::lower(x(0)?, x(1)?, *kind),
        Op::GroupNormBackwardInput { num_groups, eps } => {
            group_norm_backward::by_input(x(0)?, x(1)?, x(3)?, *num_groups, *eps)
        }
        Op::GroupNormBackwardGamma { num_groups, eps } => {
            group_norm_backward::by_gamma(x(0)?, x(1)?, *num_groups, *eps)
        }
        Op::GroupNormBackwardBeta { num_groups, eps } => group_norm_backward::by_beta(x(0)?, x(1)?, *num_groups, *eps),
        Op::Conv2dBackwardWeight { kernel_size: kernel, stride, padding, dilation, groups } => {
            let conv = conv_backward::Conv2d { kernel, stride, padding, dilation, groups: *groups };
            conv.backward_weight(x(0)?, x(1)?)
        }
        Op::FakeQuantize { bits, axis, scale_mode, .. } => quant::fake_quantize(scope, node, *bits, *axis, *scale_mode),
        Op::FakeQuantizeBackward { bits, axis, ste } => quant::fake_quantize_backward(x(0)?, x(1)?, *bits, *axis, *ste),
        Op::CustomFn { .. } => scope.call(node, visit),
        Op::Custom { name, attrs, .. } => custom::lower(scope, node, name, attrs),
        // `Program` has let nothing else pass but leaves and control flow, which are the plan's; the IR's enum is not
        // exhaustive.
        other => Err(Error::unsupported(format!("unsupported op {:?}", other.kind()))),
    }?;
    conform(value, node)
}

/// The value in the node's declared dtype; another shape than the declared one is an error.
fn conform(value: Array, node: &Node) -> Result<Array, Error> {
    let (found, declared) = (value.dims()?, dims_of(node)?);
    if found != declared {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("the graph declares shape {declared:?}, but the operands give {found:?}"),
        ));
    }
    let dtype = declared_dtype(node);
    if value.dtype()? == dtype { Ok(value) } else { value.cast(dtype) }
}

fn declared_dtype(node: &Node) -> DType {
    node.shape.dtype().into()
}

/// In f32 where the dtype is not wider, for formulas of several steps: halves are rounded once, at their end.
fn wide(x: &Array) -> Result<Array, Error> {
    if x.dtype()? == DType::F64 { x.duplicate() } else { x.cast(DType::F32) }
}

/// Sizes in MLX's type.
fn ints(values: &[usize]) -> Result<Vec<c_int>, Error> {
    values.iter().map(|&v| int(v)).collect()
}

/// A size in MLX's type.
fn int(value: usize) -> Result<c_int, Error> {
    c_int::try_from(value).map_err(|_| Error::invalid(format!("{value} exceeds MLX's 32-bit sizes")))
}

/// The extent that several axes make as one.
fn joined(extents: &[c_int]) -> Result<c_int, Error> {
    let product = extents.iter().try_fold(1i64, |product, &extent| product.checked_mul(extent.into()));
    product
        .and_then(|product| c_int::try_from(product).ok())
        .ok_or_else(|| Error::invalid(format!("axes {extents:?} as one exceed MLX's 32-bit sizes")))
}

/// An axis of an array of `rank`, from 0; negative counts from the end.
fn axis_of(axis: i32, rank: usize) -> Result<usize, Error> {
    let at = if axis < 0 { i64::from(axis) + rank as i64 } else { i64::from(axis) };
    usize::try_from(at)
        .ok()
        .filter(|&a| a < rank)
        .ok_or_else(|| Error::invalid(format!("axis {axis} of an array of rank {rank}")))
}
