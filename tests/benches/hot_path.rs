//! What one run costs that computes next to nothing: the sum of two one-element arrays from host memory, through host-api
//! and the plugin, beside the same graph built, evaluated and read with MLX's C++ API (`bare_add.cpp`).
//!
//! On one core and on all: MLX evaluates on a thread of its own, and waking it on another core takes longer than the rest.
//! Each figure is the median of several programs, which take turns, so that both meet the same machine.
//! `cargo xtask bench -- --bench hot_path` prints a table, with `-- --json` JSON.
#![allow(clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use comfy_table::{CellAlignment, Table, presets};
use rlx_mlx_tests::plugin;
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const ADD: &str = "rlxmodel 1
opset 1
graph @add {
  %a = input : f32[1]
  %b = input : f32[1]
  %sum = Binary(Add) %a, %b : f32[1]
  return %sum
}
";

/// How long one program measures.
const MEASURE: Duration = Duration::from_secs(1);

/// Programs for each figure.
const ROUNDS: usize = 5;

/// Asks this program for the plugin's figure.
const ONLY_PLUGIN: &str = "--only-plugin";

fn main() {
    let asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    if asked(ONLY_PLUGIN) {
        println!("{}", plugin_microseconds());
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut figures = vec![("1".to_owned(), compare(true))];
    if cores > 1 {
        figures.push((cores.to_string(), compare(false)));
    }
    if asked("--json") {
        let rows = figures.iter().map(|(cores, Figures { bare, plugin })| {
            json!({ "cores": cores, "bare_us": bare, "plugin_us": plugin, "ratio": plugin / bare })
        });
        println!("{:#}", json!({ "add_f32_1": rows.collect::<Vec<_>>() }));
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["add f32 [1], one run, cores", "MLX in C++, µs", "plugin, µs", "plugin / C++"]);
    for (cores, Figures { bare, plugin }) in figures {
        table.add_row([cores, format!("{bare:.1}"), format!("{plugin:.1}"), format!("{:.2}", plugin / bare)]);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    println!("{table}");
}

/// Medians in microseconds.
struct Figures {
    bare: f64,
    plugin: f64,
}

fn compare(on_one_core: bool) -> Figures {
    let bare =
        std::env::var_os("RLX_BENCH_BARE_ADD").expect("`cargo xtask bench` builds bare_add and says where it is");
    let this = std::env::current_exe().expect("a path of this program");
    let mut times = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        eprintln!("measuring on {}, round {round} of {ROUNDS}", if on_one_core { "one core" } else { "all cores" });
        times[0].push(figure(PathBuf::from(&bare), &[], on_one_core));
        times[1].push(figure(this.clone(), &[ONLY_PLUGIN], on_one_core));
    }
    let [bare, plugin] = times.map(median);
    Figures { bare, plugin }
}

/// The number that a program prints. The tool `taskset` keeps it, with all its threads, on one core.
fn figure(program: PathBuf, args: &[&str], on_one_core: bool) -> f64 {
    let mut command = if on_one_core { Command::new("taskset") } else { Command::new(&program) };
    if on_one_core {
        command.args(["--cpu-list", "0"]).arg(&program);
    }
    let output = command.args(args).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of microseconds")
}

fn plugin_microseconds() -> f64 {
    let mut executable = plugin::compile_text(ADD, "compiled").expect("compiles");
    let (a, b) = (1.5f32.to_le_bytes(), 2.0f32.to_le_bytes());
    let mut sum = [0; 4];
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < MEASURE {
        let begin = Instant::now();
        executable.run(&[&a, &b], &mut [Some(&mut sum)]).expect("runs");
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        assert_eq!(f32::from_le_bytes(sum), 3.5, "the sum is wrong");
    }
    median(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
