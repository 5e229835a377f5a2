//! The time line as a file in Chrome's trace format: a JSON array of complete events.

use super::{Noted, Span};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// A complete event. What else may stand in a trace file is not read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) ph: String,
    /// Microseconds.
    pub(super) ts: f64,
    pub(super) dur: f64,
    pub(super) pid: u64,
    pub(super) tid: u64,
    pub(super) args: Details,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Details {
    #[serde(default)]
    pub(super) node: String,
    #[serde(default)]
    pub(super) kernel: String,
    #[serde(default)]
    pub(super) thread: String,
    #[serde(default)]
    operations: u64,
    #[serde(default)]
    bytes: u64,
}

impl Event {
    fn of(span: &Span, begin_ns: u64) -> Self {
        let us = |ns: u64| ns as f64 / 1e3;
        Self {
            // What a track shows: the kernel, as the name of a node is long.
            name: span.kernel.clone(),
            ph: "X".to_owned(),
            ts: us(span.start_ns.saturating_sub(begin_ns)),
            dur: us(span.duration_ns),
            pid: 1,
            tid: span.thread,
            args: Details {
                node: span.node.clone(),
                kernel: span.kernel.clone(),
                thread: span.thread_name.clone(),
                operations: span.operations,
                bytes: span.bytes,
            },
        }
    }
}

/// Writes the spans to `path`, from the first of them on.
pub(super) fn write(noted: &Noted, path: &Path) -> Result<()> {
    let begin = noted.spans.iter().map(|span| span.start_ns).min().unwrap_or(0);
    let mut events: Vec<Event> = noted.spans.iter().map(|span| Event::of(span, begin)).collect();
    events.sort_by(|a, b| a.ts.total_cmp(&b.ts));
    let write = || -> Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let mut before = "[\n";
        for event in &events {
            file.write_all(before.as_bytes())?;
            serde_json::to_writer(&mut file, event)?;
            before = ",\n";
        }
        file.write_all(if events.is_empty() { b"[]\n" } else { b"\n]\n" })?;
        Ok(file.flush()?)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_an_array_of_events_in_order() {
        let noted = Noted::made_of(&[("a", "Linear", 3, [50, 7], [0, 0]), ("", "run", 2, [40, 20], [0, 0])]);
        let file = tempfile::NamedTempFile::new().unwrap();
        write(&noted, file.path()).unwrap();
        let events: Vec<Event> = serde_json::from_reader(file.reopen().unwrap()).unwrap();
        let times: Vec<_> = events.iter().map(|e| (&*e.name, &*e.ph, e.ts, e.dur, e.tid)).collect();
        assert_eq!(times, [("run", "X", 0.0, 20.0, 2), ("Linear", "X", 10.0, 7.0, 3)]);
        write(&Noted::default(), file.path()).unwrap();
        assert_eq!(serde_json::from_reader::<_, Vec<Event>>(file.reopen().unwrap()).unwrap().len(), 0);
        let error = write(&noted, Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
