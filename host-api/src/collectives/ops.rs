//! Collective ops in graphs of the IR (feature `rlx-ir`).

use super::{ALL_GATHER, ALL_REDUCE, CollectiveOp, Group, REDUCE_SCATTER, Reduction};
use crate::{Error, TensorInfo};
use rlx_ir::{Graph, NodeId, OpExtension, Shape};
use std::sync::{Arc, Once};

/// A collective op, as the IR's registry of ops wants it.
struct Extension(&'static str);

impl OpExtension for Extension {
    fn name(&self) -> &str {
        self.0
    }

    fn num_inputs(&self) -> usize {
        1
    }

    /// An operand or attributes that do not fit are refused when the program is compiled; the IR has no error here.
    fn infer_shape(&self, inputs: &[&Shape], attributes: &[u8]) -> Shape {
        let Some(operand) = inputs.first() else { return Shape::scalar(rlx_ir::DType::F32) };
        let inferred = || {
            let dims = TensorInfo::of(self.0, operand).ok()?.dims;
            let dims = CollectiveOp::read(self.0, attributes).ok()??.value_dims(&dims).ok()?;
            let dims: Option<Vec<usize>> = dims.into_iter().map(|extent| extent.try_into().ok()).collect();
            Some(Shape::new(&dims?, operand.dtype()))
        };
        inferred().unwrap_or_else(|| (*operand).clone())
    }
}

/// Makes the collective ops known to the IR, once a process.
pub fn register_ops() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for name in [ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER] {
            rlx_ir::register_op(Arc::new(Extension(name)));
        }
    });
}

impl Group {
    /// Makes the collective ops known to the IR, and has those of programs that are compiled from now on, by the backend
    /// instance that made the group, go through it.
    ///
    /// # Errors
    /// As [`install`](Self::install).
    pub fn register(&self) -> Result<(), Error> {
        register_ops();
        self.install()
    }
}

fn add(graph: &mut Graph, x: NodeId, op: CollectiveOp) -> Result<NodeId, Error> {
    register_ops();
    op.value_dims(&TensorInfo::of(op.name(), graph.shape(x))?.dims)?;
    Ok(graph.custom_op(op.name(), op.attributes(), vec![x]))
}

/// Adds a node whose value is `x` reduced over the ranks.
///
/// # Errors
/// Invalid argument for a dynamic shape.
pub fn all_reduce(graph: &mut Graph, x: NodeId, reduction: Reduction) -> Result<NodeId, Error> {
    add(graph, x, CollectiveOp::AllReduce(reduction))
}

/// Adds a node whose value is `x` of each of `ranks` ranks, one after the other along the first axis.
///
/// # Errors
/// Invalid argument for a scalar or a dynamic shape.
pub fn all_gather(graph: &mut Graph, x: NodeId, ranks: usize) -> Result<NodeId, Error> {
    add(graph, x, CollectiveOp::AllGather(ranks))
}

/// Adds a node whose value is this rank's part, along the first axis, of `x` reduced over `ranks` ranks.
///
/// # Errors
/// Invalid argument when that axis is no equal parts for the ranks, for a scalar or a dynamic shape.
pub fn reduce_scatter(graph: &mut Graph, x: NodeId, reduction: Reduction, ranks: usize) -> Result<NodeId, Error> {
    add(graph, x, CollectiveOp::ReduceScatter(reduction, ranks))
}
