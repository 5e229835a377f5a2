//! Groups over TCP: the crate `rlx-mlx-collectives`. MLX's own ring cannot be left, reaches direct neighbours only and lacks
//! some of the operations; that crate's documentation has what was found.

use super::engine::Engine;
use rlx_host_api::author::Reduction;
use rlx_host_api::{DType, Error, ErrorKind};
use rlx_mlx_collectives as collectives;
use rlx_mlx_collectives::{Element, Failure, Group, Peers};
use std::time::Duration;

/// Name of the communication backend.
pub(super) const NAME: &str = "ring";

/// A group over TCP, or a group of one.
pub(super) struct Ring {
    group: Group,
    name: &'static str,
}

impl Ring {
    /// A group of this process alone.
    pub(super) fn alone() -> Result<Self, Error> {
        Ok(Self { group: Group::alone().map_err(error)?, name: "" })
    }

    /// The group that the launcher's environment describes, if it describes one.
    pub(super) fn of_environment(timeout: Duration) -> Result<Option<Self>, Error> {
        let Some(peers) = Peers::from_env().map_err(error)? else { return Ok(None) };
        Ok(Some(Self { group: Group::connect(&peers, timeout).map_err(error)?, name: NAME }))
    }
}

impl Engine for Ring {
    fn name(&self) -> &str {
        self.name
    }

    fn rank(&self) -> usize {
        self.group.rank()
    }

    fn size(&self) -> usize {
        self.group.size()
    }

    fn broken(&self) -> Option<Error> {
        self.group.broken().map(error)
    }

    fn has_tags(&self) -> bool {
        true
    }

    fn barrier(&self, timeout: Duration) -> Result<(), Error> {
        self.group.barrier(timeout).map_err(error)
    }

    fn all_reduce(&self, reduction: Reduction, dtype: DType, data: &mut [u8], timeout: Duration) -> Result<(), Error> {
        self.group.all_reduce(reduction_of(reduction)?, element(dtype)?, data, timeout).map_err(error)
    }

    fn all_gather(&self, _: DType, part: &[u8], whole: &mut [u8], timeout: Duration) -> Result<(), Error> {
        self.group.all_gather(part, whole, timeout).map_err(error)
    }

    fn reduce_scatter(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
        timeout: Duration,
    ) -> Result<(), Error> {
        let (reduction, element) = (reduction_of(reduction)?, element(dtype)?);
        self.group.reduce_scatter(reduction, element, whole, part, timeout).map_err(error)
    }

    fn send(&self, to: usize, tag: u64, bytes: &[u8], timeout: Duration) -> Result<(), Error> {
        self.group.send(to, tag, bytes, timeout).map_err(error)
    }

    fn recv(&self, from: usize, tag: u64, timeout: Duration) -> Result<Vec<u8>, Error> {
        self.group.recv(from, tag, timeout).map_err(error)
    }

    fn recv_within(&self, from: usize, tag: u64, wait: Duration) -> Result<Option<Vec<u8>>, Error> {
        self.group.recv_within(from, tag, wait).map_err(error)
    }

    fn split(&self, colour: u32, key: u32, timeout: Duration) -> Result<Box<dyn Engine>, Error> {
        let group = self.group.split(colour, key, timeout).map_err(error)?;
        Ok(Box::new(Self { group, name: self.name }))
    }

    fn agree(&self, what: &str, hash: u64, timeout: Duration) -> Result<(), Error> {
        self.group.agree(what, hash, timeout).map_err(error)
    }
}

fn reduction_of(reduction: Reduction) -> Result<collectives::Reduction, Error> {
    match reduction {
        Reduction::Sum => Ok(collectives::Reduction::Sum),
        Reduction::Max => Ok(collectives::Reduction::Max),
        Reduction::Min => Ok(collectives::Reduction::Min),
        other => Err(Error::unsupported(format!("reduction {other}"))),
    }
}

fn element(dtype: DType) -> Result<Element, Error> {
    Ok(match dtype {
        DType::F32 => Element::F32,
        DType::F16 => Element::F16,
        DType::BF16 => Element::BF16,
        DType::F64 => Element::F64,
        DType::I8 => Element::I8,
        DType::I16 => Element::I16,
        DType::I32 => Element::I32,
        DType::I64 => Element::I64,
        DType::U8 => Element::U8,
        DType::U32 => Element::U32,
        DType::Bool => Element::Bool,
        DType::C64 => Element::C64,
        DType::C128 => return Err(Error::unsupported("c128 is not reduced: MLX has no such dtype")),
    })
}

fn error(failure: Failure) -> Error {
    let kind = match &failure {
        Failure::Timeout { .. } => ErrorKind::TimedOut,
        Failure::Lost { .. } | Failure::System { .. } => ErrorKind::ExecutionFailed,
        Failure::Broken { .. } => ErrorKind::FailedPrecondition,
        Failure::Differs { .. } | Failure::Invalid(_) => ErrorKind::InvalidArgument,
    };
    let error = Error::new(kind, failure.to_string());
    match failure.rank() {
        Some(rank) => error.with("rank", rank as i64),
        None => error,
    }
}
