//! A bundle of this very commit that is there already, so that the plugin need not be built.

use std::path::PathBuf;

use anyhow::Result;
use rlx_host_api::discovery::{Registry, SearchPath, Verdict};

use crate::cargo::Workspace;
use crate::commit;

/// The folder of a whole bundle, made by `dist` or installed, whose manifest names the commit of the working tree. None where
/// something in the tree was changed since: nobody could see the change then.
pub(crate) fn bundle(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let Some(commit) = commit::clean_head(workspace)? else { return Ok(None) };
    let version = workspace.version("rlx-mlx-plugin")?;
    let mut folders = vec![workspace.target_dir.join("dist")];
    folders.extend(SearchPath::of_user());
    // Looked at like a host would, its hashes included.
    let candidates = Registry::new(SearchPath::new(folders)).inspect();
    let fits = candidates.into_iter().find(|candidate| {
        let of_this_commit = candidate.manifest.as_ref().is_some_and(|manifest| {
            manifest.name == "mlx"
                && manifest.version.to_string() == version
                && manifest.commit.as_deref() == Some(&commit)
        });
        of_this_commit && matches!(candidate.verdict, Verdict::Loadable)
    });
    Ok(fits.and_then(|candidate| candidate.path.parent().map(PathBuf::from)))
}
