//! `Op::Fma`: a product with a sum, rounded once. No operation of MLX's does that, on any device.

use super::code::{HostCode, Rows};
use super::elements::{self, of_float};
use bytemuck::Pod;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_cpu::fma::MulAdd;

/// `a b + c` of one dtype and shape.
pub(crate) struct Fma;

impl HostCode for Fma {
    fn why(&self) -> &'static str {
        "MLX has no multiplication and addition with one rounding"
    }

    fn rows(&self) -> Rows {
        Rows::Places
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: MulAdd + Pod>([a, b, c]: [&TensorView<'_>; 3], y: &mut TensorViewMut<'_>) -> Result<(), Error> {
            T::fused(elements::of(a)?, elements::of(b)?, elements::of(c)?, elements::places(y)?);
            Ok(())
        }
        let ([a, b, c], [y]) = (operands, results) else { return Err(Error::fault("a product with a sum of a, b, c")) };
        of_float!(y.dtype, typed([a, b, c], y))
    }
}
