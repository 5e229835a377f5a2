//! What a graph must be before its leaves are numbered: made of supported ops and dtypes, of static shapes, well formed.

use super::{dims_of, label, place};
use crate::array::dtype_code;
use crate::lower::SUPPORTED_OPS;
use rlx_host_api::Error;
use rlx_ir::verify::{VerifyError, verify};
use rlx_ir::{DType, Graph, Op};

pub(super) fn check(graph: &Graph) -> Result<(), Error> {
    let mut unsupported = Vec::new();
    list_unsupported(graph, "", &mut unsupported);
    if let Some(first) = unsupported.first() {
        let message = match unsupported.len() {
            1 => format!("unsupported op {first}"),
            n => format!("{n} nodes have unsupported ops: {}", unsupported.join(", ")),
        };
        return Err(Error::unsupported(message).with("op", first.as_str()));
    }
    check_dtypes(graph)?;
    check_shapes(graph)?;
    // After the static shapes: some of the checks read them.
    check_form(graph)
}

/// Each graph for itself: the IR's verification enters nested graphs too, but holds them to shape rules that some ops do
/// not follow (to it, an `If` has the shape of its predicate). Tracing compares the shapes.
fn check_form(graph: &Graph) -> Result<(), Error> {
    let is_own = |error: &VerifyError| {
        error.node.is_none_or(|id| {
            graph.nodes().get(id.0 as usize).is_none_or(|node| {
                let nested = format!("in {:?} body #", node.op.kind());
                !error.message.starts_with(&nested)
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

/// `inside` names the nodes that the graph is nested in.
fn list_unsupported(graph: &Graph, inside: &str, list: &mut Vec<String>) {
    for node in graph.nodes() {
        if !SUPPORTED_OPS.contains(&node.op.kind()) {
            list.push(format!("{:?} at {}{inside}", node.op.kind(), label(node)));
        }
        for body in node.op.subgraphs() {
            list_unsupported(body, &format!(" in {}{inside}", place(node)), list);
        }
    }
}

/// The first node of a dtype that MLX lacks, with how many there are: in a chain, all that follow are of it too.
fn check_dtypes(graph: &Graph) -> Result<(), Error> {
    let mut lacking = Vec::new();
    list_lacking(graph, "", &mut lacking);
    let Some((first, dtype)) = lacking.first() else { return Ok(()) };
    let dtype = rlx_host_api::DType::from(*dtype);
    let others = match lacking.len() - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let message = format!("MLX has no dtype {dtype}: {first}{others}; compute it in another dtype");
    Err(Error::unsupported(message).with("dtype", dtype.to_string()))
}

/// `inside` as in [`list_unsupported`].
fn list_lacking(graph: &Graph, inside: &str, list: &mut Vec<(String, DType)>) {
    for node in graph.nodes() {
        let cast_to = if let Op::Cast { to } = node.op { Some(to) } else { None };
        let dtypes = std::iter::once(node.shape.dtype()).chain(cast_to);
        if let Some(dtype) = dtypes.into_iter().find(|&dtype| dtype_code(dtype.into()).is_err()) {
            list.push((format!("{}{inside}", place(node)), dtype));
        }
        for body in node.op.subgraphs() {
            list_lacking(body, &format!(" in {}{inside}", place(node)), list);
        }
    }
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
