//! A bundle as one file: a tar file (ustar) behind Zstandard, with its SHA-256 beside it. The same files give the same bytes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::manifest;

/// Three quarters of what the quick levels need. Levels above want more memory of those who unpack.
const LEVEL: i32 = 19;

/// Packs the bundle `folder` as `NAME.tar.zst` beside it, for whatever target it is, with `NAME.tar.zst.sha256`. Gives the
/// archive's path.
pub(crate) fn write(folder: &Path) -> Result<PathBuf> {
    let about = Manifest::read(&folder.join(MANIFEST_FILE))?;
    let name = manifest::bundle_name(&about);
    let path = folder.with_file_name(format!("{name}.tar.zst"));
    let fresh = folder.with_file_name(format!("{name}.tar.zst.new"));
    let file = File::create(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
    let mut hashing = Hashing { inner: BufWriter::new(file), hasher: Sha256::new() };
    let mut encoder = zstd::Encoder::new(&mut hashing, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut tar = Builder::new(encoder);
    // The manifest goes first: who unpacks knows by it what has to follow.
    for file in std::iter::once(MANIFEST_FILE).chain(about.files.iter().map(|file| file.path.as_str())) {
        append(&mut tar, &folder.join(file), &format!("{name}/{file}"))?;
    }
    tar.into_inner()?.finish()?;
    hashing.flush()?;
    let sha256: String = hashing.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    fs::rename(&fresh, &path).with_context(|| format!("cannot move {} into place", path.display()))?;
    let beside = folder.with_file_name(format!("{name}.tar.zst.sha256"));
    fs::write(&beside, format!("{sha256}  {name}.tar.zst\n"))
        .with_context(|| format!("cannot write {}", beside.display()))?;
    Ok(path)
}

/// Adds a file without what differs from machine to machine: its owner, its mode, its time.
fn append(tar: &mut Builder<impl Write>, from: &Path, name: &str) -> Result<()> {
    let file = File::open(from).with_context(|| format!("cannot open {}", from.display()))?;
    let data = file.metadata()?;
    ensure!(data.is_file(), "{} is no file", from.display());
    let mut header = Header::new_ustar();
    header.set_path(name).with_context(|| format!("{name} is too long a name for a tar file"))?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(data.len());
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    tar.append(&header, file).with_context(|| format!("cannot pack {}", from.display()))
}

/// A writer that hashes what is written through it.
struct Hashing<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
