//! Checking and unpacking a wheel, which is a zip archive.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Error;

/// The SHA-256 of a file as lower-case hex.
pub(crate) fn sha256(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut hasher = Hasher(Sha256::new());
    io::copy(&mut file, &mut hasher).map_err(Error::io("read", path))?;
    Ok(hasher.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Unpacks `file` into `folder`, with the permissions of the archive; entries cannot leave the folder.
pub(crate) fn unpack(package: &str, file: &Path, folder: &Path) -> Result<(), Error> {
    let reader = BufReader::new(File::open(file).map_err(Error::io("open", file))?);
    zip::ZipArchive::new(reader).and_then(|mut archive| archive.extract(folder)).map_err(|source| Error::BadWheel {
        package: package.to_owned(),
        file: file.to_path_buf(),
        source,
    })
}

/// Feeds what is written to it into the digest.
struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
