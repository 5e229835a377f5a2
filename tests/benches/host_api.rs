//! What the boundary costs: discovery and load of the staged plugin folder in a fresh process, and one empty call
//! through the vtable.
//!
//! `cargo xtask bench -- --bench host_api`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use criterion::{BenchmarkId, Criterion};
use rlx_host_api::Error;
use rlx_host_api::discovery::{Registry, SearchPath};
use rlx_mlx_tests::plugin;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

/// Asks this program for the nanoseconds of one step, measured once: a plugin is loaded once a process.
const ONCE: &str = "--once";

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != ONCE);
    if let (Some(_), Some(step)) = (args.next(), args.next()) {
        println!("{}", once(&step).as_nanos());
        return;
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut group = criterion.benchmark_group("fresh process");
    for step in ["inspect", "load"] {
        group.bench_function(BenchmarkId::from_parameter(step), |b| {
            b.iter_custom(|runs| (0..runs).map(|_| in_a_child(step)).sum());
        });
    }
    group.finish();

    let loaded = registry().find("mlx").expect("the staged plugin");
    let mut group = criterion.benchmark_group("vtable");
    // The smallest slot: the plugin looks an extension up that it does not have.
    group.bench_function("empty call", |b| b.iter(|| black_box(&loaded).extension(black_box(""), 0)));
    group.finish();
    criterion.final_summary();
}

fn registry() -> Registry {
    Registry::new(SearchPath::new([plugin::folder()]))
}

/// `inspect` looks at the candidates and opens nothing; `load` also opens the best one and asks what it is.
fn once(step: &str) -> Duration {
    let start = Instant::now();
    match step {
        "inspect" => assert!(!registry().inspect().is_empty(), "a candidate"),
        "load" => registry().find("mlx").map(drop).unwrap_or_else(|e: Error| panic!("{e}")),
        other => panic!("no step `{other}`"),
    }
    start.elapsed()
}

fn in_a_child(step: &str) -> Duration {
    let exe = std::env::current_exe().expect("this program's path");
    let output = Command::new(exe).args([ONCE, step]).output().expect("a child");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Duration::from_nanos(text.trim().parse().expect("nanoseconds"))
}
