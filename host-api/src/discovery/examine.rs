//! One candidate on its way from a file to an opened plugin: the checks, in their order.
//!
//! What the file is, whether it is trusted, what its manifest says and whether that is true of the files, what is inside
//! the library and which libraries it needs, whether those are trusted: all of that before it is opened. Then whether
//! the plugin is what its file name and its manifest say.

use super::inspect::inspect;
use super::library;
use super::manifest::MANIFEST_FILE;
use super::refusal::show_path;
use super::search::Found;
use super::selector::is_backend_name;
use super::{Manifest, Refusal, trust};
use crate::{DeviceInfo, Plugin};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// The files that passed every check and were opened. They stay loaded, so looking at them again would tell nothing.
static OPENED: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

fn opened() -> MutexGuard<'static, HashSet<PathBuf>> {
    // Poisoning is harmless: the set is only ever inserted into.
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A candidate of which only the file and the manifest were looked at.
pub(super) struct Examination {
    file: Found,
    /// The manifest that governs it; also where the candidate is refused for another reason.
    pub(super) manifest: Option<Manifest>,
    /// The file without links.
    real: Result<PathBuf, Refusal>,
    allow_untrusted: bool,
    /// Why it would not be trusted, where that is allowed.
    overlooked: Option<Refusal>,
}

impl Examination {
    /// Looks at the file, its trust, and what its manifest says; takes no time.
    pub(super) fn begin(file: Found, allow_untrusted: bool) -> Self {
        let mut this = Self { file, manifest: None, real: Err(Refusal::NotFound), allow_untrusted, overlooked: None };
        this.real = library::open(&this.file.path).and_then(|_| {
            let real = this.file.path.canonicalize().map_err(|_| Refusal::NotFound)?;
            let manifest = Manifest::of(&real, this.file.in_bundle);
            this.manifest = manifest.as_ref().ok().cloned().flatten();
            this.overlooked = this.trust(&this.file.path)?;
            manifest.and(Ok(real))
        });
        this
    }

    /// The file, as it was found.
    pub(super) fn path(&self) -> &Path {
        &self.file.path
    }

    /// Everything that can be known without opening the file. Gives its path without links.
    pub(super) fn inspect(&self) -> Result<&Path, Refusal> {
        let real = self.real.as_deref().map_err(Clone::clone)?;
        let folder = real.parent().unwrap_or(real);
        if let Some(manifest) = &self.manifest {
            manifest.verify(folder)?;
        }
        let mut bundled: Vec<PathBuf> =
            inspect(real)?.libraries.into_iter().filter(|library| library.in_bundle).filter_map(|l| l.path).collect();
        if let Some(manifest) = &self.manifest {
            if let Some(unlisted) = bundled.iter().find(|library| !lists(manifest, folder, library)) {
                let file = unlisted.file_name().unwrap_or_default().to_string_lossy().into_owned();
                return Err(Refusal::UnlistedLibrary { file });
            }
            bundled.extend(manifest.paths(folder));
            bundled.push(folder.join(MANIFEST_FILE));
        }
        let mut overlooked: Vec<Refusal> = self.overlooked.iter().cloned().collect();
        for file in bundled {
            match self.trust(&file)? {
                Some(refusal) if !overlooked.contains(&refusal) => overlooked.push(refusal),
                _ => {}
            }
        }
        for refusal in overlooked {
            log::warn!("untrusted plugins are allowed, so {} is used: {refusal}", show_path(self.path()));
        }
        Ok(real)
    }

    /// Opens the plugin after every check, and checks that it is the one that was expected. Gives its devices too.
    pub(super) fn open(&self) -> Result<(Plugin, Vec<DeviceInfo>), Refusal> {
        let real = match &self.real {
            Ok(real) if opened().contains(real) => real,
            _ => self.inspect()?,
        };
        let plugin = Plugin::open(real)?;
        opened().insert(real.to_path_buf());
        let info = plugin.info();
        if !is_backend_name(&info.name) {
            let reason = format!("its backend name `{}` is not made of a-z, 0-9 and _", info.name);
            return Err(Refusal::BadDescription { reason });
        }
        if let Some(file) = self.file.backend.as_ref().filter(|name| **name != info.name) {
            return Err(Refusal::OtherName { file: file.clone(), plugin: info.name.clone() });
        }
        let devices = plugin.devices().map_err(|error| Refusal::DevicesFailed { error })?;
        if let Some(manifest) = &self.manifest {
            manifest.agrees(info, plugin.abi_version(), &devices)?;
        }
        Ok((plugin, devices))
    }

    /// Gives what was overlooked where untrusted plugins are allowed.
    fn trust(&self, file: &Path) -> Result<Option<Refusal>, Refusal> {
        match trust::check(file, &self.file.root, &[]) {
            Ok(()) => Ok(None),
            Err(refusal @ (Refusal::WritableByOthers { .. } | Refusal::ForeignOwner { .. }))
                if self.allow_untrusted =>
            {
                Ok(Some(refusal))
            }
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whether the manifest of `folder` lists `library`, under the path where it was found or the one where it really is.
fn lists(manifest: &Manifest, folder: &Path, library: &Path) -> bool {
    let listed = |path: &Path| path.strip_prefix(folder).is_ok_and(|path| manifest.lists(path));
    listed(library) || library.canonicalize().is_ok_and(|real| listed(&real))
}
