//! Writes the files of a bundle, and reads while counting and hashing.

use rlx_host_api::Error;
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// What went wrong with a file, as an error.
pub(crate) fn failed(verb: &str, path: &Path, error: &io::Error) -> Error {
    Error::invalid(format!("cannot {verb} {}: {error}", path.display()))
}

/// Makes a folder, and those above it, which only this user can write to.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(path).map_err(|error| failed("create the folder", path, &error))
}

/// Writes a new file of `size` bytes below `folder`, which only this user can write to, through to the disk.
///
/// # Errors
/// When it cannot be written, or `content` has another size.
pub(crate) fn write_new(folder: &Path, name: &str, size: u64, content: &mut impl Read) -> Result<(), Error> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let unwritten = |error| failed("write", &path, &error);
    let mut file = options.open(&path).map_err(unwritten)?;
    let copied = copy(name, &mut content.take(size.saturating_add(1)), &mut file, &unwritten)?;
    file.sync_all().map_err(unwritten)?;
    match copied.cmp(&size) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(Error::invalid(format!("{name} ends after {copied} of {size} bytes"))),
        Ordering::Greater => {
            Err(Error::invalid(format!("{name} is longer than the {size} bytes that its manifest says")))
        }
    }
}

/// Copies to the end and gives the number of bytes. Whether reading or writing failed makes another error.
fn copy(
    name: &str,
    from: &mut impl Read,
    to: &mut impl Write,
    unwritten: &impl Fn(io::Error) -> Error,
) -> Result<u64, Error> {
    let (mut block, mut copied) = (vec![0; 1 << 16], 0);
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(copied),
            Ok(count) => {
                to.write_all(&block[..count]).map_err(unwritten)?;
                copied += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let reason = format!("{name} cannot be read to its end ({error}); copy it or download it again");
                return Err(Error::invalid(reason));
            }
        }
    }
}

/// Makes renames in a folder last. Not every system and file system can, which is no reason to fail.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// A reader that hashes what is read through it.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Hashing<R> {
    /// Nothing is read yet.
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new() }
    }

    /// The SHA-256 of all that was read, in lowercase hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
