//! `rlx-run`: runs RLX programs from the command line, on the CPU or on a backend plugin.

mod backend;
mod bert;
mod cli;
mod embed;
mod npy;
mod params;
mod plugins;
mod progress;
mod report;
mod run;
mod timing;
mod tokenize;
mod values;

use clap::Parser;
use std::process::ExitCode;

/// A mistake in the command line, or a backend that is not there. Ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    match cli::Cli::parse().execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", report::error_line(&error));
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}
