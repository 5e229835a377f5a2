//! The plugins that a program can use: found, checked, and loaded when they are asked for.

use super::examine::Examination;
use super::ranking::{self, Place, Standing};
use super::search::{Found, file_name};
use super::{Candidate, PLUGIN_PATH, Refusal, SearchPath, Selector, Verdict, trust};
use crate::{DeviceInfo, Error, Plugin};
use semver::{Version, VersionReq};
use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// The environment variable that, set to `1`, allows plugins which other users could have changed.
pub const ALLOW_UNTRUSTED: &str = "RLX_PLUGIN_ALLOW_UNTRUSTED";

/// The plugins that a program can use. Making one does nothing yet; all of it may be used from several threads.
///
/// ```no_run
/// use rlx_host_api::discovery::Registry;
///
/// let plugin = Registry::from_env().find("mlx")?;
/// println!("{} {}", plugin.info().name, plugin.info().version);
/// # Ok::<(), rlx_host_api::Error>(())
/// ```
///
/// Each plugin is loaded once a process and never unloaded. Before a file is opened, it is looked at: what kind of file
/// it is, who could have changed it, whether its manifest is true of its folder, whether it is a plugin for this machine,
/// and whether the libraries that it needs are there. A [`Refusal`] says what is wrong and what to do.
#[derive(Debug, Clone)]
pub struct Registry {
    search: SearchPath,
    allow_untrusted: bool,
}

impl Registry {
    /// The plugins in the documented folders of this process. Other users' are allowed when the environment variable
    /// `RLX_PLUGIN_ALLOW_UNTRUSTED` is `1`, which a process with elevated privileges ignores.
    pub fn from_env() -> Self {
        let allow = std::env::var_os(ALLOW_UNTRUSTED).is_some_and(|value| value == "1");
        let elevated = trust::elevated();
        if allow && elevated {
            log::info!("elevated privileges: {ALLOW_UNTRUSTED} is ignored");
        }
        Self { search: SearchPath::from_env(), allow_untrusted: allow && !elevated }
    }

    /// The plugins in these folders.
    pub fn new(search: SearchPath) -> Self {
        Self { search, allow_untrusted: false }
    }

    /// Whether plugins are used that other users could have changed: writable by them or owned by them, or in such a
    /// folder. Each is warned about in the log.
    #[must_use]
    pub fn allow_untrusted(mut self, allow: bool) -> Self {
        self.allow_untrusted = allow;
        self
    }

    /// The same rules for plugins in other folders.
    #[must_use]
    pub fn searching(self, search: SearchPath) -> Self {
        Self { search, ..self }
    }

    /// The folders that are searched.
    pub fn search_path(&self) -> &SearchPath {
        &self.search
    }

    /// Whether a plugin in `folder` could be trusted: whether nobody but root and this user can change the folder. What
    /// lies in it is not looked at.
    ///
    /// # Errors
    /// Who else can change it, unless untrusted plugins are allowed; or that it cannot be looked at.
    pub fn check_folder(&self, folder: &Path) -> Result<(), Refusal> {
        match trust::check(folder, folder, &[]) {
            Err(Refusal::WritableByOthers { .. } | Refusal::ForeignOwner { .. }) if self.allow_untrusted => Ok(()),
            checked => checked,
        }
    }

    /// Every candidate in search order, without opening any: [`Verdict::Loadable`] or why it is refused.
    pub fn inspect(&self) -> Vec<Candidate> {
        let inspect = |file| {
            let examination = self.begin(file);
            let verdict = match examination.inspect() {
                Ok(_) => Verdict::Loadable,
                Err(refusal) => Verdict::Refused(refusal),
            };
            candidate(examination, Vec::new(), verdict)
        };
        self.search.files().into_iter().map(inspect).collect()
    }

    /// Every candidate in search order. Opens all that can be, and tells which one each name selects: one with a device
    /// on this machine before others, then the newest, then the first in search order.
    pub fn scan(&self) -> Vec<Candidate> {
        let examinations: Vec<_> = self.search.files().into_iter().map(|file| self.begin(file)).collect();
        let outcomes: Vec<_> = examinations.iter().map(Examination::open).collect();
        let standings: Vec<_> = outcomes.iter().enumerate().map(|(order, outcome)| standing(order, outcome)).collect();
        let places = ranking::places(&standings);
        let paths: Vec<PathBuf> = examinations.iter().map(|e| e.path().to_path_buf()).collect();
        let verdict = |path: &Path, plugin: Plugin, place: Option<Place>| match place {
            Some(Place::After { winner, because, by_version }) => {
                let info = plugin.info();
                let select = match by_version {
                    true => format!("{}@{}", info.name, info.version),
                    false => path.display().to_string(),
                };
                Verdict::Shadowed { plugin, by: paths[winner].clone(), because, select }
            }
            _ => Verdict::Selected(plugin),
        };
        let judge = |((examination, outcome), place): ((Examination, Result<Opened, Refusal>), Option<Place>)| {
            let (devices, verdict) = match outcome {
                Ok((plugin, devices)) => (devices, verdict(examination.path(), plugin, place)),
                Err(refusal) => (Vec::new(), Verdict::Refused(refusal)),
            };
            candidate(examination, devices, verdict)
        };
        examinations.into_iter().zip(outcomes).zip(places).map(judge).collect()
    }

    /// The plugin that `selector` names; see [`Selector`] for its forms. Among several of one name it is the one that
    /// [`scan`](Self::scan) would select. Only files of that name are looked at, and of those no more are opened than
    /// must be: a manifest tells a version beforehand, so the newest is opened first, and when it has a device, it wins.
    ///
    /// # Errors
    /// Invalid argument for a malformed selector. Not found, with the folders searched, the versions that exist and why
    /// each candidate of that name is refused. For a path, the refusal.
    pub fn find(&self, selector: &str) -> Result<Plugin, Error> {
        match selector.parse()? {
            Selector::Path(path) => self.load(&path).map_err(|refusal| refusal.into_error(&path)),
            Selector::Name { name, version } => self.find_named(selector, &name, version.as_ref()),
        }
    }

    fn find_named(&self, selector: &str, name: &str, wanted: Option<&VersionReq>) -> Result<Plugin, Error> {
        let is_wanted = |version: &Version| wanted.is_none_or(|wanted| wanted.matches(version));
        let named = self.search.files().into_iter().filter(|file| file.backend.as_deref() == Some(name));
        let mut others = Vec::new();
        let mut entrants = Vec::new();
        for examination in named.map(|file| self.begin(file)) {
            match &examination.manifest {
                Some(manifest) if !is_wanted(&manifest.version) => {
                    others.push((manifest.version.clone(), examination.path().to_path_buf()));
                }
                _ => entrants.push(examination),
            }
        }
        let versions: Vec<_> = entrants.iter().map(|e| e.manifest.as_ref().map(|m| m.version.clone())).collect();
        let mut refused = Vec::new();
        let mut plugins: Vec<Option<Plugin>> = entrants.iter().map(|_| None).collect();
        let winner = ranking::contest(&versions, |index| {
            let path = entrants[index].path();
            match entrants[index].open() {
                Ok((plugin, devices)) => {
                    let version = plugin.info().version.clone();
                    if !is_wanted(&version) {
                        others.push((version, path.to_path_buf()));
                        return None;
                    }
                    plugins[index] = Some(plugin);
                    Some((!devices.is_empty(), version))
                }
                Err(refusal) => {
                    refused.push(format!("{}: {refusal}", path.display()));
                    None
                }
            }
        });
        match winner.and_then(|index| plugins[index].take()) {
            Some(plugin) => {
                for refused in &refused {
                    log::warn!("passed over the plugin {refused}");
                }
                Ok(plugin)
            }
            None => Err(self.nothing_usable(selector, name, others, &refused)),
        }
    }

    fn nothing_usable(
        &self,
        selector: &str,
        name: &str,
        mut others: Vec<(Version, PathBuf)>,
        refused: &[String],
    ) -> Error {
        let folders: Vec<String> = self.search.folders().iter().map(|folder| folder.display().to_string()).collect();
        let mut message = format!(
            "no usable plugin for backend `{selector}`: looked for {} in {}",
            file_name(name),
            folders.join(", ")
        );
        if others.is_empty() {
            message.push_str(&format!("; copy the plugin folder into one of them or set {PLUGIN_PATH}"));
        } else {
            others.sort();
            let others: Vec<String> = others.iter().map(|(v, path)| format!("{v} ({})", path.display())).collect();
            message.push_str(&format!("; the versions there are {}; ask for one of them", others.join(", ")));
        }
        if !refused.is_empty() {
            message.push_str("; not usable: ");
            message.push_str(&refused.join("; "));
        }
        Error::not_found(message).with("backend", name)
    }

    /// The plugin file at `path`, whatever it is called. It must be trusted from its own folder down, and as its
    /// manifest says.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn load(&self, path: &Path) -> Result<Plugin, Refusal> {
        self.begin(self.search.chosen(path)).open().map(|(plugin, _)| plugin)
    }

    fn begin(&self, file: Found) -> Examination {
        Examination::begin(file, self.allow_untrusted)
    }
}

impl Plugin {
    /// Loads the plugin file at `path`, or returns the one loaded before, as [`Registry::load`] of the process does.
    ///
    /// # Errors
    /// Not found, not a plugin, not trusted, not as its manifest says, no ABI version in common, or a plugin that
    /// cannot describe itself; the message names the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Registry::from_env().load(path).map_err(|refusal| refusal.into_error(path))
    }
}

/// A plugin with its devices.
type Opened = (Plugin, Vec<DeviceInfo>);

/// The backend and the standing of a plugin that could be opened.
fn standing(order: usize, outcome: &Result<Opened, Refusal>) -> Option<(&str, Standing)> {
    let (plugin, devices) = outcome.as_ref().ok()?;
    let info = plugin.info();
    Some((&info.name, Standing { usable: !devices.is_empty(), version: info.version.clone(), order: Reverse(order) }))
}

fn candidate(examination: Examination, devices: Vec<DeviceInfo>, verdict: Verdict) -> Candidate {
    let path = examination.path().to_path_buf();
    Candidate { path, manifest: examination.manifest, devices, verdict }
}

#[cfg(test)]
mod tests;
