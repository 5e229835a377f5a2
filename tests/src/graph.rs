//! Graphs of a few ops, with the data for their inputs.

use crate::tensor::{Tensor, indices};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};

/// How an operand lies in memory when the op under test reads it. The values are the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As the host gave it.
    Dense,
    /// The transpose of what the host gave.
    Transposed,
    /// The middle of a longer last axis.
    Narrowed,
}

impl Layout {
    pub const ALL: [Self; 3] = [Self::Dense, Self::Transposed, Self::Narrowed];
}

/// A graph under construction, with the values of its inputs `x0`, `x1`, … in order.
#[derive(Debug, Clone)]
pub struct Case {
    pub graph: Graph,
    pub inputs: Vec<Tensor>,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// An empty graph.
    pub fn new() -> Self {
        Self { graph: Graph::new("case"), inputs: Vec::new() }
    }

    /// An input that holds `value`.
    pub fn input(&mut self, value: &Tensor) -> NodeId {
        let name = format!("x{}", self.inputs.len());
        self.inputs.push(value.clone());
        self.graph.input(name, value.shape())
    }

    /// A node that reads `value` in the given layout.
    pub fn operand(&mut self, value: &Tensor, layout: Layout) -> NodeId {
        let rank = value.dims.len();
        match layout {
            Layout::Transposed if rank > 1 => {
                let perm: Vec<usize> = (0..rank).rev().collect();
                let turned = self.input(&value.permuted(&perm));
                self.add(Op::Transpose { perm }, &[turned], &value.dims, value.dtype)
            }
            Layout::Narrowed if rank > 0 => {
                let len = value.dims[rank - 1];
                let mut wide = value.dims.clone();
                wide[rank - 1] = len + 3;
                // 1 outside the operand: valid for every dtype, and a wrong start shows.
                let padded = indices(&wide).map(|mut index| match index[rank - 1].checked_sub(2) {
                    Some(at) if at < len => {
                        index[rank - 1] = at;
                        value.at(&index)
                    }
                    _ => 1.0,
                });
                let whole = Tensor::of(value.dtype, &wide, padded.collect::<Vec<_>>());
                let whole = self.input(&whole);
                self.add(Op::Narrow { axis: rank - 1, start: 2, len }, &[whole], &value.dims, value.dtype)
            }
            _ => self.input(value),
        }
    }

    /// A node of the declared shape.
    pub fn add(&mut self, op: Op, inputs: &[NodeId], dims: &[usize], dtype: DType) -> NodeId {
        self.graph.add_node(op, inputs.to_vec(), Shape::new(dims, dtype))
    }

    /// The graph with these outputs.
    #[must_use]
    pub fn outputs(mut self, outputs: &[NodeId]) -> Self {
        self.graph.set_outputs(outputs.to_vec());
        self
    }
}

/// One op over operands of a layout, with one output.
pub fn one_op(op: Op, operands: &[&Tensor], layout: Layout, dims: &[usize], dtype: DType) -> Case {
    let mut case = Case::new();
    let inputs: Vec<NodeId> = operands.iter().map(|value| case.operand(value, layout)).collect();
    let node = case.add(op, &inputs, dims, dtype);
    case.outputs(&[node])
}
