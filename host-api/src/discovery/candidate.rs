//! A file that looks like a plugin, and what came of it.

use super::refusal::show_path;
use super::{Manifest, Precedence, Refusal};
use crate::{DeviceInfo, Plugin};
use std::path::PathBuf;

/// A file that looks like a plugin, and what came of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// The file, as it was found.
    pub path: PathBuf,
    /// The manifest that governs it, if there is one and it can be read.
    pub manifest: Option<Manifest>,
    /// The plugin's devices; none as long as it is not opened.
    pub devices: Vec<DeviceInfo>,
    /// What came of it.
    pub verdict: Verdict,
}

impl Candidate {
    /// The plugin, where it was opened and nothing speaks against it.
    pub fn plugin(&self) -> Option<&Plugin> {
        self.verdict.plugin()
    }
}

/// What came of a candidate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing speaks against it; it was not opened.
    Loadable,
    /// The plugin that the name of its backend selects.
    Selected(Plugin),
    /// It loads, but its backend's name selects another.
    Shadowed {
        /// The plugin.
        plugin: Plugin,
        /// The file of the one that is selected.
        by: PathBuf,
        /// Why that one goes first.
        because: Precedence,
        /// What selects this one: `mlx@0.1.0`, or its path where other plugins have that version too.
        select: String,
    },
    /// It cannot be used.
    Refused(Refusal),
}

impl Verdict {
    /// A short stable name for programs: `loadable`, `ok`, `shadowed`, or the code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Loadable => "loadable",
            Self::Selected(_) => "ok",
            Self::Shadowed { .. } => "shadowed",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// One line for people: why it is not what its backend's name selects, and what to do; none where it is.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Loadable | Self::Selected(_) => None,
            Self::Shadowed { plugin, by, because, select } => {
                let name = &plugin.info().name;
                Some(format!("`{name}` selects {}: {because}; `{select}` selects this one", show_path(by)))
            }
            Self::Refused(refusal) => Some(refusal.to_string()),
        }
    }

    /// The plugin, where it was opened and nothing speaks against it.
    pub fn plugin(&self) -> Option<&Plugin> {
        match self {
            Self::Selected(plugin) | Self::Shadowed { plugin, .. } => Some(plugin),
            Self::Loadable | Self::Refused(_) => None,
        }
    }
}
