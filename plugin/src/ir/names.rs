//! What errors call a node.

use rlx_ir::Node;

/// How errors name a node: its id, and its name where it has one.
pub(crate) fn label(node: &Node) -> String {
    match &node.name {
        Some(name) => format!("{} `{name}`", node.id),
        None => node.id.to_string(),
    }
}

/// How errors name a node and its op.
pub(crate) fn place(node: &Node) -> String {
    format!("node {} ({:?})", label(node), node.op.kind())
}
