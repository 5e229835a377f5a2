//! `collectives-rank SCENARIO [ARGUMENT]`: one rank of a group, in one of the situations of `tests/collectives.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the test that started it"
)]

mod driver;
mod faults;
mod joins;
mod layers;
mod messages;
mod process;
mod programs;
mod resident;
mod rounds;
mod values;

use rlx_host_api::collectives::{Group, GroupOptions};
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::ranks::Fault;
use std::process::ExitCode;
use std::time::Duration;

/// How long the calls of tests wait that are to succeed, whatever else the machine does.
const LONG: Duration = Duration::from_secs(120);

/// The group that the launcher has described.
fn group() -> Group {
    backend().init_group(&GroupOptions::new().strict().timeout(LONG)).unwrap_or_else(|e| panic!("init: {e}"))
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["values"] => values::all(&group()),
        ["messages"] => messages::all(&group()),
        ["messages", "in-turn"] => messages::in_turn(&group()),
        ["join", come] => joins::all(come.as_ref()),
        ["split"] => messages::split(&group()),
        ["resident"] => resident::all(&group()),
        ["programs"] => programs::all(&group()),
        ["unlike", what] => programs::unlike(&group(), what),
        ["runtime"] => programs::through_the_runtime(),
        ["layers"] => layers::all(&group()),
        ["rounds", rounds] => rounds::all(&group(), rounds.parse().expect("a number")),
        ["rest"] => process::rest(&group()),
        ["fork"] => process::fork(&group()),
        ["driver"] => driver::all(group()),
        ["fault", fault] => faults::meet(&Fault::read(fault)),
        other => panic!("no such scenario: {other:?}"),
    }
    ExitCode::SUCCESS
}
