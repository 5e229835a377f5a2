//! Libraries that a library opens itself once it runs, as the note of the specification "ELF dlopen metadata" (UAPI group)
//! lists them. The linker does not look for them, so nobody would before the library does.

use super::native::{Header, NATIVE};
use crate::discovery::linkage::{Bytes, damaged, name_of};
use crate::discovery::refusal::Refusal;
use object::read::elf::{FileHeader, ProgramHeader as _};
use serde::Deserialize;
use std::ffi::OsString;

/// The owner and the type of the note.
const OWNER: &[u8] = b"FDO";
const DLOPEN: u32 = 0x407c_0c0a;

/// One entry of the note.
#[derive(Deserialize)]
struct Entry {
    /// Names of which one will do.
    soname: Vec<String>,
    #[serde(default)]
    priority: String,
}

/// The libraries without which the one in `file` does not work, that have no alternative.
pub(super) fn required(header: &Header, file: Bytes<'_>) -> Result<Vec<OsString>, Refusal> {
    let unreadable = |_| damaged("its notes cannot be read");
    let mut names = Vec::new();
    for program in header.program_headers(NATIVE, file).map_err(unreadable)? {
        let Some(mut notes) = program.notes(NATIVE, file).map_err(unreadable)? else { continue };
        while let Some(note) = notes.next().map_err(unreadable)? {
            if note.name() != OWNER || note.n_type(NATIVE).0 != DLOPEN {
                continue;
            }
            let text = note.desc();
            let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let entries: Vec<Entry> = serde_json::from_slice(&text[..end])
                .map_err(|error| damaged(format!("its note of libraries to open: {error}")))?;
            names.extend(entries.into_iter().filter(|entry| entry.priority == "required").filter_map(|entry| {
                let [name] = <[String; 1]>::try_from(entry.soname).ok()?;
                Some(name_of(name.as_bytes()))
            }));
        }
    }
    Ok(names)
}
