//! Everything that is printed: tables for people, JSON for programs, and errors. Names, paths and messages come from
//! files and plugins, so what a terminal would obey is escaped; and a stream that cannot be written is no reason to panic.

use crate::backend::Memory;
use crate::timing::Timings;
use anyhow::{Context, Result};
use bytesize::ByteSize;
use comfy_table::{ContentArrangement, presets};
use rlx_host_api::printable;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{ErrorKind, Write};

/// How many characters of an error are printed.
const MOST_OF_AN_ERROR: usize = 4000;

/// Prints `value` as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    write_out(&escaped_json(serde_json::to_string_pretty(value).context("writing JSON")?))
}

/// JSON escapes the control characters of ASCII alone. Only strings hold others, and there every character may be escaped.
fn escaped_json(json: String) -> String {
    let obeyed = |c: char| c != '\n' && matches!(printable(c.encode_utf8(&mut [0; 4])), Cow::Owned(_));
    if !json.contains(obeyed) {
        return json;
    }
    json.chars().map(|c| if obeyed(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// Prints lines of text, escaped, and a line break.
pub(crate) fn print(text: &str) -> Result<()> {
    write_out(&printable_lines(text))
}

/// A reader that has gone away (`| head`) is no failure.
fn write_out(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
        _ => Ok(()),
    }
}

/// Prints an error as one line on standard error.
pub(crate) fn print_error(error: &anyhow::Error) {
    print_error_text(&format!("error: {}", error_line(error)));
}

/// Prints lines of text, escaped, on standard error. Where that cannot be written, the exit code has to tell.
pub(crate) fn print_error_text(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_lines(text));
}

/// The log, of this program and of plugins: to standard error, warnings and above unless `RUST_LOG` says otherwise.
pub(crate) fn start_log() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn"))
        .format(|out, record| {
            let style = out.default_level_style(record.level());
            let (time, level, target) = (out.timestamp(), record.level(), printable(record.target()));
            let message = record.args().to_string();
            writeln!(out, "[{time} {style}{level:<5}{style:#} {target}] {}", printable(&one_line(&message)))
        })
        .init();
}

fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// A table in the style that all commands share.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// An empty table.
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(header);
        Self(table)
    }

    /// Adds a row. Cells are escaped here, before their width is measured.
    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells.into_iter().map(|cell| printable(&cell).into_owned()));
    }

    /// Prints the table.
    pub(crate) fn print(&self) -> Result<()> {
        print(&self.0.to_string())
    }
}

/// Prints the timings and, where they are known, the figures of memory.
pub(crate) fn print_phases(timings: &Timings, memory: Option<&Memory>) -> Result<()> {
    timings_table(timings).print()?;
    memory.map_or(Ok(()), |memory| memory_table(memory).print())
}

fn memory_table(memory: &Memory) -> Table {
    let mut table = Table::new(["memory in use", "peak", "kept for reuse", "limit", "limit of what is kept"]);
    let Memory { active_bytes, peak_bytes, cache_bytes, limit_bytes, cache_limit_bytes } = *memory;
    let bytes = [active_bytes, peak_bytes, cache_bytes, limit_bytes, cache_limit_bytes];
    table.add_row(bytes.map(|bytes| ByteSize(bytes).to_string()));
    table
}

fn timings_table(timings: &Timings) -> Table {
    let mut table = Table::new(["load ms", "compile ms", "params ms", "first run ms", "median ms", "runs"]);
    let ms = [timings.load_ms, timings.compile_ms, timings.params_ms, timings.first_run_ms, timings.median_ms];
    let mut row: Vec<String> = ms.iter().map(|value| format!("{value:.2}")).collect();
    row.push(timings.runs.to_string());
    table.add_row(row);
    table
}

/// An error with its causes, escaped. Some errors already end with the text of their cause, which is not repeated; one that
/// quotes too much of a file is cut.
fn error_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = one_line(&cause.to_string());
        if line.is_empty() {
            line = text;
        } else if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
    }
    let line = printable(&line);
    match line.char_indices().nth(MOST_OF_AN_ERROR) {
        Some((end, _)) => format!("{}… ({} bytes more)", &line[..end], line.len() - end),
        None => line.into_owned(),
    }
}

/// `text` with its line breaks as `; `.
pub(crate) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn control_characters_are_escaped_in_tables_errors_and_json() {
        let hostile = "a\u{1b}[2J\rb\u{9b}c\u{7f}";
        let escaped = r"a\u{1b}[2J\rb\u{9b}c\u{7f}";
        let mut table = Table::new(["name"]);
        table.add_row([format!("{hostile}\nd")]);
        assert!(table.0.to_string().contains(&format!(r"{escaped}\nd")), "{}", table.0);
        assert_eq!(printable_lines(&format!("x\n{hostile}")), format!("x\n{escaped}"));
        assert_eq!(error_line(&anyhow!("{hostile}\nd").context("e")), format!("e: {escaped}; d"));

        let json = escaped_json(serde_json::to_string_pretty(&[hostile, "ä", "\u{202e}"]).unwrap());
        assert!(!json.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{json:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [hostile, "ä", "\u{202e}"]);
    }

    #[test]
    fn error_text_is_cut_to_a_sane_length() {
        let line = error_line(&anyhow!("{}", "ü".repeat(50_000)).context("model.rlxmodel"));
        assert!(line.starts_with("model.rlxmodel: üü") && line.ends_with("bytes more)"), "{line}");
        assert!(line.chars().count() < MOST_OF_AN_ERROR + 50);
        assert_eq!(error_line(&anyhow!("short")), "short");
    }
}
