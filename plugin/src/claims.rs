//! Which nodes of a program are taken, how each would run, and why one is not: for hosts that ask before they compile.

use crate::executable::Options;
use crate::explain::explain;
use crate::ir::check::check_node;
use crate::kernels::set::chosen;
use crate::mlx::device::Device;
use crate::plugin::MlxBackend;
use crate::process::gate;
use crate::rules::rule::{self, Case};
use crate::rules::table;
use rlx_host_api::author::{Claim, Claims, CompileRequest, How, KernelRegistry, Kernels, Taken};
use rlx_host_api::kernel::KernelKind;
use rlx_host_api::{Error, Value};
use rlx_ir::{Graph, Node, Op};

impl Claims for MlxBackend {
    fn claims(&self, request: CompileRequest<'_>) -> Result<Vec<Claim>, Error> {
        let _pass = gate::pass()?;
        let (asked, options): (Vec<_>, Vec<_>) =
            request.options.iter().cloned().partition(|(key, _)| key == Claim::EXPLAIN);
        Options::read(&options)?;
        let explains = match asked.last() {
            None => false,
            Some((_, Value::Bool(explains))) => *explains,
            Some((key, other)) => {
                return Err(Error::invalid(format!("option `{key}` is true or false, not `{other}`")));
            }
        };
        let graph = request.read_graph()?;
        let lane = if explains { Some(self.lane()?) } else { None };
        let _building = lane.as_ref().map(|lane| lane.enter_to_build()).transpose()?;
        Ok(Claim::of_graph(&graph, |graph, node| {
            let case = Case { graph, node };
            let how = claim(&case, self.kernels(), self.device())?;
            // Those of the plan have no operation of their own, and a node that cannot be lowered by itself is as its row says.
            let is_lowered =
                matches!(how, How::Graph | How::Host) && !matches!(node.op, Op::Custom { .. } | Op::CustomFn { .. });
            let explained = if explains && is_lowered { explain(&case, self.device()).ok() } else { None };
            Ok(explained.unwrap_or_else(|| Taken::from(how)))
        }))
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
