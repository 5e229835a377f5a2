//! The outline of a `.rlxmodel` text: where its graphs and their statements begin and end. No more of it is understood than
//! that takes, so that any text has an outline, also one that the parser refuses.

use std::ops::Range;

/// A graph of the text, nested or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// From `graph` to behind the closing brace.
    pub(super) range: Range<usize>,
    pub(super) statements: Vec<Statement>,
}

/// A statement `%label = …` of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// From its `%` to where the next statement begins, or what is not one.
    pub(super) range: Range<usize>,
    /// The graphs nested in it.
    pub(super) blocks: Vec<Block>,
}

impl Statement {
    /// The label of the value with its `%`.
    pub(super) fn label<'a>(&self, text: &'a str) -> &'a str {
        let statement = &text[self.range.clone()];
        statement.split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or(statement)
    }
}

/// The deepest nesting of brackets that is parsed: real programs stay far below, and parsers are recursive, so without a
/// limit a text could exhaust the stack and end the process.
pub(super) const MAX_NESTING: usize = 256;

/// The graphs of `text` in their order, or nothing where brackets nest too deep.
pub(super) fn outline(text: &str) -> Option<Vec<Block>> {
    let mut graphs = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut depth = 0;
    // Where `graph` stood, until the brace of its block.
    let mut announced = None;
    for (at, mark) in (Marks { text, at: 0 }) {
        match mark {
            Mark::Open => {
                depth += 1;
                if depth > MAX_NESTING {
                    return None;
                }
                if let Some(start) = announced.take().filter(|_| text.as_bytes()[at] == b'{') {
                    open.push(Open { block: Block { range: start..at, statements: Vec::new() }, depth, ended: false });
                }
            }
            Mark::Close => {
                if let Some(mut done) = open.pop_if(|open| open.depth == depth) {
                    done.end_statement(at);
                    done.block.range.end = at + 1;
                    place(done.block, &mut open, &mut graphs);
                }
                depth = depth.saturating_sub(1);
            }
            Mark::Graph => announced = Some(at),
            Mark::Define => {
                if let Some(open) = open.last_mut().filter(|open| open.depth == depth && !open.ended) {
                    open.end_statement(at);
                    open.block.statements.push(Statement { range: at..at, blocks: Vec::new() });
                }
            }
            Mark::Return => {
                if let Some(open) = open.last_mut().filter(|open| open.depth == depth && !open.ended) {
                    open.end_statement(at);
                    open.ended = true;
                }
            }
        }
    }
    // Cut short: what is open ends with the text.
    while let Some(mut rest) = open.pop() {
        rest.end_statement(text.len());
        rest.block.range.end = text.len();
        place(rest.block, &mut open, &mut graphs);
    }
    Some(graphs)
}

/// Puts a block where it belongs. One that is nested in no statement, but before or behind all of them, belongs nowhere.
fn place(block: Block, open: &mut [Open], graphs: &mut Vec<Block>) {
    match open.last_mut() {
        None => graphs.push(block),
        Some(around) => {
            if let Some(statement) = around.statement() {
                statement.blocks.push(block);
            }
        }
    }
}

/// A block whose end was not met yet.
struct Open {
    block: Block,
    /// How many brackets are open inside.
    depth: usize,
    /// Whether its `return` was met, behind which nothing is defined.
    ended: bool,
}

impl Open {
    /// The statement whose end was not met yet.
    fn statement(&mut self) -> Option<&mut Statement> {
        self.block.statements.last_mut().filter(|last| last.range.is_empty())
    }

    fn end_statement(&mut self, at: usize) {
        if let Some(last) = self.statement() {
            last.range.end = at;
        }
    }
}

/// What the outline is made of.
enum Mark {
    Open,
    Close,
    /// The word `graph` before a name.
    Graph,
    /// The `%` of a value that is defined here.
    Define,
    Return,
}

/// The marks of a text, without what stands in quotes and comments.
struct Marks<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Marks<'_> {
    type Item = (usize, Mark);

    fn next(&mut self) -> Option<(usize, Mark)> {
        let bytes = self.text.as_bytes();
        loop {
            let (start, rest) = (self.at, &bytes[self.at..]);
            let mark = match *rest.first()? {
                b'(' | b'[' | b'{' => Mark::Open,
                b')' | b']' | b'}' => Mark::Close,
                b'/' if rest.starts_with(b"//") => {
                    self.skip_to(b"\n");
                    continue;
                }
                b'"' => {
                    self.skip_quoted();
                    continue;
                }
                b'%' => {
                    self.at += 1 + length(&rest[1..], |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
                    if bytes[self.next_token()..].first() == Some(&b'=') {
                        return Some((start, Mark::Define));
                    }
                    continue;
                }
                byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                    let word = &rest[..length(rest, |b| b.is_ascii_alphanumeric() || b == b'_')];
                    self.at += word.len();
                    match word {
                        b"return" => return Some((start, Mark::Return)),
                        b"graph" if bytes[self.next_token()..].first() == Some(&b'@') => {
                            return Some((start, Mark::Graph));
                        }
                        _ => continue,
                    }
                }
                _ => {
                    self.at += 1;
                    continue;
                }
            };
            self.at += 1;
            return Some((start, mark));
        }
    }
}

impl Marks<'_> {
    /// Where the next token begins, comments aside.
    fn next_token(&self) -> usize {
        let mut ahead = Marks { text: self.text, at: self.at };
        let bytes = self.text.as_bytes();
        loop {
            ahead.at += length(&bytes[ahead.at..], |b| b.is_ascii_whitespace());
            if !bytes[ahead.at..].starts_with(b"//") {
                return ahead.at;
            }
            ahead.skip_to(b"\n");
        }
    }

    fn skip_to(&mut self, end: &[u8]) {
        let rest = &self.text.as_bytes()[self.at..];
        let found = rest.windows(end.len()).position(|window| window == end);
        self.at += found.map_or(rest.len(), |at| at + end.len());
    }

    /// Skips a `"""` block, or what ends at the next quote that is not escaped.
    fn skip_quoted(&mut self) {
        let bytes = self.text.as_bytes();
        if bytes[self.at..].starts_with(b"\"\"\"") {
            self.at += 3;
            return self.skip_to(b"\"\"\"");
        }
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
        self.at = bytes.len();
    }
}

/// How many bytes from the start on are of a kind.
fn length(bytes: &[u8], kind: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !kind(*byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
mod tests {
    use super::*;

    const TEXT: &str = r#"
rlxmodel 1
model {card: "graph @no { %x = } \" \\", notes: """
 graph @no { %y = """}
graph @a { // graph @no {
  %x = input : f32[2] name "} %z ="
  %1 // a comment
    = If{then_branch: graph @then {
      %c = Op{of: [%x], by: "}"} : f32[2]
      return %c
    }, else_branch: graph @else { return %1 }} %x : f32[2]
  return %x = %1 as graph
}
graph @b { %0 = input : f32[1] return %0 }
"#;

    #[test]
    fn graphs_and_their_statements_are_found() {
        let graphs = outline(TEXT).unwrap();
        let labels = |block: &Block| block.statements.iter().map(|s| s.label(TEXT).to_owned()).collect::<Vec<_>>();
        let starts: Vec<&str> = graphs.iter().map(|g| &TEXT[g.range.clone()][..8]).collect();
        assert_eq!(starts, ["graph @a", "graph @b"]);
        assert_eq!((labels(&graphs[0]), labels(&graphs[1])), (vec!["%x".into(), "%1".into()], vec!["%0".into()]));
        let nested = &graphs[0].statements[1].blocks;
        assert_eq!(nested.iter().map(labels).collect::<Vec<_>>(), [vec!["%c".to_owned()], vec![]]);
        assert!(TEXT[graphs[0].statements[0].range.clone()].trim_end().ends_with("\"} %z =\""));
        assert!(TEXT[graphs[1].range.clone()].ends_with("return %0 }"));
    }

    #[test]
    fn every_part_of_a_text_has_an_outline() {
        for end in (0..TEXT.len()).filter(|end| TEXT.is_char_boundary(*end)) {
            let cut = &TEXT[..end];
            let whole = |block: &Block| block.range.end <= end && block.statements.iter().all(|s| s.range.end <= end);
            assert!(outline(cut).unwrap().iter().all(whole), "cut at {end}");
        }
        // Blocks before the first statement and behind the last are no part of one, and no graphs of the text.
        let stray = "graph @a { graph @b { } %0 = input : f32[1] return %0 graph @c { %0 = Frob } }";
        let graphs = outline(stray).unwrap();
        assert_eq!(graphs.len(), 1);
        assert!(graphs[0].statements.iter().all(|statement| statement.blocks.is_empty()));
        assert!(outline(&"[".repeat(MAX_NESTING)).is_some() && outline(&"[".repeat(MAX_NESTING + 1)).is_none());
    }
}
