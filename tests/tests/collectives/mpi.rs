//! Groups over MPI, where there is one: Debian's packages openmpi-bin and libopenmpi-dev have its launcher and its library.

use crate::faults::DEADLINE;
use crate::launched::{self, Launched, PATIENCE, signal};
use crate::{PROGRAM, alone};
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::ranks::{Fault, assert_gone};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Whether there is MPI; prints why a test is skipped.
fn is_here() -> bool {
    let ways = backend().communication().unwrap();
    let mpi = ways.iter().find(|way| way.name == "mpi").expect("MPI is listed");
    let launcher = Command::new("mpirun").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_here = mpi.available && launcher.is_ok_and(|status| status.success());
    if !is_here {
        println!("skipped: no MPI here; Debian's packages openmpi-bin and libopenmpi-dev have it");
    }
    is_here
}

fn launch(ranks: usize, scenario: &[&str]) -> Launched {
    let mut command = launched::command(ranks);
    command.args(["--backend", "mpi", "--mpi-arg=--oversubscribe", "--"]).arg(PROGRAM).args(scenario);
    // More ranks than cores must not keep each other from running, and containers have one user.
    command.env("OMPI_MCA_mpi_yield_when_idle", "1");
    command.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")]);
    Launched::start(command)
}

fn succeed(ranks: usize, scenario: &[&str]) {
    let (code, text) = launch(ranks, scenario).end();
    assert_eq!(code, Some(0), "{scenario:?} over {ranks} ranks: {text}");
}

#[test]
fn every_collective_gives_what_a_serial_computation_gives() {
    let _alone = alone();
    if is_here() {
        [2, 3, 4, 8].into_iter().for_each(|ranks| succeed(ranks, &["values"]));
    }
}

#[test]
fn messages_reach_any_rank() {
    let _alone = alone();
    if is_here() {
        succeed(3, &["messages", "in-turn"]);
    }
}

#[test]
fn groups_are_split() {
    let _alone = alone();
    if is_here() {
        succeed(4, &["split"]);
    }
}

/// MLX's own ops, on the executable's stream.
#[test]
fn collective_ops_are_nodes_of_programs_in_every_mode() {
    let _alone = alone();
    if is_here() {
        [2, 4].into_iter().for_each(|ranks| succeed(ranks, &["programs"]));
        [2, 4].into_iter().for_each(|ranks| succeed(ranks, &["layers"]));
        succeed(3, &["resident"]);
    }
}

#[test]
fn a_rank_with_another_program_is_an_error_on_every_rank() {
    let _alone = alone();
    if is_here() {
        succeed(3, &["unlike", "shape"]);
    }
}

/// One thread that joins does not keep another beyond that one's deadline, and who gave up may ask again.
#[test]
fn joining_ends_at_each_callers_deadline() {
    let _alone = alone();
    if is_here() {
        let folder = tempfile::tempdir().expect("a folder");
        succeed(2, &["join", folder.path().join("come").to_str().expect("UTF-8")]);
    }
}

/// MLX cannot give up a communication: it is left behind, and the process tells of it, and ends.
#[test]
fn a_stopped_rank_ends_the_wait_at_the_deadline() {
    let _alone = alone();
    if !is_here() {
        return;
    }
    for during in ["all_sum", "recv", "run", "long run"] {
        let folder = tempfile::tempdir().expect("a folder");
        let happened = folder.path().join("happened");
        let (during, pause) = (during.to_owned(), Duration::ZERO);
        let fault = Fault { during, deadline: DEADLINE * 2, victim: 1, late: None, pause, happened };
        let mut launched = launch(2, &["fault", &fault.argument()]);
        let pids = launched.said("ready", &[0, 1], PATIENCE);
        signal("-STOP", &pids[1]);
        // The rank itself sees to it that it keeps its time: mpirun may pass on what it says seconds later, and overlook its end.
        let errors = launched.said("failed", &[0], PATIENCE);
        println!("{}: {}", fault.during, errors[0]);
        let who = if fault.during == "recv" { "rank 1" } else { "another rank" };
        assert!(errors[0].contains(&format!("{who} did not do its part within 4s")), "{}", errors[0]);
        launched.ask_after(DEADLINE);
        let (code, text) = launched.end();
        assert!(code.is_some_and(|code| code > 0), "{code:?}: {text}");
        assert_gone(&pids);
    }
}
