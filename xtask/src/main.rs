//! `cargo xtask`: the workspace's own commands.

mod array_ops;
mod bare;
mod bindings;
mod c_programs;
mod cargo;
mod ci;
mod circles;
mod commit;
mod compiler;
mod cross;
mod demo;
mod dist;
mod format;
mod fuzz;
mod generated;
mod grown;
mod header;
mod manifest;
mod models;
mod next_abi;
mod packages;
mod provision;
mod python;
mod qemu;
mod ready;
mod reference;
mod shim;
mod stage;
mod symbols;
mod test;
mod valgrind;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::cargo::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests and packages the MLX plugin")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Embed four sentences on MLX and on the CPU, and compare; builds what is needed, the plugin where none of this commit is there
    Demo,
    /// Run all tests; what follows `--` goes to `cargo test`
    Test {
        /// Arguments of `cargo test`, e.g. `-- -p rlx-mlx-vendor` or `-- --test executable`
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Make the folder that is dropped into a plugin path
    Dist(dist::Options),
    /// Make a Python wheel of a bundle, with rlx-run and the package rlx_host
    Wheel(dist::WheelOptions),
    /// Everything that continuous integration checks
    Ci,
    /// Fail where files of a crate need each other in a circle
    Circles {
        /// Folders of crates, e.g. `host-api` [default: those that continuous integration checks]
        crates: Vec<PathBuf>,
    },
    /// Format all Rust, C and C++
    Format {
        /// Only fail if something is not formatted
        #[arg(long)]
        check: bool,
    },
    /// Run 20,000 programs that are grown op by op, in every mode, and compare them with NumPy
    Grown {
        /// Arguments of tests/grown, e.g. `--programs 100 --seed 7` or `--only 1234 --dump DIR`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Fetch five real models, make ResNet-50, and write them to target/models, as programs that `rlx-run run` takes
    Models,
    /// Run the example models and 200 grown programs under valgrind
    Valgrind,
    /// Run the bundle for Linux on 64-bit ARM under qemu, and compare what it computes with this machine's
    Qemu,
    /// Build and run the shim's C tests, plain and under sanitizers
    Shim,
    /// Write the shim's Rust bindings from its headers
    Bindings {
        /// Only fail if they are not up to date
        #[arg(long)]
        check: bool,
    },
    /// Write the C header of the wire ABI from host-api/src/abi.rs
    Header {
        /// Only fail if it is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Write the table of array operations from the shim's headers
    ArrayOps {
        /// Only fail if it is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Feed the parsers of foreign files with mutations of a corpus
    Fuzz(fuzz::Options),
    /// Run the benchmarks; what follows `--` goes to `cargo bench`
    Bench {
        /// Arguments of `cargo bench`, e.g. `-- --bench matmul`
        #[arg(last = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Demo => demo::run(&workspace),
        Command::Test { args } => test::run(&workspace, &args),
        Command::Dist(options) => dist::run(&workspace, options),
        Command::Wheel(options) => dist::make_wheel(&workspace, options),
        Command::Ci => ci::run(&workspace),
        Command::Circles { crates } => circles::run(&workspace, &crates),
        Command::Format { check } => format::run(&workspace, check),
        Command::Grown { args } => grown::run(&workspace, &args),
        Command::Models => models::run(&workspace).map(|models| println!("{}", models.folder.display())),
        Command::Valgrind => valgrind::run(&workspace),
        Command::Qemu => qemu::run(&workspace),
        Command::Shim => shim::run(&workspace),
        Command::Bindings { check } => bindings::run(&workspace, check),
        Command::Header { check } => header::run(&workspace, check),
        Command::ArrayOps { check } => array_ops::run(&workspace, check),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
        Command::Bench { args } => test::bench(&workspace, &args),
    }
}
