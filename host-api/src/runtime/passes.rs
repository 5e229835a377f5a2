//! From the user's graph to what the plugin compiles: the runtime's passes, then the encoding.

use super::claims::Target;
use super::constants::{HostTensor, hoist};
use super::failure::fail;
use super::registered::claimed_ops;
use super::{admission, legalize, products};
use crate::abi::RlxClaimsApi;
use crate::{BackendOptions, Error, Plugin};
use rlx_ir::{DType, Graph, NodeId, Op, OpKind, rlxmodel};
use rlx_opt::pass::Pass;
use rlx_runtime::precompile::{post_fusion_cleanup, precompile_cleanup};
use rlx_runtime::{CompileOptions, Device, stages};

/// A graph as it is handed to the plugin.
#[derive(Debug)]
pub struct Prepared {
    /// The `.rlxmodel` text.
    pub program: String,
    /// Large constants of the graph, which are parameters of [`program`](Self::program).
    pub constants: Vec<HostTensor>,
}

/// What a compilation of `graph` for `Device::Mlx` would hand to `plugin`, on its first device. Whether custom ops have kernels
/// is not looked at.
///
/// # Errors
/// When the graph has no text form, or an op that the plugin does not take and the runtime cannot rewrite, or not rightly. When
/// a plugin that says what it takes node by node does not start on its first device.
///
/// # Panics
/// As the runtime's pipeline does.
pub fn prepare(plugin: &Plugin, graph: Graph, options: &CompileOptions) -> Result<Prepared, Error> {
    // What is taken may depend on the device, so an instance is asked.
    let asked = plugin.offers::<RlxClaimsApi>().then(|| plugin.create(&BackendOptions::new())).transpose()?;
    let plain = crate::CompileOptions::new();
    let claims = asked.as_ref().map(|backend| (backend, &plain));
    encode(optimize(graph, options, Target { ops: claimed_ops(plugin), kernels: None, claims })?)
}

/// All passes, of a graph that is fit for them. Params with a value in `options` are baked first, as the runtime's other
/// backends do.
///
/// # Errors
/// As [`prepare`], for the ops of the graph.
pub(super) fn optimize(graph: Graph, options: &CompileOptions, target: Target<'_>) -> Result<Graph, Error> {
    let (graph, target) = admitted(graph, options, target)?;
    let graph = precompile_cleanup(graph, options);
    let result = stages::compile_graph_stages_for_backend(Device::Mlx, graph, options, target.ops);
    stages::maybe_log_fusion(&result.fusion);
    finish(result.lir.into_graph(), options, target)
}

/// The passes that a planned graph has not gone through.
///
/// # Errors
/// As [`optimize`].
pub(super) fn optimize_planned(graph: Graph, options: &CompileOptions, target: Target<'_>) -> Result<Graph, Error> {
    let (graph, target) = admitted(graph, options, target)?;
    finish(graph, options, target)
}

/// A graph that the runtime's passes may be given, and what they are to make it fit for.
fn admitted<'a>(graph: Graph, options: &CompileOptions, target: Target<'a>) -> Result<(Graph, Target<'a>), Error> {
    let graph = products::as_matrices(graph)?;
    let refusals = target.refusals(&graph);
    let target = target.without_stateful(&graph, &refusals);
    admission::admit(&graph, &target, &refusals, options.kernel_dispatch)?;
    let graph = legalize::rewrite_refused(graph, refusals, &target, options.kernel_dispatch)?;
    Ok((graph, target))
}

/// The runtime's last passes, and then what the plugin refuses of the result.
fn finish(graph: Graph, options: &CompileOptions, target: Target<'_>) -> Result<Graph, Error> {
    let graph = last_passes(graph, options, target.ops);
    let refusals = target.refusals(&graph);
    legalize::rewrite_refused(graph, refusals, &target, options.kernel_dispatch)
}

/// The passes after fusion, in the order of the runtime's own MLX backend. Its promotion of halves to f32 is left out:
/// MLX computes with halves. So is its unrolling of scans that are long but of a small body: the plugin has scans.
fn last_passes(graph: Graph, options: &CompileOptions, ops: &'static [OpKind]) -> Graph {
    let backend = Device::Mlx.as_arg();
    let graph = lower_control_flow(graph, ops);
    let graph = rlx_opt::rlx_autodiff::decompose_backward_ops_except(graph, ops);
    let (mut graph, report) =
        rlx_opt::prepare_graph_for_backend_with_report(graph, backend, ops, options.kernel_dispatch);
    rlx_opt::maybe_log_dispatch_report(&report);
    if !report.compile_ready {
        fail(format_args!(
            "{}\n{}",
            rlx_opt::format_legalize_error(backend, &report.still_unsupported),
            rlx_opt::format_dispatch_report(&report)
        ));
    }
    if ops.contains(&OpKind::Scan) {
        graph = rlx_opt::maybe_unroll_scans(graph, options.scan_unroll_max_length);
    }
    rewrite_nested(&mut graph, options, ops);
    graph = post_fusion_cleanup(graph, options);
    match &options.policy {
        Some(policy) => cast_around_nested(rlx_opt::AutoMixedPrecision::new(policy.clone()).run(graph)),
        None => graph,
    }
}

/// Rewrites the branches and loops that the plugin does not have.
fn lower_control_flow(graph: Graph, ops: &[OpKind]) -> Graph {
    match (ops.contains(&OpKind::If), ops.contains(&OpKind::While)) {
        (true, true) => graph,
        (false, true) => rlx_opt::LowerIf.run(graph),
        (_, false) => rlx_opt::LowerControlFlow.run(graph),
    }
}

/// Rewrites what the plugin lacks in nested graphs, which none of the runtime's passes enters. An op that has no rewrite
/// is left for the plugin to refuse.
fn rewrite_nested(graph: &mut Graph, options: &CompileOptions, ops: &'static [OpKind]) {
    let backend = Device::Mlx.as_arg();
    for body in graph.nodes_mut().iter_mut().flat_map(|node| node.op.subgraphs_mut()) {
        let whole = std::mem::replace(body, Graph::new(String::new()));
        let (whole, _) = rlx_opt::prepare_graph_for_backend_with_report(whole, backend, ops, options.kernel_dispatch);
        *body = whole;
        rewrite_nested(body, options, ops);
    }
}

/// A precision policy changes the dtypes of a node with nested graphs and of its operands, but not those inside: such a
/// node gets casts around it, and computes as it is declared.
fn cast_around_nested(graph: Graph) -> Graph {
    if graph.nodes().iter().all(|node| node.op.subgraphs().is_empty()) {
        return graph;
    }
    let mut out = Graph::new(graph.name.clone());
    let cast = |out: &mut Graph, id: NodeId, to: DType| {
        let shape = out.shape(id).clone();
        if shape.dtype() == to { id } else { out.add_node(Op::Cast { to }, vec![id], shape.with_dtype(to)) }
    };
    let mut made: Vec<NodeId> = Vec::with_capacity(graph.len());
    for node in graph.nodes() {
        let mut inputs: Vec<NodeId> = node.inputs.iter().map(|id| made[id.0 as usize]).collect();
        let mut shape = node.shape.clone();
        let bodies = node.op.subgraphs();
        let (body, operands) = match &node.op {
            Op::If { .. } => (bodies.first(), 1),
            Op::While { .. } => (bodies.last(), 0),
            _ => (bodies.first(), 0),
        };
        if let Some(body) = body {
            let leaves = body.nodes().iter().filter(|n| matches!(n.op, Op::Input { .. }));
            for (input, leaf) in inputs.iter_mut().skip(operands).zip(leaves) {
                *input = cast(&mut out, *input, leaf.shape.dtype());
            }
            if let Some(&output) = body.outputs.first() {
                shape = shape.with_dtype(body.shape(output).dtype());
            }
        }
        let id = out.append_node(node.op.clone(), inputs, shape, node.name.clone());
        made.push(cast(&mut out, id, node.shape.dtype()));
    }
    out.set_outputs(graph.outputs.iter().map(|id| made[id.0 as usize]).collect());
    out.set_output_names(graph.output_names().to_vec());
    out
}

/// Moves large constants out and writes the rest as text.
pub(super) fn encode(mut graph: Graph) -> Result<Prepared, Error> {
    let constants = hoist(&mut graph);
    let program = rlxmodel::to_text(&graph)
        .map_err(|e| Error::invalid(format!("graph `{}` cannot be written as .rlxmodel: {e}", graph.name)))?;
    Ok(Prepared { program, constants })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rlx_ir::Shape;
    use rlx_ir::op::{Activation, BinaryOp};
    use std::collections::HashMap;

    const OPS: &[OpKind] = &[
        OpKind::Input,
        OpKind::Param,
        OpKind::Constant,
        OpKind::Activation,
        OpKind::Binary,
        OpKind::Cast,
        OpKind::MatMul,
        OpKind::Expand,
        OpKind::Reshape,
        OpKind::Narrow,
        OpKind::Concat,
        OpKind::FusedMatMulBiasAct,
    ];

    /// A plugin that claims kinds alone.
    fn kinds(ops: &'static [OpKind]) -> Target<'static> {
        Target { ops, kernels: None, claims: None }
    }

    fn layer(dtype: DType) -> Graph {
        let mut graph = Graph::new("layer");
        let x = graph.input("x", Shape::new(&[2, 4], dtype));
        let w = graph.param("w", Shape::new(&[4, 3], dtype));
        let b = graph.param("b", Shape::new(&[3], dtype));
        let y = graph.matmul(x, w, Shape::new(&[2, 3], dtype));
        let y = graph.binary(BinaryOp::Add, y, b, Shape::new(&[2, 3], dtype));
        let y = graph.activation(Activation::Relu, y, Shape::new(&[2, 3], dtype));
        graph.set_outputs(vec![y]);
        graph
    }

    fn kinds_of(graph: &Graph) -> Vec<OpKind> {
        graph.nodes().iter().map(|n| n.op.kind()).collect()
    }

    #[test]
    fn a_claimed_fusion_is_made_and_an_unclaimed_one_is_not() {
        let options = CompileOptions::baseline();
        let fused = optimize(layer(DType::F32), &options, kinds(OPS)).unwrap();
        assert!(kinds_of(&fused).contains(&OpKind::FusedMatMulBiasAct), "{fused}");
        let plain = optimize(layer(DType::F32), &options, kinds(&OPS[..OPS.len() - 1])).unwrap();
        assert!(kinds_of(&plain).contains(&OpKind::MatMul), "{plain}");
    }

    #[test]
    fn halves_stay_halves() {
        let graph = optimize(layer(DType::F16), &CompileOptions::baseline(), kinds(OPS)).unwrap();
        assert!(graph.nodes().iter().all(|n| n.shape.dtype() == DType::F16), "{graph}");
    }

    #[test]
    fn a_bound_parameter_is_baked() {
        let bindings = HashMap::from([("b".to_owned(), vec![1.0, 2.0, 3.0])]);
        let graph =
            optimize(layer(DType::F32), &CompileOptions::baseline().param_bindings(bindings), kinds(OPS)).unwrap();
        assert!(graph.param_id("b").is_none() && graph.param_id("w").is_some(), "{graph}");
    }

    #[test]
    fn an_unclaimed_op_with_a_rewrite_is_rewritten() {
        let mut graph = Graph::new("pad");
        let x = graph.input("x", Shape::new(&[2], DType::F32));
        let pad = Op::Pad { pads: vec![[1, 1]], mode: rlx_ir::op::PadMode::Constant(0.0) };
        let y = graph.add_node(pad, vec![x], Shape::new(&[4], DType::F32));
        graph.set_outputs(vec![y]);
        let graph = optimize(graph, &CompileOptions::baseline(), kinds(OPS)).unwrap();
        assert!(kinds_of(&graph).iter().all(|k| OPS.contains(k)), "{graph}");
    }

    #[test]
    fn an_op_without_a_rewrite_is_named() {
        let error = optimize(layer(DType::F32), &CompileOptions::baseline(), kinds(&OPS[..5])).unwrap_err();
        assert!(error.message().contains("node %3 (MatMul)"), "{error}");
    }

    #[test]
    fn the_text_reads_back() {
        let prepared = encode(optimize(layer(DType::F32), &CompileOptions::baseline(), kinds(OPS)).unwrap()).unwrap();
        let graph = rlxmodel::from_text(&prepared.program).unwrap();
        assert!(graph.input_id("x").is_some() && prepared.constants.is_empty());
    }
}
