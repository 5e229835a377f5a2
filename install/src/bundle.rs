//! A bundle on its way into a plugin folder: unpacked or copied, then examined as a host would do it.

use crate::files::{failed, make_folder, write_new};
use crate::origin::{ORIGIN_FILE, Origin};
use crate::rules::check_files;
use crate::unpacked::Unpacked;
use crate::{archive, rules};
use rlx_host_api::Error;
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest, Registry, SearchPath, Verdict};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Puts the bundle `source` and the record of its origin into the new folder `into`.
///
/// # Errors
/// What is wrong with it; `into` may hold files then.
pub(crate) fn bring(source: &Path, into: &Path) -> Result<Unpacked, Error> {
    let data = source.metadata().map_err(|error| failed("read", source, &error))?;
    make_folder(into)?;
    let unpacked = if data.is_dir() {
        copy(source, into)?
    } else if data.is_file() {
        archive::unpack(source, into)?
    } else {
        return Err(Error::invalid(format!("{} is neither an archive nor a bundle's folder", source.display())));
    };
    let record = unpacked.origin.text()?;
    write_new(into, ORIGIN_FILE, record.len() as u64, &mut record.as_bytes())?;
    Ok(unpacked)
}

/// Copies the files that the manifest of a folder lists.
fn copy(source: &Path, into: &Path) -> Result<Unpacked, Error> {
    let manifest =
        Manifest::read(&source.join(MANIFEST_FILE)).map_err(|refusal| Error::invalid(refusal.to_string()))?;
    check_files(&manifest)?;
    for name in manifest.files.iter().map(|file| file.path.as_str()).chain([MANIFEST_FILE]) {
        let path = source.join(name);
        let unreadable = |error| failed("read", &path, &error);
        let data = path.metadata().map_err(unreadable)?;
        if !data.is_file() {
            return Err(Error::invalid(format!("{} is no file", path.display())));
        }
        write_new(into, name, data.len(), &mut File::open(&path).map_err(unreadable)?)?;
    }
    let shown = fs::canonicalize(source).unwrap_or_else(|_| source.to_path_buf());
    Ok(Unpacked { manifest, origin: Origin { source: shown.display().to_string(), sha256: None } })
}

/// Whether a host can use the plugin of the bundle that lies alone in `parent`: it is opened, as far as that goes.
///
/// # Errors
/// Why a host would refuse it.
pub(crate) fn examine(parent: &Path, manifest: &Manifest, registry: &Registry) -> Result<(), Error> {
    let plugin: PathBuf = parent.join(rules::folder_name(manifest)?).join(&manifest.plugin);
    let candidates = registry.clone().searching(SearchPath::new([parent.to_path_buf()])).scan();
    match candidates.into_iter().find(|candidate| candidate.path == plugin).map(|candidate| candidate.verdict) {
        Some(Verdict::Refused(refusal)) => {
            Err(Error::new(refusal.kind(), refusal.to_string()).with("verdict", refusal.code()))
        }
        Some(_) => Ok(()),
        None => Err(Error::invalid(format!("its plugin `{}` is not named as hosts look for one", manifest.plugin))),
    }
}
