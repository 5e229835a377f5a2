//! What is copied between values that stay on the device.

use crate::abi::RlxSegment;

/// One contiguous piece of a copy, in elements.
pub type Segment = RlxSegment;

/// Where a copy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An output of the last run.
    Output(usize),
    /// A resident input.
    Input(usize),
}
