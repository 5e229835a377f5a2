//! `cargo xtask circles`: fails where files of a crate need each other in a circle.
//!
//! A circle is read as a whole or not at all, and every change to a part of it may reach all others. So files stand in an
//! order: what several need stands in a file that needs none of them.
//!
//! # The rule
//! A file needs another when it names something that the other defines: in an import that stays its own, in an expression,
//! a type, a pattern, a bound, or the arguments of a macro. Parents and their children are no exception. Of a path the item
//! counts at which it ends, wherever that is defined: `crate::discovery::Manifest` is the file that holds the struct, and
//! the re-exports on the way there are nobody's need. Likewise a re-export (`pub use`) or a declaration (`mod x;`) alone
//! needs nothing. Code for tests does not count, nor do links in documentation.
//!
//! # What it does not see
//! Methods: whose they are only the compiler knows, so a method may stand in another file than its type, and a call of it
//! is no need of that file. What macros expand to, and macros that come into scope through `#[macro_use]`. It reads the
//! code as it stands, of every system and feature.

mod graph;
mod names;
mod tree;
mod uses;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use self::graph::Graph;
use self::names::Names;
use self::tree::Crate;
use crate::cargo::Workspace;

/// The folders of the crates that continuous integration keeps free of circles.
const KEPT_FREE: [&str; 5] = ["conformance", "host-api", "install", "plugin", "xtask"];

/// Checks the crates in `folders` (relative to the workspace), or those that are kept free of circles.
pub(crate) fn run(workspace: &Workspace, folders: &[PathBuf]) -> Result<()> {
    let kept_free = KEPT_FREE.map(PathBuf::from);
    let folders = if folders.is_empty() { &kept_free } else { folders };
    let mut report = String::new();
    for folder in folders {
        let needs = needs(&workspace.root.join(folder))?;
        let graph = Graph::of(&needs);
        let circles = graph.circles();
        println!("{}: {} files, circles: {}", folder.display(), graph.files(), circles.len());
        for circle in circles {
            report.push_str(&described(&circle, &workspace.root));
        }
    }
    if !report.is_empty() {
        bail!("files need each other in circles (move what several need to a file of its own)\n{report}");
    }
    Ok(())
}

/// What the files of the crate in `folder` need of each other.
fn needs(folder: &Path) -> Result<Vec<graph::Need>> {
    let source = Crate::read(folder)?;
    let names = Names::of(&source);
    Ok(uses::needs(&source, &names))
}

/// A circle for the reader: each of its files, and below it a line for each file that it needs.
fn described(circle: &graph::Circle<'_>, root: &Path) -> String {
    let shown = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
    let mut text = format!("\na circle of {} files:\n", circle.files.len());
    for (need, times) in &circle.needs {
        let more = if *times > 1 { format!(" ({times} times)") } else { String::new() };
        let _ = writeln!(text, "  {}:{}: {} -> {}{more}", shown(&need.from), need.line, need.path, shown(&need.to));
    }
    text
}

#[cfg(test)]
mod tests;
