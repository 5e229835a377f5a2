//! Regions that the runtime's fusion passes make: chains of elementwise steps, the same chain over several arrays, and
//! chains of resizes. Each step is what its own op is.

use super::rule::{Case, MANY, other_kind, rules};
use super::scope::{Scope, declared_dtype};
use super::shape::resize_nearest_2x;
use super::{binary, elementwise, unary};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::{DType, Error};
use rlx_ir::op::{ChainOperand, ChainStep, RegionPrologue, TransformStep};
use rlx_ir::{Node, Op};
use std::ffi::c_int;

rules! {
    ElementwiseRegion { .. }         [1..=16; scope, node]      holds_together => region(scope, node);
    BatchElementwiseRegion { .. }    [1..=MANY; scope, node]    holds_together => batch(scope, node);
    TransformRegion { steps, .. }    [1..=MANY; scope, node]    holds_together => transform(&scope.inputs(node)?, steps);
}

/// Each step reads inputs that there are, or steps before it. The IR's own checks of a graph rely on that.
fn holds_together(case: &Case<'_>) -> Result<(), Error> {
    let found = case.node.inputs.len();
    let (declared, of_each, prologue) = match &case.node.op {
        Op::ElementwiseRegion { num_inputs, prologue, prologue_input, .. } => {
            (*num_inputs, found, (*prologue != RegionPrologue::None).then_some(*prologue_input))
        }
        // Each input for itself is all that a chain has.
        Op::BatchElementwiseRegion { num_batch_inputs, prologue, prologue_input, .. } => {
            (*num_batch_inputs, 1, (*prologue != RegionPrologue::None).then_some(*prologue_input))
        }
        Op::TransformRegion { num_inputs, .. } => (*num_inputs, found, None),
        _ => return Err(other_kind(case.node)),
    };
    if usize::try_from(declared) != Ok(found) {
        return Err(Error::invalid(format!("it declares {declared} inputs and has {found}")));
    }
    if let Some(named) = prologue.filter(|&named| usize::try_from(named).is_ok_and(|named| named >= of_each)) {
        return Err(Error::invalid(format!("its prologue is of input {named}, of {of_each}")));
    }
    let steps: Vec<Vec<ChainOperand>> = match &case.node.op {
        Op::ElementwiseRegion { chain, .. } | Op::BatchElementwiseRegion { chain, .. } => {
            chain.iter().map(operands_of).collect()
        }
        Op::TransformRegion { steps, .. } => {
            steps.iter().map(|TransformStep::ResizeNearest2x(from)| vec![*from]).collect()
        }
        _ => return Err(other_kind(case.node)),
    };
    if steps.is_empty() {
        return Err(Error::invalid("it has no steps"));
    }
    for (at, reads) in steps.into_iter().enumerate() {
        for from in reads {
            let (index, count) = match from {
                ChainOperand::Input(i) => (i, of_each),
                ChainOperand::Step(i) => (i, at),
            };
            if usize::try_from(index).is_ok_and(|index| index >= count) {
                return Err(missing(from, at, of_each));
            }
        }
    }
    Ok(())
}

fn missing(from: ChainOperand, step: usize, inputs: usize) -> Error {
    Error::invalid(format!("step {step} reads {from:?}; there are {inputs} inputs and the steps before it"))
}

fn operands_of(step: &ChainStep) -> Vec<ChainOperand> {
    match step {
        ChainStep::Activation(_, x) | ChainStep::Cast(_, x) => vec![*x],
        ChainStep::Binary(_, a, b) | ChainStep::Compare(_, a, b) => vec![*a, *b],
        ChainStep::Where(condition, x, y) => vec![*condition, *x, *y],
    }
}

/// How the inputs of a chain are read.
struct Reading<'a> {
    /// Bit `i`: of input `i` the first element stands for all.
    scalars: u32,
    /// Element `g` of the result reads element `g % modulus[i]` of input `i`, or element `g` where that is 0.
    modulus: &'a [u32; 16],
    /// What happens to one input first, and to which.
    prologue: (RegionPrologue, u32),
}

/// `Op::ElementwiseRegion`: the last step of the chain, of the declared shape.
fn region(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::ElementwiseRegion { chain, scalar_input_mask, input_modulus, prologue, prologue_input, .. } = &node.op
    else {
        return Err(Error::fault("no region"));
    };
    let inputs = scope.inputs(node)?;
    let reading =
        Reading { scalars: *scalar_input_mask, modulus: input_modulus, prologue: (*prologue, *prologue_input) };
    evaluate(scope, node, chain, &inputs, &reading, &dims_of(node)?)
}

/// `Op::BatchElementwiseRegion`: the chain, which has one input, over each operand; the results behind one another along the
/// first axis.
fn batch(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::BatchElementwiseRegion { chain, scalar_input_mask, input_modulus, prologue, prologue_input, .. } = &node.op
    else {
        return Err(Error::fault("no batch of regions"));
    };
    let inputs = scope.inputs(node)?;
    let reading =
        Reading { scalars: *scalar_input_mask, modulus: input_modulus, prologue: (*prologue, *prologue_input) };
    let mut parts = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut dims = input.dims()?;
        if *prologue == RegionPrologue::ResizeNearest2x {
            dims = resize_nearest_2x(input)?.dims()?;
        }
        parts.push(evaluate(scope, node, chain, &[input], &reading, &dims)?.cast(declared_dtype(node))?);
    }
    Array::concat(&parts.iter().collect::<Vec<_>>(), 0)
}

/// `Op::TransformRegion`: the last of its steps.
fn transform(inputs: &[&Array], steps: &[TransformStep]) -> Result<Array, Error> {
    let mut done: Vec<Array> = Vec::with_capacity(steps.len());
    for step in steps {
        let TransformStep::ResizeNearest2x(from) = step;
        let value = resize_nearest_2x(operand(*from, inputs.iter().copied(), &done)?)?;
        done.push(value);
    }
    done.pop().ok_or_else(|| Error::invalid("it has no steps"))
}

/// What a step reads.
fn operand<'a, T>(
    from: ChainOperand,
    mut inputs: impl ExactSizeIterator<Item = &'a T>,
    done: &'a [T],
) -> Result<&'a T, Error> {
    let (count, steps) = (inputs.len(), done.len());
    let found = match from {
        ChainOperand::Input(i) => usize::try_from(i).ok().and_then(|i| inputs.nth(i)),
        ChainOperand::Step(i) => usize::try_from(i).ok().and_then(|i| done.get(i)),
    };
    found.ok_or_else(|| missing(from, steps, count))
}

/// A value in a chain. Halves are f32 there, so that they are rounded where the chain says so, and at its end.
struct Value {
    array: Array,
    /// The one that it has to the graph.
    dtype: DType,
}

impl Value {
    fn new(array: &Array, dtype: DType) -> Result<Self, Error> {
        let held = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
        Ok(Self { array: array.cast(held)?, dtype })
    }
}

fn evaluate(
    scope: &Scope<'_>,
    node: &Node,
    chain: &[ChainStep],
    inputs: &[&Array],
    reading: &Reading<'_>,
    dims: &[c_int],
) -> Result<Array, Error> {
    let mut laid = Vec::with_capacity(inputs.len());
    for (i, input) in inputs.iter().enumerate() {
        laid.push(lay(i, input, reading, dims).map_err(|e| e.context(format_args!("input {i}")))?);
    }
    if let Some(value) = elementwise::region(scope, node, chain, &laid.iter().collect::<Vec<_>>(), dims)? {
        return Ok(value);
    }
    let mut read = Vec::with_capacity(inputs.len());
    for (laid, input) in laid.iter().zip(inputs) {
        read.push(Value::new(laid, input.dtype()?)?);
    }
    let mut done: Vec<Value> = Vec::with_capacity(chain.len());
    for step in chain {
        let value = |from: &ChainOperand| operand(*from, read.iter(), &done);
        let next = match step {
            ChainStep::Activation(kind, x) => {
                let x = value(x)?;
                Value::new(&unary::activation(scope, node, &x.array, *kind)?, x.dtype)?
            }
            ChainStep::Cast(to, x) => {
                let dtype = DType::from(*to);
                Value::new(&unary::convert(scope, node, &value(x)?.array, dtype)?, dtype)?
            }
            ChainStep::Binary(op, a, b) => {
                let (a, b) = (value(a)?, value(b)?);
                Value::new(&binary::binary(&a.array, &b.array, *op, a.dtype)?, a.dtype)?
            }
            ChainStep::Compare(op, a, b) => {
                let found = binary::compare(&value(a)?.array, &value(b)?.array, *op)?;
                Value::new(&found, DType::Bool)?
            }
            ChainStep::Where(condition, x, y) => {
                let (condition, x, y) = (value(condition)?, value(x)?, value(y)?);
                Value::new(&condition.array.where_(&x.array, &y.array)?, x.dtype)?
            }
        };
        done.push(next);
    }
    let last = done.pop().ok_or_else(|| Error::invalid("it has no steps"))?;
    last.array.broadcast_to(dims)
}

/// Input `i` so that it broadcasts to `dims`, with the element that the region reads at each place.
fn lay(i: usize, input: &Array, reading: &Reading<'_>, dims: &[c_int]) -> Result<Array, Error> {
    let input = match reading.prologue {
        (RegionPrologue::ResizeNearest2x, from) if usize::try_from(from) == Ok(i) => resize_nearest_2x(input)?,
        _ => input.duplicate()?,
    };
    let found = input.dims()?;
    let (count, total) = (joined(&found)?, joined(dims)?);
    let declared = reading.modulus.get(i).copied().unwrap_or_default();
    let period = if reading.scalars >> i & 1 == 1 {
        1
    } else if declared == 0 {
        total
    } else {
        int(declared as usize)?
    };
    if found == dims && period == total {
        return Ok(input);
    }
    let fits = period <= count && if total == 0 { true } else { period > 0 && total % period == 0 };
    if !fits {
        return Err(Error::invalid(format!(
            "of shape {found:?} it does not fill shape {dims:?} with its first {period} elements over and over"
        )));
    }
    if total == 0 {
        return Array::zeros(dims, input.dtype()?);
    }
    let line = input.reshape(&[count])?.slice_axis(0, 0, Some(period), 1)?;
    // The trailing axes of the result, where they make up the period: those broadcast.
    let trailing = (0..=dims.len()).map(|at| dims.split_at(at).1).find(|shape| joined(shape) == Ok(period));
    match trailing {
        Some(shape) => line.reshape(shape),
        None => line.reshape(&[1, period])?.broadcast_to(&[total / period, period])?.reshape(dims),
    }
}
