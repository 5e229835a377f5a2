//! What it costs that a kernel is a node of a graph.
//!
//! * Host kernels: a sparse LU solution and a sparse product of 10,000 equations, beside calls of the same functions. Once
//!   the operands lie in host memory and the result is delivered there, once they stay with the plugin, as between other
//!   ops.
//! * A composed kernel that does nothing, between two ordinary ops: the run with it, less the run without. On one core and
//!   on all, as in `hot_path`. On all, MLX's threads wake each other in patterns that last as long as a program and differ
//!   by more than a kernel could cost: compare the ranges.
//!
//! What is compared takes turns, the former call by call, the latter in programs of their own, so that both meet the same
//! machine. Figures are medians, of ratios where they are relative, and with the range of the programs.
//! `cargo xtask bench -- --bench custom_kernels` prints tables, with `-- --json` JSON.
#![allow(clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use comfy_table::{CellAlignment, Table, presets};
use rlx_host_api::kernel::{Kernel, TensorViewMut};
use rlx_host_api::{CompileOptions, Executable, TensorInfo, TensorView};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{self, backend};
use rlx_mlx_tests::sparse::kernels::{add_product, add_solve, input, product, register, solution};
use rlx_mlx_tests::sparse::{Matrix, Ordering};
use rlx_mlx_tests::tensor::Tensor;
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

/// Points along a side of the grid that the equations come from.
const SIDE: usize = 100;

/// Right-hand sides.
const WIDTH: usize = 16;

/// How long a host kernel and the function behind it are compared.
const COMPARE: Duration = Duration::from_secs(10);

/// How long a program measures a kernel that does nothing, and programs for each figure.
const MEASURE: Duration = Duration::from_millis(500);
const ROUNDS: usize = 9;

/// Asks this program for the microseconds of a run with that kernel, or with none.
const ONLY_NOTHING: &str = "--only-nothing";
const NONE: &str = "none";

/// Composed kernels that do nothing: the same array, and a node over the same elements.
const NOTHING: [&str; 2] = ["reshape", "copy"];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == ONLY_NOTHING) {
        println!("{}", nothing(&args[at + 1]));
        return;
    }
    let sparse = sparse();
    let nothing = nothing_in_programs();
    if args.iter().any(|arg| arg == "--json") {
        let sparse = sparse.iter().map(|(kernel, operands, compared)| {
            json!({ "kernel": kernel, "operands": operands, "direct_ms": compared.call_ms, "plugin_ms": compared.run_ms,
                    "overhead": compared.overhead })
        });
        let nothing = nothing.iter().map(|(kernel, cores, [with, without])| {
            json!({ "kernel": kernel, "cores": cores, "without_us": without.json(), "with_us": with.json(),
                    "overhead_us": with.median - without.median })
        });
        let (sparse, nothing): (Vec<_>, Vec<_>) = (sparse.collect(), nothing.collect());
        println!("{:#}", json!({ "sparse_10000": sparse, "composed_no_op": nothing }));
        return;
    }
    let rows = sparse.into_iter().map(|(kernel, operands, compared)| {
        let [run_ms, call_ms] = [compared.run_ms, compared.call_ms].map(|ms| format!("{ms:.2}"));
        [kernel.to_owned(), operands.to_owned(), call_ms, run_ms, format!("{:+.1} %", compared.overhead * 1e2)]
    });
    print(["10,000 rows, f64", "operands with", "called, ms", "kernel, ms", "overhead"], rows);
    let rows = nothing.into_iter().map(|(kernel, cores, [with, without])| {
        let overhead = format!("{:+.2} µs", with.median - without.median);
        [kernel.to_owned(), cores.to_string(), without.to_string(), with.to_string(), overhead]
    });
    print(["composed, does nothing", "cores", "without, µs", "with, µs", "overhead"], rows);
}

fn print(header: [&str; 5], rows: impl Iterator<Item = [String; 5]>) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    table.add_rows(rows);
    table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    println!("{table}");
}

/// A kernel, where its operands are, and how it compares.
type Row = (&'static str, &'static str, Compared);

fn sparse() -> Vec<Row> {
    register(backend()).expect("the kernels are complete");
    let matrix = Matrix::wind(SIDE);
    let b = Tensor::random(&[SIDE * SIDE, WIDTH], 1).to(DType::F64);
    let mut rows = Vec::new();
    for (kernel, solves, multiplies) in
        [("LU solution", true, false), ("product", false, true), ("product of the solution", true, true)]
    {
        let mut case = Case::new();
        let operands = input(&mut case, &matrix);
        let mut vectors = case.input(&b);
        if solves {
            vectors = add_solve(&mut case, operands, Ordering::Natural, vectors);
        }
        if multiplies {
            vectors = add_product(&mut case, operands, vectors);
        }
        let case = case.outputs(&[vectors]);
        // A result goes to the host or stays with the plugin, as a function gives it once.
        let options = CompileOptions::new().set("mode", "compiled").set("keep_outputs", false);
        let mut executable = plugin::compile_with(backend(), &case, &options).expect("compiles");
        let inputs = plugin::input_bytes(&case, &executable);
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();

        let infos = executable.inputs().to_vec();
        let views =
            infos.iter().zip(&inputs).map(|(info, data)| TensorView { dtype: info.dtype, dims: &info.dims, data });
        let views: Vec<TensorView<'_>> = views.collect();
        let vectors = &infos[3];
        let (mut x, mut y) = (vec![0; inputs[3].len()], vec![0; inputs[3].len()]);
        let mut call = || {
            let mut operands = [views[0], views[1], views[2], views[3]];
            if solves {
                solution(Ordering::Natural, &operands, room(vectors, &mut x).values().expect("f64"))
                    .expect("a regular matrix");
                operands[3].data = &x;
            }
            if multiplies {
                product(&operands, room(vectors, &mut y).values().expect("f64")).expect("shapes that fit");
            }
        };

        eprintln!("measuring {kernel}");
        let mut bytes = vec![0; inputs[3].len()];
        let host = compare(|| executable.run(&inputs, &mut [Some(&mut bytes)]).expect("runs"), &mut call);
        rows.push((kernel, "host", host));
        reside(&mut executable, &inputs);
        let kept = compare(|| executable.run(&[&[][..]; 4], &mut [None]).expect("runs"), &mut call);
        rows.push((kernel, "plugin", kept));
        assert!(*(if multiplies { &y } else { &x }) == bytes, "the kernel gave another result than the function");
    }
    rows
}

/// Memory for a result.
fn room<'a>(info: &'a TensorInfo, data: &'a mut [u8]) -> TensorViewMut<'a> {
    TensorViewMut { dtype: info.dtype, dims: &info.dims, data }
}

/// Has the plugin keep the inputs.
fn reside(executable: &mut Executable, inputs: &[&[u8]]) {
    for (i, data) in inputs.iter().enumerate() {
        let info = executable.inputs()[i].clone();
        let view = TensorView { dtype: info.dtype, dims: &info.dims, data };
        executable.bind_resident(i, Some(view)).expect("of the input's shape");
    }
}

/// A run beside a call.
struct Compared {
    run_ms: f64,
    call_ms: f64,
    /// Of the run over the call that followed it.
    overhead: f64,
}

/// Both in turns; medians.
fn compare(mut run: impl FnMut(), mut call: impl FnMut()) -> Compared {
    let [mut runs, mut calls, mut ratios] = [const { Vec::new() }; 3];
    let start = Instant::now();
    while start.elapsed() < COMPARE {
        let (run, call) = (microseconds(&mut run), microseconds(&mut call));
        runs.push(run);
        calls.push(call);
        ratios.push(run / call);
    }
    Compared { run_ms: median(runs) / 1e3, call_ms: median(calls) / 1e3, overhead: median(ratios) - 1.0 }
}

fn microseconds(call: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    call();
    start.elapsed().as_secs_f64() * 1e6
}

/// For each kernel that does nothing and number of cores, microseconds of a run with and without.
fn nothing_in_programs() -> Vec<(&'static str, usize, [Programs; 2])> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rows = Vec::new();
    for cores in if all > 1 { vec![1, all] } else { vec![1] } {
        let [mut reshape, mut copy, mut none] = [const { Vec::new() }; 3];
        for round in 1..=ROUNDS {
            eprintln!("measuring on {cores} cores, round {round} of {ROUNDS}");
            for (kernel, times) in NOTHING.into_iter().chain([NONE]).zip([&mut reshape, &mut copy, &mut none]) {
                times.push(in_a_program(kernel, cores == 1));
            }
        }
        let none = Programs::new(none);
        rows.extend(
            NOTHING.into_iter().zip([reshape, copy]).map(|(kernel, with)| (kernel, cores, [Programs::new(with), none])),
        );
    }
    rows
}

/// The same figure of several programs.
#[derive(Clone, Copy)]
struct Programs {
    median: f64,
    low: f64,
    high: f64,
}

impl Programs {
    fn new(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self { median: figures[figures.len() / 2], low: figures[0], high: figures[figures.len() - 1] }
    }

    fn json(self) -> serde_json::Value {
        json!({ "median": self.median, "low": self.low, "high": self.high })
    }
}

impl std::fmt::Display for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} ({:.1} to {:.1})", self.median, self.low, self.high)
    }
}

/// The tool `taskset` keeps a program, with all its threads, on one core.
fn in_a_program(kernel: &str, on_one_core: bool) -> f64 {
    let this = std::env::current_exe().expect("a path of this program");
    let mut command = if on_one_core { Command::new("taskset") } else { Command::new(&this) };
    if on_one_core {
        command.args(["--cpu-list", "0"]).arg(&this);
    }
    let output = command.args([ONLY_NOTHING, kernel]).output().expect("a program that starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of microseconds")
}

/// Microseconds of `(x + x) * x`, with a kernel that does nothing between the ops.
fn nothing(kernel: &str) -> f64 {
    let same = kernel == "reshape";
    let built = Kernel::composed_fn(kernel, move |_, ops, inputs| match same {
        true => ops.reshape(inputs[0], &inputs[0].dims()?),
        false => ops.copy(inputs[0]),
    });
    backend().register_kernel(built).expect("the kernel is complete");
    let x = Tensor::random(&[16], 1);
    let mut case = Case::new();
    let input = case.input(&x);
    let mut add = |op, operands: &[_]| case.add(op, operands, &[16], DType::F32);
    let mut sum = add(Op::Binary(BinaryOp::Add), &[input, input]);
    if kernel != NONE {
        sum = add(Op::Custom { name: kernel.to_owned(), num_inputs: 1, attrs: Vec::new() }, &[sum]);
    }
    let product = add(Op::Binary(BinaryOp::Mul), &[sum, input]);
    let mut executable = plugin::compile(&case.outputs(&[product]), "compiled").expect("compiles");

    let (data, want) = (x.bytes(), x.map(|x| (x + x) * x).bytes());
    let mut product = [0; 64];
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < MEASURE {
        times.push(microseconds(&mut || executable.run(&[&data], &mut [Some(&mut product)]).expect("runs")));
        assert_eq!(product.as_slice(), want, "the product is wrong");
    }
    median(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
