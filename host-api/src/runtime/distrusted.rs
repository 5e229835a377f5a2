//! Rewrites of the runtime that make another program, or one of a size without bound. What a plugin does not claim is
//! rewritten by the runtime; an op of this table is refused in place of that, see [`super::admission`].
//!
//! The tests run each rewrite against a closed form. Where a newer runtime has mended one, its test fails and says so:
//! delete the row then.

use rlx_ir::op::{Activation, SteKind};
use rlx_ir::{Graph, Node, NodeId, Op, OpKind};

/// A rewrite that is not used.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct DistrustedRewrite {
    /// The op.
    pub op: OpKind,
    /// Which of its forms, as in "with carry"; empty for all.
    pub form: &'static str,
    /// What the rewrite does.
    pub reason: &'static str,
    /// What to do in place of it.
    pub instead: &'static str,
    /// The newest version of the runtime in which it was seen.
    pub seen: &'static str,
    applies: fn(&Graph, &Node) -> bool,
}

impl DistrustedRewrite {
    /// Whether `node` of `graph` is of the row's op and form.
    pub fn applies(&self, graph: &Graph, node: &Node) -> bool {
        node.op.kind() == self.op && (self.applies)(graph, node)
    }
}

/// The table.
pub const DISTRUSTED_REWRITES: &[DistrustedRewrite] = &[
    DistrustedRewrite {
        op: OpKind::ResizeNearest2x,
        form: "",
        reason: "it puts a second copy behind the first, where each element is to be doubled",
        instead: "write it as Reshape, Expand and Reshape",
        seen: "0.2.19",
        applies: |_, _| true,
    },
    DistrustedRewrite {
        op: OpKind::GroupNormBackwardGamma,
        form: "of a batch above 1",
        reason: "it sums over the wrong elements",
        instead: "compute it for each element of the batch and add the results",
        seen: "0.2.19",
        applies: batch_above_1,
    },
    DistrustedRewrite {
        op: OpKind::GroupNormBackwardBeta,
        form: "of a batch above 1",
        reason: "it sums over the wrong elements",
        instead: "write it as a Reduce of dy over all axes but the channels",
        seen: "0.2.19",
        applies: batch_above_1,
    },
    DistrustedRewrite {
        op: OpKind::Lstm,
        form: "with carry",
        reason: "it does not write the final states back, so the next run starts from the old ones",
        instead: "write the steps out, with the states as outputs that are fed to the next run",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::Lstm { carry: true, .. }),
    },
    DistrustedRewrite {
        op: OpKind::Gru,
        form: "with carry",
        reason: "it does not write the final state back, so the next run starts from the old one",
        instead: "write the steps out, with the state as an output that is fed to the next run",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::Gru { carry: true, .. }),
    },
    DistrustedRewrite {
        op: OpKind::Rnn,
        form: "with carry",
        reason: "it does not write the final state back, so the next run starts from the old one",
        instead: "write the steps out, with the state as an output that is fed to the next run",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::Rnn { carry: true, .. }),
    },
    DistrustedRewrite {
        op: OpKind::GatedDeltaNet,
        form: "with a state that nothing reads",
        reason: "it does not write the final state back, so the next run starts from the old one",
        instead: "make the state an output, which then is the final one, and feed it to the next run",
        seen: "0.2.19",
        applies: |graph, node| {
            let reads = |state: &NodeId| {
                let later = graph.nodes().iter().skip_while(|other| other.id != node.id).skip(1);
                graph.outputs.contains(state) || later.flat_map(|other| &other.inputs).any(|id| id == state)
            };
            matches!(node.op, Op::GatedDeltaNet { carry_state: true, .. }) && !node.inputs.get(5).is_some_and(reads)
        },
    },
    DistrustedRewrite {
        op: OpKind::FakeQuantizeBackward,
        form: "with an axis",
        reason: "it takes the largest value along the axis, where that of each index of the axis is meant",
        instead: "use SteKind::Identity",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::FakeQuantizeBackward { axis: Some(_), ste, .. } if ste != SteKind::Identity),
    },
    DistrustedRewrite {
        op: OpKind::FakeQuantizeBackward,
        form: "of another kind than Identity",
        reason: "it declares an axis that it reduces away, and makes a constant of one value for a whole shape",
        instead: "use SteKind::Identity",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::FakeQuantizeBackward { ste, .. } if ste != SteKind::Identity),
    },
    DistrustedRewrite {
        op: OpKind::ActivationBackward,
        form: "of Round",
        reason: "it gives 0, where the gradient goes straight through",
        instead: "use dy itself",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::ActivationBackward { kind: Activation::Round }),
    },
    DistrustedRewrite {
        op: OpKind::ActivationBackward,
        form: "of Gelu",
        reason: "it gives the derivative of GeluApprox, which is off by up to 7e-3",
        instead: "use GeluApprox in the forward graph, or write the derivative with Erf and Exp",
        seen: "0.2.19",
        applies: |_, node| matches!(node.op, Op::ActivationBackward { kind: Activation::Gelu }),
    },
    DistrustedRewrite {
        op: OpKind::Conv2dBackwardWeight,
        form: "",
        reason: "it makes nodes for each element, gigabytes of them, and reshapes the batch wrongly",
        instead: "use a plugin that claims it",
        seen: "0.2.19",
        applies: |_, _| true,
    },
];

/// Of the first operand.
fn batch_above_1(graph: &Graph, node: &Node) -> bool {
    let batch = node.inputs.first().and_then(|&x| graph.shape(x).dims().first().copied());
    batch.is_none_or(|dim| !dim.is_static() || dim.unwrap_static() != 1)
}

/// The first row that applies.
pub(super) fn find(graph: &Graph, node: &Node) -> Option<&'static DistrustedRewrite> {
    DISTRUSTED_REWRITES.iter().find(|row| row.applies(graph, node))
}
