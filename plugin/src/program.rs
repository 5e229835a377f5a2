//! A `.rlxmodel` text, parsed and checked: supported ops, static shapes, and the leaves numbered.

use crate::lower;
use rlx_host_api::{Error, TensorInfo};
use rlx_ir::rlxmodel::{self, RlxModelError};
use rlx_ir::{Graph, Node, NodeId, Op};
use std::collections::HashMap;
use std::ffi::c_int;

/// A graph that the plugin can lower.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<TensorInfo>,
    pub(crate) params: Vec<TensorInfo>,
    pub(crate) outputs: Vec<TensorInfo>,
    /// Which input or parameter each leaf node reads.
    pub(crate) leaves: HashMap<NodeId, Leaf>,
    /// The last node that reads each node's value; graph outputs are read to the end.
    pub(crate) last_use: Vec<usize>,
}

/// Where a leaf's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Index into [`Program::inputs`].
    Input(usize),
    /// Index into [`Program::params`].
    Param(usize),
}

impl Program {
    /// Parses `text` and picks graph `name`, or the only one.
    pub(crate) fn parse(text: &str, name: Option<&str>) -> Result<Self, Error> {
        check_nesting(text)?;
        let module = rlxmodel::read_module(text).map_err(|e| parse_error(&e))?;
        let names: Vec<String> = module.graphs.iter().map(|g| g.name.clone()).collect();
        let mut graphs = module.graphs.into_iter();
        let graph = match name {
            Some(name) => graphs.find(|g| g.name == name),
            None if names.len() > 1 => None,
            None => graphs.next(),
        };
        let graph = graph.ok_or_else(|| match name {
            Some(name) => Error::not_found(format!("no graph `{name}`; the program has: {}", names.join(", "))),
            None if names.is_empty() => Error::invalid("the program has no graph"),
            None => Error::invalid(format!("the program has several graphs, name one of: {}", names.join(", "))),
        })?;
        Self::new(graph)
    }

    /// Checks `graph` and numbers its leaves.
    pub(crate) fn new(graph: Graph) -> Result<Self, Error> {
        check(&graph)?;
        let mut slots: [Slots; 2] = Default::default();
        let mut leaves = HashMap::new();
        for node in graph.nodes() {
            let (kind, name) = match &node.op {
                Op::Input { name } => (0, name),
                Op::Param { name } => (1, name),
                _ => continue,
            };
            let index = slots[kind].add(name, node)?;
            leaves.insert(node.id, if kind == 0 { Leaf::Input(index) } else { Leaf::Param(index) });
        }
        let outputs = graph
            .outputs
            .iter()
            .enumerate()
            .map(|(i, &id)| tensor_info(graph.output_name(i).unwrap_or_default(), graph.node(id)))
            .collect::<Result<_, _>>()?;
        let mut last_use: Vec<usize> = (0..graph.len()).collect();
        for (at, node) in graph.nodes().iter().enumerate() {
            for input in &node.inputs {
                last_use[input.0 as usize] = at;
            }
        }
        for output in &graph.outputs {
            last_use[output.0 as usize] = usize::MAX;
        }
        let [inputs, params] = slots.map(|s| s.infos);
        Ok(Self { graph, inputs, params, outputs, leaves, last_use })
    }
}

/// The deepest nesting of brackets that is parsed: real programs stay far below, and the parser is recursive, so without
/// a limit a text could exhaust the stack and end the process.
const MAX_NESTING: usize = 256;

fn check_nesting(text: &str) -> Result<(), Error> {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find(['(', '[', '{', ')', ']', '}', '"', '/']) {
        let (found, after) = rest[at..].split_at(1);
        rest = match found {
            "(" | "[" | "{" => {
                depth += 1;
                after
            }
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                after
            }
            // A comment ends with its line; texts are `"""` blocks or end at the next quote that is not escaped.
            "/" if after.starts_with('/') => after.split_once('\n').map_or("", |(_, rest)| rest),
            "\"" => match after.strip_prefix("\"\"") {
                Some(block) => block.split_once("\"\"\"").map_or("", |(_, rest)| rest),
                None => after_quote(after),
            },
            _ => after,
        };
        if depth > MAX_NESTING {
            return Err(Error::invalid(format!("the program nests brackets more than {MAX_NESTING} deep")));
        }
    }
    Ok(())
}

/// What follows the end of a quoted text.
fn after_quote(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// The parser lists every op of the IR after a name it does not know; the name is enough.
fn parse_error(error: &RlxModelError) -> Error {
    let text = error.to_string();
    let text = match text.split_once(", expected one of") {
        Some((head, _)) => head.replace("unknown variant", "unknown op or attribute value"),
        None => text,
    };
    match error {
        RlxModelError::Version(_) => Error::unsupported(text),
        _ => Error::invalid(text),
    }
}

/// Leaves by name; nodes of one name share a slot.
#[derive(Default)]
struct Slots {
    infos: Vec<TensorInfo>,
    by_name: HashMap<String, usize>,
}

impl Slots {
    fn add(&mut self, name: &str, node: &Node) -> Result<usize, Error> {
        let info = tensor_info(name, node)?;
        if let Some(&index) = self.by_name.get(name) {
            if self.infos[index] != info {
                return Err(Error::invalid(format!("`{name}` is declared as {} and as {info}", self.infos[index])));
            }
            return Ok(index);
        }
        self.infos.push(info);
        self.by_name.insert(name.to_owned(), self.infos.len() - 1);
        Ok(self.infos.len() - 1)
    }
}

fn check(graph: &Graph) -> Result<(), Error> {
    let unsupported: Vec<String> = graph
        .nodes()
        .iter()
        .filter(|n| !lower::SUPPORTED_OPS.contains(&n.op.kind()))
        .map(|n| format!("{:?} at {}", n.op.kind(), label(n)))
        .collect();
    if let Some(first) = unsupported.first() {
        let message = match unsupported.len() {
            1 => format!("unsupported op {first}"),
            n => format!("{n} nodes have unsupported ops: {}", unsupported.join(", ")),
        };
        return Err(Error::unsupported(message).with("op", first.as_str()));
    }
    for node in graph.nodes() {
        dims_of(node)?;
    }
    // After the static shapes: some of the checks read them.
    match rlx_ir::verify::verify(graph).first() {
        Some(error) => Err(Error::invalid(format!("malformed graph `{}`: {error}", graph.name))),
        None => Ok(()),
    }
}

/// How errors name a node: its id, and its name where it has one.
pub(crate) fn label(node: &Node) -> String {
    match &node.name {
        Some(name) => format!("{} `{name}`", node.id),
        None => node.id.to_string(),
    }
}

fn tensor_info(name: &str, node: &Node) -> Result<TensorInfo, Error> {
    let dims = dims_of(node)?.into_iter().map(i64::from).collect();
    Ok(TensorInfo { name: name.to_owned(), dtype: node.shape.dtype().into(), dims })
}

/// The node's static extents in MLX's type.
pub(crate) fn dims_of(node: &Node) -> Result<Vec<c_int>, Error> {
    let mut elements: i64 = 1;
    node.shape
        .dims()
        .iter()
        .map(|dim| {
            if !dim.is_static() {
                return Err(Error::invalid(format!(
                    "node {} has the dynamic shape {:?}: bind its dims before compiling",
                    label(node),
                    node.shape.dims()
                )));
            }
            let extent = dim.unwrap_static();
            // The count times the largest element must fit as well.
            elements = i64::try_from(extent.max(1)).ok().and_then(|e| elements.checked_mul(e)).unwrap_or(i64::MAX);
            match c_int::try_from(extent) {
                Ok(extent) if elements < i64::MAX / 16 => Ok(extent),
                _ => Err(Error::invalid(format!("node {}: shape {:?} is too large", label(node), node.shape.dims()))),
            }
        })
        .collect()
}
