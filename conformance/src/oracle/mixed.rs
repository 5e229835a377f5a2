//! Values of operands of several dtypes, in real numbers, and rounded to the dtype that is declared: of the whole, or of each
//! operand first where it is wider. Where that is an integer type, values are whole numbers.

use super::binary as pairs;
use crate::compare::Expected;
use crate::format::Format;
use crate::tensor::{Tensor, Values, is_float};
use crate::tolerance::{FEW, ROUNDED, SUM};
use rlx_ir::DType;
use rlx_ir::op::{BinaryOp, CmpOp, ReduceOp};

fn of_reals(dtype: DType, dims: &[usize], values: Vec<f64>) -> Expected {
    if is_float(dtype) {
        Expected::real(dtype, dims, values, ROUNDED)
    } else {
        Expected::whole(dtype, dims, values.into_iter().map(|value| value as i128).collect())
    }
}

/// Of operands of one shape.
pub fn binary(op: BinaryOp, a: &Tensor, b: &Tensor, declared: DType) -> Expected {
    if let (Values::Whole(a_values), Values::Whole(b_values), None) = (&a.values, &b.values, Format::of(declared)) {
        let found = a_values.iter().zip(b_values).map(|(&x, &y)| pairs::whole(op, (x, y), 64));
        return Expected::whole(declared, &a.dims, found.collect());
    }
    let operands = || a.reals().into_iter().zip(b.reals());
    let expected = of_reals(declared, &a.dims, operands().map(|(x, y)| pairs::real(op, x, y)).collect());
    let sizes = operands().map(|(x, y)| if op == BinaryOp::Mul { (x * y).abs() } else { x.abs() + y.abs() });
    if has(declared, a.dtype) && has(declared, b.dtype) { expected } else { of_rounded(expected, sizes.collect()) }
}

/// Whether a dtype has all numbers of another one, as far as these cases go.
fn has(declared: DType, other: DType) -> bool {
    match (Format::of(declared), Format::of(other)) {
        (Some(own), Some(other)) => own.digits >= other.digits && own.max >= other.max,
        (Some(own), None) => own.digits > 24,
        _ => true,
    }
}

/// With operands that were rounded to the declared dtype, whose unit is that of the sizes.
fn of_rounded(expected: Expected, sizes: Vec<f64>) -> Expected {
    let unit = match expected.dtype {
        DType::F16 => f64::from(1 << 13),
        DType::BF16 => f64::from(1 << 16),
        _ => 1.0,
    };
    Expected { tolerance: FEW, ..expected }.scaled(sizes.into_iter().map(|size| size * unit).collect())
}

/// Values as they are, whichever dtype has them.
pub fn compare(op: CmpOp, a: &Tensor, b: &Tensor) -> Expected {
    // f64 has all values of these cases.
    let found = a.reals().into_iter().zip(b.reals()).map(|(x, y)| pairs::holds(op, x, y));
    Expected::whole(DType::Bool, &a.dims, found.collect())
}

/// The first value where the condition holds, else the second.
pub fn select(condition: &Tensor, a: &Tensor, b: &Tensor, declared: DType) -> Expected {
    let (a_values, b_values) = (a.reals(), b.reals());
    let chosen = condition.wholes().into_iter().enumerate();
    let found = chosen.map(|(at, holds)| if holds != 0 { a_values[at] } else { b_values[at] });
    of_reals(declared, &a.dims, found.collect())
}

/// One behind the other along the first axis.
pub fn concat(a: &Tensor, b: &Tensor, declared: DType) -> Expected {
    let dims = [&[a.dims[0] + b.dims[0]], &a.dims[1..]].concat();
    of_reals(declared, &dims, [a.reals(), b.reals()].concat())
}

/// Over the last axis of a matrix.
pub fn reduce(op: ReduceOp, x: &Tensor, declared: DType) -> Expected {
    let (rows, columns) = (x.dims[0], x.dims[1]);
    let values = x.reals();
    let lines = values.chunks_exact(columns);
    let found: Vec<f64> = match op {
        ReduceOp::Max => lines.map(|line| line.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b))).collect(),
        _ => lines.map(|line| line.iter().sum()).collect(),
    };
    let sizes = values.chunks_exact(columns).map(|line| line.iter().map(|value| value.abs()).sum()).collect();
    Expected { tolerance: SUM, ..of_reals(declared, &[rows], found) }.scaled(sizes).of_terms(columns)
}
