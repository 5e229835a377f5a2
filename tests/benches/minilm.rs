//! all-MiniLM-L6-v2 through `rlx-run embed`, on the plugin and on rlx-cpu: one text of 128 tokens, and eight; and the one
//! beside one and two processes that are always busy, as a machine is that has other work.
//!
//! The two take turns, each in a program of its own, so that both meet the same machine; each figure is the median over the
//! programs. `first run / median` tells what the first run after compile still had to prepare.
//! `cargo xtask bench -- --bench minilm` prints a table, with `-- --json` JSON.
#![allow(clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use comfy_table::{CellAlignment, Table, presets};
use rlx_mlx_tests::rlx_run;
use serde_json::{Value, json};
use std::process::{Child, Command};

/// Programs for each figure, and runs in each.
const ROUNDS: usize = 3;
const RUNS: &str = "15";

const BACKENDS: [&str; 2] = ["mlx", "cpu"];

/// Texts, and busy processes beside them.
const SITUATIONS: [(usize, usize); 4] = [(1, 0), (8, 0), (1, 1), (1, 2)];

/// A process that is always busy, until this is dropped.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let this = std::env::current_exe().expect("the path of this program");
        Self(Command::new(this).env(BE_BUSY, "1").spawn().expect("this program once more"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // Nothing to lose in it; one that has ended is no failure of the benchmark.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The environment variable that makes this program a busy process.
const BE_BUSY: &str = "RLX_BENCH_BE_BUSY";

/// Milliseconds.
struct Figures {
    compile: f64,
    first: f64,
    median: f64,
}

fn main() {
    if std::env::var_os(BE_BUSY).is_some() {
        loop {
            std::hint::spin_loop();
        }
    }
    let json_wanted = std::env::args().any(|arg| arg == "--json");
    let mut rows = Vec::new();
    for (texts, busy) in SITUATIONS {
        let _busy: Vec<Busy> = (0..busy).map(|_| Busy::start()).collect();
        for (backend, figures) in BACKENDS.into_iter().zip(compare(texts)) {
            rows.push((format!("{texts}x128"), busy, backend, figures));
        }
    }
    if json_wanted {
        let rows = rows.iter().map(|(shape, busy, backend, Figures { compile, first, median })| {
            json!({ "shape": shape, "busy_processes": busy, "backend": backend, "compile_ms": compile, "first_run_ms": first,
                    "median_ms": median, "first_to_median": first / median })
        });
        println!("{:#}", json!({ "minilm": rows.collect::<Vec<_>>() }));
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "MiniLM",
        "busy beside",
        "backend",
        "compile, ms",
        "first run, ms",
        "median, ms",
        "first run / median",
    ]);
    for (shape, busy, backend, Figures { compile, first, median }) in rows {
        let ms = [compile, first, median].map(|ms| format!("{ms:.1}"));
        let ratio = format!("{:.2}", first / median);
        table.add_row([shape, busy.to_string(), backend.to_owned()].into_iter().chain(ms).chain([ratio]));
    }
    table.column_iter_mut().skip(3).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    println!("{table}");
}

/// The figures of each backend.
fn compare(texts: usize) -> [Figures; 2] {
    let mut reports: [Vec<Value>; 2] = Default::default();
    for round in 1..=ROUNDS {
        for (backend, reports) in BACKENDS.into_iter().zip(&mut reports) {
            eprintln!("measuring {texts}x128 on {backend}, round {round} of {ROUNDS}");
            reports.push(embed(backend, texts));
        }
    }
    reports.map(|reports| {
        let figure = |key: &str| median(reports.iter().map(|r| r[key].as_f64().expect("a number")).collect());
        Figures { compile: figure("compile_ms"), first: figure("first_run_ms"), median: figure("median_ms") }
    })
}

/// The report of one program. Each text is longer than 128 tokens, and cut there.
fn embed(backend: &str, texts: usize) -> Value {
    let text = "The quick brown fox jumps over the lazy dog, again and again. ".repeat(12);
    let mut command = rlx_run::command(["embed", "--json", "--backend", backend, "--max-length", "128"]);
    command.args(["--repeat", RUNS, "--model"]).arg(rlx_run::model()).args(vec![text; texts]);
    rlx_run::json(&mut command)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
