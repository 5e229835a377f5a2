//! A group as `rlx_driver::Transport` (feature `driver`).

use super::Group;
use crate::Error;
use rlx_driver::CollectiveError;
use std::time::Duration;

/// Messages between the ranks of a group, for `rlx_driver::ProcessGroup` and what is built on it: exact bytes of any length,
/// and tags that do not overtake each other's queue. A call waits as long as the group's timeout; its failures are
/// `CollectiveError::TransportError` with the error's line.
#[derive(Debug, Clone)]
pub struct Transport(Group);

impl Transport {
    /// The transport of a group.
    pub fn new(group: Group) -> Self {
        Self(group)
    }

    /// The group.
    pub fn group(&self) -> &Group {
        &self.0
    }
}

fn failed(error: Error) -> CollectiveError {
    CollectiveError::TransportError { reason: error.message().to_owned() }
}

/// A rank or number of ranks as the driver counts them.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl rlx_driver::Transport for Transport {
    fn rank(&self) -> u32 {
        narrow(self.0.rank())
    }

    fn world_size(&self) -> u32 {
        narrow(self.0.size())
    }

    fn send_bytes(&self, to: u32, tag: u32, bytes: &[u8]) -> Result<(), CollectiveError> {
        self.0.send(to as usize, tag.into(), bytes).map_err(failed)
    }

    fn recv_bytes(&self, from: u32, tag: u32) -> Result<Vec<u8>, CollectiveError> {
        self.0.recv(from as usize, tag.into()).map_err(failed)
    }

    fn recv_bytes_timeout(&self, from: u32, tag: u32, timeout: Duration) -> Result<Option<Vec<u8>>, CollectiveError> {
        self.0.recv_within(from as usize, tag.into(), timeout).map_err(failed)
    }

    fn barrier(&self) -> Result<(), CollectiveError> {
        self.0.barrier().map_err(failed)
    }
}
