//! What was reported of MLX's own ring, tried on the wheel that is pinned: why this repository has an engine of its own, whose
//! documentation has the table. A test that fails here says that another version of MLX behaves in another way.
//!
//! `cargo xtask test -- --test launch -- --include-ignored --nocapture mlx_ring`

use crate::{launch, lines};
use rlx_mlx_tests::python;
use rlx_mlx_tests::ranks::hostfile;
use std::path::Path;

/// What each rank says in a situation, without its number: at the end `waits` when it has not come to one in so many seconds.
fn ranks(count: usize, seconds: u32, situation: &[&str]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/launch/mlx_ring.py");
    let watched = format!(r#"timeout -s KILL {seconds} "$0" "$@"; [ $? = 137 ] && echo waits; true"#);
    let mut group = launch(&["-n", &count.to_string(), "--", "sh", "-c", &watched]);
    group.arg(python::command([] as [&str; 0]).get_program()).arg(script).args(situation);
    group.env("PYTHONPATH", python::site());
    if let Some(path) = std::env::var_os("PATH") {
        group.env("PATH", path);
    }
    let output = group.assert().success().get_output().clone();
    let said = lines(&output.stdout);
    let of_rank = |rank: usize| {
        let prefix = format!("[{rank}] ");
        said.iter().filter_map(|line| line.strip_prefix(&prefix)).collect::<Vec<_>>().join("; ")
    };
    let all: Vec<String> = (0..count).map(of_rank).collect();
    println!("{situation:?}: {all:#?}");
    all
}

#[test]
fn it_lacks_sum_scatter_and_says_so() {
    for said in ranks(2, 20, &["scatter"]) {
        assert!(said.starts_with("error ") && said.ends_with("then 3.0; done"), "{said}");
    }
}

#[test]
fn it_does_not_split() {
    for said in ranks(2, 20, &["split"]) {
        assert!(said.starts_with("error "), "{said}");
    }
}

#[test]
fn it_reaches_neighbours_alone() {
    // The error is thrown where nobody catches it: the process is gone.
    assert_eq!(ranks(4, 20, &["far"]), ["", "done", "done", "done"]);
}

#[test]
fn pipelines_and_gradients_of_two_and_three_ranks_pass() {
    for (count, situation) in [(3, &["pipeline"][..]), (2, &["rounds", "20"])] {
        for said in ranks(count, 50, situation) {
            assert_eq!(said, "done", "{situation:?}");
        }
    }
}

#[test]
#[ignore = "waits"]
fn ranks_wait_for_one_that_has_left() {
    assert_eq!(ranks(4, 15, &["close"]), ["waits", "done", "waits", "waits"]);
}

#[test]
#[ignore = "waits"]
fn ranks_wait_for_one_that_is_stopped() {
    for said in ranks(4, 15, &["stop"]) {
        assert_eq!(said, "waits");
    }
}

#[test]
#[ignore = "waits"]
fn processes_stay_behind_one_that_is_killed() {
    let said = ranks(4, 20, &["kill"]);
    assert!([0, 2, 3].into_iter().any(|rank| said[rank].ends_with("waits")), "{said:?}");
}

#[test]
#[ignore = "waits"]
fn five_ranks_hardly_get_on_where_four_do() {
    assert_eq!(ranks(4, 40, &["rounds", "20"]), ["done"; 4]);
    assert_eq!(ranks(5, 40, &["rounds", "20"]), ["waits"; 5]);
}

#[test]
#[ignore = "waits"]
fn a_rank_waits_for_one_that_never_comes() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts.json");
    std::fs::write(&hosts, hostfile(2)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/launch/mlx_ring.py");
    let python = python::command([] as [&str; 0]).get_program().to_owned();
    let mut rank = std::process::Command::new("timeout");
    rank.args(["-s", "KILL", "20"]).arg(python).arg(script).arg("far").env("PYTHONPATH", python::site());
    let output = rank.env("MLX_RANK", "0").env("MLX_HOSTFILE", &hosts).output().unwrap();
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!output.status.success(), "it gave up by itself");
}
