//! Waiting with an end.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// When an operation has to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// How long it was given.
    pub(crate) after: Duration,
    /// `None` where that is further off than the clock reaches.
    at: Option<Instant>,
}

impl Deadline {
    pub(crate) fn new(after: Duration) -> Self {
        Self { after, at: Instant::now().checked_add(after) }
    }

    /// What is left of it, at most `most`.
    pub(crate) fn left(&self, most: Duration) -> Duration {
        self.at.map_or(most, |at| at.saturating_duration_since(Instant::now()).min(most))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }
}

/// The longest single wait; whoever waits looks at its deadline after it.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);

/// Waits until one of `fds` is ready or `limit` has passed. Signals do not end the process's waits early.
pub(crate) fn ready(fds: &mut [PollFd<'_>], limit: Duration) -> io::Result<()> {
    let until = Instant::now() + limit;
    let mut limit = limit;
    loop {
        let timeout = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: limit.subsec_nanos().into() };
        match poll(fds, Some(&timeout)) {
            Err(Errno::INTR) => limit = until.saturating_duration_since(Instant::now()),
            other => return other.map(|_| ()).map_err(io::Error::from),
        }
    }
}

/// Waits for `what` on one descriptor; whether it is ready.
pub(crate) fn one(fd: &impl AsFd, what: PollFlags, limit: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, what)];
    ready(&mut fds, limit)?;
    Ok(!fds[0].revents().is_empty())
}
