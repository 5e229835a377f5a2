//! The parsers of libraries one by one, whatever this process's own format is: for tests that feed them with damaged files.

use super::file::{self, Closed};
use super::refusal::Refusal;
use super::{elf, macho};
use object::read::ReadCache;
use std::fs::File;
use std::path::Path;

/// Reads an ELF library as a candidate is read, on any system.
///
/// # Errors
/// Why it cannot be loaded.
pub fn elf(path: &Path) -> Result<(), Refusal> {
    elf::read(&open(path)?).map(drop)
}

/// Reads a Mach-O library likewise.
///
/// # Errors
/// Why it cannot be loaded.
pub fn macho(path: &Path) -> Result<(), Refusal> {
    macho::read(&open(path)?).map(drop)
}

fn open(path: &Path) -> Result<ReadCache<File>, Refusal> {
    match file::open(path) {
        Ok((file, _)) => Ok(ReadCache::new(file)),
        Err(Closed::NotAFile(what)) => Err(Refusal::NotAFile { what }),
        Err(Closed::System(_)) => Err(Refusal::NotFound),
    }
}
