//! Groups of processes over the plugin: real ones, on loopback. What each rank does is in `src/bin/collectives-rank`.
//!
//! * [`faults`](self::faults): a rank that is killed, stopped or cut off. [`mpi`](self::mpi): over MPI.
//! * [`launched`](self::launched): ranks that are watched while they run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod faults;
mod launched;
mod mpi;

use rlx_host_api::ErrorKind;
use rlx_host_api::collectives::{GroupOptions, Reduction};
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::ranks;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What each rank runs.
const PROGRAM: &str = env!("CARGO_BIN_EXE_collectives-rank");

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
fn sums_of_gradients_with_other_runs_between_them() {
    let _alone = alone();
    rounds("200");
}

/// `cargo xtask test -- --test collectives -- --ignored ten_thousand_rounds`
#[test]
#[ignore = "takes ten minutes"]
fn ten_thousand_rounds_of_sums_of_gradients() {
    let _alone = alone();
    rounds("10000");
}

fn rounds(count: &str) {
    for ranks in 2..=5 {
        let start = Instant::now();
        ranks::succeed_within(PROGRAM, ranks, &["rounds", count], Duration::from_secs(1800));
        println!("{ranks} ranks, {count} rounds of 40 sums: {:?}", start.elapsed());
    }
}

#[test]
fn a_process_with_a_group_takes_no_time_at_rest() {
    let _alone = alone();
    succeed(3, &["rest"]);
}

#[test]
fn a_fork_is_refused_the_group() {
    let _alone = alone();
    succeed(2, &["fork"]);
}

#[test]
fn the_drivers_process_group_runs_over_it() {
    let _alone = alone();
    succeed(2, &["driver"]);
    succeed(3, &["driver"]);
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
