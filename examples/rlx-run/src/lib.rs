//! The program `rlx-run`. It is a library so that its readers of foreign files can be tested by themselves.

mod backend;
mod bench;
mod bert;
mod check;
mod cli;
mod dealt;
mod embed;
mod ending;
#[cfg(unix)]
mod launch;
pub mod npy;
mod ops;
mod output_files;
pub mod params;
mod plugins;
mod profile;
mod progress;
mod report;
mod run;
mod timing;
mod tokenize;
mod values;
mod wire;

use std::process::ExitCode;

/// A mistake in the command line, or a backend that is not there. Ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// A process that `launch` started has failed. Ends with its exit code.
#[cfg(unix)]
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) message: String,
}

/// Does what the command line says; the exit code is 0 when it is done, 1 when it failed and 2 for wrong usage or a
/// backend that is not there. `launch` has the exit code of what it started.
pub fn main() -> ExitCode {
    report::start_log();
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(refusal) => return cli::refuse(&refusal),
    };
    // What breaks in a library over an odd file is one line, too.
    match backend::guarded("internal error", || cli.execute()).flatten() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::print_error(&error);
            exit_code(&error)
        }
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    #[cfg(unix)]
    if let Some(ended) = error.downcast_ref::<Ended>() {
        return ExitCode::from(ended.code);
    }
    ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
}
