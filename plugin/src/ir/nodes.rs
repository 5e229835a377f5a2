//! A walk over the nodes of a graph and of the graphs nested in it.

use super::names::place;
use rlx_ir::{Graph, Node};

/// Calls `visit` with every node, its graph, and what to add to its name in an error: where it is nested.
pub(crate) fn each<'g>(graph: &'g Graph, visit: &mut impl FnMut(&'g Graph, &'g Node, &str)) {
    each_inside(graph, "", visit);
}

fn each_inside<'g>(graph: &'g Graph, inside: &str, visit: &mut impl FnMut(&'g Graph, &'g Node, &str)) {
    for node in graph.nodes() {
        visit(graph, node, inside);
        for body in node.op.subgraphs() {
            each_inside(body, &format!(" in {}{inside}", place(node)), visit);
        }
    }
}
