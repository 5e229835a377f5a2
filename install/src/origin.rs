//! Where an installed bundle came from: a small file beside its manifest, which does not list it.

use rlx_host_api::Error;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The file name of the record.
pub const ORIGIN_FILE: &str = "origin.toml";

/// No record is longer.
const MAX_BYTES: u64 = 64 << 10;

/// Where an installed bundle came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The name of the archive, or the path of the folder.
    pub source: String,
    /// SHA-256 of the archive; none for a folder.
    pub sha256: Option<String>,
}

impl Origin {
    /// The origin of the plugin file `plugin`, if it was installed and the record can be read.
    pub fn of(plugin: &Path) -> Option<Self> {
        let path = plugin.parent()?.join(ORIGIN_FILE);
        // A pipe of that name would make the reader wait.
        path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let mut text = String::new();
        File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
        toml::from_str(&text).ok()
    }

    /// Text of the record.
    pub(crate) fn text(&self) -> Result<String, Error> {
        toml::to_string(self)
            .map_err(|error| Error::invalid(format!("the record of where a bundle came from: {error}")))
    }
}
