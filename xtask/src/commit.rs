//! The commit that the working tree stands at.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{self, Workspace};

/// The id of the commit, where git knows one and nothing in the tree differs from it.
pub(crate) fn clean_head(workspace: &Workspace) -> Result<Option<String>> {
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(args).current_dir(&workspace.root);
        command
    };
    // Sources that were downloaded without git have no commit, which is no mistake.
    let inside = git(&["rev-parse", "--verify", "HEAD"]).output();
    if !inside.is_ok_and(|output| output.status.success()) {
        return Ok(None);
    }
    let changes = cargo::capture(&mut git(&["status", "--porcelain"]))?;
    if !changes.is_empty() {
        return Ok(None);
    }
    let head = cargo::capture(&mut git(&["rev-parse", "HEAD"]))?;
    Ok(Some(head.trim().to_owned()))
}
