//! The graph of a compile request, read with the IR that the plugin is built against (feature `rlx-ir`).

mod locate;
mod outline;

use super::CompileRequest;
use crate::Error;
use locate::{locate, statement_at};
use outline::{MAX_NESTING, outline};
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
        if outline(self.program).is_none() {
            return Err(Error::invalid(format!("the program nests brackets more than {MAX_NESTING} deep")));
        }
        let graphs = rlxmodel::read_module(self.program).map_err(|e| parse_error(&e, self.program))?.graphs;
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

/// The parser's words with the line and the node. It lists every op of the IR after a name it does not know; the name is
/// enough.
fn parse_error(error: &RlxModelError, program: &str) -> Error {
    let text = error.to_string();
    let text = match text.split_once(", expected one of") {
        Some((head, _)) => head.replace("unknown variant", "unknown op or attribute value"),
        None => text,
    };
    let what = |text: &str| text.splitn(3, ": ").last().unwrap_or_default().to_owned();
    match error {
        RlxModelError::Version(_) => Error::unsupported(text),
        // It has told the first line of the graph, not that of the node.
        RlxModelError::Value(_) => match locate(program) {
            Some(place) => at_node(&what(&text.replacen("graph at ", "", 1)), place.line, &place.label),
            None => Error::invalid(text),
        },
        RlxModelError::Parse(at) => match at_graph(program, at.line, at.column).then(|| locate(program)).flatten() {
            Some(place) => at_node(&at.message, place.line, &place.label),
            None => match offset_of(program, at.line, at.column).and_then(|at| statement_at(program, at)) {
                Some(label) => at_node(&at.message, at.line, &label),
                None => Error::invalid(text),
            },
        },
    }
}

fn at_node(message: &str, line: usize, label: &str) -> Error {
    Error::invalid(format!("rlxmodel: line {line}, node {label}: {message}"))
        .with("line", line as i64)
        .with("node", label)
}

/// Whether a graph of the program begins there: what is wrong with its values is told so.
fn at_graph(program: &str, line: usize, column: usize) -> bool {
    let begins = |at| outline(program).unwrap_or_default().iter().any(|graph| graph.range.start == at);
    offset_of(program, line, column).is_some_and(begins)
}

/// Where a line and a column are, which count from 1, the columns in bytes.
fn offset_of(program: &str, line: usize, column: usize) -> Option<usize> {
    let starts = std::iter::once(0).chain(program.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.clone().nth(line.checked_sub(1)?)?;
    Some(start + column.checked_sub(1)?).filter(|at| *at <= program.len())
}

#[cfg(test)]
mod tests;
