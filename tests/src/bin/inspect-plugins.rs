//! `inspect-plugins FOLDER`: looks at every candidate of a folder without opening any, and prints path, verdict and
//! reason, a line each. A process of its own for inputs that might end the one that looks at them.

use rlx_host_api::discovery::{Registry, SearchPath};
use rlx_host_api::printable;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: inspect-plugins FOLDER");
        return ExitCode::from(2);
    };
    for candidate in Registry::new(SearchPath::new([folder.into()])).inspect() {
        let reason = candidate.verdict.reason().unwrap_or_default();
        let path = candidate.path.to_string_lossy();
        println!("{}\t{}\t{reason}", printable(&path), candidate.verdict.code());
    }
    ExitCode::SUCCESS
}
