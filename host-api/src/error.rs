//! The error type of both sides.

mod wire;

use crate::Value;
use crate::abi::*;
use crate::printable;
use std::borrow::Cow;

/// What class of failure an [`Error`] is; `code()` gives the wire value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument, graph, shape, dtype, option or file is wrong.
    InvalidArgument,
    /// The plugin lacks the op, dtype, option or extension.
    Unsupported,
    /// A name, file or device does not exist.
    NotFound,
    /// Memory ran out.
    OutOfMemory,
    /// No ABI version in common, or a struct differs.
    VersionMismatch,
    /// The plugin broke: a panic, an exception, a broken promise.
    PluginFault,
    /// A deadline passed.
    TimedOut,
    /// Not possible now: parameters are missing, or the object is in use.
    FailedPrecondition,
    /// Evaluation failed on the device.
    ExecutionFailed,
}

impl ErrorKind {
    /// The wire code, one of `RLX_ERROR_*`.
    pub const fn code(self) -> u32 {
        match self {
            Self::InvalidArgument => RLX_ERROR_INVALID_ARGUMENT,
            Self::Unsupported => RLX_ERROR_UNSUPPORTED,
            Self::NotFound => RLX_ERROR_NOT_FOUND,
            Self::OutOfMemory => RLX_ERROR_OUT_OF_MEMORY,
            Self::VersionMismatch => RLX_ERROR_VERSION_MISMATCH,
            Self::PluginFault => RLX_ERROR_PLUGIN_FAULT,
            Self::TimedOut => RLX_ERROR_TIMED_OUT,
            Self::FailedPrecondition => RLX_ERROR_FAILED_PRECONDITION,
            Self::ExecutionFailed => RLX_ERROR_EXECUTION_FAILED,
        }
    }

    /// The kind of a wire code; an unknown code is a plugin fault.
    pub const fn from_code(code: u32) -> Self {
        match code {
            RLX_ERROR_INVALID_ARGUMENT => Self::InvalidArgument,
            RLX_ERROR_UNSUPPORTED => Self::Unsupported,
            RLX_ERROR_NOT_FOUND => Self::NotFound,
            RLX_ERROR_OUT_OF_MEMORY => Self::OutOfMemory,
            RLX_ERROR_VERSION_MISMATCH => Self::VersionMismatch,
            RLX_ERROR_TIMED_OUT => Self::TimedOut,
            RLX_ERROR_FAILED_PRECONDITION => Self::FailedPrecondition,
            RLX_ERROR_EXECUTION_FAILED => Self::ExecutionFailed,
            _ => Self::PluginFault,
        }
    }
}

/// One failure: a kind, one line that names the thing and the remedy, and details by name.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    details: Vec<(String, Value)>,
}

impl Error {
    /// An error of `kind`. Line breaks in `message` become `; `, so that it stays one line, and what a terminal would
    /// obey is escaped ([`printable`]): messages quote names and files of others.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: one_line(message.into()), details: Vec::new() }
    }

    /// Shorthand for [`ErrorKind::InvalidArgument`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// Shorthand for [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// Shorthand for [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Shorthand for [`ErrorKind::PluginFault`].
    pub fn fault(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::PluginFault, message)
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.push((key.to_owned(), value.into()));
        self
    }

    /// The same error with `prefix: ` before the message.
    #[must_use]
    pub fn context(mut self, prefix: impl std::fmt::Display) -> Self {
        self.message = one_line(format!("{prefix}: {}", self.message));
        self
    }

    /// The class of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The line for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Details by name, for programs.
    pub fn details(&self) -> &[(String, Value)] {
        &self.details
    }
}

fn one_line(text: String) -> String {
    let text = match text.contains('\n') {
        true => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "),
        false => text,
    };
    match printable(&text) {
        Cow::Owned(escaped) => escaped,
        Cow::Borrowed(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_passage() {
        let error = Error::unsupported("op `Frob` at node %3").with("op", "Frob").with("node", 3i64).with("hot", true);
        // SAFETY: fresh object, checked once.
        let back = unsafe { Error::check(error.clone().into_raw()) }.unwrap_err();
        assert_eq!(back, error);
        // SAFETY: NULL is success.
        assert_eq!(unsafe { Error::check(std::ptr::null_mut()) }, Ok(()));
    }

    #[test]
    fn every_kind_has_its_own_code() {
        let codes: Vec<u32> = (1..=9).collect();
        for &code in &codes {
            assert_eq!(ErrorKind::from_code(code).code(), code);
        }
        assert_eq!(ErrorKind::from_code(77), ErrorKind::PluginFault);
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(Error::invalid("a\n  b\n\nc").message(), "a; b; c");
        assert_eq!(Error::invalid("a").context("b\nc").message(), "b; c: a");
    }

    #[test]
    fn control_characters_in_a_message_are_escaped() {
        let hostile = Error::not_found("no \u{1b}[2Jplugin\u{7}").context("a\rb");
        assert_eq!(hostile.message(), r"a\rb: no \u{1b}[2Jplugin\u{7}");
        // Also those that come over the boundary, from a plugin that escapes nothing.
        let raw = Error { message: "\u{9b}2J".to_owned(), ..hostile };
        // SAFETY: fresh object, checked once.
        assert_eq!(unsafe { Error::check(raw.into_raw()) }.unwrap_err().message(), r"\u{9b}2J");
    }
}
