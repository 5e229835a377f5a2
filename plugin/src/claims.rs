//! Which nodes of a program are taken, how each would run, and why one is not: for hosts that ask before they compile.

use crate::array::dtype_code;
use crate::executable::Options;
use crate::gate;
use crate::kernels::chosen;
use crate::lower::SUPPORTED_OPS;
use crate::plugin::MlxBackend;
use crate::program::dims_of;
use rlx_host_api::Error;
use rlx_host_api::author::{Claim, Claims, CompileRequest, How, KernelRegistry, Kernels};
use rlx_host_api::kernel::{KernelKind, Language};
use rlx_ir::{Graph, Node, Op};

impl Claims for MlxBackend {
    fn claims(&self, request: CompileRequest<'_>) -> Result<Vec<Claim>, Error> {
        let _pass = gate::pass()?;
        Options::read(&request.options)?;
        let graph = request.read_graph()?;
        Ok(Claim::of_graph(&graph, |_, node| claim(node, self.kernels(), self.language())))
    }
}

/// What is done with one node on a device with `language`.
fn claim(node: &Node, kernels: &KernelRegistry, language: Option<Language>) -> Result<How, Error> {
    let kind = node.op.kind();
    if !SUPPORTED_OPS.contains(&kind) {
        return Err(Error::unsupported(format!("MLX's backend has no op {kind:?}")));
    }
    let cast_to = if let Op::Cast { to } = node.op { Some(to) } else { None };
    for dtype in std::iter::once(node.shape.dtype()).chain(cast_to) {
        dtype_code(dtype.into())?;
    }
    dims_of(node)?;
    match &node.op {
        Op::Input { .. } | Op::Param { .. } | Op::Constant { .. } => Ok(How::Leaf),
        Op::If { .. } | Op::While { .. } | Op::Scan { .. } => Ok(How::ControlFlow),
        Op::CustomFn { fwd_body, .. } if has_control_flow(fwd_body) => Ok(How::ControlFlow),
        Op::Custom { name, .. } => of_kernel(name, kernels, language),
        _ => Ok(How::Graph),
    }
}

/// Whether a run decides what of the graph is computed: the body of a function then runs as control flow does.
fn has_control_flow(graph: &Graph) -> bool {
    graph.nodes().iter().any(|node| match &node.op {
        Op::If { .. } | Op::While { .. } | Op::Scan { .. } => true,
        Op::CustomFn { fwd_body, .. } => has_control_flow(fwd_body),
        _ => false,
    })
}

/// How the kernel of a custom op would run now.
fn of_kernel(op: &str, kernels: &KernelRegistry, language: Option<Language>) -> Result<How, Error> {
    let kernel = kernels.get(op).ok_or_else(|| {
        Error::unsupported(format!("no kernel for custom op `{op}`: register it with the backend before compile"))
    })?;
    Ok(match chosen(kernel, language)?.kind() {
        KernelKind::Composed => How::Graph,
        KernelKind::Host => How::Host,
        KernelKind::Source => How::Source,
    })
}
