//! The headers' comments as documentation of the table: the words of the shim become those of its readers.

use anyhow::{Result, bail};

use super::header::PREFIX;
use super::op::FLAGS;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reader {
    Rust,
    C,
}

/// The lines of a comment, wrapped to `width` columns. `links` tells the Rust path of an operation.
pub(super) fn lines(text: &str, reader: Reader, width: usize, links: impl Fn(&str) -> String) -> Result<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        if !out.is_empty() {
            out.push(String::new());
        }
        let translated = translate(&sentence(paragraph), reader, &links);
        if translated.contains("ERR_") || translated.contains("rlx_mlx_") {
            bail!("a comment would show what only the shim knows: {translated}");
        }
        out.extend(wrap(&translated, width));
    }
    Ok(out)
}

/// With a full stop at its end.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', ':', ';']) { text.to_owned() } else { format!("{text}.") }
}

/// What is said of the shim's result pointers, and true otherwise in the table.
const OF_RESULT_POINTERS: [&str; 3] =
    [", written to `outs`", "; after a failure all of them are NULL", " After a failure both results are NULL."];

fn translate(text: &str, reader: Reader, links: &impl Fn(&str) -> String) -> String {
    let mut text = text.replace("_or_null`", "`");
    for aside in OF_RESULT_POINTERS {
        text = text.replace(aside, "");
    }
    if reader == Reader::Rust {
        for flag in FLAGS {
            for (c, rust) in [("` nonzero", "` true"), ("` is nonzero", "` is true"), ("` is 0", "` is false")] {
                text = text.replace(&format!("`{flag}{c}"), &format!("`{flag}{rust}"));
            }
        }
    }
    let mut out = String::new();
    let mut quoted = false;
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 {
            quoted ^= c == '`';
            // rustdoc would take them for links.
            if reader == Reader::Rust && !quoted && "[]".contains(c) {
                out.push('\\');
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        if word.starts_with("ERR_") {
            let starts = out.is_empty() || out.ends_with(". ");
            // An aside such as "must be a float (ERR_BAD_DTYPE)".
            let aside = out.ends_with('(') && rest.starts_with(')');
            out.push_str(if aside {
                "else an error"
            } else if starts {
                "An error"
            } else {
                "an error"
            });
        } else if let Some(op) = word.strip_prefix(PREFIX) {
            let name = match reader {
                Reader::Rust => format!("[`{op}`]({})", links(op)),
                Reader::C => format!("`{op}`"),
            };
            out.push_str(&name);
        } else if let Some(after) = rest.strip_prefix(".h") {
            rest = after;
            out.push_str(&format!("what is said of the operations of {word}"));
        } else if word == "NULL" && reader == Reader::Rust {
            out.push_str("`None`");
        } else if let Some(list) = word.strip_suffix("_count").filter(|_| reader == Reader::Rust) {
            out.push_str(&format!("{list}.len()"));
        } else {
            out.push_str(word);
        }
    }
    out
}

/// Breaks at spaces, but not where the next line would look like an item of a list.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let mut piece = word.to_owned();
        while let Some(next) = words.next_if(|next| looks_like_an_item(next)) {
            piece.push(' ');
            piece.push_str(next);
        }
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&piece),
            Some(line) if line.len() + 1 + piece.len() <= width => {
                line.push(' ');
                line.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

fn looks_like_an_item(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    word.starts_with(['+', '-', '*', '#', '>', '=', '|'])
        || number.len() < word.len() && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(text: &str) -> String {
        lines(text, Reader::Rust, 200, |op| format!("Self::{op}")).unwrap().join("\n")
    }

    #[test]
    fn words_of_the_shim_become_those_of_the_reader() {
        let text = "`upper` nonzero: [..., M]; b may be NULL, as rlx_mlx_op_inv. ERR_NULL for `b_or_null` (ERR_BAD_SHAPE), \
                    or ERR_GENERIC; see gather.h";
        assert_eq!(
            rust(text),
            "`upper` true: \\[..., M\\]; b may be `None`, as [`inv`](Self::inv). An error for `b` (else an error), or an \
             error; see what is said of the operations of gather."
        );
        let c = lines("`upper` nonzero, rlx_mlx_op_inv [a] NULL", Reader::C, 200, str::to_owned).unwrap();
        assert_eq!(c, ["`upper` nonzero, `inv` [a] NULL."]);
        assert_eq!(rust("`axes_count` 0"), "`axes.len()` 0.");
        assert!(lines("see rlx_mlx_trace()", Reader::C, 200, str::to_owned).is_err());
    }

    #[test]
    fn no_line_starts_like_an_item_of_a_list() {
        let words = |width| wrap("aa bb + cc 2. dd", width);
        assert_eq!(words(5), ["aa", "bb +", "cc 2.", "dd"]);
        assert_eq!(lines("One\nTwo", Reader::C, 80, str::to_owned).unwrap(), ["One.", "", "Two."]);
    }
}
