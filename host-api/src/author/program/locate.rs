//! Where a graph is wrong that the parser has read as text and refused as values: it tells the graph's first line alone.
//!
//! A graph whose text ends behind any of its statements is a graph too, so halving the text finds the first statement with
//! which it is refused; the same again inside that statement, where graphs are nested in it.

use super::outline::{Block, Statement, outline};
use rlx_ir::rlxmodel::{self, RlxModelError};
use std::ops::Range;

/// The statement that `text` is refused for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// With its `%`.
    pub(super) label: String,
}

/// The statement for which `text` is refused, if it is a statement.
pub(super) fn locate(text: &str) -> Option<Place> {
    let graphs = outline(text)?;
    let head = &text[..graphs.first()?.range.start];
    let graph = graphs.iter().find(|graph| refused(&format!("{head}{}", &text[graph.range.clone()])).is_some())?;
    let mut pieces = Pieces { text, before: std::iter::once(0..head.len()).collect(), after: Vec::new() };
    let statement = pieces.find(graph)?;
    let line = 1 + text[..statement.range.start].matches('\n').count();
    Some(Place { line, label: statement.label(text).to_owned() })
}

/// The statement that holds byte `at` of the text, the innermost one.
pub(super) fn statement_at(text: &str, at: usize) -> Option<String> {
    let mut found = None;
    let mut blocks = &outline(text)?;
    while let Some(statement) =
        blocks.iter().flat_map(|block| &block.statements).find(|statement| statement.range.contains(&at))
    {
        found = Some(statement.label(text).to_owned());
        blocks = &statement.blocks;
    }
    found
}

/// What is wrong with the values of a text, if it can be read as one.
fn refused(text: &str) -> Option<RlxModelError> {
    rlxmodel::read_module(text).err()
}

/// The text around a graph that is shortened.
struct Pieces<'a> {
    text: &'a str,
    before: Vec<Range<usize>>,
    /// The last piece comes first.
    after: Vec<Range<usize>>,
}

impl<'a> Pieces<'a> {
    /// The innermost statement for which the text with `block` between the pieces is refused.
    fn find<'b>(&mut self, block: &'b Block) -> Option<&'b Statement> {
        let refused_with = |count: usize| refused(&self.cut(block, count)).is_some();
        if refused_with(0) {
            return None;
        }
        let (mut sound, mut bad) = (0, block.statements.len());
        if !refused_with(bad) {
            return None;
        }
        while bad - sound > 1 {
            let middle = sound + (bad - sound) / 2;
            if refused_with(middle) { bad = middle } else { sound = middle }
        }
        let statement = &block.statements[bad - 1];
        // Everything up to this statement is sound, so what is refused is this statement or a graph nested in it.
        for nested in &statement.blocks {
            let mut inner = Pieces { text: self.text, before: self.before.clone(), after: self.after.clone() };
            inner.before.push(block.range.start..nested.range.start);
            inner.after.push(nested.range.end..statement.range.end);
            if let Some(found) = inner.find(nested) {
                return Some(found);
            }
        }
        Some(statement)
    }

    /// The text with the first `count` statements of `block`.
    fn cut(&self, block: &Block, count: usize) -> String {
        let start = block.range.start;
        let end = match count.checked_sub(1) {
            Some(last) => block.statements[last].range.end,
            None => start + self.text[start..].find('{').map_or(0, |brace| brace + 1),
        };
        let mut cut = String::new();
        for piece in &self.before {
            cut.push_str(&self.text[piece.clone()]);
        }
        cut.push_str(&self.text[start..end]);
        cut.push_str(" return }");
        for piece in self.after.iter().rev() {
            cut.push_str(&self.text[piece.clone()]);
            cut.push_str(" return }");
        }
        cut
    }
}
