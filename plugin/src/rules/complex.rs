//! Ops of complex numbers by their real and imaginary parts, which lie next to each other.

use super::rule::{Case, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::joined;
use rlx_host_api::{DType, Error};
use std::ffi::c_int;

rules! {
    Conjugate                [z]       of_c64    => conjugate(z);
    ComplexNormSq            [z]       of_c64    => squared_norm(z);
    ComplexNormSqBackward    [z, g]    of_c64    => scaled(z, g);
}

fn of_c64(case: &Case<'_>) -> Result<(), Error> {
    match case.node.inputs.first().map(|&id| DType::from(case.graph.shape(id).dtype())) {
        Some(DType::C64) | None => Ok(()),
        Some(other) => Err(Error::unsupported(format!("it is of c64, and the operand is {other}"))),
    }
}

/// The parts of each element, `[elements, 2]` in f32.
fn parts(z: &Array) -> Result<(Array, c_int), Error> {
    let count = joined(&z.dims()?)?;
    Ok((z.reshape(&[count, 1])?.view(DType::F32)?, count))
}

fn from_parts(parts: &Array, dims: &[c_int]) -> Result<Array, Error> {
    parts.view(DType::C64)?.reshape(dims)
}

/// `Op::Conjugate`.
fn conjugate(z: &Array) -> Result<Array, Error> {
    let dims = z.dims()?;
    if dims.contains(&0) {
        return z.duplicate();
    }
    let signs = Array::from_bytes(&[2], DType::F32, [1f32, -1.0].map(f32::to_le_bytes).as_flattened())?;
    from_parts(&parts(z)?.0.mul(&signs)?, &dims)
}

/// `Op::ComplexNormSq`: `re * re + im * im`, in f32.
fn squared_norm(z: &Array) -> Result<Array, Error> {
    let dims = z.dims()?;
    if dims.contains(&0) {
        return Array::zeros(&dims, DType::F32);
    }
    let (parts, _) = parts(z)?;
    let squares = parts.mul(&parts)?;
    let (re, im) = (squares.slice_axis(1, 0, Some(1), 1)?, squares.slice_axis(1, 1, None, 1)?);
    re.add(&im)?.reshape(&dims)
}

/// `Op::ComplexNormSqBackward`: `g * z` with a real `g`, part by part.
fn scaled(z: &Array, g: &Array) -> Result<Array, Error> {
    let (dims, found) = (z.dims()?, g.dims()?);
    if found != dims {
        return Err(Error::invalid(format!("z is {dims:?} and its gradient {found:?}")));
    }
    if dims.contains(&0) {
        return z.duplicate();
    }
    let (parts, count) = parts(z)?;
    from_parts(&parts.mul(&g.cast(DType::F32)?.reshape(&[count, 1])?)?, &dims)
}
