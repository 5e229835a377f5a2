//! `rlx-run`: runs RLX programs from the command line, on the CPU or on a backend plugin.

use std::process::ExitCode;

fn main() -> ExitCode {
    rlx_run::main()
}
