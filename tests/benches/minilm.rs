//! all-MiniLM-L6-v2 through `rlx-run embed`, on the plugin and on rlx-cpu: one text of 128 tokens, and eight.
//!
//! The two take turns, each in a program of its own, so that both meet the same machine; each figure is the median over the
//! programs. `first run / median` tells what the first run after compile still had to prepare.
//! `cargo xtask bench -- --bench minilm` prints a table, with `-- --json` JSON.
#![allow(clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use comfy_table::{CellAlignment, Table, presets};
use rlx_mlx_tests::rlx_run;
use serde_json::{Value, json};

/// Programs for each figure, and runs in each.
const ROUNDS: usize = 3;
const RUNS: &str = "15";

const BACKENDS: [&str; 2] = ["mlx", "cpu"];

/// Milliseconds.
struct Figures {
    compile: f64,
    first: f64,
    median: f64,
}

fn main() {
    let json_wanted = std::env::args().any(|arg| arg == "--json");
    let mut rows = Vec::new();
    for texts in [1, 8] {
        for (backend, figures) in BACKENDS.into_iter().zip(compare(texts)) {
            rows.push((format!("{texts}x128"), backend, figures));
        }
    }
    if json_wanted {
        let rows = rows.iter().map(|(shape, backend, Figures { compile, first, median })| {
            json!({ "shape": shape, "backend": backend, "compile_ms": compile, "first_run_ms": first,
                    "median_ms": median, "first_to_median": first / median })
        });
        println!("{:#}", json!({ "minilm": rows.collect::<Vec<_>>() }));
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["MiniLM", "backend", "compile, ms", "first run, ms", "median, ms", "first run / median"]);
    for (shape, backend, Figures { compile, first, median }) in rows {
        let ms = [compile, first, median].map(|ms| format!("{ms:.1}"));
        let ratio = format!("{:.2}", first / median);
        table.add_row([shape, backend.to_owned()].into_iter().chain(ms).chain([ratio]));
    }
    table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
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
