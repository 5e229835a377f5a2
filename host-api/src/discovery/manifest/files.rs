//! The files of a folder: their paths, sizes and hashes.

use crate::discovery::file;
use crate::{Error, ErrorKind};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The file name of a manifest.
pub const MANIFEST_FILE: &str = "manifest.toml";

/// How much is read at a time.
const BLOCK: usize = 1 << 20;

/// Every file below `folder` save its manifest: sorted relative paths with `/` between their parts.
pub(super) fn below(folder: &Path) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    let mut pending = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| error("list", &folder, &e))? {
            let path = entry.map_err(|e| error("list", &folder, &e))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| Error::invalid(format!("the name of {} is not UTF-8", path.display())))?;
            let relative = format!("{prefix}{name}");
            if path.is_dir() {
                pending.push((path, relative + "/"));
            } else if relative != MANIFEST_FILE {
                files.push(relative);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What went wrong with a file, as an error.
pub(super) fn error(verb: &str, path: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::InvalidArgument,
    };
    Error::new(kind, format!("cannot {verb} {}: {error}", path.display()))
}

/// Size in bytes and SHA-256 of each file, in the order of `paths`; on all processors, the largest files first.
pub(super) fn measure(paths: &[PathBuf]) -> Vec<io::Result<(u64, String)>> {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by_cached_key(|&index| std::cmp::Reverse(paths[index].metadata().map_or(0, |m| m.len())));
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || order.get(next.fetch_add(1, Ordering::Relaxed)).copied();
        std::iter::from_fn(take).map(|index| (index, measure_one(&paths[index]))).collect::<Vec<_>>()
    };
    let helpers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(paths.len()).saturating_sub(1);
    let mut measured: Vec<_> = paths.iter().map(|_| Err(io::Error::other("a hashing thread ended early"))).collect();
    thread::scope(|scope| {
        // A thread that the system does not give leaves its share to the others.
        let threads: Vec<_> =
            (0..helpers).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let own = work();
        for (index, result) in threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().chain(own) {
            measured[index] = result;
        }
    });
    measured
}

/// Reads as many bytes as the file has when it is opened.
fn measure_one(path: &Path) -> io::Result<(u64, String)> {
    let (file, size) = file::open(path)?;
    let mut file = file.take(size);
    let (mut hasher, mut block, mut size) = (Sha256::new(), vec![0; BLOCK], 0);
    loop {
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&block[..count]);
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((size, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
mod tests {
    use super::*;

    /// The hashes are those that FIPS 180 gives for these texts.
    #[test]
    fn every_file_has_its_size_and_hash() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/c"), "abc").unwrap();
        fs::write(folder.path().join("b/manifest.toml"), "").unwrap();
        fs::write(folder.path().join("a"), "a".repeat(1_000_000)).unwrap();
        fs::write(folder.path().join(MANIFEST_FILE), "").unwrap();
        let files = below(folder.path()).unwrap();
        assert_eq!(files, ["a", "b/c", "b/manifest.toml"], "all but the manifest itself");
        let paths: Vec<PathBuf> = files.iter().map(|file| folder.path().join(file)).collect();
        let measured: Vec<_> = measure(&paths).into_iter().map(Result::unwrap).collect();
        let hash = |text: &str| text.to_owned();
        assert_eq!(
            measured,
            [
                (1_000_000, hash("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")),
                (3, hash("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
                (0, hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
            ]
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..20).map(|n| folder.path().join(n.to_string())).collect();
        for path in paths.iter().step_by(2) {
            fs::write(path, path.display().to_string()).unwrap();
        }
        for (n, (path, measured)) in paths.iter().zip(measure(&paths)).enumerate() {
            match measured {
                Ok((size, _)) => assert_eq!((n % 2, size), (0, path.display().to_string().len() as u64)),
                Err(error) => assert_eq!((n % 2, error.kind()), (1, io::ErrorKind::NotFound)),
            }
        }
        assert!(measure(&[]).is_empty());
        assert!(below(&folder.path().join("none")).unwrap_err().message().contains("none"));
    }
}
