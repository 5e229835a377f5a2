//! Failures in traits of rlx-runtime that have no room for them.

use crate::Error;
use std::fmt::Display;

/// Ends a call of a trait that returns no `Result`, see the documentation of [`runtime`](crate::runtime).
#[track_caller]
#[expect(clippy::panic, reason = "rlx-runtime's traits have no other way to report a failure")]
pub(super) fn fail(what: impl Display) -> ! {
    panic!("{what}")
}

/// The value, or the end of the call.
#[track_caller]
pub(super) fn or_fail<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| fail(error))
}
