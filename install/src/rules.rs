//! What a manifest and the entries of an archive may say, beyond what discovery asks of a manifest.

use crate::origin::ORIGIN_FILE;
use rlx_host_api::Error;
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest};
use std::collections::HashMap;

/// The most bytes that a bundle may have unpacked.
pub(crate) const MOST_BYTES: u64 = 8 << 30;

/// The most files that a bundle may have.
const MOST_FILES: usize = 10_000;

/// The name of a bundle's folder: `rlx_mlx-0.1.0-linux-x86_64-cpu`.
///
/// # Errors
/// When a part of it would not be one word: a manifest must not choose another folder.
pub(crate) fn folder_name(manifest: &Manifest) -> Result<String, Error> {
    let Manifest { name, version, target, .. } = manifest;
    let parts = [("name", name), ("os", &target.os), ("arch", &target.arch), ("flavour", &target.flavour)];
    for (what, part) in parts {
        let is_word = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_word || (part.is_empty() && what != "flavour") {
            return Err(Error::invalid(format!(
                "the manifest's {what} `{part}` is not made of letters, digits and _, so no folder is named after it"
            )));
        }
    }
    let flavour = if target.flavour.is_empty() { String::new() } else { format!("-{}", target.flavour) };
    Ok(format!("rlx_{name}-{version}-{}-{}{flavour}", target.os, target.arch))
}

/// Whether the files that a manifest lists can be laid out as it says, on every file system.
///
/// # Errors
/// Names the file, or the number that is too large.
pub(crate) fn check_files(manifest: &Manifest) -> Result<(), Error> {
    if manifest.files.len() > MOST_FILES {
        return Err(Error::invalid(format!(
            "the manifest lists {} files, the most is {MOST_FILES}",
            manifest.files.len()
        )));
    }
    let total = manifest.files.iter().fold(0_u64, |total, file| total.saturating_add(file.size));
    if total > MOST_BYTES {
        return Err(Error::invalid(format!("the manifest lists {total} bytes, the most is {MOST_BYTES}")));
    }
    let own = [MANIFEST_FILE, ORIGIN_FILE];
    let mut seen: HashMap<String, &str> = own.iter().map(|name| (name.to_lowercase(), *name)).collect();
    for file in &manifest.files {
        inside(&file.path)?;
        if let Some(other) = seen.insert(file.path.to_lowercase(), &file.path) {
            let reason =
                if own.contains(&other) { "is not a bundle's own to bring" } else { "is there under the same name" };
            return Err(Error::invalid(format!(
                "the manifest lists {}, but {other} {reason} (upper and lower case are one where file systems say so)",
                file.path
            )));
        }
    }
    Ok(())
}

/// Checks that `path` stays inside its folder, by whichever system it is read.
///
/// # Errors
/// Names it.
pub(crate) fn inside(path: &str) -> Result<(), Error> {
    let is_name = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_plain = !path.contains(['\\', ':', '\0']);
    if is_plain && path.split('/').all(is_name) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`{path}` leads out of the bundle's folder, or is no plain path; do not use this bundle"
    )))
}
