//! Complex numbers, whose parts lie next to each other.

use crate::compare::Expected;
use crate::tensor::Tensor;
use crate::tolerance::{FEW, ROUNDED};
use rlx_ir::DType;

/// The imaginary part with the other sign.
pub fn conjugate(z: &Tensor) -> Expected {
    let turned = z.reals().into_iter().enumerate().map(|(at, part)| if at % 2 == 1 { -part } else { part });
    Expected::exact(Tensor::real(z.dtype, &z.dims, turned.collect()))
}

/// The sum of the squares of both parts, in f32.
pub fn squared_norm(z: &Tensor) -> Expected {
    let values = z.reals().as_chunks::<2>().0.iter().map(|[re, im]| re * re + im * im).collect();
    Expected::real(DType::F32, &z.dims, values, FEW)
}

/// Both parts times a real number.
pub fn scaled(z: &Tensor, by: &Tensor) -> Expected {
    let factors = by.reals();
    let values = z.reals().into_iter().enumerate().map(|(at, part)| part * factors[at / 2]).collect();
    Expected::real(z.dtype, &z.dims, values, ROUNDED).with_signed_zeros()
}
