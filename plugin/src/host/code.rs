//! What a node that is computed in host memory computes with.

use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};

/// Code that fills results from operands. Several threads may call it at once, for several evaluations of its node.
pub(crate) trait HostCode: Send + Sync {
    /// Fills every result. Operands and results are dense, row-major, and of the declared dtypes and extents; results are
    /// not initialised. It must not evaluate arrays: it would wait for its own thread.
    ///
    /// # Errors
    /// Ends the run, which gives the error with the node named.
    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error>;
}
