//! Ranks that are killed, stopped and cut off: every other rank names them in time, and ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod common;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use common::namespace::Namespace;
use rlx_mlx_collectives::{Element, Failure, Group, HOSTFILE, Peers, RANK, Reduction};

/// What a rank that this test starts does once it is connected.
const ROLE: &str = "RLX_TEST_ROLE";

/// What each operation is given.
const DEADLINE: Duration = Duration::from_secs(3);

/// By when after it a rank has to have ended.
const SLACK: Duration = Duration::from_secs(2);

/// The exit status of a rank that found a failure.
const FAILED: i32 = 3;

/// The rank that something happens to.
const VICTIM: usize = 1;

#[test]
#[ignore = "a rank, which the other tests start"]
fn rank() {
    let peers = Peers::from_env().unwrap().expect("started by another test");
    let failure = match Group::connect(&peers, DEADLINE) {
        Ok(group) => work(&group),
        Err(failure) => failure,
    };
    println!("failed {:?} {failure}", failure.rank());
    std::process::exit(FAILED);
}

/// Does what the role says until something fails.
fn work(group: &Group) -> Failure {
    println!("ready");
    let mut data = vec![1; 4 << 20];
    loop {
        let result = match std::env::var(ROLE).unwrap().as_str() {
            "all_reduce" => group.all_reduce(Reduction::Max, Element::U8, &mut data, DEADLINE),
            "recv" if group.rank() == VICTIM => {
                thread::sleep(Duration::from_secs(60));
                Ok(())
            }
            _ => group.recv(VICTIM, 0, DEADLINE).map(|_| ()),
        };
        if let Err(failure) = result {
            assert!(group.broken().is_some() || group.barrier(DEADLINE).is_err(), "the group is still whole");
            return failure;
        }
    }
}

/// A started rank. Dropped, it is ended.
struct Rank {
    child: Child,
    lines: Receiver<String>,
}

impl Rank {
    fn start(peers: &Peers, hostfile: &str, role: &str, namespace: Option<&Namespace>) -> Self {
        let this = std::env::current_exe().unwrap();
        let mut command = Command::new(if namespace.is_some() { "nsenter".as_ref() } else { this.as_os_str() });
        if let Some(namespace) = namespace {
            command.args(["-t", &namespace.process().to_string(), "-n"]).arg(&this);
        }
        command.args(["--ignored", "--exact", "rank", "--nocapture", "--test-threads=1"]);
        command.env(RANK, peers.rank.to_string()).env(HOSTFILE, hostfile).env(ROLE, role);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line that contains `word`.
    fn line(&self, word: &str, limit: Duration) -> String {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no line with {word:?} in {limit:?}"));
            if line.contains(word) {
                return line;
            }
        }
    }

    fn end(&mut self, limit: Duration) -> ExitStatus {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "a rank has not ended");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Rank {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Peers on the loopback interface, or, where the victim is in a namespace, on the two ends of its link.
fn peers_on(size: usize, namespace: Option<&Namespace>) -> Vec<Peers> {
    let Some(namespace) = namespace else { return common::peers(size) };
    let outer = namespace.address(false);
    let listeners: Vec<TcpListener> = (0..size).map(|_| TcpListener::bind((outer, 0)).unwrap()).collect();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let on = |(rank, listener)| vec![(namespace.address(rank == VICTIM), port(listener)).into()];
    let addresses: Vec<Vec<SocketAddr>> = listeners.iter().enumerate().map(on).collect();
    (0..size).map(|rank| Peers { rank, addresses: addresses.clone() }).collect()
}

/// What happens to the victim.
#[derive(Clone, Copy)]
enum Fault<'n> {
    Signal(&'n str),
    CutOff(&'n Namespace),
}

/// Starts ranks that do what `role` says and lets `fault` happen to one, once all are at it, or, for the role "connect", while
/// they wait for the last. All others have to name it in time.
fn befalls(size: usize, role: &str, fault: Fault<'_>) {
    let namespace = if let Fault::CutOff(namespace) = fault { Some(namespace) } else { None };
    let peers = peers_on(size, namespace);
    let folder = tempfile::tempdir().unwrap();
    let hostfile = folder.path().join("hosts.json");
    std::fs::write(&hostfile, serde_json::to_string(&peers[0].addresses).unwrap()).unwrap();
    let hostfile = hostfile.to_str().unwrap();
    let is_victim = |rank: usize| namespace.filter(|_| rank == VICTIM);
    let start = |peers: &Peers| Rank::start(peers, hostfile, role, is_victim(peers.rank));
    let (last, first) = peers.split_last().unwrap();
    let mut ranks: Vec<Rank> = first.iter().map(start).collect();
    if role == "connect" {
        thread::sleep(Duration::from_millis(300));
    } else {
        ranks.push(start(last));
        ranks.iter().for_each(|rank| drop(rank.line("ready", Duration::from_secs(20))));
        thread::sleep(Duration::from_millis(100));
    }
    match fault {
        Fault::Signal(name) => ranks[VICTIM].signal(name),
        Fault::CutOff(namespace) => namespace.cut(),
    }
    let begin = Instant::now();
    if role == "connect" {
        ranks.push(start(last));
    }
    for (rank, process) in ranks.iter_mut().enumerate().filter(|(rank, _)| *rank != VICTIM) {
        let limit = (DEADLINE + SLACK).saturating_sub(begin.elapsed());
        let line = process.line("failed", limit);
        assert!(line.contains(&format!("failed Some({VICTIM}) ")), "rank {rank}: {line}");
        assert!(line.contains(&format!("rank {VICTIM} ")), "rank {rank}: {line}");
        let limit = (DEADLINE + SLACK).saturating_sub(begin.elapsed());
        assert_eq!(process.end(limit).code(), Some(FAILED));
        println!("{role}: {line} ({:?})", begin.elapsed());
    }
}

#[test]
fn a_killed_rank_is_named() {
    for role in ["all_reduce", "recv", "connect"] {
        befalls(4, role, Fault::Signal("-KILL"));
    }
}

#[test]
fn a_stopped_rank_is_named() {
    for role in ["all_reduce", "recv", "connect"] {
        befalls(4, role, Fault::Signal("-STOP"));
    }
}

#[test]
fn a_rank_that_is_cut_off_is_named() {
    for role in ["all_reduce", "recv", "connect"] {
        match Namespace::new() {
            Ok(namespace) => befalls(3, role, Fault::CutOff(&namespace)),
            Err(why) => println!("skipped: {why}"),
        }
    }
}

/// `cargo test --release -p rlx-mlx-collectives --test faults -- --ignored a_hundred_faults`
#[test]
#[ignore = "takes minutes"]
fn a_hundred_faults_in_a_row() {
    for round in 0..100 {
        let role = ["all_reduce", "recv", "connect"][round % 3];
        let namespace = if round % 7 == 0 { Namespace::new().ok() } else { None };
        let signal = Fault::Signal(["-KILL", "-STOP"][round / 3 % 2]);
        befalls(2 + round % 3 + usize::from(role == "connect"), role, namespace.as_ref().map_or(signal, Fault::CutOff));
    }
}
