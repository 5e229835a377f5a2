//! Reads the C of the shim's headers: comments, enums and the declarations of ops.

use anyhow::{Context, Result, bail};

/// A header of the shim.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The comment at its top.
    pub(super) doc: String,
    pub(super) enums: Vec<Enum>,
    /// The functions `rlx_mlx_op_*`.
    pub(super) functions: Vec<Function>,
}

#[derive(Debug)]
pub(super) struct Enum {
    /// Name of the type, `rlx_mlx_unary_t`.
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) values: Vec<EnumValue>,
}

#[derive(Debug)]
pub(super) struct EnumValue {
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) doc: String,
}

#[derive(Debug)]
pub(super) struct Function {
    /// What follows `rlx_mlx_op_`.
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) parameters: Vec<Parameter>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Parameter {
    /// The C type with single spaces and its stars attached, `rlx_mlx_array_t* const*`.
    pub(super) ctype: String,
    pub(super) name: String,
}

/// What every op's C name starts with.
pub(super) const PREFIX: &str = "rlx_mlx_op_";

/// Reads the text of a header.
pub(super) fn parse(text: &str) -> Result<Header> {
    let mut header = Header::default();
    // A comment holds for all declarations below it up to an empty line.
    let mut doc = String::new();
    let mut first = true;
    // Whether the last item of `header.functions` ended on the line that is being read.
    let mut on_line = false;
    let mut rest = text;
    loop {
        let start = rest.trim_start();
        let newlines = rest[..rest.len() - start.len()].matches('\n').count();
        rest = start;
        on_line &= newlines == 0;
        if newlines > 1 {
            doc.clear();
        }
        if rest.is_empty() {
            return Ok(header);
        }
        if let Some((comment, after)) = comment(rest)? {
            rest = after;
            if std::mem::take(&mut first) {
                header.doc = comment;
            } else if let Some(function) = header.functions.last_mut().filter(|_| on_line) {
                function.doc = comment;
            } else {
                doc = comment;
            }
        } else if rest.starts_with('#') {
            rest = after_directive(rest);
        } else if let Some(after) =
            ["RLX_MLX_C_BEGIN", "RLX_MLX_C_END"].iter().find_map(|marker| rest.strip_prefix(marker))
        {
            rest = after;
        } else {
            let (code, after) = declaration(rest)?;
            rest = after;
            if code.starts_with("typedef enum") {
                header.enums.push(enumeration(code, &doc)?);
            } else if code.contains(PREFIX) && !code.starts_with("typedef") {
                header.functions.push(function(code, &doc).with_context(|| code.to_owned())?);
                on_line = true;
            }
        }
    }
}

/// The comment that `text` starts with, its paragraphs as lines, and what follows.
fn comment(text: &str) -> Result<Option<(String, &str)>> {
    let Some(body) = text.strip_prefix("/*") else { return Ok(None) };
    let (body, after) = body.split_once("*/").context("a comment has no end")?;
    let mut paragraphs = vec![String::new()];
    for line in body.lines().map(|line| line.trim().trim_start_matches('*').trim()) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    Ok(Some((paragraphs.join("\n"), after)))
}

/// What follows a preprocessor directive, which goes on after a line that ends in a backslash.
fn after_directive(text: &str) -> &str {
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if !line.ends_with('\\') {
            return rest;
        }
    }
    ""
}

/// A declaration without its semicolon, and what follows.
fn declaration(text: &str) -> Result<(&str, &str)> {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1).context("a brace too many")?,
            ';' if depth == 0 => return Ok((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    bail!("a declaration has no end: {}", text.lines().next().unwrap_or_default())
}

fn enumeration(code: &str, doc: &str) -> Result<Enum> {
    let (_, code) = code.split_once('{').context("an enum without values")?;
    let (body, name) = code.rsplit_once('}').context("an enum without a name")?;
    let mut values: Vec<EnumValue> = Vec::new();
    let mut rest = body.trim_start();
    while !rest.is_empty() {
        if let Some((comment, after)) = comment(rest)? {
            values.last_mut().context("a comment before the first value of an enum")?.doc = comment;
            rest = after.trim_start();
            continue;
        }
        let end = rest.find([',', '/']).unwrap_or(rest.len());
        let (name, number) = rest[..end].split_once('=').context("a value of an enum without a number")?;
        let number = number.trim().parse().with_context(|| format!("number of {}", name.trim()))?;
        values.push(EnumValue { name: name.trim().to_owned(), number, doc: String::new() });
        rest = rest[end..].trim_start_matches(',').trim_start();
    }
    Ok(Enum { name: name.trim().to_owned(), doc: doc.to_owned(), values })
}

fn function(code: &str, doc: &str) -> Result<Function> {
    let (head, parameters) = code.split_once('(').context("no parameters")?;
    let name = head.strip_prefix("int ").and_then(|name| name.trim().strip_prefix(PREFIX)).context("not an op")?;
    let parameters = parameters.strip_suffix(')').context("parameters without an end")?;
    let parameters = parameters.split(',').map(parameter).collect::<Result<_>>()?;
    Ok(Function { name: name.to_owned(), doc: doc.to_owned(), parameters })
}

fn parameter(text: &str) -> Result<Parameter> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let start = text.rfind([' ', '*']).with_context(|| format!("parameter without a name: {text}"))? + 1;
    let (ctype, name) = text.split_at(start);
    Ok(Parameter { ctype: ctype.trim().to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_belong_to_what_stands_below_or_before_them() {
        let header = parse(
            "/* The\n * family. */\n#ifndef X\n#define Y(a) \\\n  int rlx_mlx_op_no(int a);\n\nRLX_MLX_C_BEGIN\n\n\
             int rlx_mlx_op_plain(int a);\nint rlx_mlx_op_tail(int a); /* a tail */\n\
             /* Both of\n * them. */\nint rlx_mlx_op_one(int a);\nint rlx_mlx_op_two(rlx_mlx_array_t* const* list,\n\
             \x20 size_t n);\n\nint rlx_mlx_other(void);\nint rlx_mlx_op_alone(int a);\nRLX_MLX_C_END\n#endif\n",
        )
        .unwrap();
        assert_eq!(header.doc, "The family.");
        let found: Vec<_> = header.functions.iter().map(|f| (f.name.as_str(), f.doc.as_str())).collect();
        let expected =
            [("plain", ""), ("tail", "a tail"), ("one", "Both of them."), ("two", "Both of them."), ("alone", "")];
        assert_eq!(found, expected);
        let list = Parameter { ctype: "rlx_mlx_array_t* const*".to_owned(), name: "list".to_owned() };
        assert_eq!(header.functions[3].parameters[0], list);
    }

    #[test]
    fn an_enum_is_read_with_its_comments() {
        let text = "/* F. */\n\n/* Kinds. */\ntypedef enum RLX_MLX_ENUM {\n A_X = 0, /* first */\n A_Y = 7\n} a_t;\n";
        let header = parse(text).unwrap();
        let found = &header.enums[0];
        assert_eq!((found.name.as_str(), found.doc.as_str()), ("a_t", "Kinds."));
        let values: Vec<_> = found.values.iter().map(|v| (v.name.as_str(), v.number, v.doc.as_str())).collect();
        assert_eq!(values, [("A_X", 0, "first"), ("A_Y", 7, "")]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(parse("/* open").is_err());
        assert!(parse("int rlx_mlx_op_x(int a)").is_err());
        assert!(parse("/* F. */ double rlx_mlx_op_x(int a);").is_err());
    }
}
