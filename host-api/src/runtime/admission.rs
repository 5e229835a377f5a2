//! What the runtime's passes may be given: a graph of ops that the plugin claims or that the runtime rewrites, rightly, to
//! such. Everything else is refused by name before any pass has run.
//!
//! Nodes of claimed kinds that the plugin refuses are rewritten by [`legalize`](super::legalize), before any pass too; here
//! only those are refused whose rewrite is not to be trusted.

use super::alone::{DEVICE, alone, rewrite};
use super::claims::{Refusals, Target};
use super::{DistrustedRewrite, custom, distrusted};
use crate::Error;
use rlx_ir::logical_kernel::KernelDispatchConfig;
use rlx_ir::shape::Dim;
use rlx_ir::{DType, Graph, Node, Op, OpKind};
use std::collections::HashSet;

/// A node to look at further.
struct Found<'a> {
    graph: &'a Graph,
    node: &'a Node,
    /// Where it is.
    place: String,
}

/// The nodes of a graph and of those nested in it that an output depends on.
#[derive(Default)]
struct Survey<'a> {
    /// Not claimed by the plugin.
    unclaimed: Vec<Found<'a>>,
    /// Custom ops, where the plugin claims those.
    custom: Vec<Found<'a>>,
    /// Why others are refused.
    refused: Vec<String>,
}

/// Refuses what the plugin neither claims nor the runtime rewrites rightly, and custom ops that nothing computes. `refusals`
/// are nodes of claimed kinds that the plugin does not take.
///
/// # Errors
/// Unsupported; the message names each node, what is wrong with it and what to do.
pub(super) fn admit(
    graph: &Graph,
    target: &Target<'_>,
    refusals: &Refusals,
    dispatch: KernelDispatchConfig,
) -> Result<(), Error> {
    admit_with(graph, target, refusals, &mut |alone| rewrite(alone, target.ops, None, dispatch).err())
}

/// What is wrong with a graph of one op after the runtime has rewritten it; `None` for nothing.
type Rewrite<'a> = dyn FnMut(Graph) -> Option<String> + 'a;

fn admit_with(graph: &Graph, target: &Target<'_>, refusals: &Refusals, rewrite: &mut Rewrite<'_>) -> Result<(), Error> {
    // To the runtime, no claims are all claims.
    if target.ops.is_empty() {
        return Ok(());
    }
    let mut survey = Survey::default();
    survey.add(graph, target.ops, Some(refusals), "", true);
    let Survey { mut unclaimed, custom, mut refused } = survey;
    if let Some(backend) = target.kernels {
        for op in custom {
            if let Err(wrong) = custom::provide(backend, op.node, || alone(op.graph, op.node)) {
                refused.push(format!("{}: {wrong}", op.place));
            }
        }
    }
    // The table comes first, as its rewrites are not to be tried; then the ops that are cheap to rewrite, since they are
    // also those that have no rewrite.
    refuse(&refused)?;
    unclaimed.sort_by_key(|op| (expands(op.node.op.kind()), elements(op.graph, op.node)));
    let mut known = HashSet::new();
    for op in unclaimed {
        let alone = alone(op.graph, op.node);
        if known.insert(alone.fingerprint())
            && let Some(wrong) = rewrite(alone)
        {
            refuse(&[format!("{}: {wrong}", op.place)])?;
        }
    }
    Ok(())
}

fn refuse(list: &[String]) -> Result<(), Error> {
    match list {
        [] => Ok(()),
        [one] => Err(Error::unsupported(one.clone())),
        [first, rest @ ..] => Err(Error::unsupported(format!("{first}; and {} more: {}", rest.len(), rest.join("; ")))),
    }
}

impl<'a> Survey<'a> {
    /// `claims_count` is false where the runtime rewrites all ops, whatever the plugin claims.
    fn add(&mut self, graph: &'a Graph, ops: &[OpKind], refusals: Option<&Refusals>, inside: &str, claims_count: bool) {
        let live = live(graph);
        for node in graph.nodes().iter().filter(|node| live[node.id.0 as usize]) {
            let kind = node.op.kind();
            let refusal = refusals.and_then(|refusals| refusals.of(node));
            let of_a_claimed_kind = ops.contains(&kind);
            let claimed = of_a_claimed_kind && refusal.is_none();
            let place = || format!("node {} ({kind:?}){inside}", label(node));
            let found = || Found { graph, node, place: place() };
            if !(claimed && claims_count) {
                match distrusted::find(graph, node) {
                    Some(row) => self.refused.push(distrust(row, &place(), claimed, refusal)),
                    None if !of_a_claimed_kind => self.unclaimed.push(found()),
                    None => {}
                }
            }
            if claimed && kind == OpKind::Custom {
                self.custom.push(found());
            }
            if is_torn(node) {
                self.refused.push(format!(
                    "{}: it has an infinite f32 paired with what cancels it, as rlx-runtime's Session::compile makes of an \
                     f64 that f32 cannot hold: compile it with Session::compile_module, which leaves f64 as it is",
                    place()
                ));
            }
            let derives = matches!(kind, OpKind::ScanBackward | OpKind::ScanBackwardXs);
            // A function's own derivatives are not computed by a run.
            let bodies = node.op.subgraphs();
            let computed = if matches!(node.op, Op::CustomFn { .. }) { 1 } else { bodies.len() };
            for (index, body) in bodies.into_iter().take(computed).enumerate() {
                let inside = format!(" in {}", place());
                let refusals = refusals.and_then(|refusals| refusals.body(node.id, index));
                self.add(body, ops, refusals, &inside, claims_count && (claimed || !derives));
            }
        }
    }
}

/// Why an op of the table is refused. One that is claimed is in a graph that the runtime rewrites whole; of one that is not,
/// the plugin may have told why it does not take it.
pub(super) fn distrust(row: &DistrustedRewrite, place: &str, claimed: bool, refusal: Option<&str>) -> String {
    let DistrustedRewrite { op, form, reason, instead, seen, .. } = row;
    let space = if form.is_empty() { "" } else { " " };
    let unclaimed = match refusal {
        Some(reason) => format!(", which {DEVICE} refuses ({reason})"),
        None if claimed => String::new(),
        None => format!(", which {DEVICE} does not claim"),
    };
    let what = if claimed { "what it is in" } else { "it" };
    format!(
        "{place}{unclaimed}: rlx-opt's rewrite of {op:?}{space}{form} is wrong (seen in {seen}): {reason}; {instead}, or \
         use a plugin that claims {what}"
    )
}

/// Whether the node is a constant of f64 as pairs of f32, high and low, of which one is no number: the session splits f64
/// before a backend sees it, and an infinity, or what is one in f32, has no low part.
fn is_torn(node: &Node) -> bool {
    let Op::Constant { data } = &node.op else { return false };
    let is_pairs = node.shape.dtype() == DType::F32 && node.shape.dims().last().is_some_and(|d| *d == Dim::Static(2));
    let part =
        |bytes: &[u8; 8], at: usize| f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    is_pairs
        && data.as_chunks::<8>().0.iter().any(|pair| {
            let (high, low) = (part(pair, 0), part(pair, 4));
            high.is_infinite() && (low.is_nan() || low == -high)
        })
}

/// Which nodes an output depends on.
pub(super) fn live(graph: &Graph) -> Vec<bool> {
    let mut live = vec![false; graph.len()];
    let mut next = graph.outputs.clone();
    while let Some(id) = next.pop() {
        if !std::mem::replace(&mut live[id.0 as usize], true) {
            next.extend(&graph.node(id).inputs);
        }
    }
    live
}

pub(super) fn label(node: &Node) -> String {
    match &node.name {
        Some(name) => format!("{} `{name}`", node.id),
        None => node.id.to_string(),
    }
}

/// Whether a rewrite of the op makes nodes for each step or element, so that trying it takes long. A kind too few here
/// costs time and nothing else.
fn expands(kind: OpKind) -> bool {
    use OpKind::*;
    matches!(
        kind,
        Lstm | Gru
            | Rnn
            | Mamba2
            | SelectiveScan
            | GatedDeltaNet
            | GatedDeltaNetBackward
            | Scan
            | ScanBackward
            | ScanBackwardXs
            | While
            | Conv2dBackwardInput
            | Conv2dBackwardWeight
            | Conv3dBackwardInput
            | Conv3dBackwardWeight
            | MaxPool2dBackward
            | MaxPool3dBackward
            | ReEig
            | LogEig
            | FftPocketFft
    )
}

/// Of all operands and the result.
fn elements(graph: &Graph, node: &Node) -> usize {
    let shapes = node.inputs.iter().map(|&id| graph.shape(id)).chain([&node.shape]);
    shapes.fold(0, |sum, shape| sum.saturating_add(shape.num_elements().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::super::claims::for_ever;
    use super::*;
    use rlx_ir::Shape;
    use rlx_ir::op::{Activation, SteKind};

    const OPS: &[OpKind] = &[
        OpKind::Input,
        OpKind::Constant,
        OpKind::Activation,
        OpKind::Binary,
        OpKind::Reshape,
        OpKind::Narrow,
        OpKind::Concat,
        OpKind::Expand,
        OpKind::Reduce,
        OpKind::Scan,
    ];

    fn f32s(dims: &[usize]) -> Shape {
        Shape::new(dims, DType::F32)
    }

    /// A graph of ops that each read `x`, of [4].
    fn graph(ops: &[Op]) -> Graph {
        let mut graph = Graph::new("g");
        let x = graph.input("x", f32s(&[4]));
        let outputs = ops.iter().map(|op| graph.add_node(op.clone(), vec![x; op.num_inputs()], f32s(&[4]))).collect();
        graph.set_outputs(outputs);
        graph
    }

    fn sort() -> Op {
        Op::Sort { axis: 0, descending: false }
    }

    /// A plugin that claims kinds alone.
    fn target(ops: &[OpKind]) -> Target<'static> {
        Target { ops: for_ever(ops.to_vec()), kernels: None, claims: None }
    }

    fn admit(graph: &Graph, ops: &[OpKind]) -> Result<(), Error> {
        super::admit(graph, &target(ops), &Refusals::default(), KernelDispatchConfig::default())
    }

    /// What is tried before `graph` is refused or let pass, and why it is refused.
    fn tried(graph: &Graph) -> (Vec<OpKind>, Option<String>) {
        let mut tried = Vec::new();
        let result = admit_with(graph, &target(OPS), &Refusals::default(), &mut |alone| {
            tried.push(alone.node(alone.outputs[0]).op.kind());
            rewrite(alone, OPS, None, KernelDispatchConfig::default()).err()
        });
        (tried, result.err().map(|e| e.message().to_owned()))
    }

    #[test]
    fn an_op_without_a_rewrite_is_refused_before_any_that_expands_is_tried() {
        let lstm = Op::Lstm { hidden_size: 1, num_layers: 1, bidirectional: false, carry: false };
        let weight = Op::MaxPool2dBackward { kernel_size: vec![1, 1], stride: vec![1, 1], padding: vec![0, 0] };
        let (tried, message) = tried(&graph(&[lstm, weight, sort()]));
        assert_eq!(tried, [OpKind::Sort]);
        let message = message.unwrap();
        assert!(message.contains("node %3 (Sort)") && message.contains("no rewrite"), "{message}");
    }

    #[test]
    fn a_distrusted_op_is_refused_before_anything_is_tried() {
        let round = Op::ActivationBackward { kind: Activation::Round };
        let quantize = Op::FakeQuantizeBackward { bits: 8, axis: Some(0), ste: SteKind::Tanh };
        let (tried, message) = tried(&graph(&[sort(), round, quantize]));
        assert_eq!(tried, []);
        let message = message.unwrap();
        for part in
            ["node %2 (ActivationBackward)", "dy itself", "and 1 more: node %3 (FakeQuantizeBackward)", "0.2.19"]
        {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn equal_ops_are_tried_once_and_claimed_ones_not_at_all() {
        let tanh = || Op::ActivationBackward { kind: Activation::Tanh };
        let (tried, message) = tried(&graph(&[tanh(), Op::Activation(Activation::Tanh), tanh(), tanh()]));
        assert_eq!((tried, message), (vec![OpKind::ActivationBackward], None));
    }

    #[test]
    fn a_rewrite_that_panics_is_a_refusal() {
        let mut graph = Graph::new("g");
        let x = graph.input("x", f32s(&[4]));
        // Has three operands.
        let y = graph.append_node(Op::SoftmaxCrossEntropyBackward, vec![x], f32s(&[4]), Some("loss".into()));
        graph.set_outputs(vec![y]);
        let message = tried(&graph).1.unwrap();
        assert!(message.contains("`loss` (SoftmaxCrossEntropyBackward)") && message.contains("fails"), "{message}");
    }

    #[test]
    fn what_no_output_depends_on_is_not_looked_at() {
        let mut graph = graph(&[sort(), Op::Activation(Activation::Tanh)]);
        graph.set_outputs(vec![graph.outputs[1]]);
        assert_eq!(tried(&graph), (vec![], None));
    }

    #[test]
    fn bodies_are_looked_at_too() {
        let mut outer = Graph::new("g");
        let x = outer.input("x", f32s(&[4]));
        let y = outer.scan(x, graph(&[sort()]), 3);
        outer.set_outputs(vec![y]);
        let message = tried(&outer).1.unwrap();
        assert!(message.contains("node %1 (Sort) in node %1 (Scan)"), "{message}");
    }

    /// The runtime rewrites the derivative of a scan's body whole, what the plugin claims included.
    #[test]
    fn a_claimed_op_is_distrusted_where_claims_do_not_count() {
        let body = graph(&[Op::ActivationBackward { kind: Activation::Round }]);
        let derivative = Op::ScanBackward {
            body_vjp: Box::new(body),
            length: 3,
            save_trajectory: true,
            num_checkpoints: 0,
            num_xs: 0,
            forward_body: None,
        };
        let mut outer = Graph::new("g");
        let x = outer.input("x", f32s(&[4]));
        let y = outer.add_node(derivative, vec![x, x, x], f32s(&[4]));
        outer.set_outputs(vec![y]);
        let claims = [OPS, &[OpKind::ActivationBackward]].concat();
        let message = admit(&outer, &claims).unwrap_err();
        assert!(message.message().contains("(ActivationBackward) in node %1 (ScanBackward): rlx-opt"), "{message}");
        // One that the plugin computes itself has its claims.
        let claims = [claims.as_slice(), &[OpKind::ScanBackward]].concat();
        admit(&outer, &claims).unwrap();
    }

    /// Its rewrite makes f32 constants for whatever dtype.
    #[test]
    fn a_rewrite_with_constants_of_another_size_is_a_refusal() {
        let mut graph = Graph::new("g");
        let x = graph.input("x", Shape::new(&[4], DType::F16));
        let op = Op::Lstm { hidden_size: 1, num_layers: 1, bidirectional: false, carry: false };
        let mut input = |name: &str, dims: &[usize]| graph.input(name, Shape::new(dims, DType::F16));
        let operands = vec![input("s", &[1, 2, 1]), input("i", &[4, 1]), input("h", &[4, 1]), input("b", &[4])];
        let y = graph.add_node(op, operands, Shape::new(&[1, 2, 1], DType::F16));
        graph.set_outputs(vec![x, y]);
        let ops = [OPS, &[OpKind::MatMul, OpKind::Transpose]].concat();
        let message = admit(&graph, &ops).unwrap_err();
        assert!(message.message().contains("constant of 4 bytes"), "{message}");
    }
}
