//! Errors of host code, on their way to the run.

use rlx_host_api::Error;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Why host code failed. MLX carries only a text, and not a long one; the errors themselves wait here for the run, which
/// knows its own by a number in that text. Duplicates of an executable share them, and a run that was started without
/// waiting may fail while another one runs.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<VecDeque<(String, Error)>>);

/// No more failures wait. Those of a run beyond its first are never asked for.
const MAX_WAITING: usize = 64;

impl Failures {
    /// Keeps `error`, and gives what the text for MLX starts with.
    pub(super) fn keep(&self, error: Error) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mark = format!("[failure {}]", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back((mark.clone(), error));
        mark
    }

    /// The error that made an evaluation fail with `text`, once.
    pub(crate) fn take(&self, text: &str) -> Option<Error> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().position(|(mark, _)| text.contains(mark))?;
        waiting.remove(found).map(|(_, error)| error)
    }
}
