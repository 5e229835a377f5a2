//! Products with what follows them: nodes that one kernel of the processor computes while the product is in its cache.

use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::shape::Dim;
use rlx_ir::{DType, Graph, Node, NodeId, Op, Shape};
use std::collections::{HashMap, HashSet};

/// A product `x · w` and the nodes behind it, each of which alone reads the one before. All are of one dtype, f32 or a
/// half type, and of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) product: NodeId,
    /// The nodes behind it, in order, with what each is.
    pub(crate) links: Vec<(NodeId, Link)>,
}

/// A node behind a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Adds a value with one number a column.
    Bias(NodeId),
    /// Adds a value of the same shape.
    Add(NodeId),
    Map(Activation),
}

impl Chain {
    /// All its nodes, in order.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::once(self.product).chain(self.links.iter().map(|(id, _)| *id))
    }
}

/// The chains of a partition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chains {
    by_end: HashMap<NodeId, Chain>,
    /// Nodes of chains but their last ones.
    inside: HashSet<NodeId>,
}

impl Chains {
    /// Those among `nodes`, which are in the order of the graph. `is_kept` tells whether a value is wanted for itself, and
    /// `may_change` whether another node may write to it.
    pub(super) fn find(
        graph: &Graph,
        nodes: &[NodeId],
        is_kept: impl Fn(NodeId) -> bool,
        may_change: impl Fn(NodeId) -> bool,
    ) -> Self {
        let mut readers: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for &id in nodes {
            for &input in &graph.node(id).inputs {
                readers.entry(input).or_default().push(id);
            }
        }
        let mut chains = Self::default();
        for &product in nodes.iter().filter(|&&id| is_product(graph, graph.node(id))) {
            let (mut end, mut links) = (product, Vec::new());
            // Where two products are added, the sum belongs to the first one's chain.
            while !is_kept(end)
                && let Some(&[reader]) = readers.get(&end).map(Vec::as_slice)
                && !chains.by_end.contains_key(&reader)
                && !chains.is_inside(reader)
                && let Some(link) = link(graph, end, graph.node(reader))
            {
                links.push((reader, link));
                end = reader;
            }
            let chain = Chain { product, links };
            // What is read at the chain's end has to be what it was at the node's own place.
            let is_steady = chain.nodes().all(|id| !graph.node(id).inputs.iter().any(|&input| may_change(input)));
            if end != product && is_steady {
                chains.inside.extend(chain.nodes().filter(|&id| id != end));
                chains.by_end.insert(end, chain);
            }
        }
        chains
    }

    /// The chain that ends with this node.
    pub(crate) fn ending(&self, id: NodeId) -> Option<&Chain> {
        self.by_end.get(&id)
    }

    /// Whether the node is part of a chain, and not its end.
    pub(crate) fn is_inside(&self, id: NodeId) -> bool {
        self.inside.contains(&id)
    }
}

/// Whether a node is the product of rows with one matrix, of f32 or a half type and declared as it should be.
fn is_product(graph: &Graph, node: &Node) -> bool {
    let (Op::MatMul, [x, w]) = (&node.op, node.inputs.as_slice()) else { return false };
    let dtype = node.shape.dtype();
    let [from, weights, to] = [*x, *w, node.id].map(|id| dims(graph, id, dtype));
    let (Some(from), Some(weights), Some(to)) = (from, weights, to) else { return false };
    if !matches!(dtype, DType::F32 | DType::F16 | DType::BF16) {
        return false;
    }
    match (from.as_slice(), weights.as_slice()) {
        ([rows @ .., k], [depth, n]) => !rows.is_empty() && k == depth && to == [rows, &[*n]].concat(),
        _ => false,
    }
}

/// What `node` does with `value`, if that is a link.
fn link(graph: &Graph, value: NodeId, node: &Node) -> Option<Link> {
    let dtype = node.shape.dtype();
    let to = dims(graph, node.id, dtype)?;
    if Some(&to) != dims(graph, value, dtype).as_ref() {
        return None;
    }
    match (&node.op, node.inputs.as_slice()) {
        (Op::Binary(BinaryOp::Add), &[a, b]) => {
            let other = if a == value { b } else { a };
            let dims = dims(graph, other, dtype)?;
            let columns = *to.last()?;
            match dims.as_slice() {
                same if same == to => Some(Link::Add(other)),
                [ones @ .., n] if *n == columns && ones.iter().all(|&one| one == 1) => Some(Link::Bias(other)),
                _ => None,
            }
        }
        (Op::Activation(kind), [_]) => Some(Link::Map(*kind)),
        _ => None,
    }
}

/// Extents of a value of this dtype.
fn dims(graph: &Graph, id: NodeId, dtype: DType) -> Option<Vec<usize>> {
    let shape = graph.shape(id);
    if shape.dtype() == dtype { static_dims(shape) } else { None }
}

/// Extents of a shape that has no others.
pub(super) fn static_dims(shape: &Shape) -> Option<Vec<usize>> {
    let extent = |dim: &Dim| match *dim {
        Dim::Static(extent) => Some(extent),
        Dim::Dynamic(_) => None,
    };
    shape.dims().iter().map(extent).collect()
}
