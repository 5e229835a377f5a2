//! Where the time of runs goes: as tables, as a trace file, as a picture of one.
//!
//! * [`table`]: by node and by kernel. [`trace`]: for Perfetto and Chrome. [`picture`]: a trace file as SVG.

pub(crate) mod picture;
mod table;
mod trace;

pub(crate) use table::Profile;

use anyhow::Result;
use clap::{Args, value_parser};
use rlx_host_api::Spans;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Whether times are noted, and what becomes of them.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// Print the time by node and by kernel, of runs behind the first. A plugin's; runs take longer while it is noted.
    #[arg(long)]
    pub(crate) profile: bool,
    /// Write the time line of those runs to FILE: Chrome's trace format, which ui.perfetto.dev opens.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Rows of each table of --profile.
    #[arg(long, value_name = "N", default_value = "15", value_parser = value_parser!(u64).range(1..))]
    pub(crate) top: u64,
}

impl ProfileArgs {
    /// Whether the program is to note times.
    pub(crate) fn is_wanted(&self) -> bool {
        self.profile || self.trace.is_some()
    }

    /// Writes the trace file, and gives what tables show, each where it is wanted.
    pub(crate) fn use_up(&self, noted: &Noted) -> Result<Option<Profile>> {
        if let Some(path) = &self.trace {
            trace::write(noted, path)?;
        }
        Ok(self.profile.then(|| Profile::of(noted, usize::try_from(self.top).unwrap_or(usize::MAX))))
    }

    /// Where the trace went.
    pub(crate) fn trace(&self) -> Option<&Path> {
        self.trace.as_deref()
    }
}

/// What a plugin has noted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Noted {
    spans: Vec<Span>,
    lost: u64,
}

/// One stretch of work on one thread, as [`rlx_host_api::Span`].
#[derive(Debug, Serialize, Deserialize)]
struct Span {
    node: String,
    kernel: String,
    thread: u64,
    thread_name: String,
    start_ns: u64,
    duration_ns: u64,
    operations: u64,
    bytes: u64,
}

impl Span {
    /// Whether it is that of a whole run.
    fn is_run(&self) -> bool {
        self.node.is_empty() && self.kernel == "run"
    }
}

impl From<Spans> for Noted {
    fn from(Spans { list, lost }: Spans) -> Self {
        let own = |span: rlx_host_api::Span| {
            let rlx_host_api::Span { node, kernel, thread, thread_name, start_ns, duration_ns, operations, bytes } =
                span;
            Span { node, kernel, thread, thread_name, start_ns, duration_ns, operations, bytes }
        };
        Self { spans: list.into_iter().map(own).collect(), lost }
    }
}

/// Node, kernel, thread, start and duration in microseconds, operations and bytes.
#[cfg(test)]
type Made<'a> = (&'a str, &'a str, u64, [u64; 2], [u64; 2]);

#[cfg(test)]
impl Noted {
    fn made_of(spans: &[Made<'_>]) -> Self {
        let own = |&(node, kernel, thread, [start, duration], [operations, bytes]): &Made<'_>| Span {
            node: node.to_owned(),
            kernel: kernel.to_owned(),
            thread,
            thread_name: String::new(),
            start_ns: start * 1000,
            duration_ns: duration * 1000,
            operations,
            bytes,
        };
        Self { spans: spans.iter().map(own).collect(), lost: 0 }
    }
}
