//! A host with kernels of its own: registers one of each kind with the MLX plugin, runs a graph that uses them between
//! ordinary ops through rlx-runtime, checks every value and prints what computed it.

mod kernels;

use comfy_table::{ContentArrangement, Table, presets};
use kernels::{GATE, RECURRENCE, SQUARED_RELU};
use rlx_host_api::Error;
use rlx_host_api::runtime::{register_kernel, register_mlx};
use rlx_ir::{DType, Graph, GraphExt, OpExtension, Shape, register_op};
use rlx_runtime::{Device, Session};
use serde_json::json;
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;

const X: [f32; 8] = [1.0, -2.0, 0.5, 3.0, -1.5, 0.25, 2.0, -0.75];
const W: [f32; 16] = [0.5, -1.0, 2.0, 0.0, 1.0, 0.25, -0.5, 1.5, -2.0, 1.0, 0.0, 0.75, 0.0, -0.25, 1.0, -1.0];
/// The attribute of the recurrence.
const DECAY: f32 = 0.5;
/// What the graph computes, in order: name, op, operands.
const STEPS: [(&str, &str, &str); 6] = [
    ("mixed", "MatMul", "x, w"),
    ("activated", SQUARED_RELU, "mixed"),
    ("shifted", "Add", "activated, x"),
    ("summed", RECURRENCE, "shifted"),
    ("gated", GATE, "summed, x"),
    ("y", "Sub", "gated, x"),
];

/// An op as rlx-ir knows it: name, number of operands, and what the result looks like, here like the first operand. What
/// computes it is a backend's affair: on `Device::Mlx` the kernel of that name.
struct Elementwise(&'static str, usize);

impl OpExtension for Elementwise {
    fn name(&self) -> &str {
        self.0
    }

    fn num_inputs(&self) -> usize {
        self.1
    }

    fn infer_shape(&self, inputs: &[&Shape], _attrs: &[u8]) -> Shape {
        inputs[0].clone()
    }
}

/// All steps are outputs, so that each can be shown and checked.
fn graph() -> Graph {
    let mut g = Graph::new("custom-kernel");
    let x = g.input("x", Shape::new(&[2, 4], DType::F32));
    let w = g.param("w", Shape::new(&[4, 4], DType::F32));
    let mixed = g.mm(x, w);
    let activated = g.custom_op(SQUARED_RELU, vec![], vec![mixed]);
    let shifted = g.add(activated, x);
    let summed = g.custom_op(RECURRENCE, DECAY.to_le_bytes().to_vec(), vec![shifted]);
    let gated = g.custom_op(GATE, vec![], vec![summed, x]);
    let y = g.sub(gated, x);
    g.set_outputs(vec![mixed, activated, shifted, summed, gated, y]);
    g
}

/// The values of `STEPS`.
fn run() -> Result<Vec<Vec<f32>>, Error> {
    for (name, operands) in [(SQUARED_RELU, 1), (RECURRENCE, 1), (GATE, 2)] {
        register_op(Arc::new(Elementwise(name, operands)));
    }
    register_mlx()?;
    // Before the graph is compiled, which keeps the kernels that there are.
    for kernel in kernels::all() {
        register_kernel(kernel)?;
    }
    let mut compiled = Session::new(Device::Mlx).compile(graph());
    compiled.set_param("w", &W);
    compiled.try_run(&[("x", &X)]).map_err(|error| Error::invalid(error.to_string()))
}

/// Every step from those before it, in plain Rust.
fn check(values: &[Vec<f32>]) -> Result<(), Error> {
    let [mixed, activated, shifted, summed, gated, y] = values else {
        return Err(Error::fault(format!("{} outputs instead of {}", values.len(), STEPS.len())));
    };
    for (i, x) in X.into_iter().enumerate() {
        let (row, column) = (i / 4 * 4, i % 4);
        let last = if column > 0 { summed[i - 1] } else { 0.0 };
        let pairs = [
            (mixed[i], (0..4).map(|k| X[row + k] * W[k * 4 + column]).sum()),
            (activated[i], mixed[i].max(0.0).powi(2)),
            (shifted[i], activated[i] + x),
            (summed[i], shifted[i] + DECAY * last),
            (gated[i], summed[i] / (1.0 + (-x).exp())),
            (y[i], gated[i] - x),
        ];
        for ((found, want), (name, ..)) in pairs.into_iter().zip(STEPS) {
            let close = (found - want).abs() <= 1e-5 * f32::max(want.abs(), 1.0); // false for NaN
            if !close {
                return Err(Error::fault(format!("element {i} of `{name}` is {found} instead of {want}")));
            }
        }
    }
    Ok(())
}

fn print(values: &[Vec<f32>], as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let steps = STEPS.into_iter().zip(values).map(|((name, op, of), v)| (name, op, of, kernels::computed_by(op), v));
    if as_json {
        let steps = steps.map(|(name, op, of, by, v)| json!({"name": name, "op": op, "of": of, "by": by, "values": v}));
        return writeln!(out, "{:#}", json!({"x": X, "w": W, "decay": DECAY, "steps": steps.collect::<Vec<_>>()}));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["step", "op", "of", "computed by", "values"]);
    table.add_row(["x", "Input", "", "", &format!("{X:?}")]).add_row(["w", "Param", "", "", &format!("{W:?}")]);
    for (name, op, of, by, values) in steps {
        table.add_row([name, op, of, by, &format!("{values:?}")]);
    }
    writeln!(out, "{table}\nPlain Rust gives the same, to 1e-5.")
}

/// One line on standard error. Unlike `eprintln!` it does not panic where that cannot be written.
fn complain(error: &impl Display) {
    let _ = writeln!(std::io::stderr(), "error: {error}");
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let as_json = args == ["--json"];
    if !args.is_empty() && !as_json {
        complain(&"usage: rlx-custom-kernel [--json]");
        return ExitCode::from(2);
    }
    let values = match run().and_then(|values| check(&values).map(|()| values)) {
        Ok(values) => values,
        Err(error) => {
            complain(&error);
            return ExitCode::FAILURE;
        }
    };
    match print(&values, as_json) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("writing to standard output: {error}"));
            ExitCode::FAILURE
        }
        // A reader that has gone away (`| head`) is no failure.
        _ => ExitCode::SUCCESS,
    }
}
