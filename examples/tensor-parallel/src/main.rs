//! A tensor-parallel pair of linear layers, as in Megatron-LM: each rank has half of the columns of the first weight and half of
//! the rows of the second, or as much less as there are more ranks, and one all-reduce adds up what they give.
//!
//! Every rank also computes the whole alone, to compare.

use rlx_host_api::collectives::{GroupOptions, Sharded, shard};
use rlx_host_api::discovery::Registry;
use rlx_host_api::{Backend, BackendOptions, CompileOptions, Error, Executable, TensorInfo, TensorView};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, Graph, Op, Shape, rlxmodel};
use std::process::ExitCode;

/// Rows of the input, its width, and the width between the layers.
const SIZES: [usize; 3] = [8, 64, 256];
/// How far the ranks' sum may be from the whole: it is a sum in another order.
const TOLERANCE: f32 = 1e-5;

/// `gelu(x · w1 + b1) · w2 + b2`, as one process would compute it.
fn graph() -> Graph {
    let [rows, width, wide] = SIZES;
    let shape = |dims: &[usize]| Shape::new(dims, DType::F32);
    let mut g = Graph::new("layers");
    let x = g.input("x", shape(&[rows, width]));
    let w1 = g.param("w1", shape(&[width, wide]));
    let b1 = g.param("b1", shape(&[wide]));
    let w2 = g.param("w2", shape(&[wide, width]));
    let b2 = g.param("b2", shape(&[width]));
    let first = g.matmul(x, w1, shape(&[rows, wide]));
    let biased = g.add_node(Op::Binary(BinaryOp::Add), vec![first, b1], shape(&[rows, wide]));
    let active = g.add_node(Op::Activation(Activation::Gelu), vec![biased], shape(&[rows, wide]));
    let second = g.matmul(active, w2, shape(&[rows, width]));
    let y = g.add_node(Op::Binary(BinaryOp::Add), vec![second, b2], shape(&[rows, width]));
    g.set_outputs(vec![y]);
    g
}

/// Numbers between -0.1 and 0.1, the same on every rank.
fn values(count: usize, seed: usize) -> Vec<u8> {
    let at = |i: usize| (((i * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5) / 5.0;
    (0..count).flat_map(|i| at(i).to_le_bytes()).collect()
}

fn compile(backend: &Backend, graph: &Graph) -> Result<Executable, Error> {
    let text = rlxmodel::to_text(graph).map_err(|error| Error::invalid(error.to_string()))?;
    backend.compile(text.as_bytes(), &CompileOptions::new())
}

/// Sets all parameters, or this rank's parts of them; says what shapes the weights have.
fn set_params(executable: &mut Executable, whole: &[TensorInfo], part: Option<&Sharded>) -> Result<String, Error> {
    let mut weights = Vec::new();
    for (seed, TensorInfo { name, dtype, dims }) in whole.iter().enumerate() {
        let data = values(dims.iter().product::<i64>() as usize, seed);
        let view = TensorView { dtype: *dtype, dims, data: &data };
        let (dims, data) = match part {
            Some(sharded) => sharded.part(name, view)?,
            None => (dims.clone(), data),
        };
        executable.set_param(name, TensorView { dtype: *dtype, dims: &dims, data: &data })?;
        if dims.len() == 2 {
            weights.push(format!("{name} {dims:?}"));
        }
    }
    Ok(weights.join(", "))
}

fn run(executable: &mut Executable) -> Result<Vec<f32>, Error> {
    let output = executable.run_to_vec(&[&values(SIZES[0] * SIZES[1], 99)])?.pop().unwrap_or_default();
    Ok(output.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn compare() -> Result<String, Error> {
    let backend = Registry::from_env().find("mlx")?.create(&BackendOptions::new())?;
    let group = backend.init_group(&GroupOptions::new())?;
    // Collective ops of programs that are compiled from now on go through it.
    group.register()?;

    let whole = graph();
    let sharded = shard(&whole, &["w1"], group.rank(), group.size())?;
    let is_collective = |op: &Op| matches!(op, Op::Custom { .. });
    let reductions = sharded.graph().nodes().iter().filter(|node| is_collective(&node.op)).count();

    let mut own = compile(&backend, sharded.graph())?;
    let mut alone = compile(&backend, &whole)?;
    let params = alone.params().to_vec();
    set_params(&mut alone, &params, None)?;
    let weights = set_params(&mut own, &params, Some(&sharded))?;

    let (found, wanted) = (run(&mut own)?, run(&mut alone)?);
    let worst = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    if found.len() != wanted.len() || worst.is_nan() || worst > TOLERANCE {
        return Err(Error::invalid(format!("rank {} is {worst:e} off what one process computes", group.rank())));
    }
    // No rank ends while another needs it.
    group.barrier()?;
    let (rank, ranks) = (group.rank(), group.size());
    Ok(format!("rank {rank} of {ranks}: {weights}; {reductions} all-reduce; within {TOLERANCE:e} of one process"))
}

fn main() -> ExitCode {
    match compare() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
