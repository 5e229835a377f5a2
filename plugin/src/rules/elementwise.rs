//! Elementwise ops of f32 and bool on the processor: chains of the crate rlx-mlx-cpu, in one pass over memory.
//!
//! Every step is rounded as the operation that it stands for, so that it makes no difference to the result which nodes are one
//! chain.

use super::activations::function;
use super::scope::{Scope, declared_dtype};
use crate::host::elementwise::Elementwise;
use crate::ir::elementwise::{Group, Read, is_elementwise};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::op::{Activation, BinaryOp, ChainOperand, ChainStep, CmpOp};
use rlx_ir::{Graph, Node, Op};
use rlx_mlx_cpu::elements::{Binary, Chain, Compare, Map, Source, Step};
use std::ffi::c_int;

/// The value of a group's last node.
pub(super) fn group(scope: &Scope<'_>, group: &Group, graph: &Graph) -> Result<Array, Error> {
    let (mut steps, mut values) = (Vec::new(), Vec::with_capacity(group.nodes.len()));
    let mut end = None;
    for (id, reads) in &group.nodes {
        let node = graph.node(*id);
        let source = |read: &Read| match *read {
            Read::Input(i) => Some(Source::Input(i)),
            Read::Node(i) => values.get(i).copied(),
        };
        let sources: Option<Vec<Source>> = reads.iter().map(source).collect();
        let value = sources.and_then(|sources| push(&mut steps, &node.op, &sources));
        values.push(value.ok_or_else(|| Error::fault("a group of what is not elementwise"))?);
        end = Some(node);
    }
    let end = end.ok_or_else(|| Error::fault("a group without nodes"))?;
    let inputs = group.inputs.iter().map(|&id| scope.value(id)).collect::<Result<Vec<_>, _>>()?;
    build(scope, end, &steps, &inputs, &dims_of(end)?, declared_dtype(end))
}

/// The value of a node, if a chain of one step can compute it.
pub(super) fn single(scope: &Scope<'_>, node: &Node) -> Result<Option<Array>, Error> {
    if !scope.device().in_host_memory() || !is_elementwise(scope.graph(), node) {
        return Ok(None);
    }
    let (mut steps, sources) = (Vec::new(), (0..node.inputs.len()).map(Source::Input).collect::<Vec<_>>());
    if push(&mut steps, &node.op, &sources).is_none() {
        return Ok(None);
    }
    build(scope, node, &steps, &scope.inputs(node)?, &dims_of(node)?, declared_dtype(node)).map(Some)
}

/// An activation of x, which is f32 and may be a step of `node`.
pub(super) fn activation(scope: &Scope<'_>, node: &Node, x: &Array, kind: Activation) -> Result<Array, Error> {
    let map = map(kind).ok_or_else(|| Error::fault(format!("activation {kind:?} is no step")))?;
    build(scope, node, &[Step::Map(map, Source::Input(0))], &[x], &x.dims()?, DType::F32)
}

/// The last step of a region's chain over `inputs`, which broadcast to `dims`; nothing where it has values of other dtypes.
pub(super) fn region(
    scope: &Scope<'_>,
    node: &Node,
    chain: &[ChainStep],
    inputs: &[&Array],
    dims: &[c_int],
) -> Result<Option<Array>, Error> {
    let read = inputs.iter().map(|input| input.dtype()).collect::<Result<Vec<_>, _>>()?;
    let is_ours = read.iter().all(|dtype| matches!(dtype, DType::F32 | DType::Bool));
    if !scope.device().in_host_memory() || !is_ours {
        return Ok(None);
    }
    let (mut steps, mut done) = (Vec::new(), Vec::<(Source, DType)>::with_capacity(chain.len()));
    for step in chain {
        let value = |from: ChainOperand| match from {
            ChainOperand::Input(i) => {
                let i = usize::try_from(i).ok()?;
                Some((Source::Input(i), *read.get(i)?))
            }
            ChainOperand::Step(i) => done.get(usize::try_from(i).ok()?).copied(),
        };
        let Some(next) = region_step(&mut steps, step, value) else { return Ok(None) };
        done.push(next);
    }
    let Some(&(last, dtype)) = done.last() else { return Ok(None) };
    // The chain gives what its last step does.
    if last != Source::Step(steps.len().saturating_sub(1)) {
        return Ok(None);
    }
    build(scope, node, &steps, inputs, dims, dtype).map(Some)
}

/// A step of a region, with the dtype of its value.
fn region_step(
    steps: &mut Vec<Step>,
    step: &ChainStep,
    value: impl Fn(ChainOperand) -> Option<(Source, DType)>,
) -> Option<(Source, DType)> {
    let float = |from: ChainOperand| value(from).filter(|(_, dtype)| *dtype == DType::F32).map(|(source, _)| source);
    let (op, sources, dtype) = match *step {
        ChainStep::Activation(kind, x) => (Op::Activation(kind), vec![float(x)?], DType::F32),
        ChainStep::Cast(to, x) => (Op::Cast { to }, vec![value(x)?.0], DType::from(to)),
        ChainStep::Binary(op, a, b) => (Op::Binary(op), vec![float(a)?, float(b)?], DType::F32),
        ChainStep::Compare(op, a, b) => (Op::Compare(op), vec![float(a)?, float(b)?], DType::Bool),
        ChainStep::Where(condition, x, y) => (Op::Where, vec![value(condition)?.0, float(x)?, float(y)?], DType::F32),
    };
    // f32 to f32 changes nothing.
    if let (ChainStep::Cast(_, x), DType::F32) = (step, dtype)
        && let Some(same) = float(*x)
    {
        return Some((same, dtype));
    }
    matches!(dtype, DType::F32 | DType::Bool)
        .then(|| push(steps, &op, &sources))
        .flatten()
        .map(|source| (source, dtype))
}

/// Appends the steps of an op; gives where its value is. Nothing for ops that are no steps.
fn push(steps: &mut Vec<Step>, op: &Op, sources: &[Source]) -> Option<Source> {
    let step = match (op, sources) {
        (Op::Activation(kind), &[x]) => Step::Map(map(*kind)?, x),
        (Op::Clamp { min, max }, &[x]) => {
            steps.push(Step::Binary(Binary::Max, [x, Source::Number(*min)]));
            Step::Binary(Binary::Min, [Source::Step(steps.len() - 1), Source::Number(*max)])
        }
        // Bools are the numbers 0 and 1.
        (Op::Cast { .. }, &[x]) => Step::Map(Map::ToBool, x),
        (Op::Binary(op), &[a, b]) => Step::Binary(binary(*op)?, [a, b]),
        (Op::Compare(op), &[a, b]) => Step::Compare(compare(*op), [a, b]),
        (Op::Where, &[condition, x, y]) => Step::Select([condition, x, y]),
        _ => return None,
    };
    steps.push(step);
    Some(Source::Step(steps.len() - 1))
}

/// What the steps make of `inputs`, which are f32 or bool and broadcast to `dims`.
fn build(
    scope: &Scope<'_>,
    node: &Node,
    steps: &[Step],
    inputs: &[&Array],
    dims: &[c_int],
    dtype: DType,
) -> Result<Array, Error> {
    let rank = dims.len();
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    let own = inputs.iter().map(|input| input.dims()).collect::<Result<Vec<_>, _>>()?;
    let has_rows =
        |i: usize| rank > 0 && own.get(i).is_some_and(|own| own.len() == rank && own.first() == dims.first());
    order.sort_by_key(|&i| !has_rows(i));
    let mut places = vec![0; order.len()];
    for (to, &from) in order.iter().enumerate() {
        if let Some(place) = places.get_mut(from) {
            *place = to;
        }
    }
    let moved = |source: Source| match source {
        Source::Input(i) => Source::Input(places.get(i).copied().unwrap_or(i)),
        other => other,
    };
    let steps: Vec<Step> = steps
        .iter()
        .map(|step| match *step {
            Step::Map(map, x) => Step::Map(map, moved(x)),
            Step::Binary(op, sources) => Step::Binary(op, sources.map(moved)),
            Step::Compare(op, sources) => Step::Compare(op, sources.map(moved)),
            Step::Select(sources) => Step::Select(sources.map(moved)),
        })
        .collect();
    let chain = Chain::new(&steps, inputs.len()).ok_or_else(|| Error::fault("steps that read what is not there"))?;
    let rows = order.iter().filter(|&&i| has_rows(i)).count();
    let is_aligned = own.iter().all(|own| own == dims);
    let code = Elementwise { chain, rows, is_aligned };
    let inputs: Vec<&Array> = order.iter().filter_map(|&i| inputs.get(i).copied()).collect();
    scope.host_step(node, dims, dtype, &inputs, code)
}

fn map(kind: Activation) -> Option<Map> {
    Some(match kind {
        Activation::Relu => Map::Relu,
        Activation::Neg => Map::Neg,
        Activation::Abs => Map::Abs,
        Activation::Recip => Map::Recip,
        Activation::Round => Map::Round,
        Activation::Floor => Map::Floor,
        Activation::Ceil => Map::Ceil,
        kind => Map::Function(function(kind)?.0),
    })
}

/// Those that [`is_elementwise`] takes.
fn binary(op: BinaryOp) -> Option<Binary> {
    Some(match op {
        BinaryOp::Add => Binary::Add,
        BinaryOp::Sub => Binary::Sub,
        BinaryOp::Mul => Binary::Mul,
        BinaryOp::Div => Binary::Div,
        BinaryOp::Max => Binary::Max,
        BinaryOp::Min => Binary::Min,
        BinaryOp::Pow => Binary::Pow,
        _ => return None,
    })
}

fn compare(op: CmpOp) -> Compare {
    match op {
        CmpOp::Eq => Compare::Eq,
        CmpOp::Ne => Compare::Ne,
        CmpOp::Lt => Compare::Lt,
        CmpOp::Le => Compare::Le,
        CmpOp::Gt => Compare::Gt,
        CmpOp::Ge => Compare::Ge,
    }
}
