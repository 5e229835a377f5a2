//! What a group knows of itself: its members, where it is, and what broke it.

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::{Cause, Failure, Kind, Member};

/// How long an operation that is under way may go on when a rank has ended: all that the rank had to do for it may have been
/// sent before.
const GRACE: Duration = Duration::from_millis(300);

/// What all threads of a process share of one group.
#[derive(Debug)]
pub(crate) struct State {
    /// The same on all members, and no other group's.
    pub(crate) id: u64,
    /// By rank, which ranks they were before any split.
    pub(crate) members: Vec<usize>,
    /// This process's rank.
    pub(crate) rank: usize,
    /// How many collectives this rank has entered.
    pub(crate) entered: AtomicU64,
    broken: OnceLock<Broken>,
    /// Readable, for ever, once the group is broken.
    alarm: UnixStream,
    /// Closed then.
    quiet: Mutex<Option<UnixStream>>,
    /// Which collective the members say that they are at, for a rank that asks.
    answers: Mutex<HashMap<usize, u64>>,
    answered: Condvar,
}

#[derive(Debug)]
struct Broken {
    cause: Cause,
    /// When operations under way have to end.
    until: Instant,
}

impl State {
    pub(crate) fn new(id: u64, members: Vec<usize>, rank: usize) -> io::Result<Self> {
        let (alarm, quiet) = UnixStream::pair()?;
        Ok(Self {
            id,
            members,
            rank,
            entered: AtomicU64::new(0),
            broken: OnceLock::new(),
            alarm,
            quiet: Mutex::new(Some(quiet)),
            answers: Mutex::default(),
            answered: Condvar::new(),
        })
    }

    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }

    /// The rank in this group of one from before any split.
    pub(crate) fn rank_of(&self, origin: usize) -> Option<usize> {
        self.members.iter().position(|&member| member == origin)
    }

    pub(crate) fn member(&self, rank: usize) -> Member {
        Member { rank, origin: self.members.get(rank).copied().unwrap_or(rank) }
    }

    /// What is readable once the group is broken.
    pub(crate) fn alarm(&self) -> &UnixStream {
        &self.alarm
    }

    /// Breaks the group, unless it is broken already. Operations under way end at once, or, where a rank has `ended`, as soon
    /// as what it sent before is used up.
    pub(crate) fn break_up(&self, cause: Cause, ended: bool) {
        let until = Instant::now() + if ended { GRACE } else { Duration::ZERO };
        if self.broken.set(Broken { cause, until }).is_ok() {
            drop(self.quiet.lock().unwrap_or_else(PoisonError::into_inner).take());
            drop(self.answers.lock().unwrap_or_else(PoisonError::into_inner));
            self.answered.notify_all();
        }
    }

    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.broken.get().map(|broken| &broken.cause)
    }

    /// How long operations under way may still go on; `None` while the group is whole.
    pub(crate) fn grace(&self) -> Option<Duration> {
        self.broken.get().map(|broken| broken.until.saturating_duration_since(Instant::now()))
    }

    /// A cause, as it ends `operation`.
    pub(crate) fn failure(&self, operation: &str, cause: &Cause) -> Failure {
        let (operation, at) = (operation.to_owned(), self.member(self.rank));
        // A cause names a member.
        let rank = self.member(self.rank_of(cause.origin).unwrap_or(cause.origin));
        let what = cause.what.clone();
        match cause.kind {
            Kind::Timeout(after) => Failure::Timeout { operation, at, rank, after, what },
            Kind::Lost => Failure::Lost { operation, at, rank, what },
            Kind::Differs => Failure::Differs { operation, at, rank, what },
        }
    }

    /// A refusal of the operating system.
    pub(crate) fn system(&self, operation: &str, what: String) -> Failure {
        Failure::System { operation: operation.to_owned(), at: self.member(self.rank), what }
    }

    /// Takes note of where a member says that it is.
    pub(crate) fn answer(&self, origin: usize, entered: u64) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(origin, entered);
        self.answered.notify_all();
    }

    /// Asks by `ask` where all members are, and gives what they answer within `limit`, or what had come when the group broke.
    pub(crate) fn ask(&self, ask: impl FnOnce(), limit: Duration) -> HashMap<usize, u64> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.clear();
        ask();
        let incomplete = |answers: &mut HashMap<usize, u64>| answers.len() + 1 < self.size() && self.cause().is_none();
        let (answers, _) =
            self.answered.wait_timeout_while(answers, limit, incomplete).unwrap_or_else(PoisonError::into_inner);
        answers.clone()
    }

    /// Counts a collective that begins; how many there were before.
    pub(crate) fn enter(&self) -> u64 {
        self.entered.fetch_add(1, Ordering::SeqCst)
    }
}
