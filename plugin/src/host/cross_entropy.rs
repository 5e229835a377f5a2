//! Cross entropy of rows of logits, in f64.

use super::code::{HostCode, Rows};
use super::elements::{self, of_float};
use bytemuck::Pod;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};
use rlx_mlx_cpu::{Float, cross_entropy};

/// The loss of each row of the first operand, `[n, c]`, in f64. The second operand are labels, `[n]` of i64, or targets of
/// the first one's shape and dtype.
pub(crate) struct CrossEntropy;

impl HostCode for CrossEntropy {
    fn rows(&self) -> Rows {
        Rows::Mixed
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(
            [logits, target]: [&TensorView<'_>; 2],
            losses: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let extent = logits.dims.last().map_or(1, |&extent| extent as usize);
            let (rows, losses) = (elements::of::<T>(logits)?, elements::places::<f64>(losses)?);
            match target.dtype {
                DType::I64 => cross_entropy::labelled(rows, elements::of(target)?, extent, losses),
                _ => cross_entropy::dense(rows, elements::of::<T>(target)?, extent, losses),
            }
            Ok(())
        }
        let ([logits, target], [losses]) = (operands, results) else {
            return Err(Error::fault("cross entropy of logits and a target"));
        };
        of_float!(logits.dtype, typed([logits, target], losses))
    }
}
