//! `cargo xtask ci`: every check, with a table of steps and times at the end.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use comfy_table::{Table, presets};

use crate::cargo::{self, Workspace};
use crate::{array_ops, bindings, circles, format, fuzz, header, stage, symbols, valgrind};

/// Runs the steps in order and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let commands = quick_start(workspace)?;
    let mut steps = Steps::default();
    let result = (|| {
        steps.time("format", || format::run(workspace, true))?;
        steps.time("circles", || circles::run(workspace, &[]))?;
        // With the release profile, so that what build scripts make is made once.
        let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
        steps.time("clippy", || cargo::run(&mut workspace.cargo(clippy)))?;
        steps.time("rustdoc", || {
            let mut doc = workspace.cargo(["doc", "--release", "--workspace", "--no-deps"]);
            cargo::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
        })?;
        steps.time("bindings", || bindings::run(workspace, true))?;
        steps.time("header", || header::run(workspace, true))?;
        steps.time("array operations", || array_ops::run(workspace, true))?;
        if cfg!(target_os = "linux") {
            steps.time("build, symbols", || {
                let staged = stage::run(workspace)?;
                symbols::check_plugin(&staged.plugin, &staged.libraries)?;
                symbols::check_privacy(&staged.plugin, &staged.libraries)?;
                symbols::check_kernels(&staged.plugin)?;
                workspace.build("rlx-run")?;
                symbols::check_host(workspace)
            })?;
            steps.time("valgrind", || valgrind::run(workspace))?;
        }
        for command in commands.iter().rev() {
            steps.time(command, || cargo::run(&mut workspace.cargo(command.split_whitespace().skip(1))))?;
        }
        steps.time("fuzz", || fuzz::run(workspace, &fuzz::Options::all()))?;
        Ok(())
    })();
    println!("\n{}", steps.table());
    result
}

/// The two commands of the README's quick start. Running what it says keeps it true.
fn quick_start(workspace: &Workspace) -> Result<Vec<String>> {
    let path = workspace.root.join("README.md");
    let readme = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let commands = commands_in(&readme);
    if commands != ["cargo xtask demo", "cargo xtask test"] {
        bail!(
            "README.md: the first code block under \"Quick start\" should be `cargo xtask demo` and `cargo xtask test`, it is {commands:?}"
        );
    }
    Ok(commands)
}

/// The lines of the first code block below the heading "Quick start", without comments.
fn commands_in(readme: &str) -> Vec<String> {
    readme
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.to_lowercase().contains("quick start")))
        .skip_while(|line| !line.starts_with("```"))
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .map(|line| line.split('#').next().unwrap_or(line).trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// What ran, for how long, and whether it passed.
#[derive(Default)]
struct Steps(Vec<(String, Duration, bool)>);

impl Steps {
    fn time(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
        let start = Instant::now();
        let result = step();
        self.0.push((name.to_owned(), start.elapsed(), result.is_ok()));
        result.with_context(|| name.to_owned())
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["step", "seconds", "result"]);
        for (name, time, passed) in &self.0 {
            let seconds = format!("{:.1}", time.as_secs_f64());
            table.add_row([name.as_str(), &seconds, if *passed { "ok" } else { "FAILED" }]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_from_the_first_block_of_the_quick_start() {
        let readme = "# Title\n```sh\nother\n```\n## Quick start\ntext\n```sh\n# why\nfirst one  # note\n\nsecond\n```\n```sh\nthird\n```\n";
        assert_eq!(commands_in(readme), ["first one", "second"]);
        assert!(commands_in("# No such heading\n").is_empty());
    }
}
