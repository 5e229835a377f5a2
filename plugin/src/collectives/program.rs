//! What the ranks have to agree on before a program runs: its collective ops.

use super::group::MlxGroup;
use super::ops::is_collective;
use super::turns::Turn;
use crate::ir::names::place;
use crate::ir::nodes;
use crate::ir::program::Program;
use crate::mlx::array::Array;
use crate::mlx::lanes::Lane;
use rlx_host_api::author::{Group, KernelRegistry};
use rlx_host_api::collectives::CollectiveOp;
use rlx_host_api::{DType, Error, ErrorKind, TensorInfo};
use rlx_ir::{Graph, Node, Op};
use std::fmt::Write;
use std::sync::Arc;

/// The collective ops of one program, with their group.
#[derive(Debug)]
pub(crate) struct ProgramCollectives {
    group: MlxGroup,
    hash: u64,
    /// What errors call them.
    what: String,
    list: String,
    /// Whether MLX's graph has them, so that its evaluation waits for other ranks.
    is_lazy: bool,
}

impl ProgramCollectives {
    /// Those of `program`; none where it has none. What no output depends on is not computed, and does not count.
    pub(crate) fn of(program: &Program, group: Option<MlxGroup>) -> Option<Self> {
        let mut list = String::new();
        describe(program, &mut list);
        let group = group.filter(|_| !list.is_empty())?;
        let what = format!("list of collective ops in graph `{}`", program.graph.name);
        let is_lazy = program.target.group.is_some();
        Some(Self { group, hash: fnv1a(list.as_bytes()), what, list, is_lazy })
    }

    /// Whether a run has to be evaluated by [`evaluate`](Self::evaluate).
    pub(crate) fn is_lazy(&self) -> bool {
        self.is_lazy
    }

    /// Has MLX evaluate a run of the graph `name`, on a stream that the caller has to itself and that is lost when it does not
    /// end in time. The caller has the group.
    pub(crate) fn evaluate(
        &self,
        name: &str,
        stream: &Arc<Lane>,
        run: impl FnOnce() -> Result<(Vec<Array>, u64), Error> + Send + 'static,
    ) -> Result<(Vec<Array>, u64), Error> {
        let operation = format!("run of graph `{name}`");
        self.group.engine().evaluate(&operation, self.group.timeout(), stream, Box::new(run))
    }

    /// Takes the group for a run. The first of a program has the ranks compare their collective ops.
    ///
    /// # Errors
    /// When a rank has others, does not come in time, or is gone.
    pub(crate) fn begin(&self) -> Result<Turn<'_>, Error> {
        let (turn, left) = self.group.turn(None)?;
        if self.is_lazy {
            self.group.engine().check("run of a program")?;
        }
        let agreed = self.group.agree_once(&self.what, self.hash, left);
        agreed.map_err(|error| match error.kind() {
            ErrorKind::InvalidArgument => {
                Error::new(error.kind(), format!("{}; here it is:{}", error.message(), self.list))
            }
            _ => error,
        })?;
        Ok(turn)
    }
}

/// Refuses collective ops that `group` cannot compute.
///
/// # Errors
/// Names the node and what is wrong.
pub(crate) fn check(graph: &Graph, group: Option<&MlxGroup>, kernels: &KernelRegistry) -> Result<(), Error> {
    let mut result = Ok(());
    nodes::each(graph, &mut |graph, node, inside| {
        if result.is_ok() && is_collective(&node.op) {
            result = check_node(graph, node, group, kernels).map_err(|e| e.context(format!("{}{inside}", place(node))));
        }
    });
    result
}

fn check_node(graph: &Graph, node: &Node, group: Option<&MlxGroup>, kernels: &KernelRegistry) -> Result<(), Error> {
    let Op::Custom { name, attrs, .. } = &node.op else { return Ok(()) };
    let Some(op) = CollectiveOp::read(name, attrs)? else { return Ok(()) };
    let Some(group) = group else {
        // A host may have a kernel of its own for the op.
        return match kernels.get(name) {
            Some(_) => Ok(()),
            None => Err(Error::unsupported(format!(
                "op `{name}` needs a group: join one and install it before the program is compiled"
            ))),
        };
    };
    let ([operand], size) = (node.inputs.as_slice(), group.size()) else {
        return Err(Error::invalid(format!("op `{name}` has one operand, not {}", node.inputs.len())));
    };
    if let CollectiveOp::AllGather(ranks) | CollectiveOp::ReduceScatter(_, ranks) = op
        && ranks != size
    {
        return Err(Error::invalid(format!(
            "op `{name}` is for {ranks} ranks, the group has {size}: build it for {size}"
        )));
    }
    let (operand, value) = (TensorInfo::of("", graph.shape(*operand))?, TensorInfo::of("", &node.shape)?);
    let wanted = TensorInfo { dims: op.value_dims(&operand.dims)?, ..operand };
    if value != wanted {
        return Err(Error::invalid(format!("op `{name}` gives {wanted}, but the node declares {value}")));
    }
    if value.dtype == DType::C128 {
        return Err(Error::unsupported(format!("op `{name}` of c128: MLX has no such dtype")));
    }
    Ok(())
}

/// Adds the collective ops that a run computes, in its order.
fn describe(program: &Program, list: &mut String) {
    for node in program.graph.nodes().iter().filter(|node| program.is_needed(node.id)) {
        if let (Op::Custom { name, attrs, .. }, true) = (&node.op, is_collective(&node.op)) {
            let operand = node.inputs.first().map(|&id| program.graph.shape(id).to_string());
            let (operand, attributes) = (operand.unwrap_or_default(), attrs.escape_ascii());
            // Into memory, which does not fail.
            let _ = write!(list, " {name}({operand}; {attributes})");
        }
        for (at, body) in program.bodies(node.id).iter().enumerate() {
            let before = list.len();
            describe(body, list);
            if list.len() > before {
                let _ = write!(list, " [body {at} of {:?}]", node.op.kind());
            }
        }
    }
}

/// FNV-1a: the same for every build and machine.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
