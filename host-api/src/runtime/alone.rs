//! One op alone, and what the runtime rewrites it to.
//!
//! The runtime tells nowhere which ops it rewrites. So it is asked: the op is rewritten in a graph of its own, with operands of
//! its own shapes. That is true of any version of the runtime, and it costs no more than the rewriting that follows.

use rlx_ir::logical_kernel::KernelDispatchConfig;
use rlx_ir::{Graph, Node, NodeId, Op, OpKind};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How messages name the plugin.
pub(super) const DEVICE: &str = "the plugin of device `mlx`";

/// Constants of more bytes are operands like others when an op is rewritten alone.
const SMALL: usize = 1 << 16;

/// A graph of `node` alone. Its operands are inputs, [`operand`] tells which; small constants remain what they are.
pub(super) fn alone(graph: &Graph, node: &Node) -> Graph {
    let mut alone = Graph::new(String::new());
    let mut made: Vec<(NodeId, NodeId)> = Vec::new();
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for (at, &id) in node.inputs.iter().enumerate() {
        let known = made.iter().find(|(from, _)| *from == id).map(|(_, to)| *to);
        let operand = known.unwrap_or_else(|| {
            let operand = graph.node(id);
            let op = match &operand.op {
                Op::Constant { data } if data.len() <= SMALL => operand.op.clone(),
                _ => Op::Input { name: format!("x{at}") },
            };
            alone.add_node(op, Vec::new(), operand.shape.clone())
        });
        made.push((id, operand));
        inputs.push(operand);
    }
    let output = alone.add_node(node.op.clone(), inputs, node.shape.clone());
    alone.set_outputs(vec![output]);
    alone
}

/// Which operand of the node an input of [`alone`] stands for.
pub(super) fn operand(name: &str) -> Option<usize> {
    name.strip_prefix('x')?.parse().ok()
}

/// Why an op is rewritten: its kind is not claimed, or this one of its kind is refused.
fn not_taken(kind: OpKind, refusal: Option<&str>) -> String {
    match refusal {
        None => format!("{DEVICE} does not claim {kind:?}"),
        Some(reason) => format!("{DEVICE} refuses this one ({reason})"),
    }
}

/// Lets the runtime rewrite a graph of one op to `ops`, which the plugin claims. Where the plugin claims the op's kind too and
/// refuses this one, that is the `refusal`; then ops of the kind may be in the result, for the plugin to be asked about.
///
/// # Errors
/// What is wrong with the result; a panic of the runtime's is an answer too.
pub(super) fn rewrite(
    alone: Graph,
    ops: &[OpKind],
    refusal: Option<&str>,
    dispatch: KernelDispatchConfig,
) -> Result<Graph, String> {
    let Some(kind) = alone.outputs.first().map(|&id| alone.node(id).op.kind()) else { return Ok(alone) };
    let why = || not_taken(kind, refusal);
    let remedy = "use a plugin that claims it, or write it with other ops";
    let others: Vec<OpKind> = ops.iter().copied().filter(|other| refusal.is_none() || *other != kind).collect();
    let before = alone.fingerprint();
    let rewritten = catch_unwind(AssertUnwindSafe(|| {
        rlx_opt::prepare_graph_for_backend_with_report(alone, rlx_runtime::Device::Mlx.as_arg(), &others, dispatch)
    }));
    let (graph, report) = rewritten
        .map_err(|panic| format!("{}, and rlx-opt fails to rewrite this one ({}): {remedy}", why(), text(&*panic)))?;
    let changed = graph.fingerprint() != before;
    let mut left: Vec<OpKind> = Vec::new();
    for (_, other) in report.still_unsupported {
        let is_to_be_asked_for = changed && ops.contains(&other);
        if !is_to_be_asked_for && !left.contains(&other) {
            left.push(other);
        }
    }
    // To the runtime, no claims are all claims.
    if left == [kind] || (refusal.is_some() && !changed) {
        return Err(format!("{}, and rlx-opt has no rewrite of this one: {remedy}", why()));
    }
    if !left.is_empty() {
        return Err(format!(
            "{}, and rlx-opt rewrites it to {left:?}, which {DEVICE} does not claim either: {remedy}",
            why()
        ));
    }
    match malformed(&graph) {
        Some(bytes) => Err(format!(
            "{}, and rlx-opt rewrites it to a graph with a constant of {bytes}: compute it in f32, or {remedy}",
            why()
        )),
        None => Ok(graph),
    }
}

/// A constant whose bytes are not those of its shape.
fn malformed(graph: &Graph) -> Option<String> {
    graph.nodes().iter().find_map(|node| match &node.op {
        Op::Constant { data } => {
            let bytes = node.shape.num_elements()?.checked_mul(node.shape.dtype().size_bytes())?;
            (data.len() != bytes).then(|| format!("{} bytes for {}", data.len(), node.shape))
        }
        _ => None,
    })
}

/// What a panic says, in one line.
fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").lines().collect::<Vec<_>>().join(" ")
}
