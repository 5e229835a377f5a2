//! Nodes of one graph that are lowered together.

use rlx_ir::NodeId;
use std::collections::HashMap;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// An input of the graph, by index.
    Input(usize),
    /// A parameter of the program, by index.
    Param(usize),
    /// A node that is no leaf.
    Node(NodeId),
}

/// Nodes of one graph that are lowered together.
#[derive(Debug)]
pub(crate) struct Partition {
    /// In the order of the graph. Some may be among the arguments: those are not lowered.
    pub(crate) nodes: Vec<NodeId>,
    /// What comes from outside.
    pub(crate) args: Vec<Origin>,
    /// What is wanted.
    pub(crate) outputs: Vec<NodeId>,
    index: HashMap<Origin, usize>,
}

impl Partition {
    pub(crate) fn new(nodes: Vec<NodeId>, args: Vec<Origin>, outputs: Vec<NodeId>) -> Self {
        let index = args.iter().enumerate().map(|(at, &source)| (source, at)).collect();
        Self { nodes, args, outputs, index }
    }

    /// Which argument a value is, if it is one.
    pub(crate) fn arg(&self, source: Origin) -> Option<usize> {
        self.index.get(&source).copied()
    }
}
