//! The spans of a program's runs, from the threads that compute them to the host.

use crate::mlx::watch::Observer;
use rlx_host_api::author::{Span, Spans};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// The most spans that wait for the host, some 70 MB of them.
const MOST: usize = 1 << 20;

/// Spans, and the names in them.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    spans: Vec<Short>,
    lost: u64,
    names: Names,
    threads: HashMap<u64, String>,
}

/// A span with the numbers of its names.
#[derive(Debug)]
struct Short {
    node: usize,
    kernel: usize,
    thread: u64,
    start: u64,
    duration: u64,
    work: Work,
}

/// What there was to do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) operations: u64,
    pub(crate) bytes: u64,
}

/// Names by number.
#[derive(Debug, Default)]
struct Names {
    list: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Names {
    fn number(&mut self, name: &str) -> usize {
        if let Some(&known) = self.numbers.get(name) {
            return known;
        }
        self.list.push(name.to_owned());
        self.numbers.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    fn get(&self, number: usize) -> String {
        self.list.get(number).cloned().unwrap_or_default()
    }
}

impl Recorder {
    /// The number of a name, for [`note`](Self::note).
    pub(crate) fn name(&self, name: &str) -> usize {
        self.lock().names.number(name)
    }

    /// Nanoseconds since the first time that anybody asked.
    pub(crate) fn now(&self) -> u64 {
        static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
        // 584 years fit.
        Instant::now().saturating_duration_since(*EPOCH).as_nanos() as u64
    }

    /// This thread has been computing for the node of number `node` since `start`.
    pub(crate) fn note(&self, start: u64, node: usize, kernel: &str, work: Work) {
        self.note_on("", start, node, kernel, work);
    }

    /// The same, on a thread that is called `name` unless it has a name of its own.
    pub(crate) fn note_on(&self, name: &str, start: u64, node: usize, kernel: &str, work: Work) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        thread_local! {
            static THREAD: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        let duration = self.now().saturating_sub(start);
        let thread = THREAD.with(|&thread| thread);
        let mut noted = self.lock();
        if noted.spans.len() == MOST {
            noted.lost += 1;
            return;
        }
        // Those that others have started, MLX's among them, have no name here.
        let known = noted.threads.entry(thread).or_default();
        if known.is_empty() {
            thread::current().name().unwrap_or(name).clone_into(known);
        }
        let kernel = noted.names.number(kernel);
        noted.spans.push(Short { node, kernel, thread, start, duration, work });
    }

    /// What has been noted since the last call.
    pub(crate) fn take(&self) -> Spans {
        let mut noted = self.lock();
        let (short, lost) = (std::mem::take(&mut noted.spans), std::mem::take(&mut noted.lost));
        let whole = |span: Short| Span {
            node: noted.names.get(span.node),
            kernel: noted.names.get(span.kernel),
            thread: span.thread,
            thread_name: noted.threads.get(&span.thread).cloned().unwrap_or_default(),
            start_ns: span.start,
            duration_ns: span.duration,
            operations: span.work.operations,
            bytes: span.work.bytes,
        };
        Spans { list: short.into_iter().map(whole).collect(), lost }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        // Lists that only grow are whole after a panic, too.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn now(&self) -> u64 {
        Self::now(self)
    }

    fn tell(&self, start: u64, place: usize, primitive: &str, operations: u64, bytes: u64) {
        self.note_on("MLX stream", start, place, primitive, Work { operations, bytes });
    }
}
