//! Everything that goes to standard output: tables for people, JSON for programs.

use crate::backend::Memory;
use crate::timing::Timings;
use anyhow::{Context, Result};
use bytesize::ByteSize;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Prints `value` as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value).context("writing JSON")?)
}

/// Prints text and a line break. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
        _ => Ok(()),
    }
}

/// An empty table in the style that all commands share.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

/// Prints the timings and, where they are known, the figures of memory.
pub(crate) fn print_phases(timings: &Timings, memory: Option<&Memory>) -> Result<()> {
    print(&timings_table(timings).to_string())?;
    memory.map_or(Ok(()), |memory| print(&memory_table(memory).to_string()))
}

fn memory_table(memory: &Memory) -> Table {
    let mut table = table(["memory in use", "peak", "kept for reuse", "limit", "limit of what is kept"]);
    let Memory { active_bytes, peak_bytes, cache_bytes, limit_bytes, cache_limit_bytes } = *memory;
    let bytes = [active_bytes, peak_bytes, cache_bytes, limit_bytes, cache_limit_bytes];
    table.add_row(bytes.map(|bytes| ByteSize(bytes).to_string()));
    table
}

fn timings_table(timings: &Timings) -> Table {
    let mut table = table(["load ms", "compile ms", "params ms", "first run ms", "median ms", "runs"]);
    let ms = [timings.load_ms, timings.compile_ms, timings.params_ms, timings.first_run_ms, timings.median_ms];
    let mut row: Vec<String> = ms.iter().map(|value| format!("{value:.2}")).collect();
    row.push(timings.runs.to_string());
    table.add_row(row);
    table
}

/// An error with its causes. Some errors already end with the text of their cause, which is not repeated.
pub(crate) fn error_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = one_line(&cause.to_string());
        if line.is_empty() {
            line = text;
        } else if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

/// `text` with its line breaks as `; `.
pub(crate) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
