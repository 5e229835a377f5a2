//! Products and convolutions with what follows them: nodes that one kernel of the processor computes while the result is in its
//! cache.

use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::shape::Dim;
use rlx_ir::{DType, Graph, Node, NodeId, Op, Shape};
use std::collections::{HashMap, HashSet};

/// A product `x · w` or a convolution, and the nodes behind it, of which no other node reads any but the last. All are of one
/// dtype and shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    pub(crate) head: NodeId,
    /// The nodes behind it, in order, with what each is. Each takes the one before.
    pub(crate) links: Vec<(NodeId, Link)>,
}

/// A node behind a product or a convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Link {
    Map(Activation),
    Clamp {
        min: f32,
        max: f32,
    },
    /// `value op other`; `other op value` where it is turned.
    Binary {
        op: BinaryOp,
        other: Other,
        turned: bool,
    },
}

/// The other operand of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    /// One number.
    Scalar(NodeId),
    /// One number a channel of a convolution, or a column of a product.
    Channel(NodeId),
    /// A value of the same shape.
    Array(NodeId),
    /// What the chain's node of this index is, the head being the first. There is one at a time.
    Earlier(usize),
}

impl Chain {
    /// All its nodes, in order.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::once(self.head).chain(self.links.iter().map(|(id, _)| *id))
    }

    /// How many links there are, at most, behind which no other node reads a value from before the last.
    fn closed(&self, reads: impl Fn(NodeId) -> Vec<NodeId>) -> usize {
        let nodes: Vec<NodeId> = self.nodes().collect();
        let is_closed = |links: usize| {
            let (inside, all) = (&nodes[..links], &nodes[..=links]);
            inside.iter().all(|&id| reads(id).iter().all(|reader| all.contains(reader)))
        };
        let earlier = |at: usize| match self.links.get(at) {
            Some((_, Link::Binary { other: Other::Earlier(node), .. })) => Some(*node),
            _ => None,
        };
        // Behind a link that reads a node again, the others read the same one, or one from behind the link.
        let keeps_one = |links: usize| {
            (0..links).all(|at| {
                earlier(at).is_none_or(|node| {
                    let is_free = |other: usize| other == node || other > at;
                    (at..links).all(|behind| earlier(behind).is_none_or(is_free))
                })
            })
        };
        (0..=self.links.len()).rev().find(|&links| is_closed(links) && keeps_one(links)).unwrap_or_default()
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
        let readers = readers(graph, nodes);
        let reads = |id: NodeId| readers.get(&id).cloned().unwrap_or_default();
        let mut chains = Self::default();
        for &id in nodes {
            let Some(head) = Head::of(graph, graph.node(id)) else { continue };
            let (mut chain, mut values) = (Chain { head: id, links: Vec::new() }, vec![id]);
            // Where two products are added, the sum belongs to the first one's chain.
            while let Some(&end) = values.last().filter(|&&end| !is_kept(end))
                && let Some(&reader) = reads(end).first()
                && !chains.by_end.contains_key(&reader)
                && !chains.is_inside(reader)
                && let Some(link) = head.link(graph, &values, graph.node(reader))
            {
                chain.links.push((reader, link));
                values.push(reader);
            }
            chain.links.truncate(chain.closed(reads));
            // What is read at the chain's end has to be what it was at the node's own place.
            let is_steady = chain.nodes().all(|id| !graph.node(id).inputs.iter().any(|&input| may_change(input)));
            if let Some(&(end, _)) = chain.links.last().filter(|_| is_steady) {
                chains.inside.extend(chain.nodes().filter(|&id| id != end));
                chains.by_end.insert(end, chain);
            }
        }
        chains
    }

    /// All of them, with the last node of each.
    pub(super) fn all(&self) -> impl Iterator<Item = (NodeId, &Chain)> {
        self.by_end.iter().map(|(&end, chain)| (end, chain))
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

/// What a chain begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// The product of rows with one matrix.
    Product,
    /// A convolution, its channels on the second axis.
    Convolution,
    /// A transposed one, which no array of its shape follows.
    Transposed,
}

impl Head {
    /// What a node begins that is declared as it should be, a product of f32 or a half type, a convolution of f32.
    fn of(graph: &Graph, node: &Node) -> Option<Self> {
        let dtype = node.shape.dtype();
        let dims = |i: usize| node.inputs.get(i).and_then(|&id| dims(graph, id, dtype));
        let (x, w, to) = (dims(0)?, dims(1)?, self::dims(graph, node.id, dtype)?);
        match (&node.op, x.as_slice(), w.as_slice()) {
            (Op::MatMul, [rows @ .., k], [depth, n]) => {
                let is_one = !rows.is_empty() && k == depth && to == [rows, &[*n]].concat();
                let has_kernel = matches!(dtype, DType::F32 | DType::F16 | DType::BF16);
                (is_one && has_kernel).then_some(Self::Product)
            }
            (Op::Conv { .. } | Op::Conv3d { .. }, [_, _, _, ..], _) => {
                (x.len() == to.len() && dtype == DType::F32).then_some(Self::Convolution)
            }
            (Op::ConvTranspose2d { .. } | Op::ConvTranspose3d { .. }, [_, _, _, ..], _) => {
                (x.len() == to.len() && dtype == DType::F32).then_some(Self::Transposed)
            }
            _ => None,
        }
    }

    /// What `node` does with the last of a chain's values, if that is a link.
    fn link(self, graph: &Graph, values: &[NodeId], node: &Node) -> Option<Link> {
        let dtype = node.shape.dtype();
        let (&value, to) = (values.last()?, dims(graph, node.id, dtype)?);
        if Some(&to) != dims(graph, value, dtype).as_ref() {
            return None;
        }
        match (&node.op, node.inputs.as_slice()) {
            (Op::Binary(op), &[a, b]) => {
                let turned = a != value;
                let other = if turned { a } else { b };
                let other = match values.iter().position(|&earlier| earlier == other) {
                    Some(index) => Other::Earlier(index),
                    None => self.other(&to, other, &dims(graph, other, dtype)?)?,
                };
                let link = Link::Binary { op: *op, other, turned };
                let is_one = match self {
                    Self::Product => *op == BinaryOp::Add && matches!(other, Other::Channel(_) | Other::Array(_)),
                    Self::Convolution | Self::Transposed => {
                        let is_taken = self == Self::Convolution || !matches!(other, Other::Array(_));
                        is_taken && matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div)
                    }
                };
                is_one.then_some(link)
            }
            (Op::Activation(kind), [_]) => has_vectors(*kind).then_some(Link::Map(*kind)),
            (&Op::Clamp { min, max }, [_]) => (self != Self::Product && min <= max).then_some(Link::Clamp { min, max }),
            _ => None,
        }
    }

    /// How a value of extents `dims` meets one of extents `to`.
    fn other(self, to: &[usize], id: NodeId, dims: &[usize]) -> Option<Other> {
        let axis = match self {
            Self::Product => to.len() - 1,
            Self::Convolution | Self::Transposed => 1,
        };
        let missing = to.len().checked_sub(dims.len())?;
        let is_one_but = |axis: usize| dims.iter().enumerate().all(|(at, &extent)| extent == 1 || at + missing == axis);
        if dims == to {
            Some(Other::Array(id))
        } else if axis >= missing && dims.get(axis - missing) == to.get(axis) && is_one_but(axis) {
            Some(Other::Channel(id))
        } else {
            is_one_but(usize::MAX).then_some(Other::Scalar(id))
        }
    }
}

/// Whether there are vectors of a function: the kernels do those alone.
fn has_vectors(kind: Activation) -> bool {
    matches!(
        kind,
        Activation::Exp
            | Activation::Erf
            | Activation::Tanh
            | Activation::Sigmoid
            | Activation::Silu
            | Activation::Gelu
            | Activation::GeluApprox
            | Activation::Relu
    )
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

/// Which nodes read each value, once for each operand that it is.
pub(super) fn readers(graph: &Graph, nodes: &[NodeId]) -> HashMap<NodeId, Vec<NodeId>> {
    let mut readers: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for &id in nodes {
        for &input in &graph.node(id).inputs {
            readers.entry(input).or_default().push(id);
        }
    }
    readers
}
