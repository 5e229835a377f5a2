//! The graphs nested in a node: bodies of loops, branches, functions. Their inputs are the node's operands, by position,
//! so both sides must declare the same; that is checked here, before anything is traced.

use super::names::place;
use rlx_host_api::Error;
use rlx_ir::op::Op;
use rlx_ir::{Graph, Node, NodeId, Shape};

/// The deepest nesting that is compiled: building, tracing and running recurse.
const MAX_DEPTH: usize = 32;

/// Graphs taken out of a node.
pub(super) struct Nested {
    pub(super) node: NodeId,
    pub(super) graphs: Vec<Graph>,
}

/// Drops derivatives, which a forward run does not need, and refuses graphs that are nested too deeply.
pub(super) fn prepare(graph: &mut Graph, depth: usize) -> Result<(), Error> {
    for node in graph.nodes_mut() {
        if let Op::CustomFn { vjp_body, jvp_body, .. } = &mut node.op {
            (*vjp_body, *jvp_body) = (None, None);
        }
        let place = place(node);
        for body in node.op.subgraphs_mut() {
            if depth == MAX_DEPTH {
                return Err(Error::unsupported(format!("{place}: graphs are nested more than {MAX_DEPTH} deep")));
            }
            prepare(body, depth + 1).map_err(|e| if depth == 0 { e.context(&place) } else { e })?;
        }
    }
    Ok(())
}

/// Moves all nested graphs out of `graph`.
pub(super) fn take(graph: &mut Graph) -> Vec<Nested> {
    let out = |body: &mut Graph| std::mem::replace(body, Graph::new(String::new()));
    let nodes = graph.nodes_mut().iter_mut();
    nodes
        .map(|node| Nested { node: node.id, graphs: node.op.subgraphs_mut().into_iter().map(out).collect() })
        .filter(|nested| !nested.graphs.is_empty())
        .collect()
}

/// Checks the operands and the value of `node` against what its graphs take and give, after carried values were given their
/// dtypes back. Counts that the IR's own verification has compared are not compared again.
pub(super) fn fit(graph: &Graph, node: &Node, bodies: &mut [Graph]) -> Result<(), Error> {
    let operands: Vec<&Shape> = node.inputs.iter().map(|&id| graph.shape(id)).collect();
    if let (Op::While { .. }, [_, body]) = (&node.op, &mut *bodies) {
        keep_dtypes(body, &operands);
    }
    check(node, &operands, bodies)
}

/// A carried value keeps its dtype: what a body computes in another is cast back, as RLX does when it unrolls the loop.
fn keep_dtypes(body: &mut Graph, carried: &[&Shape]) {
    let mut outputs = body.outputs.clone();
    for (output, shape) in outputs.iter_mut().zip(carried) {
        let (found, to) = (body.shape(*output).clone(), shape.dtype());
        if found.dtype() != to {
            *output = body.add_node(Op::Cast { to }, vec![*output], found.with_dtype(to));
        }
    }
    body.set_outputs(outputs);
}

fn check(node: &Node, operands: &[&Shape], bodies: &[Graph]) -> Result<(), Error> {
    match (&node.op, bodies) {
        (Op::If { .. }, [then, otherwise]) => {
            let (predicate, captures) = operands.split_first().ok_or_else(|| missing("a predicate"))?;
            if predicate.num_elements() != Some(1) && !broadcasts(predicate, &node.shape) {
                return Err(Error::invalid(format!(
                    "a predicate {predicate} selects neither a branch nor elements of {}",
                    node.shape
                )));
            }
            for (name, branch) in [("then", then), ("else", otherwise)] {
                takes(branch, name, captures, captures.len())?;
                gives(branch, name, 0, &node.shape)?;
            }
        }
        (Op::While { .. }, [cond, body]) => {
            let first = operands.first().ok_or_else(|| missing("a carried value"))?;
            takes(cond, "cond", operands, inputs(cond).len())?;
            takes(body, "body", operands, operands.len())?;
            for (i, shape) in operands.iter().enumerate() {
                gives(body, "body", i, shape)?;
            }
            let decision = cond.shape(output(cond, 0)?);
            if decision.num_elements() != Some(1) {
                return Err(Error::invalid(format!("cond gives {decision}, which is not one element")));
            }
            same("the node", &node.shape, "its first carried value", first)?;
        }
        (Op::Scan { .. }, [body]) => check_scan(node, operands, body)?,
        (Op::CustomFn { .. }, [body]) => {
            takes(body, "fwd_body", operands, operands.len())?;
            gives(body, "fwd_body", 0, &node.shape)?;
        }
        _ => return Err(Error::unsupported("this op's nested graphs are not supported")),
    }
    Ok(())
}

fn check_scan(node: &Node, operands: &[&Shape], body: &Graph) -> Result<(), Error> {
    let Op::Scan { length, num_bcast, save_trajectory, num_checkpoints, .. } = &node.op else {
        return Err(Error::fault("not a scan"));
    };
    let rows = *length as usize;
    if rows == 0 {
        return Err(Error::invalid("a scan of length 0: it takes at least one step"));
    }
    let (whole, stacked) = operands.split_at(1 + *num_bcast as usize);
    let mut steps: Vec<Shape> = whole.iter().map(|&shape| shape.clone()).collect();
    for (i, shape) in stacked.iter().enumerate() {
        steps
            .push(row(shape, rows).ok_or_else(|| {
                Error::invalid(format!("per-step operand {i} is {shape}, which has not {rows} rows"))
            })?);
    }
    let steps: Vec<&Shape> = steps.iter().collect();
    takes(body, "body", &steps, steps.len())?;
    gives(body, "body", 0, steps[0])?;
    if !*save_trajectory {
        return same("the node", &node.shape, "its carry", steps[0]);
    }
    // The IR documents a row for each checkpoint; its own passes declare a row for each step.
    let saved = match *num_checkpoints as usize {
        0 => rows,
        checkpoints => checkpoints,
    };
    let carry = row(&node.shape, rows).or_else(|| row(&node.shape, saved));
    let carry =
        carry.ok_or_else(|| Error::invalid(format!("the node is {}, which has not {saved} rows", node.shape)))?;
    same("a row of the node", &carry, "its carry", steps[0])
}

/// The nodes that stand for operands, in order.
fn inputs(body: &Graph) -> Vec<&Node> {
    body.nodes().iter().filter(|node| matches!(node.op, Op::Input { .. })).collect()
}

fn output(body: &Graph, i: usize) -> Result<NodeId, Error> {
    body.outputs.get(i).copied().ok_or_else(|| Error::invalid(format!("a nested graph has no output {i}")))
}

fn missing(what: &str) -> Error {
    Error::invalid(format!("{what} is missing"))
}

/// Inputs of a nested graph against the operands they stand for.
fn takes(body: &Graph, name: &str, operands: &[&Shape], count: usize) -> Result<(), Error> {
    let inputs = inputs(body);
    if inputs.len() != count || count > operands.len() {
        return Err(Error::invalid(format!(
            "{name} takes {} values, but the node has {} for it",
            inputs.len(),
            operands.len()
        )));
    }
    for (i, (input, operand)) in inputs.iter().zip(operands).enumerate() {
        same(&format!("{name}: {}, input {i},", place(input)), &input.shape, "the value for it", operand)?;
    }
    Ok(())
}

/// Output `i` of a nested graph against what is declared outside.
fn gives(body: &Graph, name: &str, i: usize, declared: &Shape) -> Result<(), Error> {
    let node = body.node(output(body, i)?);
    same(&format!("{name}: {}, output {i},", place(node)), &node.shape, "what it must give", declared)
}

fn same(what: &str, found: &Shape, other: &str, declared: &Shape) -> Result<(), Error> {
    if found.dims() == declared.dims() && found.dtype() == declared.dtype() {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} is {found}, but {other} is {declared}")))
}

/// One of the `rows` rows of a value of this shape.
fn row(shape: &Shape, rows: usize) -> Option<Shape> {
    let (first, rest) = shape.dims().split_first()?;
    (first.is_static() && first.unwrap_static() == rows).then(|| Shape::from_dims(rest, shape.dtype()))
}

fn broadcasts(shape: &Shape, to: &Shape) -> bool {
    let extents = |shape: &Shape| shape.dims().iter().rev().map(|d| d.unwrap_static()).collect::<Vec<_>>();
    let (from, to) = (extents(shape), extents(to));
    from.len() <= to.len() && from.iter().zip(&to).all(|(&from, &to)| from == to || from == 1)
}
