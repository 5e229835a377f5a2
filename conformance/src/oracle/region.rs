//! Chains of elementwise steps: real numbers until the end, rounded between where the chain says so.

use super::shape::moved;
use super::{binary, unary};
use crate::case::each;
use crate::compare::Expected;
use crate::format::{Format, whole_range, wrap};
use crate::tensor::{Tensor, Values, is_float, offset};
use crate::tolerance::{COMPOSED, Tolerance};
use rlx_ir::DType;
use rlx_ir::op::{BinaryOp, ChainOperand, ChainStep};

/// How the inputs of a chain are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Element `g` of the result reads element `g % modulus[i]` of input `i`, or element `g` where that is 0.
    pub modulus: [u32; 16],
    /// Bit `i`: of input `i` the first element stands for all.
    pub scalars: u32,
    /// Which input is resized to twice its extents first.
    pub resized: Option<usize>,
}

impl Reading {
    /// Every input as it is.
    pub const ALL: Self = Self { modulus: [0; 16], scalars: 0, resized: None };

    fn position(&self, i: usize, input: &Tensor, dims: &[usize], index: &[usize]) -> usize {
        let g = offset(dims, index);
        match self.modulus[i] as usize {
            _ if self.resized == Some(i) => offset(&input.dims, &halved(index, 2)),
            _ if self.scalars >> i & 1 == 1 => 0,
            0 => g,
            modulus => g % modulus,
        }
    }
}

/// The index in the smaller tensor of an element of one that is `by` times as large along its last two axes.
fn halved(index: &[usize], by: usize) -> Vec<usize> {
    let first = index.len() - 2;
    index.iter().enumerate().map(|(axis, &at)| if axis < first { at } else { at / by }).collect()
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Real(f64),
    Whole(i128),
}

/// A value of a chain, and the size of what it is computed from.
#[derive(Debug, Clone, Copy)]
struct Value {
    number: Number,
    dtype: DType,
    size: f64,
}

impl Value {
    fn new(number: Number, dtype: DType) -> Self {
        let value = Self { number, dtype, size: 0.0 };
        Self { size: value.real().abs(), ..value }
    }

    fn real(self) -> f64 {
        match self.number {
            Number::Real(value) => value,
            Number::Whole(value) => value as f64,
        }
    }

    fn cast(self, to: DType) -> Self {
        let number = match (self.number, Format::of(to)) {
            (_, Some(format)) => Number::Real(format.round(self.real())),
            (Number::Real(value), None) => Number::Whole(wrap(to, value as i128)),
            (Number::Whole(value), None) => Number::Whole(wrap(to, value)),
        };
        Self::new(number, to)
    }
}

fn step(step: &ChainStep, of: impl Fn(&ChainOperand) -> Value) -> Value {
    match step {
        ChainStep::Activation(kind, x) => {
            let x = of(x);
            let found = Value::new(Number::Real(unary::value(*kind, x.real())), x.dtype);
            Value { size: found.size.max(x.size), ..found }
        }
        ChainStep::Cast(to, x) => of(x).cast(*to),
        ChainStep::Binary(op, a, b) => {
            let (a, b) = (of(a), of(b));
            if let (Number::Whole(x), Number::Whole(y), Some((first, last))) =
                (a.number, b.number, whole_range(a.dtype))
            {
                let bits = (last - first + 1).ilog2();
                return Value::new(Number::Whole(wrap(a.dtype, binary::whole(*op, (x, y), bits))), a.dtype);
            }
            let found = Value::new(Number::Real(binary::real(*op, a.real(), b.real())), a.dtype);
            let size = match op {
                BinaryOp::Add | BinaryOp::Sub => a.size + b.size,
                BinaryOp::Mul => a.size * b.size,
                _ => found.size,
            };
            Value { size, ..found }
        }
        ChainStep::Compare(op, a, b) => {
            Value::new(Number::Whole(binary::holds(*op, of(a).real(), of(b).real())), DType::Bool)
        }
        ChainStep::Where(condition, x, y) => of(if of(condition).real() != 0.0 { x } else { y }),
    }
}

/// The last step of a chain, of the declared dtype and shape.
pub fn region(
    chain: &[ChainStep],
    inputs: &[Tensor],
    reading: &Reading,
    (dtype, dims): (DType, &[usize]),
    tolerance: Tolerance,
) -> Expected {
    let found = each(dims, |index| {
        let read = |(i, input): (usize, &Tensor)| {
            let at = reading.position(i, input, dims, &index);
            let number = match &input.values {
                Values::Real(values) => Number::Real(values[at]),
                Values::Whole(values) => Number::Whole(values[at]),
            };
            Value::new(number, input.dtype)
        };
        let inputs: Vec<Value> = inputs.iter().enumerate().map(read).collect();
        let mut done: Vec<Value> = Vec::new();
        for each in chain {
            let next = step(each, |from| match *from {
                ChainOperand::Input(i) => inputs[i as usize],
                ChainOperand::Step(i) => done[i as usize],
            });
            done.push(next);
        }
        done[done.len() - 1]
    });
    if !is_float(dtype) {
        let whole = |value: &Value| if let Number::Whole(value) = value.number { value } else { value.real() as i128 };
        return Expected::whole(dtype, dims, found.iter().map(whole).collect());
    }
    let sizes = found.iter().map(|value| value.size).collect();
    Expected::real(dtype, dims, found.iter().map(|value| value.real()).collect(), tolerance).scaled(sizes)
}

/// A chain of one input over each operand, behind one another along the first axis.
pub fn batch(chain: &[ChainStep], operands: &[Tensor], resize: bool, (dtype, dims): (DType, &[usize])) -> Expected {
    let mut own = dims.to_vec();
    own[0] /= operands.len();
    let reading = Reading { resized: resize.then_some(0), ..Reading::ALL };
    let (mut values, mut sizes) = (Vec::new(), Vec::new());
    for operand in operands {
        let part = region(chain, std::slice::from_ref(operand), &reading, (dtype, &own), COMPOSED);
        if let Values::Real(part) = part.values {
            values.extend(part);
        }
        sizes.extend(part.scale.unwrap_or_default());
    }
    Expected::real(dtype, dims, values, COMPOSED).scaled(sizes)
}

/// Each element `by` times along the last two axes.
pub fn resized(x: &Tensor, by: usize, dims: &[usize]) -> Expected {
    moved(x, dims, |index| halved(index, by))
}
