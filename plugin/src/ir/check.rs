//! What a graph must be before its leaves are numbered: of dtypes that MLX has, of static shapes, well formed.

use super::names::place;
use super::shapes::dims_of;
use super::{nested, nodes};
use crate::mlx::dtypes::dtype_code;
use rlx_host_api::Error;
use rlx_ir::verify::{VerifyError, verify};
use rlx_ir::{DType, Graph, Node, Op};

/// Drops what a forward run does not need, and refuses graphs that are nested too deeply.
pub(crate) fn prepare(graph: &mut Graph) -> Result<(), Error> {
    nested::prepare(graph, 0)
}

/// Refuses what no rule could lower, whatever its op.
pub(crate) fn check(graph: &Graph) -> Result<(), Error> {
    check_dtypes(graph)?;
    check_shapes(graph)?;
    // After the static shapes: some of the checks read them.
    check_form(graph)
}

/// Each graph for itself: the IR's verification enters nested graphs too, but holds them to shape rules that some ops do
/// not follow (to it, an `If` has the shape of its predicate). Tracing compares the shapes. And it holds the weights of norms
/// to the last axis, which may be another one, or several: those are the rule's.
fn check_form(graph: &Graph) -> Result<(), Error> {
    let is_own = |error: &VerifyError| {
        error.node.is_none_or(|id| {
            graph.nodes().get(id.0 as usize).is_none_or(|node| {
                let nested = format!("in {:?} body #", node.op.kind());
                let weights = matches!(node.op, Op::LayerNorm { .. } | Op::RmsNorm { .. })
                    && ["gamma", "beta"].iter().any(|name| error.message.contains(&format!(" {name} ")));
                !weights && !error.message.starts_with(&nested)
            })
        })
    };
    if let Some(error) = verify(graph).iter().find(|error| is_own(error)) {
        return Err(Error::invalid(format!("malformed graph `{}`: {error}", graph.name)));
    }
    for node in graph.nodes() {
        for body in node.op.subgraphs() {
            check_form(body).map_err(|e| e.context(place(node)))?;
        }
    }
    Ok(())
}

/// The first node of a dtype that MLX lacks, with how many there are: in a chain, all that follow are of it too.
fn check_dtypes(graph: &Graph) -> Result<(), Error> {
    let mut found = Vec::new();
    nodes::each(graph, &mut |_, node, inside| {
        if let Some(dtype) = lacking(node) {
            found.push((format!("{}{inside}", place(node)), dtype));
        }
    });
    let Some((first, dtype)) = found.first() else { return Ok(()) };
    let dtype = rlx_host_api::DType::from(*dtype);
    let others = match found.len() - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let message = format!("MLX has no dtype {dtype}: {first}{others}; compute it in another dtype");
    Err(Error::unsupported(message).with("dtype", dtype.to_string()))
}

/// What [`check`] asks of each node for itself.
pub(crate) fn check_node(node: &Node) -> Result<(), Error> {
    if let Some(dtype) = lacking(node) {
        dtype_code(dtype.into())?;
    }
    dims_of(node).map(drop)
}

/// The dtype of a node, or that it converts to, where MLX lacks it.
fn lacking(node: &Node) -> Option<DType> {
    let cast_to = if let Op::Cast { to } = node.op { Some(to) } else { None };
    let mut dtypes = std::iter::once(node.shape.dtype()).chain(cast_to);
    dtypes.find(|&dtype| dtype_code(dtype.into()).is_err())
}

fn check_shapes(graph: &Graph) -> Result<(), Error> {
    for node in graph.nodes() {
        dims_of(node)?;
        for body in node.op.subgraphs() {
            check_shapes(body).map_err(|e| e.context(place(node)))?;
        }
    }
    Ok(())
}
