//! Unpacks an archive, each entry of which is checked before it is written.

use crate::files::{Hashing, failed, write_new};
use crate::origin::Origin;
use crate::rules::{check_files, inside};
use crate::unpacked::Unpacked;
use rlx_host_api::Error;
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest};
use ruzstd::decoding::StreamingDecoder;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;
use tar::{Entry, EntryType};

/// The most bytes of a manifest.
const MOST_OF_A_MANIFEST: u64 = 1 << 20;

/// The most zeros behind the last entry.
const MOST_PADDING: u64 = 1 << 20;

/// Unpacks the archive `path` into the new folder `into`.
///
/// # Errors
/// The first thing that is wrong with it, by name; `into` may hold files then.
pub(crate) fn unpack(path: &Path, into: &Path) -> Result<Unpacked, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = File::open(path).map_err(|error| failed("open", path, &error))?;
    let decoder = StreamingDecoder::new(Hashing::new(BufReader::new(file)))
        .map_err(|error| Error::invalid(format!("{name} is no archive of Zstandard ({error}); download it again")))?;
    let mut archive = tar::Archive::new(decoder);
    let manifest = unpack_entries(&mut archive, into).map_err(|error| error.context(&name))?;
    let mut decoder = archive.into_inner();
    check_end(&mut decoder).map_err(|error| error.context(&name))?;
    let sha256 = decoder.into_inner().finish();
    check_hash_beside(path, &name, &sha256)?;
    Ok(Unpacked { manifest, origin: Origin { source: name, sha256: Some(sha256) } })
}

fn unpack_entries(archive: &mut tar::Archive<impl Read>, into: &Path) -> Result<Manifest, Error> {
    // Raw, so that no entry stands for another's name or size: those kinds are refused like links.
    let mut entries = archive.entries().map_err(|error| damaged(&error))?.raw(true);
    let mut next = || entries.next().transpose().map_err(|error| damaged(&error));
    let mut contents: Option<Contents> = None;
    while let Some(mut entry) = next()? {
        let Some(path) = file_path(&entry)? else { continue };
        match &mut contents {
            None => contents = Some(Contents::read(&path, &mut entry, into)?),
            Some(contents) => contents.write(&path, &mut entry, into)?,
        }
    }
    let contents = contents.ok_or_else(|| Error::invalid("it holds no file"))?;
    contents.finish()
}

/// The path of a file in the archive; none of a folder.
fn file_path(entry: &Entry<'_, impl Read>) -> Result<Option<String>, Error> {
    let bytes = entry.path_bytes();
    let path = std::str::from_utf8(&bytes)
        .map_err(|_| Error::invalid(format!("the name `{}` is no UTF-8", bytes.escape_ascii())))?;
    let kind = match entry.header().entry_type() {
        EntryType::Regular => None,
        EntryType::Directory => {
            inside(path.strip_suffix('/').unwrap_or(path))?;
            return Ok(None);
        }
        EntryType::Symlink => Some("a symbolic link"),
        EntryType::Link => Some("a hard link"),
        EntryType::Char | EntryType::Block => Some("a device"),
        EntryType::Fifo => Some("a pipe"),
        _ => Some("an entry of a kind that bundles have no use for"),
    };
    if let Some(kind) = kind {
        return Err(Error::invalid(format!("`{path}` is {kind}; a bundle holds files alone, do not use this one")));
    }
    inside(path)?;
    Ok(Some(path.to_owned()))
}

/// What the manifest says has to follow.
struct Contents {
    manifest: Manifest,
    /// The archive's one folder, with the `/` behind it.
    top: String,
    /// The size of each file that has not come yet, and none of each that has.
    expected: HashMap<String, Option<u64>>,
}

impl Contents {
    /// Reads the manifest, the archive's first file.
    fn read(path: &str, entry: &mut Entry<'_, impl Read>, into: &Path) -> Result<Self, Error> {
        let top = path.strip_suffix(MANIFEST_FILE).filter(|top| top.ends_with('/') && top.matches('/').count() == 1);
        let top = top.ok_or_else(|| {
            Error::invalid(format!(
                "its first file is {path}, not FOLDER/{MANIFEST_FILE}: it is no archive of a plugin"
            ))
        })?;
        if entry.size() > MOST_OF_A_MANIFEST {
            return Err(Error::invalid(format!("{path} has {} bytes, the most is {MOST_OF_A_MANIFEST}", entry.size())));
        }
        write_new(into, MANIFEST_FILE, entry.size(), entry)?;
        let manifest =
            Manifest::read(&into.join(MANIFEST_FILE)).map_err(|refusal| Error::invalid(refusal.to_string()))?;
        check_files(&manifest)?;
        let expected = manifest.files.iter().map(|file| (file.path.clone(), Some(file.size))).collect();
        Ok(Self { manifest, top: top.to_owned(), expected })
    }

    /// Writes one of the files that the manifest lists.
    fn write(&mut self, path: &str, entry: &mut Entry<'_, impl Read>, into: &Path) -> Result<(), Error> {
        let name = path.strip_prefix(&self.top).ok_or_else(|| {
            Error::invalid(format!("`{path}` is not in the archive's folder {}", self.top.trim_end_matches('/')))
        })?;
        let twice = || Error::invalid(format!("it holds {name} twice; do not use this archive"));
        if name == MANIFEST_FILE {
            return Err(twice());
        }
        let expected = self.expected.get_mut(name);
        let expected =
            expected.ok_or_else(|| Error::invalid(format!("it holds {name}, which its manifest does not list")))?;
        let size = expected.take().ok_or_else(twice)?;
        if entry.size() != size {
            return Err(Error::invalid(format!("{name} has {} bytes, its manifest says {size}", entry.size())));
        }
        write_new(into, name, size, entry)
    }

    fn finish(self) -> Result<Manifest, Error> {
        match self.expected.iter().filter_map(|(name, size)| size.and(Some(name))).min() {
            Some(missing) => {
                Err(Error::invalid(format!("{missing} is missing: the archive is incomplete, download it again")))
            }
            None => Ok(self.manifest),
        }
    }
}

/// Behind the last entry are zeros, the end of the frame with a sum that fits, and nothing more.
fn check_end<R: Read>(decoder: &mut StreamingDecoder<R, ruzstd::decoding::FrameDecoder>) -> Result<(), Error> {
    let mut padding = Vec::new();
    decoder.by_ref().take(MOST_PADDING + 1).read_to_end(&mut padding).map_err(|error| damaged(&error))?;
    if padding.len() as u64 > MOST_PADDING || padding.iter().any(|byte| *byte != 0) {
        return Err(Error::invalid("there is something behind its last entry; do not use this archive"));
    }
    let sums = (decoder.decoder.get_checksum_from_data(), decoder.decoder.get_calculated_checksum());
    if let (Some(written), calculated) = sums
        && calculated != Some(written)
    {
        return Err(Error::invalid("its checksum does not fit: the archive is damaged, download it again"));
    }
    match io::copy(&mut decoder.get_mut().take(1), &mut io::sink()) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::invalid("there is something behind its end; do not use this archive")),
        Err(error) => Err(damaged(&error)),
    }
}

/// The file `NAME.sha256` beside an archive says which one it has to be.
fn check_hash_beside(path: &Path, name: &str, sha256: &str) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sha256");
    let Ok(text) = fs::read_to_string(&beside) else { return Ok(()) };
    let said = text.split_whitespace().next().unwrap_or_default();
    if said.eq_ignore_ascii_case(sha256) {
        return Ok(());
    }
    Err(Error::invalid(format!("{name} has the SHA-256 {sha256}, {name}.sha256 says `{said}`; download both again")))
}

fn damaged(error: &io::Error) -> Error {
    Error::invalid(format!("the archive is incomplete or damaged ({error}); download it again"))
}
