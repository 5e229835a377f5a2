//! A plugin folder that bundles are installed into and removed from.

use crate::bundle::{bring, examine};
use crate::files::{failed, make_folder};
use crate::origin::Origin;
use crate::place::Turn;
use crate::rules::folder_name;
use crate::source::Source;
use rlx_host_api::Error;
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest, Registry};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of the search path whose bundles are changed.
#[derive(Debug, Clone)]
pub struct PluginFolder(PathBuf);

/// A bundle that is in its place now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Installed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its folder.
    pub folder: PathBuf,
    /// Where it came from.
    pub origin: Origin,
    /// Whether another build of the same version was there.
    pub replaced: bool,
}

impl PluginFolder {
    /// The folder `path`, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self(std::path::absolute(&path).unwrap_or(path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Installs the bundle `source` beside other versions. `registry` says whether untrusted plugins are allowed; where it
    /// searches does not matter. The plugin is opened in this process, to see that it can be.
    ///
    /// # Errors
    /// What is wrong with the bundle or the folder, or why a host would refuse the plugin. All is as before then.
    pub fn install(&self, source: &Source, registry: &Registry) -> Result<Installed, Error> {
        let source = source.path()?;
        make_folder(&self.0)?;
        registry.check_folder(&self.0).map_err(|refusal| refusal.into_error(&self.0))?;
        let turn = Turn::begin(&self.0)?;
        let unnamed = turn.incoming().join("bundle");
        let unpacked = bring(&source, &unnamed)?;
        let name = folder_name(&unpacked.manifest).map_err(|error| error.context(source.display()))?;
        let incoming = turn.incoming().join(&name);
        fs::rename(&unnamed, &incoming).map_err(|error| failed("rename", &unnamed, &error))?;
        let folder = self.0.join(name);
        may_replace(&folder, &unpacked.manifest)?;
        examine(&turn.incoming(), &unpacked.manifest, registry).map_err(|error| error.context(source.display()))?;
        let replaced = turn.put(&incoming, &folder)?;
        Ok(Installed { manifest: unpacked.manifest, folder, origin: unpacked.origin, replaced })
    }

    /// Removes the bundle of the plugin `name` with this version, of this flavour where one is given. Gives what was its
    /// folder. A process that has it open keeps it.
    ///
    /// # Errors
    /// Not found, with the bundles that are there; invalid argument where several flavours fit. All is as before then.
    pub fn remove(&self, name: &str, version: &str, flavour: Option<&str>) -> Result<PathBuf, Error> {
        if !self.0.is_dir() {
            return Err(Error::not_found(format!("there is no plugin folder {}", self.0.display())));
        }
        let turn = Turn::begin(&self.0)?;
        let bundles = self.bundles()?;
        let is_meant = |manifest: &Manifest| {
            manifest.name == name
                && manifest.version.to_string() == version
                && flavour.is_none_or(|flavour| manifest.target.flavour == flavour)
        };
        let meant: Vec<&PathBuf> =
            bundles.iter().filter(|(_, manifest)| is_meant(manifest)).map(|(path, _)| path).collect();
        match meant[..] {
            [folder] => turn.take(folder).map(|()| folder.clone()),
            [] => {
                let there: Vec<String> = bundles.iter().map(|(_, m)| format!("{}@{}", m.name, m.version)).collect();
                let there =
                    if there.is_empty() { "nothing that could be removed".to_owned() } else { there.join(", ") };
                Err(Error::not_found(format!("{name}@{version} is not in {}; there is {there}", self.0.display())))
            }
            _ => {
                let folders: Vec<String> = meant.iter().map(|path| path.display().to_string()).collect();
                Err(Error::invalid(format!(
                    "{name}@{version} is there {} times: say which flavour, of {}",
                    meant.len(),
                    folders.join(", ")
                )))
            }
        }
    }

    /// The bundles of the folder whose manifests can be read, by the names of their folders.
    fn bundles(&self) -> Result<Vec<(PathBuf, Manifest)>, Error> {
        let entries = fs::read_dir(&self.0).map_err(|error| failed("list", &self.0, &error))?;
        let read = |path: PathBuf| Manifest::read(&path.join(MANIFEST_FILE)).ok().map(|manifest| (path, manifest));
        let mut bundles: Vec<_> = entries.filter_map(|entry| read(entry.ok()?.path())).collect();
        bundles.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(bundles)
    }
}

/// Whether what is at `folder` is another build of the bundle that shall be there, or nothing.
fn may_replace(folder: &Path, manifest: &Manifest) -> Result<(), Error> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    match Manifest::read(&folder.join(MANIFEST_FILE)) {
        Ok(found) if (&found.name, &found.version) == (&manifest.name, &manifest.version) => Ok(()),
        _ => Err(Error::invalid(format!(
            "{} is in the way and no {} {}: move it elsewhere",
            folder.display(),
            manifest.name,
            manifest.version
        ))),
    }
}
