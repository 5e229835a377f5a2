//! Which nodes of a program are taken, how each would run, and why one is not: for hosts that ask before they compile.

use crate::executable::Options;
use crate::ir::check::check_node;
use crate::kernels::set::chosen;
use crate::mlx::device::Device;
use crate::plugin::MlxBackend;
use crate::process::gate;
use crate::rules::rule::{self, Case};
use crate::rules::table;
use rlx_host_api::Error;
use rlx_host_api::author::{Claim, Claims, CompileRequest, How, KernelRegistry, Kernels};
use rlx_host_api::kernel::KernelKind;
use rlx_ir::{Graph, Node, Op};

impl Claims for MlxBackend {
    fn claims(&self, request: CompileRequest<'_>) -> Result<Vec<Claim>, Error> {
        let _pass = gate::pass()?;
        Options::read(&request.options)?;
        let graph = request.read_graph()?;
        Ok(Claim::of_graph(&graph, |graph, node| claim(&Case { graph, node }, self.kernels(), self.device())))
    }
}

/// What is done with one node: what its row says, and for custom ops the kernel that is registered now.
fn claim(case: &Case<'_>, kernels: &KernelRegistry, device: Device) -> Result<How, Error> {
    let rule = table::accept(case)?;
    check_node(case.node)?;
    match (&rule.how, &case.node.op) {
        (rule::How::Graph(_), Op::Custom { name, .. }) => of_kernel(name, kernels, device),
        (rule::How::Leaf, _) | (_, Op::Constant { .. }) => Ok(How::Leaf),
        (rule::How::Graph(_), _) => Ok(How::Graph),
        (rule::How::Host(_), _) => Ok(How::Host),
        (rule::How::ControlFlow, _) => Ok(How::ControlFlow),
        (rule::How::Call, op) if op.subgraphs().into_iter().any(has_control_flow) => Ok(How::ControlFlow),
        (rule::How::Call, _) => Ok(How::Graph),
    }
}

/// Whether a run decides what of the graph is computed: the body of a function then runs as control flow does.
fn has_control_flow(graph: &Graph) -> bool {
    let decides = |node: &Node| match table::find(node.op.kind()).map(|rule| &rule.how) {
        Some(rule::How::ControlFlow) => true,
        Some(rule::How::Call) => node.op.subgraphs().into_iter().any(has_control_flow),
        _ => false,
    };
    graph.nodes().iter().any(decides)
}

/// How the kernel of a custom op would run.
fn of_kernel(op: &str, kernels: &KernelRegistry, device: Device) -> Result<How, Error> {
    let kernel = kernels.get(op).ok_or_else(|| {
        Error::unsupported(format!("no kernel for custom op `{op}`: register it with the backend before compile"))
    })?;
    Ok(match chosen(kernel, device)?.kind() {
        KernelKind::Composed => How::Graph,
        KernelKind::Host => How::Host,
        KernelKind::Source => How::Source,
    })
}
