//! Why an operation failed.

use std::fmt;
use std::time::Duration;

/// A rank of a group, and which it was in the group that the launcher's environment describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    /// In the group that was called.
    pub rank: usize,
    /// Before any split.
    pub origin: usize,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {}", self.rank)?;
        if self.rank == self.origin { Ok(()) } else { write!(f, " (rank {} before the split)", self.origin) }
    }
}

/// Why an operation of a group failed. Its line names the operation, the rank that reports, the rank at fault, and what to
/// do.
///
/// After [`Timeout`](Failure::Timeout), [`Lost`](Failure::Lost) and, unless [`Group::agree`](crate::Group::agree) gave it,
/// [`Differs`](Failure::Differs), the group is broken on every rank. The others leave it as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A rank did not do its part within the deadline.
    #[error("{operation} on {at}: {rank} {what} within {after:?}; see whether it still runs, or give it longer")]
    Timeout { operation: String, at: Member, rank: Member, after: Duration, what: String },

    /// A rank has ended, was cut off, or has left the group.
    #[error("{operation} on {at}: {rank} {what}; look at its own messages, then start all ranks again")]
    Lost { operation: String, at: Member, rank: Member, what: String },

    /// A rank calls something else than this one.
    #[error("{operation} on {at}: {rank} {what}; all ranks have to run the same program on the same shapes and dtypes")]
    Differs { operation: String, at: Member, rank: Member, what: String },

    /// An earlier operation broke the group.
    #[error("{operation} on {at}: the group is broken since {cause}")]
    Broken { operation: String, at: Member, cause: Box<Failure> },

    /// What the caller asked for cannot be done; nothing was sent.
    #[error("{0}")]
    Invalid(String),

    /// The operating system refused something that this rank needs.
    #[error("{operation} on {at}: {what}")]
    System { operation: String, at: Member, what: String },
}

impl Failure {
    /// The rank at fault, as the group that was called numbers it; `None` where that is this one's caller or system.
    pub fn rank(&self) -> Option<usize> {
        match self {
            Self::Timeout { rank, .. } | Self::Lost { rank, .. } | Self::Differs { rank, .. } => Some(rank.rank),
            Self::Broken { cause, .. } => cause.rank(),
            Self::Invalid(_) | Self::System { .. } => None,
        }
    }
}

/// What breaks a group, whichever operation comes upon it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) kind: Kind,
    /// The rank at fault, before any split.
    pub(crate) origin: usize,
    /// What it did or did not do.
    pub(crate) what: String,
}

/// Which failure a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Timeout(Duration),
    Lost,
    Differs,
}

impl Cause {
    pub(crate) fn lost(origin: usize, what: impl Into<String>) -> Self {
        Self { kind: Kind::Lost, origin, what: what.into() }
    }
}
