//! What the plugin takes: kinds of ops, and where it has `claims/1`, node by node.
//!
//! The runtime knows claims by kind alone (`rlx_runtime::Backend::supported_ops`, and the lists that its passes are given). So
//! the plugin is asked twice. Before any pass, what it refuses of the kinds that it claims is rewritten node by node, or the
//! graph is refused; and again behind the last pass, since passes make ops of these kinds, fused ones say, and change dtypes.

use super::constants::lean;
use crate::{Backend, Claim, CompileOptions};
use rlx_ir::{Graph, Node, NodeId, Op, OpKind, rlxmodel};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What graphs are made fit for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// The kinds of ops that the plugin claims.
    pub(super) ops: &'static [OpKind],
    /// The instance that has to have a kernel for every custom op.
    pub(super) kernels: Option<&'a Backend>,
    /// The instance that says what it takes node by node, and how it is to compile.
    pub(super) claims: Option<(&'a Backend, &'a CompileOptions)>,
}

impl Target<'_> {
    /// The nodes of claimed kinds that the plugin refuses. None where it does not say: then kinds decide, and the compilation.
    /// A text that it cannot read is such a case, because it may have an op that only the runtime knows, and rewrites; and it
    /// is not asked about extents that are not known yet, because the runtime may be about to bind them.
    pub(super) fn refusals(&self, graph: &Graph) -> Refusals {
        let Some((backend, options)) = self.claims.filter(|_| !graph.is_symbolic()) else { return Refusals::default() };
        let graph = lean(graph);
        let asked = rlxmodel::to_text(&graph).map_err(|e| e.to_string()).and_then(|program| {
            let claims = backend.claims(program.as_bytes(), options).map_err(|e| e.to_string())?;
            let mut claims = claims.into_iter();
            let read = Refusals::read(&graph, 0, self.ops, &mut claims);
            read.filter(|_| claims.next().is_none()).ok_or_else(|| "they are not those of its nodes".to_owned())
        });
        asked.unwrap_or_else(|why| {
            log::debug!("graph `{}`: the plugin's claims are not known: {why}", graph.name);
            Refusals::default()
        })
    }

    /// The same without the kinds of which a node is refused that is not for itself: one that changes what later nodes read
    /// as its operand. Only the runtime's passes, which see these nodes, rewrite it rightly, and they rewrite all of its kind.
    pub(super) fn without_stateful(self, graph: &Graph, refusals: &Refusals) -> Self {
        let mut kinds = Vec::new();
        refusals.for_each(graph, &mut |node, _| {
            if is_stateful(&node.op) {
                kinds.push(node.op.kind());
            }
        });
        if kinds.is_empty() {
            return self;
        }
        Self { ops: for_ever(self.ops.iter().copied().filter(|kind| !kinds.contains(kind)).collect()), ..self }
    }
}

/// Whether the runtime's rewrite of the op gives one of its operands another value for the nodes behind it.
pub(super) fn is_stateful(op: &Op) -> bool {
    matches!(op, Op::GatedDeltaNet { carry_state: true, .. })
}

/// A list that lives as long as the process, as rlx-runtime wants it. Equal lists are made once.
pub(super) fn for_ever(ops: Vec<OpKind>) -> &'static [OpKind] {
    static LISTS: Mutex<Vec<&'static [OpKind]>> = Mutex::new(Vec::new());
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    match lists.iter().find(|list| **list == ops) {
        Some(list) => list,
        None => {
            let list: &'static [OpKind] = ops.leak();
            lists.push(list);
            list
        }
    }
}

/// Which nodes of a graph are refused though their kinds are claimed, and why. Custom ops are left out: whether there is a
/// kernel is looked at elsewhere, and one without may have a rule of its own.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    nodes: HashMap<NodeId, String>,
    /// Those of nested graphs, in their order, for nodes that have any.
    bodies: HashMap<NodeId, Vec<Refusals>>,
}

impl Refusals {
    /// Takes what is said of the nodes of `graph`; `None` if it is said of other nodes.
    fn read(graph: &Graph, depth: u32, ops: &[OpKind], claims: &mut impl Iterator<Item = Claim>) -> Option<Self> {
        let mut found = Self::default();
        for node in graph.nodes() {
            let (claim, kind) = (claims.next()?, node.op.kind());
            if claim.depth != depth || claim.op != format!("{kind:?}") {
                return None;
            }
            if let Err(reason) = claim.answer
                && kind != OpKind::Custom
                && ops.contains(&kind)
            {
                found.nodes.insert(node.id, reason);
            }
            let bodies = node.op.subgraphs().into_iter();
            let bodies: Vec<Self> =
                bodies.map(|body| Self::read(body, depth + 1, ops, claims)).collect::<Option<_>>()?;
            if bodies.iter().any(|body| !body.is_empty()) {
                found.bodies.insert(node.id, bodies);
            }
        }
        Some(found)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.bodies.is_empty()
    }

    /// Why a node is refused.
    pub(super) fn of(&self, node: &Node) -> Option<&str> {
        self.nodes.get(&node.id).map(String::as_str)
    }

    /// Those of the graph at `index` of those nested in a node.
    pub(super) fn body(&self, node: NodeId, index: usize) -> Option<&Self> {
        self.bodies.get(&node)?.get(index)
    }

    fn for_each(&self, graph: &Graph, visit: &mut dyn FnMut(&Node, &str)) {
        for (&id, reason) in &self.nodes {
            visit(graph.node(id), reason);
        }
        for (&id, bodies) in &self.bodies {
            for (body, refusals) in graph.node(id).op.subgraphs().into_iter().zip(bodies) {
                refusals.for_each(body, visit);
            }
        }
    }
}

#[cfg(test)]
mod tests;
