//! Nodes of one graph that are lowered together.

use super::chains::{Chain, Chains};
use super::elementwise::Groups;
use super::fixed::{self, Fixed};
use super::origin::Origin;
use rlx_ir::{Graph, NodeId};
use std::collections::HashMap;

/// Nodes of one graph that are lowered together.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    /// In the order of the graph. Some may be among the arguments: those are not lowered.
    pub(crate) nodes: Vec<NodeId>,
    /// What comes from outside.
    pub(crate) args: Vec<Origin>,
    /// What is wanted.
    pub(crate) outputs: Vec<NodeId>,
    /// The inputs and parameters that its nodes give new values to.
    pub(crate) states: Vec<Origin>,
    /// The nodes that depend on parameters alone.
    pub(crate) fixed: HashMap<NodeId, Fixed>,
    /// Products with what follows them.
    pub(crate) chains: Chains,
    /// Elementwise nodes that one pass computes.
    pub(crate) groups: Box<Groups>,
    index: HashMap<Origin, usize>,
}

impl Partition {
    /// `origin` is where the value of each node comes from, and `changes` tells whether runs change that.
    pub(crate) fn new(
        graph: &Graph,
        nodes: Vec<NodeId>,
        args: Vec<Origin>,
        outputs: Vec<NodeId>,
        states: Vec<Origin>,
        origin: impl Fn(NodeId) -> Origin,
        changes: impl Fn(Origin) -> bool,
    ) -> Self {
        let index: HashMap<_, _> = args.iter().enumerate().map(|(at, &source)| (source, at)).collect();
        let is_given = |origin| index.contains_key(&origin);
        let fixed = fixed::find(graph, &nodes, &outputs, &origin, is_given, changes);
        let is_kept = |id| outputs.contains(&id) || fixed.contains_key(&id);
        let may_change = |id| states.contains(&origin(id));
        let chains = Chains::find(graph, &nodes, is_kept, may_change);
        let is_computed = |id| !is_given(origin(id)) && !fixed.contains_key(&id);
        let is_free = |id| is_computed(id) && !chains.is_inside(id) && chains.ending(id).is_none();
        let mut groups = Groups::find(graph, &nodes, is_free, is_kept, is_computed, may_change);
        for &end in &nodes {
            for id in chains.ending(end).into_iter().flat_map(Chain::nodes) {
                groups.note(&graph.node(id).inputs, end);
            }
        }
        let groups = Box::new(groups);
        Self { nodes, args, outputs, states, fixed, chains, groups, index }
    }

    /// Which argument a value is, if it is one.
    pub(crate) fn arg(&self, source: Origin) -> Option<usize> {
        self.index.get(&source).copied()
    }
}
