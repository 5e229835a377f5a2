//! Who may use a group.

use rlx_host_api::{Error, ErrorKind};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Turns, in the order in which they are asked for.
#[derive(Debug, Default)]
pub(super) struct Turns {
    line: Mutex<Line>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Line {
    /// Who has the turn, and behind it who waits.
    waiting: VecDeque<u64>,
    next: u64,
}

/// While it lives, its holder is the only one who uses the group.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    /// Waits for a turn; what is left of `timeout` comes with it.
    ///
    /// # Errors
    /// Timed out when others take too long.
    pub(super) fn take(&self, timeout: Duration) -> Result<(Turn<'_>, Duration), Error> {
        let start = Instant::now();
        let mut line = self.line();
        let number = line.next;
        line.next += 1;
        line.waiting.push_back(number);
        // From here on dropping it leaves the line.
        let turn = Turn { turns: self, number };
        let mut has_waited = false;
        loop {
            if line.waiting.front() == Some(&number) {
                drop(line);
                // Whoever did not wait has all of it, as errors then say.
                return Ok((turn, if has_waited { timeout.saturating_sub(start.elapsed()) } else { timeout }));
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                drop(line);
                return Err(Error::new(
                    ErrorKind::TimedOut,
                    format!("the group was in use by other calls of this process for {timeout:?}: give it longer"),
                ));
            }
            // A list and a number are never left half changed.
            line = self.moved.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner).0;
            has_waited = true;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // As above.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.line().waiting.retain(|&number| number != self.number);
        self.turns.moved.notify_all();
    }
}
