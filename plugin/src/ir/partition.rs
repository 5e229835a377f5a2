//! Nodes of one graph that are lowered together.

use super::chains::Chains;
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
    /// For what is read at the ends of chains and groups the last of those.
    read_until: HashMap<NodeId, NodeId>,
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
        let groups = Groups::find(graph, &nodes, is_free, is_kept, is_computed, may_change);
        let read_by_chains = chains.all().flat_map(|(end, chain)| {
            chain.nodes().flat_map(|id| &graph.node(id).inputs).map(move |&input| (input, end))
        });
        let read_by_groups = groups.all().flat_map(|(end, group)| group.inputs.iter().map(move |&input| (input, end)));
        let mut read_until: HashMap<NodeId, NodeId> = HashMap::new();
        for (input, end) in read_by_chains.chain(read_by_groups) {
            let until = read_until.entry(input).or_insert(end);
            *until = end.max(*until);
        }
        let groups = Box::new(groups);
        Self { nodes, args, outputs, states, fixed, chains, groups, read_until, index }
    }

    /// The number of the last node at whose place a value is read where nodes are joined, of which `last_use` is the last that
    /// reads it.
    pub(crate) fn last_use(&self, id: NodeId, last_use: usize) -> usize {
        self.read_until.get(&id).map_or(last_use, |end| last_use.max(end.0 as usize))
    }

    /// Which argument a value is, if it is one.
    pub(crate) fn arg(&self, source: Origin) -> Option<usize> {
        self.index.get(&source).copied()
    }
}
