//! A rank that is killed, stopped or cut off, under `rlx-run launch`: all others name it in time and end, and no process is
//! left.

#[path = "../../../collectives/tests/common/namespace.rs"]
mod namespace;

use crate::launched::{self, Launched, PATIENCE, signal};
use crate::{PROGRAM, alone};
use namespace::Namespace;
use rlx_mlx_tests::ranks::{FAILED, Fault, assert_gone};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// What calls wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// What a rank may take beyond it.
const SLACK: Duration = Duration::from_secs(2);

/// What happens to a rank.
#[derive(Clone, Copy)]
enum Means<'n> {
    Kill,
    Stop,
    CutOff(&'n Namespace),
}

/// `rlx-run launch` of so many ranks, with the victim in the namespace.
fn launch(size: usize, fault: &Fault, grace: u64, namespace: Option<&Namespace>, hostfile: &Path) -> Command {
    let mut command = launched::command(size);
    command.args(["--grace", &grace.to_string()]);
    let argument = fault.argument();
    let rank = [PROGRAM, "fault", &argument];
    let Some(namespace) = namespace else {
        command.arg("--").args(rank);
        return command;
    };
    let host = |rank: usize| json!({ "ssh": "localhost", "ips": [namespace.address(rank == fault.victim)] });
    let hosts: Vec<_> = (0..size).map(host).collect();
    std::fs::write(hostfile, json!(hosts).to_string()).expect("a hostfile");
    // Ports below those that the system gives to connections, where others are unlikely to listen.
    let port = 20_000 + std::process::id() % 10_000;
    command.arg("--hostfile").arg(hostfile).args(["--starting-port", &port.to_string(), "--", "sh", "-c"]);
    let enter = format!("nsenter -t {} -n", namespace.process());
    command.arg(format!(r#"if [ $MLX_RANK = {} ]; then exec {enter} "$0" "$@"; fi; exec "$0" "$@""#, fault.victim));
    command.args(rank);
    command
}

/// Has `means` befall `victim` while all ranks are at `during`. For `init` there is one who is late: which, and how long after
/// it, in milliseconds.
fn befalls(size: usize, during: &str, means: Means<'_>, victim: usize, late: Option<(usize, u64)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let happened = folder.path().join("happened");
    // A run waits as long as init, which takes its time on a busy machine, and others wait for one that is late.
    let deadline = match late {
        _ if during == "run" => DEADLINE * 5,
        Some((_, pause)) if pause > 0 => DEADLINE * 2,
        _ => DEADLINE,
    };
    let (late, pause) = (late.map(|(rank, _)| rank), Duration::from_millis(late.map_or(0, |(_, pause)| pause)));
    let fault = Fault { during: during.to_owned(), deadline, victim, late, pause, happened };
    let namespace = if let Means::CutOff(namespace) = means { Some(namespace) } else { None };
    // For those who have to wait for their deadline, from the victim's end on.
    let grace = if during == "init" { 9 } else { 3 };
    let command = launch(size, &fault, grace, namespace, &folder.path().join("hosts.json"));
    let mut launched = Launched::start(command);
    let all: Vec<usize> = (0..size).collect();
    let pids = launched.said("ready", &all, PATIENCE);
    thread::sleep(Duration::from_millis(150));
    match means {
        Means::Kill => signal("-KILL", &pids[victim]),
        Means::Stop => signal("-STOP", &pids[victim]),
        Means::CutOff(namespace) => namespace.cut(),
    }
    fault.has_happened();
    let survivors: Vec<usize> = all.into_iter().filter(|&rank| rank != victim).collect();
    // Who is late begins to wait only then; the ranks themselves see to it that they keep their time.
    let errors = launched.said("failed", &survivors, pause + deadline + SLACK + Duration::from_secs(1));
    for (rank, error) in survivors.iter().zip(&errors) {
        let named = error.contains(&format!(" rank {victim} "));
        assert!(named, "{during}, {size} ranks, {late:?} is late, rank {rank} does not name rank {victim}: {error}");
        println!("{during}: {error}");
    }
    let (code, text) = launched.end();
    let verdict = text.lines().last().unwrap_or_default();
    assert!(code.is_some_and(|code| code > 0), "{code:?}: {text}");
    for rank in survivors {
        assert!(verdict.contains(&format!("rank {rank}: exit code {FAILED}")), "{text}");
    }
    assert!(verdict.contains(&format!("rank {victim}: ")), "{text}");
    assert_gone(&pids);
}

#[test]
fn a_killed_rank_is_named_by_all_others_who_end() {
    let _alone = alone();
    befalls(4, "all_sum", Means::Kill, 2, None);
    befalls(3, "recv", Means::Kill, 1, None);
    befalls(3, "run", Means::Kill, 1, None);
    befalls(4, "init", Means::Kill, 1, Some((0, 0)));
    // So late that the others have known for long.
    befalls(4, "init", Means::Kill, 3, Some((1, 1500)));
}

#[test]
fn a_stopped_rank_is_named_by_all_others_who_end() {
    let _alone = alone();
    befalls(3, "all_sum", Means::Stop, 0, None);
    befalls(2, "recv", Means::Stop, 1, None);
    befalls(4, "init", Means::Stop, 2, Some((1, 0)));
}

#[test]
fn a_rank_that_is_cut_off_is_named_by_all_others_who_end() {
    let _alone = alone();
    for (during, late) in [("all_sum", None), ("recv", None), ("init", Some((0, 0)))] {
        match Namespace::new() {
            Ok(namespace) => befalls(3, during, Means::CutOff(&namespace), 1, late),
            Err(why) => println!("skipped: {why}"),
        }
    }
}

/// `cargo xtask test -- --test collectives -- --ignored --nocapture a_hundred_faults`
#[test]
#[ignore = "takes ten minutes"]
fn a_hundred_faults_in_a_row() {
    let _alone = alone();
    for round in 0..100 {
        let during = ["all_sum", "recv", "init"][round % 3];
        let size = if during == "init" { 3 + round / 9 % 2 } else { 2 + round / 9 % 3 };
        let victim = (round / 3) % size;
        let late = (victim + 1 + round / 7 % (size - 1)) % size;
        let late = (during == "init").then_some((late, round as u64 * 13 % 1000));
        let namespace = if round % 3 == round / 3 % 3 { Namespace::new().ok() } else { None };
        let signal = if round / 3 % 2 == 0 { Means::Kill } else { Means::Stop };
        let means = namespace.as_ref().map_or(signal, Means::CutOff);
        let begin = Instant::now();
        befalls(size, during, means, victim, late);
        println!("fault {round} of 100, rank {victim} of {size}: {:?}", begin.elapsed());
    }
}
