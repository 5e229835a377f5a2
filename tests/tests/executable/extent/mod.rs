//! Runs of the first rows: the same values, without a new trace, and what becomes of the other rows.

mod independent;
mod mixing;
mod runs;

use rlx_host_api::{ActiveExtent, Executable};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{compile, input_bytes};
use rlx_mlx_tests::tensor::Tensor;

/// The rows of the values in these tests.
const ROWS: usize = 7;

/// What the host's memory for outputs holds before a run.
const UNTOUCHED: u8 = 0x5A;

fn rows(actual: usize) -> Option<ActiveExtent> {
    Some(ActiveExtent { actual, upper: ROWS })
}

/// A run into memory that holds something else.
fn run(executable: &mut Executable, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<u8>> = executable.outputs().iter().map(|o| vec![UNTOUCHED; o.byte_len()]).collect();
    let mut places: Vec<Option<&mut [u8]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
    executable.run(&inputs, &mut places).unwrap();
    outputs
}

/// The outputs of a run of `actual` rows, of those of the whole.
fn first_rows(executable: &Executable, whole: &[Vec<u8>], actual: usize) -> Vec<Vec<u8>> {
    let cut = |(info, whole): (&rlx_host_api::TensorInfo, &Vec<u8>)| {
        let mut data = whole.clone();
        if info.dims.first() == Some(&(ROWS as i64)) {
            data[whole.len() / ROWS * actual..].fill(UNTOUCHED);
        }
        data
    };
    executable.outputs().iter().zip(whole).map(cut).collect()
}

/// Compiles in `mode` and binds what `params` names.
fn compiled(case: &Case, params: &[(&str, Tensor)], mode: &str) -> (Executable, Vec<Vec<u8>>) {
    let mut executable = compile(case, mode).unwrap_or_else(|e| panic!("{mode}: {e}\n{}", case.graph));
    for (name, value) in params {
        let dims: Vec<i64> = value.dims.iter().map(|&d| d as i64).collect();
        let data = value.bytes();
        executable
            .set_param(name, rlx_host_api::TensorView { dtype: value.dtype.into(), dims: &dims, data: &data })
            .unwrap();
    }
    let inputs = input_bytes(case, &executable);
    (executable, inputs)
}

fn constant(case: &mut Case, value: &Tensor) -> NodeId {
    case.add(Op::Constant { data: value.bytes() }, &[], &value.dims, value.dtype)
}

/// Random f32 values of this shape, as a constant.
fn random(case: &mut Case, dims: &[usize], seed: u64) -> NodeId {
    constant(case, &Tensor::random(dims, seed))
}

/// A node of f32.
fn node(case: &mut Case, op: Op, inputs: &[NodeId], dims: &[usize]) -> NodeId {
    case.add(op, inputs, dims, DType::F32)
}
