//! What a node that is computed in host memory computes with.

use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};

/// How the first rows of results, those of the first axis, depend on those of operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// On all of them.
    Mixed,
    /// Each element on those at its place; all shapes are one.
    Places,
    /// On the same rows of the first operand, and on the others as a whole.
    First,
    /// On the same rows of so many first operands, at least one, and on the others as a whole.
    Leading(usize),
}

/// Code that fills results from operands. Several threads may call it at once, for several evaluations of its node.
pub(crate) trait HostCode: Send + Sync {
    /// How the first rows of the results depend on those of the operands. With any but [`Rows::Mixed`], operands and results
    /// may be shorter along their first axis than the node declares.
    fn rows(&self) -> Rows {
        Rows::Mixed
    }

    /// Why MLX does not compute this, on one line.
    fn why(&self) -> &'static str {
        "right to the dtype's own rounding, in vectors; MLX's kernels for the processor are not"
    }

    /// What profiles call it.
    fn name(&self) -> &str {
        let path = std::any::type_name::<Self>();
        let path = path.split('<').next().unwrap_or(path);
        path.rsplit("::").next().unwrap_or(path)
    }

    /// Additions and multiplications that results of so many elements take, for profiles; 0 for what is no product.
    fn operations(&self, _elements: u64) -> u64 {
        0
    }

    /// The operand, of the first result's shape and dtype, whose memory that result may take when nothing else needs it any
    /// more. Then the operand has no elements in [`HostCode::compute`]: they are in the result.
    fn overwritable(&self) -> Option<usize> {
        None
    }

    /// Fills every result. Operands and results are dense, row-major, and of the declared dtypes and extents; results are
    /// not initialised, but for one that has the memory of an operand. It must not evaluate arrays: it would wait for its own
    /// thread.
    ///
    /// # Errors
    /// Ends the run, which gives the error with the node named.
    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error>;
}
