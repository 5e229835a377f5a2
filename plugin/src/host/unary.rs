//! Functions of one element, and conversions.

use super::code::{HostCode, Rows};
use super::elements::{self, of_float, of_integer};
use crate::mlx::dtypes::is_integer;
use bytemuck::Pod;
use half::{bf16, f16};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};
use rlx_mlx_cpu::cast::{self, Saturate};
use rlx_mlx_cpu::gemm::Element;
use rlx_mlx_cpu::unary::{Function, map};
use rlx_mlx_cpu::{Float, Integer, threads, vector};

/// Elements that are worth a thread's while.
const PART: usize = 16 << 10;

/// Elements of a half type that are in f32 at once: they stay in the first-level cache.
const CHUNK: usize = 2 << 10;

/// A function of floats, in their dtype. Those of f32 are chains, see [`elementwise`](super::elementwise).
pub(crate) struct Map(pub(crate) Function);

impl HostCode for Map {
    fn rows(&self) -> Rows {
        Rows::Places
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(
            function: Function,
            x: &TensorView<'_>,
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            map::<T>(function, elements::of(x)?, elements::places(y)?);
            Ok(())
        }
        fn half<T: Element<Sum = f32> + Pod>(
            function: vector::Function,
            x: &TensorView<'_>,
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let from = elements::of::<T>(x)?;
            threads::deal_parts(elements::places::<T>(y)?, PART, &|first, y| {
                let from = &from[first..first + y.len()];
                vector::stored::in_place(from, y, CHUNK, |values| vector::map(function, values));
            });
            Ok(())
        }
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("a function of one operand")) };
        match (x.dtype, vector::Function::of(self.0)) {
            (DType::F16, Some(function)) => half::<f16>(function, x, y),
            (DType::BF16, Some(function)) => half::<bf16>(function, x, y),
            _ => of_float!(x.dtype, typed(self.0, x, y)),
        }
    }
}

/// A conversion that MLX's leaves open, or rounds twice.
pub(crate) struct Cast;

impl Cast {
    /// Whether a conversion is one of those: floats to integers, which C++ defines inside their range alone, and what f32
    /// cannot hold to half types.
    pub(crate) fn is_ours(from: DType, to: DType) -> bool {
        let (wide, half) = ([DType::F64, DType::I64, DType::I32, DType::U32], [DType::F16, DType::BF16]);
        let is_float = |dtype| matches!(dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64);
        (is_float(from) && is_integer(to)) || (wide.contains(&from) && half.contains(&to))
    }
}

impl HostCode for Cast {
    fn why(&self) -> &'static str {
        "MLX leaves floats outside an integer's range to the processor"
    }

    fn rows(&self) -> Rows {
        Rows::Places
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn from_float<T: Float + Pod>(x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
            fn to_integer<R: Saturate + Pod>(x: &[impl Float], y: &mut TensorViewMut<'_>) -> Result<(), Error> {
                cast::to_integers::<_, R>(x, elements::places(y)?);
                Ok(())
            }
            fn to_float<R: Float + Pod>(x: &[impl Float], y: &mut TensorViewMut<'_>) -> Result<(), Error> {
                cast::between_floats::<_, R>(x, elements::places(y)?);
                Ok(())
            }
            let x = elements::of::<T>(x)?;
            if is_integer(y.dtype) {
                of_integer!(y.dtype, to_integer(x, y))
            } else {
                of_float!(y.dtype, to_float(x, y))
            }
        }
        fn from_integer<T: Integer + Pod>(x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
            fn to_float<R: Float + Pod>(x: &[impl Integer], y: &mut TensorViewMut<'_>) -> Result<(), Error> {
                cast::from_integers::<_, R>(x, elements::places(y)?);
                Ok(())
            }
            let x = elements::of::<T>(x)?;
            of_float!(y.dtype, to_float(x, y))
        }
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("a conversion of one operand")) };
        if is_integer(x.dtype) {
            of_integer!(x.dtype, from_integer(x, y))
        } else {
            of_float!(x.dtype, from_float(x, y))
        }
    }
}
