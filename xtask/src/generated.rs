//! Files in the repository that a command generates.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Makes `path` hold `text`; with `check`, only fails if it does not. `command` is the one that writes it.
pub(crate) fn update(path: &Path, text: &str, check: bool, command: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        println!("{}: up to date", path.display());
        return Ok(());
    }
    if check {
        bail!("{} does not match its sources: run `{command}`", path.display());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: written", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_never_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("include/file.h");
        let error = update(&path, "new", true, "cargo xtask header").unwrap_err().to_string();
        assert!(error.contains("file.h") && error.contains("`cargo xtask header`"), "{error}");
        assert!(!path.exists());
        update(&path, "new", false, "cargo xtask header").unwrap();
        update(&path, "new", true, "cargo xtask header").unwrap();
        assert!(update(&path, "newer", true, "cargo xtask header").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }
}
