//! `cargo xtask fuzz`: mutation tests of the parsers, as tests/fuzz/README.md describes them.

use std::process::{Child, Command};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::cargo::{self, Workspace};
use crate::packages::WITH_RLX_CPU;

/// The parsers that have a target.
const TARGETS: [&str; 6] = ["rlxmodel", "manifest", "elf", "macho", "npy", "safetensors"];

/// How many run at once.
const TOGETHER: usize = 2;

#[derive(Args)]
pub(crate) struct Options {
    /// Which parser; all of them, two at a time, without
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long each runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// From which the inputs follow, each from it and its number [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// Only parse this file
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<String>,
}

impl Options {
    /// All parsers for a minute each, as continuous integration has it.
    pub(crate) fn all() -> Self {
        Self { target: None, seconds: 60, seed: None, input: None }
    }
}

/// Builds the program and runs it for each target.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    cargo::run(workspace.cargo(["build", "--release", "--bin", "fuzz"]).args(cargo::choice("-p", &WITH_RLX_CPU)))?;
    let mut arguments = vec!["--seconds".to_owned(), options.seconds.to_string()];
    if let Some(seed) = options.seed {
        arguments.extend(["--seed".to_owned(), seed.to_string()]);
    }
    if let Some(input) = &options.input {
        arguments = vec!["--input".to_owned(), input.clone()];
    }
    let targets: Vec<&str> = options.target.as_deref().map_or_else(|| TARGETS.to_vec(), |target| vec![target]);
    let mut failed = Vec::new();
    for some in targets.chunks(TOGETHER) {
        let start = |target: &&str| Command::new(workspace.built("fuzz")).arg(target).args(&arguments).spawn();
        let started: Vec<(&str, Child)> = some
            .iter()
            .map(|target| Ok((*target, start(target).context("cannot start the program that makes inputs")?)))
            .collect::<Result<_>>()?;
        for (target, mut child) in started {
            if !child.wait().with_context(|| format!("lost {target}"))?.success() {
                failed.push(target);
            }
        }
    }
    ensure!(failed.is_empty(), "inputs failed: {}", failed.join(", "));
    Ok(())
}
