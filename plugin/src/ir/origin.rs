//! Where the values of a graph come from.

use rlx_ir::NodeId;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// An input of the graph, by index.
    Input(usize),
    /// A parameter of the program, by index.
    Param(usize),
    /// What random numbers follow from, which a host may change between runs.
    Rng,
    /// A node that is no leaf.
    Node(NodeId),
}
