//! A graph as it is rewritten, and the nodes that faults are made of.

use rlx_ir::op::{Activation, BinaryOp, CmpOp};
use rlx_ir::{DType, Graph, Node, NodeId, Op, Shape};
use std::collections::HashMap;

/// What stands for a node whose operands have been rewritten already; none where it stays as it is.
pub(crate) type Plant = fn(&mut Draft, &Node, &[NodeId]) -> Option<NodeId>;

/// The graph so far.
pub(crate) struct Draft(Graph);

/// `graph` with a fault planted in its nodes. Nested graphs stay as they are.
pub(crate) fn rewritten(graph: &Graph, plant: Plant) -> Graph {
    let mut draft = Draft(Graph::new(&*graph.name));
    let mut places: HashMap<NodeId, NodeId> = HashMap::new();
    for node in graph.nodes() {
        let inputs: Vec<NodeId> = node.inputs.iter().map(|id| places[id]).collect();
        let place = match plant(&mut draft, node, &inputs) {
            Some(place) => place,
            None => draft.0.append_node(node.op.clone(), inputs, node.shape.clone(), node.name.clone()),
        };
        places.insert(node.id, place);
    }
    draft.0.set_outputs(graph.outputs.iter().map(|id| places[id]).collect());
    draft.0.set_output_names(graph.output_names().to_vec());
    draft.0
}

/// Extents of a node.
pub(crate) fn dims_of(node: &Node) -> Vec<usize> {
    extents(&node.shape)
}

fn extents(shape: &Shape) -> Vec<usize> {
    shape.dims().iter().map(|dim| dim.unwrap_static()).collect()
}

/// The axis that an attribute counts, from the end if it is negative.
pub(crate) fn axis_of(axis: i32, rank: usize) -> usize {
    (if axis < 0 { axis + rank as i32 } else { axis }) as usize
}

impl Draft {
    pub(crate) fn dims(&self, id: NodeId) -> Vec<usize> {
        extents(self.0.shape(id))
    }

    pub(crate) fn dtype(&self, id: NodeId) -> DType {
        self.0.shape(id).dtype()
    }

    pub(crate) fn is_float(&self, id: NodeId) -> bool {
        is_float(self.dtype(id))
    }

    pub(crate) fn add(&mut self, op: Op, inputs: &[NodeId], dims: &[usize], dtype: DType) -> NodeId {
        self.0.add_node(op, inputs.to_vec(), Shape::new(dims, dtype))
    }

    /// Another op in the place of `node`, with the same result.
    pub(crate) fn put(&mut self, op: Op, inputs: &[NodeId], node: &Node) -> Option<NodeId> {
        Some(self.0.add_node(op, inputs.to_vec(), node.shape.clone()))
    }

    /// A scalar.
    pub(crate) fn scalar(&mut self, value: f64, dtype: DType) -> NodeId {
        let wide = self.add(Op::Constant { data: value.to_le_bytes().to_vec() }, &[], &[], DType::F64);
        self.cast(wide, dtype)
    }

    pub(crate) fn cast(&mut self, x: NodeId, to: DType) -> NodeId {
        let dims = self.dims(x);
        if self.dtype(x) == to { x } else { self.add(Op::Cast { to }, &[x], &dims, to) }
    }

    pub(crate) fn unary(&mut self, kind: Activation, x: NodeId) -> NodeId {
        self.like(Op::Activation(kind), &[x], x)
    }

    /// Of operands that are as large as the first.
    pub(crate) fn binary(&mut self, op: BinaryOp, a: NodeId, b: NodeId) -> NodeId {
        self.like(Op::Binary(op), &[a, b], a)
    }

    /// With a number behind it.
    pub(crate) fn with(&mut self, op: BinaryOp, a: NodeId, value: f64) -> NodeId {
        let b = self.scalar(value, self.dtype(a));
        self.binary(op, a, b)
    }

    fn like(&mut self, op: Op, inputs: &[NodeId], x: NodeId) -> NodeId {
        let (dims, dtype) = (self.dims(x), self.dtype(x));
        self.add(op, inputs, &dims, dtype)
    }

    /// `x` where it is a number, and `other` where it is NaN; `other` broadcasts.
    pub(crate) fn unless_nan(&mut self, x: NodeId, other: NodeId) -> NodeId {
        let dims = self.dims(x);
        let is_number = self.add(Op::Compare(CmpOp::Eq), &[x, x], &dims, DType::Bool);
        self.like(Op::Where, &[is_number, x, other], x)
    }

    /// The same elements in row-major order.
    pub(crate) fn reshape(&mut self, x: NodeId, dims: &[usize]) -> NodeId {
        let dtype = self.dtype(x);
        let new_shape = dims.iter().map(|&extent| extent as i64).collect();
        self.add(Op::Reshape { new_shape }, &[x], dims, dtype)
    }

    pub(crate) fn reverse(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        self.like(Op::Reverse { axes: axes.to_vec() }, &[x], x)
    }

    pub(crate) fn transpose(&mut self, x: NodeId) -> NodeId {
        let (mut dims, dtype) = (self.dims(x), self.dtype(x));
        let perm: Vec<usize> = (0..dims.len()).rev().collect();
        dims.reverse();
        self.add(Op::Transpose { perm }, &[x], &dims, dtype)
    }

    pub(crate) fn narrow(&mut self, x: NodeId, axis: usize, start: usize, len: usize) -> NodeId {
        let (mut dims, dtype) = (self.dims(x), self.dtype(x));
        dims[axis] = len;
        self.add(Op::Narrow { axis, start, len }, &[x], &dims, dtype)
    }
}

pub(crate) fn is_float(dtype: DType) -> bool {
    matches!(dtype, DType::F64 | DType::F32 | DType::F16 | DType::BF16)
}

pub(crate) fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

pub(crate) fn is_integer(dtype: DType) -> bool {
    matches!(dtype, DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U32)
}
