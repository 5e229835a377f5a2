//! f32 matmul 1024x1024 through the plugin: with OpenBLAS, with the reference BLAS that MLX's wheel was linked against,
//! and on rlx-cpu; and what one run of a graph costs that computes next to nothing.
//!
//! Every run takes its inputs from host memory and writes its output there. The figures are medians.
//! `cargo xtask bench` prints a table, `cargo xtask bench -- --bench matmul -- --json` JSON.
#![allow(clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use comfy_table::{CellAlignment, Table, presets};
use rlx_host_api::Executable;
use rlx_ir::{DType, Graph, GraphExt, Shape, rlxmodel};
use rlx_mlx_tests::plugin;
use rlx_runtime::{Device, Session};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const SIZE: usize = 1024;

/// One multiplication and one addition for each of the SIZE³ products.
const GFLOP: f64 = 2.0 * (SIZE * SIZE * SIZE) as f64 / 1e9;

/// How long each figure is measured, after a warm-up.
const MEASURE: Duration = Duration::from_secs(2);

/// Asks this program for one figure: the plugin's, with the BLAS that the process has.
const ONLY_PLUGIN: &str = "--only-plugin";

fn main() {
    let asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    if asked(ONLY_PLUGIN) {
        println!("{}", plugin_gflops());
        return;
    }
    let openblas = step("matmul through the plugin, OpenBLAS", plugin_gflops);
    let reference = reference_blas()
        .map(|library| step("matmul through the plugin, the wheel's reference BLAS", || plugin_gflops_with(&library)));
    let cpu = step("matmul on rlx-cpu", cpu_gflops);
    let lazy = step("add of one element, lazy", || add_microseconds("lazy"));
    let compiled = step("add of one element, compiled", || add_microseconds("compiled"));

    if asked("--json") {
        let report = json!({
            "matmul_f32_1024": {
                "plugin_openblas_gflops": openblas,
                "plugin_reference_blas_gflops": reference,
                "openblas_to_reference": reference.map(|reference| openblas / reference),
                "rlx_cpu_gflops": cpu,
            },
            "add_f32_1": { "lazy_us": lazy, "compiled_us": compiled },
        });
        println!("{report:#}");
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["matmul f32 1024x1024", "GFLOP/s", "OpenBLAS is"]);
    table.add_row(["plugin, OpenBLAS", &format!("{openblas:.1}"), ""]);
    let mut row = |name: &str, gflops: f64| {
        table.add_row([name.to_owned(), format!("{gflops:.1}"), format!("{:.1} times as fast", openblas / gflops)]);
    };
    if let Some(reference) = reference {
        row("plugin, the wheel's reference BLAS", reference);
    }
    row("rlx-cpu", cpu);
    let mut overhead = Table::new();
    overhead.load_style(presets::UTF8_FULL_CONDENSED).set_header(["add f32 [1], one run", "µs"]);
    overhead.add_row(["plugin, lazy", &format!("{lazy:.1}")]);
    overhead.add_row(["plugin, compiled", &format!("{compiled:.1}")]);
    for table in [&mut table, &mut overhead] {
        table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        println!("{table}");
    }
}

/// Says on standard error what is measured now.
fn step<T>(name: &str, measure: impl FnOnce() -> T) -> T {
    eprintln!("measuring: {name}");
    measure()
}

/// The median time of a call in seconds.
fn median(mut call: impl FnMut()) -> f64 {
    for _ in 0..3 {
        call();
    }
    let start = Instant::now();
    let mut times = Vec::new();
    while start.elapsed() < MEASURE {
        let begin = Instant::now();
        call();
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn matmul() -> Graph {
    let mut graph = Graph::new("matmul");
    let shape = Shape::new(&[SIZE, SIZE], DType::F32);
    let (a, b) = (graph.input("a", shape.clone()), graph.input("b", shape));
    let product = graph.mm(a, b);
    graph.set_outputs(vec![product]);
    graph
}

/// Both operands: small integers, so that every order of summation gives the same result; no 0, which some BLAS skip.
fn operand() -> Vec<f32> {
    (0..SIZE * SIZE).map(|i| (i % 7 + 1) as f32).collect()
}

/// A benchmark of wrong results would be worthless.
fn check_product(product: &[f32]) {
    let x = operand();
    let (row, column) = (SIZE - 1, 5);
    let expected: f32 = (0..SIZE).map(|k| x[row * SIZE + k] * x[k * SIZE + column]).sum();
    assert_eq!(product[row * SIZE + column], expected, "the product is wrong");
}

fn compile(graph: &Graph, mode: &str) -> Executable {
    plugin::compile_text(&rlxmodel::to_text(graph).expect("a graph that RLX can write"), mode).expect("compiles")
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn plugin_gflops() -> f64 {
    let mut executable = compile(&matmul(), "compiled");
    let x = bytes(&operand());
    let mut product = vec![0; x.len()];
    let seconds = median(|| executable.run(&[&x, &x], &mut [Some(&mut product)]).expect("runs"));
    let (values, _) = product.as_chunks();
    check_product(&values.iter().map(|value| f32::from_le_bytes(*value)).collect::<Vec<_>>());
    GFLOP / seconds
}

/// The reference BLAS beside libmlx, on Linux.
fn reference_blas() -> Option<PathBuf> {
    let files = plugin::folder().join("rlx_mlx").read_dir().ok()?;
    let mut paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libblas-")))
}

/// The plugin's figure when `blas` is what libmlx calls. The dynamic linker looks for a symbol among the preloaded
/// libraries before it looks into the plugin, so the plugin's forwarders to OpenBLAS are passed over.
fn plugin_gflops_with(blas: &PathBuf) -> f64 {
    let this = std::env::current_exe().expect("a path of this program");
    let output = Command::new(this).arg(ONLY_PLUGIN).env("LD_PRELOAD", blas).output().expect("starts itself");
    let (text, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // The linker goes on without a library that it cannot preload.
    assert!(output.status.success() && complaint.is_empty(), "with {}: {complaint}", blas.display());
    text.trim().parse().unwrap_or_else(|e| panic!("`{text}`: {e}"))
}

fn cpu_gflops() -> f64 {
    let mut compiled = Session::new(Device::Cpu).compile(matmul());
    let x = operand();
    let mut product = Vec::new();
    let seconds = median(|| product = compiled.run(&[("a", &x), ("b", &x)]));
    check_product(&product[0]);
    GFLOP / seconds
}

fn add_microseconds(mode: &str) -> f64 {
    let mut graph = Graph::new("add");
    let shape = Shape::new(&[1], DType::F32);
    let (a, b) = (graph.input("a", shape.clone()), graph.input("b", shape));
    let sum = graph.add(a, b);
    graph.set_outputs(vec![sum]);
    let mut executable = compile(&graph, mode);
    let (a, b) = (1.5f32.to_le_bytes(), 2.0f32.to_le_bytes());
    let mut sum = [0; 4];
    let seconds = median(|| executable.run(&[&a, &b], &mut [Some(&mut sum)]).expect("runs"));
    assert_eq!(f32::from_le_bytes(sum), 3.5, "the sum is wrong");
    seconds * 1e6
}
