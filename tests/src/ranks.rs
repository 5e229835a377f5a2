//! Ranks of a group: processes of `collectives-rank`, over loopback.

mod fault;

pub use fault::{FAILED, Fault};

use crate::plugin::folder;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How one rank ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// What it wrote to its standard output and error.
    pub text: String,
    /// When, since all were started.
    pub after: Duration,
}

/// Addresses on which nobody listens, one for each rank.
pub fn hostfile(ranks: usize) -> String {
    let listeners: Vec<_> = (0..ranks).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let addresses: Vec<_> = listeners.iter().map(|it| vec![it.local_addr().expect("an address").to_string()]).collect();
    serde_json::to_string(&addresses).expect("JSON")
}

/// The longest that ranks of a test run.
const PATIENCE: Duration = Duration::from_secs(240);

/// Runs a scenario of `program` on so many ranks, to its end.
pub fn run(program: &str, ranks: usize, scenario: &[&str], patience: Duration) -> Vec<Ended> {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts.json");
    fs::write(&hosts, hostfile(ranks)).expect("a hostfile");
    let start = Instant::now();
    let command = |rank: usize| {
        let mut command = Command::new(program);
        command.args(scenario).env("MLX_RANK", rank.to_string()).env("MLX_HOSTFILE", &hosts);
        command
    };
    let children: Vec<Child> = (0..ranks).map(|rank| started(command(rank))).collect();
    let waits: Vec<_> = children.into_iter().map(|child| thread::spawn(move || wait(child, start, patience))).collect();
    waits.into_iter().map(|wait| wait.join().expect("a thread that waits")).collect()
}

fn started(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    command.env("RLX_TEST_PLUGIN_DIR", folder()).env("RLX_PLUGIN_ALLOW_UNTRUSTED", "1");
    command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

/// Waits for the end of a child, or ends it.
fn wait(mut child: Child, start: Instant, patience: Duration) -> Ended {
    let mut pipes: Vec<Box<dyn Read + Send>> = Vec::new();
    pipes.extend(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    pipes.extend(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let readers: Vec<_> = pipes
        .into_iter()
        .map(|mut pipe| {
            thread::spawn(move || {
                let mut text = String::new();
                let _ = pipe.read_to_string(&mut text);
                text
            })
        })
        .collect();
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if start.elapsed() > patience => {
                child.kill().expect("a child to end");
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let after = start.elapsed();
    let text = readers.into_iter().map(|reader| reader.join().expect("a reader")).collect();
    Ended { status, text, after }
}

/// Runs a scenario on so many ranks, all of which succeed.
pub fn succeed(program: &str, ranks: usize, scenario: &[&str]) {
    succeed_within(program, ranks, scenario, PATIENCE);
}

/// The same of one that takes its time.
pub fn succeed_within(program: &str, ranks: usize, scenario: &[&str], patience: Duration) {
    let ended = run(program, ranks, scenario, patience);
    let failed: Vec<_> = ended.iter().enumerate().filter(|(_, it)| !it.status.success()).collect();
    assert!(failed.is_empty(), "{scenario:?} over {ranks} ranks: {failed:#?}");
}

/// Whether there is such a process. One that nobody has waited for is none.
fn is_there(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits until none of these processes is there.
pub fn assert_gone(pids: &[String]) {
    assert!(!pids.is_empty());
    let started = Instant::now();
    while let Some(pid) = pids.iter().find(|pid| is_there(pid)) {
        assert!(started.elapsed() < PATIENCE, "process {pid} of {pids:?} is left");
        thread::sleep(Duration::from_millis(5));
    }
}
