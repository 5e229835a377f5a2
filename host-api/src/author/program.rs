//! The graph of a compile request, read with the IR that the plugin is built against (feature `rlx-ir`).

use super::CompileRequest;
use crate::Error;
use rlx_ir::Graph;
use rlx_ir::rlxmodel::{self, RlxModelError};

impl CompileRequest<'_> {
    /// Parses the program and picks the graph that the host asked for. The result is what the text says: neither
    /// verified nor free of ops that the plugin lacks.
    ///
    /// # Errors
    /// Invalid argument for a malformed text, an op that the IR does not know, or a module of several graphs of which
    /// none is named; unsupported for a newer format or opset; not found for a graph that the module lacks.
    pub fn read_graph(&self) -> Result<Graph, Error> {
        check_nesting(self.program)?;
        let graphs = rlxmodel::read_module(self.program).map_err(|e| parse_error(&e))?.graphs;
        let names = graphs.iter().map(|g| g.name.as_str()).collect::<Vec<_>>().join(", ");
        let several = graphs.len() > 1;
        let missing = match self.graph {
            Some(name) => Error::not_found(format!("no graph `{name}`; the program has: {names}")),
            None if several => Error::invalid(format!("the program has several graphs, name one of: {names}")),
            None => Error::invalid("the program has no graph"),
        };
        let mut graphs = graphs.into_iter();
        match self.graph {
            Some(name) => graphs.find(|g| g.name == name),
            None if several => None,
            None => graphs.next(),
        }
        .ok_or(missing)
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
