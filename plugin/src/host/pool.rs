//! The largest or the smallest element of windows, of f32.

use super::code::{HostCode, Rows};
use super::elements;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_cpu::pool;

/// The pooling of x `[n, c, spatial..]`.
pub(crate) struct Pool(pub(crate) pool::Pool);

impl HostCode for Pool {
    fn why(&self) -> &'static str {
        "MLX joins slices of the whole array, one for each element of a window"
    }

    fn rows(&self) -> Rows {
        Rows::First
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("a pooling of one operand")) };
        self.0.compute(elements::of(x)?, elements::places(y)?);
        Ok(())
    }
}
