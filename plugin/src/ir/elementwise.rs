//! Elementwise nodes that are read by one another alone: one pass of the processor computes them together.

use super::chains::{readers, static_dims};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, Node, NodeId, Op};
use std::collections::{HashMap, HashSet};

/// Nodes of a group at most, and arrays that it reads.
const NODES: usize = 64;
const INPUTS: usize = 24;

/// What a node of a group reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// The value of a node of the group, by its place there.
    Node(usize),
    /// One of the group's inputs.
    Input(usize),
}

/// Elementwise nodes. The others are read by nodes of the group alone, and all have the extents of the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// In order, with what each reads.
    pub(crate) nodes: Vec<(NodeId, Vec<Read>)>,
    /// What they read from outside. Where that is repeated along axes first, it is what is repeated.
    pub(crate) inputs: Vec<NodeId>,
}

/// The groups of a partition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    by_end: HashMap<NodeId, Group>,
    inside: HashSet<NodeId>,
}

impl Groups {
    /// Those among `nodes`, which are in the order of the graph. `is_free` tells which nodes may be part of one, `is_kept`
    /// whether a value is wanted for itself, `is_seen_through` of which nodes the operands are there as well, and `may_change`
    /// whether another node may write to a value.
    pub(super) fn find(
        graph: &Graph,
        nodes: &[NodeId],
        is_free: impl Fn(NodeId) -> bool,
        is_kept: impl Fn(NodeId) -> bool,
        is_seen_through: impl Fn(NodeId) -> bool,
        may_change: impl Fn(NodeId) -> bool,
    ) -> Self {
        let readers = readers(graph, nodes);
        // The last node of each one's group. Who reads a node is behind it.
        let mut ends: HashMap<NodeId, NodeId> = HashMap::new();
        let mut groups: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for &id in nodes.iter().rev().filter(|&&id| is_free(id) && is_elementwise(graph, graph.node(id))) {
            let read_by = readers.get(&id).map_or(&[][..], Vec::as_slice);
            let end = read_by.first().and_then(|reader| ends.get(reader)).copied().filter(|end| {
                !is_kept(id)
                    && read_by.iter().all(|reader| ends.get(reader) == Some(end))
                    && extents(graph, id) == extents(graph, *end)
                    && groups.get(end).is_some_and(|group| group.len() < NODES)
            });
            let end = end.unwrap_or(id);
            ends.insert(id, end);
            groups.entry(end).or_default().push(id);
        }
        let mut found = Self::default();
        for (end, mut nodes) in groups {
            nodes.reverse();
            let (group, sees_through) = read(graph, nodes, &is_seen_through);
            // What is read at the end has to be what it was at the node's own place.
            let is_steady = !group.inputs.iter().any(|&input| may_change(input));
            if (group.nodes.len() > 1 || sees_through) && is_steady && group.inputs.len() <= INPUTS {
                found.inside.extend(group.nodes.iter().map(|(id, _)| *id).filter(|&id| id != end));
                found.by_end.insert(end, group);
            }
        }
        found
    }

    /// All of them, with the last node of each.
    pub(super) fn all(&self) -> impl Iterator<Item = (NodeId, &Group)> {
        self.by_end.iter().map(|(&end, group)| (end, group))
    }

    /// The group that ends with this node.
    pub(crate) fn ending(&self, id: NodeId) -> Option<&Group> {
        self.by_end.get(&id)
    }

    /// Whether the node is part of a group, and not its end.
    pub(crate) fn is_inside(&self, id: NodeId) -> bool {
        self.inside.contains(&id)
    }
}

/// The group of `nodes`, and whether it sees through a repetition.
fn read(graph: &Graph, nodes: Vec<NodeId>, is_seen_through: impl Fn(NodeId) -> bool) -> (Group, bool) {
    let places: HashMap<NodeId, usize> = nodes.iter().enumerate().map(|(at, &id)| (id, at)).collect();
    let (mut inputs, mut sees_through) = (Vec::new(), false);
    let mut reads_of = |id: NodeId| {
        let reads = graph.node(id).inputs.iter().map(|&input| {
            if let Some(&at) = places.get(&input) {
                return Read::Node(at);
            }
            let from = repeated(graph, input).filter(|_| is_seen_through(input));
            sees_through |= from.is_some();
            let from = from.unwrap_or(input);
            Read::Input(inputs.iter().position(|&known| known == from).unwrap_or_else(|| {
                inputs.push(from);
                inputs.len() - 1
            }))
        });
        reads.collect::<Vec<_>>()
    };
    let nodes = nodes.into_iter().map(|id| (id, reads_of(id))).collect();
    (Group { nodes, inputs }, sees_through)
}

/// What a node repeats along axes, if it does that alone.
fn repeated(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    let (Op::Expand { .. }, &[from]) = (&node.op, node.inputs.as_slice()) else { return None };
    let is_same = graph.shape(id).dtype() == graph.shape(from).dtype();
    (is_same && broadcasts(&extents(graph, from)?, &extents(graph, id)?)).then_some(from)
}

/// Whether a chain of the crate rlx-mlx-cpu can compute a node, and the graph declares what its operands give.
pub(crate) fn is_elementwise(graph: &Graph, node: &Node) -> bool {
    let dtypes: Vec<DType> = node.inputs.iter().map(|&id| graph.shape(id).dtype()).collect();
    let to = node.shape.dtype();
    let is_ours = match (&node.op, dtypes.as_slice()) {
        (Op::Activation(_) | Op::Clamp { .. }, [DType::F32]) => to == DType::F32,
        (Op::Cast { to: named }, [DType::F32 | DType::Bool]) => {
            *named == to && matches!(to, DType::F32 | DType::Bool) && to != dtypes[0]
        }
        (Op::Binary(op), [DType::F32, DType::F32]) => to == DType::F32 && is_arithmetic(*op),
        (Op::Compare(_), [DType::F32, DType::F32]) => to == DType::Bool,
        (Op::Where, [DType::F32 | DType::Bool, DType::F32, DType::F32]) => to == DType::F32,
        _ => false,
    };
    is_ours && extents(graph, node.id).is_some_and(|to| Some(to) == joined(graph, node))
}

fn is_arithmetic(op: BinaryOp) -> bool {
    use BinaryOp::{Add, Div, Max, Min, Mul, Pow, Sub};
    matches!(op, Add | Sub | Mul | Div | Max | Min | Pow)
}

fn extents(graph: &Graph, id: NodeId) -> Option<Vec<usize>> {
    static_dims(graph.shape(id))
}

/// The extents that the operands of a node have together.
fn joined(graph: &Graph, node: &Node) -> Option<Vec<usize>> {
    let mut all: Vec<usize> = Vec::new();
    for &input in &node.inputs {
        let own = extents(graph, input)?;
        let rank = own.len().max(all.len());
        let at = |list: &[usize], axis: usize| (axis + list.len()).checked_sub(rank).map_or(1, |axis| list[axis]);
        all = (0..rank)
            .map(|axis| match (at(&all, axis), at(&own, axis)) {
                (a, b) if a == b || b == 1 => Some(a),
                (1, b) => Some(b),
                _ => None,
            })
            .collect::<Option<_>>()?;
    }
    Some(all)
}

fn broadcasts(from: &[usize], to: &[usize]) -> bool {
    to.len()
        .checked_sub(from.len())
        .is_some_and(|at| from.iter().zip(&to[at..]).all(|(&from, &to)| from == to || from == 1))
}
