//! The process that is given the inputs.

use super::Target;
use std::io::{self, Read, Write};
use std::path::Path;

/// Memory that a worker may have, its libraries included. What a parser takes for a small file stays far below.
const MEMORY: u64 = 1 << 30;

/// Answers each input from standard input, a length in 8 bytes and the bytes, with one byte. `scratch` is a file for the
/// parsers that take one.
///
/// # Errors
/// When the session has gone, or the limit cannot be set.
pub fn work(target: &Target, scratch: &Path) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: MEMORY, rlim_max: MEMORY };
    // SAFETY: the struct is a whole one.
    if unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut bytes = Vec::new();
    loop {
        let mut length = [0; 8];
        match input.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        bytes.resize(u64::from_le_bytes(length) as usize, 0);
        input.read_exact(&mut bytes)?;
        (target.run)(&bytes, scratch);
        output.write_all(b".")?;
        output.flush()?;
    }
}
