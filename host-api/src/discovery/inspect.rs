//! Looks at a candidate's file without executing anything of it: is it a plugin that this process can open?

use super::libraries::{self, Library};
use super::library;
use super::refusal::Refusal;
use std::path::Path;

/// What inspection learned about a plugin that can be opened.
#[derive(Debug)]
pub(super) struct Inspection {
    /// The libraries that it needs, and those that they need, in the order in which the system's loader meets them.
    pub(super) libraries: Vec<Library>,
}

/// Inspects the candidate at `path`: file, format, processor, soundness, entry symbol, needed libraries.
///
/// # Errors
/// The first reason for which it cannot be used.
pub(super) fn inspect(path: &Path) -> Result<Inspection, Refusal> {
    let linkage = library::read(path)?;
    if !linkage.has_entry {
        return Err(Refusal::NoEntrySymbol);
    }
    Ok(Inspection { libraries: libraries::closure(path, linkage)? })
}

#[cfg(test)]
mod tests;
