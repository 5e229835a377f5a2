//! Groups of processes over the plugin: real ones, on loopback. What each rank does is in `src/bin/collectives-rank`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_host_api::ErrorKind;
use rlx_host_api::collectives::{GroupOptions, Reduction};
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::ranks::{self, Ended, wait};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What each rank runs.
const PROGRAM: &str = env!("CARGO_BIN_EXE_collectives-rank");

fn run(ranks: usize, scenario: &[&str]) -> Vec<Ended> {
    ranks::run(PROGRAM, ranks, scenario)
}

fn succeed(ranks: usize, scenario: &[&str]) {
    ranks::succeed(PROGRAM, ranks, scenario);
}

/// Groups of several processes are tried one after the other: there are more ranks than cores anyway.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_collective_gives_what_a_serial_computation_gives() {
    let _alone = alone();
    for ranks in [2, 3, 4, 8] {
        succeed(ranks, &["values"]);
    }
}

#[test]
fn messages_of_any_length_and_tag_reach_any_rank() {
    let _alone = alone();
    succeed(2, &["messages"]);
    succeed(4, &["messages"]);
}

#[test]
fn groups_are_split() {
    let _alone = alone();
    succeed(5, &["split"]);
}

#[test]
fn values_on_the_device_are_reduced_there() {
    let _alone = alone();
    succeed(3, &["resident"]);
}

#[test]
fn collective_ops_are_nodes_of_programs_in_every_mode() {
    let _alone = alone();
    succeed(2, &["programs"]);
    succeed(4, &["programs"]);
    succeed(2, &["runtime"]);
}

#[test]
fn tensor_parallel_layers_give_what_one_process_gives() {
    let _alone = alone();
    succeed(2, &["layers"]);
    succeed(4, &["layers"]);
}

#[test]
fn a_rank_with_another_program_is_an_error_on_every_rank() {
    let _alone = alone();
    for what in ["shape", "dtype", "op"] {
        succeed(3, &["unlike", what]);
    }
}

#[test]
fn the_drivers_process_group_runs_over_it() {
    let _alone = alone();
    succeed(2, &["driver"]);
    succeed(3, &["driver"]);
}

#[test]
fn the_others_name_a_rank_that_dies_and_go_on() {
    let _alone = alone();
    for during in ["call", "recv", "run"] {
        let ended = run(3, &["fault", "kill", during, "20"]);
        for rank in [0, 2] {
            assert_eq!(ended[rank].status.code(), Some(3), "{during}, rank {rank}: {}", ended[rank].text);
        }
        assert!(!ended[1].status.success(), "{:?}", ended[1].status);
    }
}

/// A group over MPI, where there is one: its launcher and its library come with Debian's openmpi-bin and libopenmpi-dev.
#[test]
fn the_same_over_mpi() {
    let _alone = alone();
    let ways = backend().communication().unwrap();
    let mpi = ways.iter().find(|way| way.name == "mpi").expect("MPI is listed");
    let launcher = Command::new("mpirun").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !mpi.available || !launcher.is_ok_and(|status| status.success()) {
        println!("skipped: no MPI here; Debian's packages openmpi-bin and libopenmpi-dev have it");
        return;
    }
    for scenario in [&["values", "short"][..], &["programs"], &["layers"], &["resident"]] {
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n", "2"]).arg(PROGRAM).args(scenario);
        command.env_remove("MLX_HOSTFILE").env_remove("MLX_RANK");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = wait(command.spawn().expect("mpirun starts"), Instant::now());
        assert!(ended.status.success(), "{scenario:?}: {}", ended.text);
    }
}

#[test]
fn a_process_without_a_launcher_is_a_group_of_one() {
    let backend = backend();
    let ways = backend.communication().unwrap();
    assert_eq!(ways[0].name, "ring");
    assert!(ways[0].available);
    let group = backend.init_group(&GroupOptions::new()).unwrap();
    assert_eq!((group.rank(), group.size(), group.backend()), (0, 1, ""));
    let mut data = [1.5_f32, -2.0];
    group.all_reduce(Reduction::Max, &mut data).unwrap();
    assert_eq!(data, [1.5, -2.0]);
    assert_eq!(group.all_gather(&[7_u8]).unwrap(), [7]);
    assert_eq!(group.reduce_scatter(Reduction::Sum, &[3_i64, 4]).unwrap(), [3, 4]);
    group.barrier().unwrap();
    assert_eq!(group.broken(), None);

    let none = backend.init_group(&GroupOptions::new().strict()).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound, "{none}");
    assert!(none.message().contains("rlx-run launch"), "{none}");
    let unknown = backend.init_group(&GroupOptions::new().backend("pigeon")).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound, "{unknown}");
    assert!(unknown.message().contains("`pigeon`; there are ring, nccl, mpi, jaccl"), "{unknown}");
}
