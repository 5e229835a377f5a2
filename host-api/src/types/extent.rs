//! The part of an axis that a run computes.

/// The first rows of tensors whose first axis is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveExtent {
    /// How many rows count.
    pub actual: usize,
    /// The extent of the axis.
    pub upper: usize,
}
