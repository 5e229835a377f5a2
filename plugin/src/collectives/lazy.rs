//! Collective ops that MLX communicates itself, as nodes of its graph: values stay on the device.

use crate::mlx::array::Array;
use rlx_host_api::author::Reduction;
use rlx_host_api::collectives::CollectiveOp;
use rlx_host_api::{Error, TensorInfo};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

/// What MLX's group is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranks {
    pub(super) rank: usize,
    pub(super) size: usize,
    /// Whether MLX has the backend's sum of parts; else the whole is summed.
    pub(super) scatters: bool,
}

pub(super) fn kind(reduction: Reduction) -> Result<ffi::rlx_mlx_dist_reduce_t, Error> {
    match reduction {
        Reduction::Sum => Ok(ffi::RLX_MLX_DIST_SUM),
        Reduction::Max => Ok(ffi::RLX_MLX_DIST_MAX),
        Reduction::Min => Ok(ffi::RLX_MLX_DIST_MIN),
        other => Err(Error::unsupported(format!("reduction {other}"))),
    }
}

impl Ranks {
    /// The lazy value of a collective op, computed after `before`. Nothing is communicated before it is evaluated.
    pub(super) fn lower(
        self,
        op: CollectiveOp,
        operand: &Array,
        before: &Array,
        value: &TensorInfo,
    ) -> Result<Array, Error> {
        if value.elements() == 0 {
            return self.empty(op, operand);
        }
        // SAFETY: live handles; `out` is writable.
        let operand = Array::produce(|out| unsafe { ffi::rlx_mlx_dist_after_array(operand.raw(), before.raw(), out) })?;
        match op {
            CollectiveOp::AllReduce(reduction) => reduce(&operand, reduction),
            CollectiveOp::AllGather(_) => gather(&operand),
            CollectiveOp::ReduceScatter(Reduction::Sum, _) if self.scatters => scatter(&operand),
            CollectiveOp::ReduceScatter(reduction, _) => self.part(&reduce(&operand, reduction)?),
        }
    }

    /// Where there is nothing to communicate, which all ranks know.
    fn empty(self, op: CollectiveOp, operand: &Array) -> Result<Array, Error> {
        match op {
            CollectiveOp::AllReduce(_) => operand.duplicate(),
            CollectiveOp::AllGather(_) => Array::concat(&vec![operand; self.size], 0),
            CollectiveOp::ReduceScatter(..) => self.part(operand),
        }
    }

    /// This rank's part of a value, along its first axis.
    fn part(self, whole: &Array) -> Result<Array, Error> {
        let mut stop = whole.dims()?;
        let mut start = vec![0; stop.len()];
        let (Some(first), Some(end)) = (start.first_mut(), stop.first_mut()) else {
            return Err(Error::fault("a scalar has no parts"));
        };
        let (rank, size) = (c_int::try_from(self.rank), c_int::try_from(self.size));
        let (Ok(rank), Ok(size)) = (rank, size) else { return Err(Error::fault("more ranks than MLX counts")) };
        let extent = *end / size.max(1);
        (*first, *end) = (rank * extent, (rank + 1) * extent);
        whole.slice(&start, &stop)
    }
}

/// A value reduced over the ranks.
pub(super) fn reduce(operand: &Array, reduction: Reduction) -> Result<Array, Error> {
    let kind = kind(reduction)?;
    // SAFETY: live handle; `out` is writable.
    Array::produce(|out| unsafe { ffi::rlx_mlx_dist_all_reduce_array(kind, operand.raw(), out) })
}

fn gather(operand: &Array) -> Result<Array, Error> {
    // SAFETY: as above.
    Array::produce(|out| unsafe { ffi::rlx_mlx_dist_all_gather_array(operand.raw(), out) })
}

fn scatter(operand: &Array) -> Result<Array, Error> {
    // SAFETY: as above.
    Array::produce(|out| unsafe { ffi::rlx_mlx_dist_sum_scatter_array(operand.raw(), out) })
}
