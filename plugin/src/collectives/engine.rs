//! What a group communicates with.

use super::lazy::Ranks;
use crate::mlx::array::Array;
use crate::mlx::device::Device;
use crate::mlx::lanes::Lane;
use rlx_host_api::author::Reduction;
use rlx_host_api::{DType, Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// What gives evaluated arrays, and after how many evaluations.
pub(super) type Evaluation = Box<dyn FnOnce() -> Result<(Vec<Array>, u64), Error> + Send>;

/// The ranks of a group, and ways to reach them. Calls that need every rank are made one at a time; lengths have been checked.
/// Each returns within `timeout`, with an error that names the rank that did not come or is gone, as far as it can be told.
pub(super) trait Engine: Send + Sync {
    /// Name of the communication backend; empty for a group of one that none made.
    fn name(&self) -> &str;

    fn rank(&self) -> usize;

    fn size(&self) -> usize;

    /// What broke the group.
    fn broken(&self) -> Option<Error>;

    /// MLX's own group, where its collectives can be nodes of MLX's graph for a device: values stay there.
    fn ranks_on(&self, _: Device) -> Option<Ranks> {
        None
    }

    /// Has MLX evaluate what other ranks take part in, on the stream of an executable that the caller has to itself. When that
    /// does not end in time the stream is lost.
    fn evaluate(&self, _: &str, _: Duration, _: &Arc<Lane>, _: Evaluation) -> Result<(Vec<Array>, u64), Error> {
        Err(Error::fault("only MLX's own groups are in its graph"))
    }

    /// Whether an operation can begin.
    fn check(&self, operation: &str) -> Result<(), Error> {
        let Some(cause) = self.broken() else { return Ok(()) };
        let message = format!("{operation} on rank {}: the group is broken since {}", self.rank(), cause.message());
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }

    /// Whether messages are matched by their tags, whatever else is under way.
    fn has_tags(&self) -> bool;

    fn barrier(&self, timeout: Duration) -> Result<(), Error>;

    fn all_reduce(&self, reduction: Reduction, dtype: DType, data: &mut [u8], timeout: Duration) -> Result<(), Error>;

    fn all_gather(&self, dtype: DType, part: &[u8], whole: &mut [u8], timeout: Duration) -> Result<(), Error>;

    fn reduce_scatter(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
        timeout: Duration,
    ) -> Result<(), Error>;

    fn send(&self, to: usize, tag: u64, bytes: &[u8], timeout: Duration) -> Result<(), Error>;

    fn recv(&self, from: usize, tag: u64, timeout: Duration) -> Result<Vec<u8>, Error>;

    /// None when no message comes in time; that breaks nothing where the engine can give up waiting.
    fn recv_within(&self, from: usize, tag: u64, wait: Duration) -> Result<Option<Vec<u8>>, Error>;

    fn split(&self, colour: u32, key: u32, timeout: Duration) -> Result<Box<dyn Engine>, Error>;

    fn agree(&self, what: &str, hash: u64, timeout: Duration) -> Result<(), Error>;
}
