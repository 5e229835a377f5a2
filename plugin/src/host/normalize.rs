//! Rows along the last axis: softmax, and normalization.

use super::code::{HostCode, Rows};
use super::elements::{self, of_float};
use bytemuck::Pod;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_cpu::Float;
use rlx_mlx_cpu::norm::{self, Norm};
use rlx_mlx_cpu::softmax::softmax;

/// How first rows depend on each other where arrays of this rank are worked on along their last axis.
fn rows(rank: usize) -> Rows {
    if rank > 1 { Rows::First } else { Rows::Mixed }
}

/// Softmax of x along its last axis, in its dtype.
pub(crate) struct Softmax {
    pub(crate) rank: usize,
}

impl HostCode for Softmax {
    fn rows(&self) -> Rows {
        rows(self.rank)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
            let extent = x.dims.last().map_or(1, |&extent| extent as usize);
            softmax::<T>(elements::of(x)?, elements::places(y)?, extent);
            Ok(())
        }
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("softmax of one operand")) };
        of_float!(x.dtype, typed(x, y))
    }
}

/// x normalized along its last axis, times the second operand plus the third, which are f64 and as long as a row.
pub(crate) struct Normalize {
    pub(crate) norm: Norm,
    pub(crate) eps: f64,
    pub(crate) rank: usize,
}

impl HostCode for Normalize {
    fn rows(&self) -> Rows {
        rows(self.rank)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(
            code: &Normalize,
            [x, scale, shift]: [&TensorView<'_>; 3],
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let (scale, shift) = (elements::of(scale)?, elements::of(shift)?);
            norm::rows::<T>(code.norm, elements::of(x)?, scale, shift, code.eps, elements::places(y)?);
            Ok(())
        }
        let ([x, scale, shift], [y]) = (operands, results) else {
            return Err(Error::fault("a norm of x, scale, shift"));
        };
        of_float!(x.dtype, typed(self, [x, scale, shift], y))
    }
}
