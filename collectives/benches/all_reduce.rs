//! Sums over ranks on the loopback interface, beside MLX's ring: microseconds, and GB/s of bus bandwidth as nccl-tests counts
//! it (2 (n - 1) / n times the bytes of the operand).
//!
//! `PYTHONPATH=FOLDER cargo bench -p rlx-mlx-collectives --bench all_reduce -- [RANKS]`, where the folder has MLX's Python
//! wheel. Processes of both take turns; each number is the least of three runs'
//! tenth percentiles, which other work on the machine disturbs least.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rlx_mlx_collectives::{Element, Group, HOSTFILE, Peers, RANK, Reduction};

/// How long each size is measured, in seconds.
const SECONDS: f64 = 0.3;
const ROUNDS: usize = 3;
const DEADLINE: Duration = Duration::from_secs(60);

/// Bytes, separated by commas, where not all sizes are wanted.
const SIZES: &str = "RLX_BENCH_BYTES";

/// Bytes: none for a barrier, then 1 KB to 64 MB.
fn sizes() -> Vec<usize> {
    let given = std::env::var(SIZES).ok();
    match given.filter(|given| !given.is_empty()) {
        Some(given) => given.split(',').map(|size| size.parse().expect("a number of bytes")).collect(),
        None => [0].into_iter().chain((0..9).map(|step| 1024 << (2 * step))).collect(),
    }
}

fn main() {
    if std::env::var_os(RANK).is_some() {
        return rank();
    }
    let size = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(2);
    let this = std::env::current_exe().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/mlx_ring.py");
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..ROUNDS {
        run(size, || Command::new(&this), &mut ours);
        run(
            size,
            || {
                let mut python = Command::new("python3");
                python.arg(script).arg(SECONDS.to_string()).args(sizes().iter().map(usize::to_string));
                python
            },
            &mut theirs,
        );
    }
    println!(
        "{size} ranks\n{:>10} {:>12} {:>12} {:>9} {:>9} {:>7}",
        "bytes", "us", "us of MLX", "GB/s", "MLX", "times"
    );
    for (bytes, time) in &ours {
        let bus = |time: f64| *bytes as f64 * 2.0 * (size - 1) as f64 / size as f64 / time / 1e9;
        let mlx = theirs.get(bytes).copied().unwrap_or(f64::NAN);
        let name = if *bytes == 0 { "barrier".to_owned() } else { bytes.to_string() };
        println!(
            "{name:>10} {:>12.1} {:>12.1} {:>9.2} {:>9.2} {:>7.2}",
            time * 1e6,
            mlx * 1e6,
            bus(*time),
            bus(mlx),
            mlx / time
        );
    }
}

/// Runs one rank each of `command` and keeps the least times that the first prints.
fn run(size: usize, command: impl Fn() -> Command, least: &mut BTreeMap<usize, f64>) {
    let listeners: Vec<TcpListener> = (0..size).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<_> = listeners.iter().map(|listener| [listener.local_addr().unwrap()]).collect();
    drop(listeners);
    let mut hostfile = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&mut hostfile, &addresses).unwrap();
    let start = |rank: usize| {
        let mut command = command();
        command.env(RANK, rank.to_string()).env(HOSTFILE, hostfile.path());
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut ranks: Vec<_> = (0..size).map(start).collect();
    let mut text = String::new();
    ranks[0].stdout.take().unwrap().read_to_string(&mut text).unwrap();
    for rank in &mut ranks {
        if !rank.wait().unwrap().success() {
            println!("a rank failed; MLX's need PYTHONPATH with its wheel");
        }
    }
    for (bytes, time) in text.lines().filter_map(|line| line.split_once(' ')) {
        let (bytes, time) = (bytes.parse().unwrap(), time.parse().unwrap());
        least.entry(bytes).and_modify(|least: &mut f64| *least = least.min(time)).or_insert(time);
    }
}

/// One rank of this engine.
fn rank() {
    let peers = Peers::from_env().unwrap().unwrap();
    let group = Group::connect(&peers, DEADLINE).unwrap();
    for size in sizes() {
        let mut data = vec![0; size];
        let mut call = || {
            let start = Instant::now();
            if data.is_empty() {
                group.barrier(DEADLINE).unwrap();
            } else {
                group.all_reduce(Reduction::Sum, Element::F32, &mut data, DEADLINE).unwrap();
            }
            start.elapsed().as_secs_f64()
        };
        let first = (0..5).map(|_| call()).fold(f64::INFINITY, f64::min);
        // Both ranks have to make as many calls.
        let mut calls = ((SECONDS / first) as u64).max(5).to_ne_bytes();
        group.all_reduce(Reduction::Max, Element::U64, &mut calls, DEADLINE).unwrap();
        let mut times: Vec<f64> = (0..u64::from_ne_bytes(calls)).map(|_| call()).collect();
        times.sort_by(f64::total_cmp);
        if group.rank() == 0 {
            println!("{size} {}", times[times.len() / 10]);
        }
    }
}
