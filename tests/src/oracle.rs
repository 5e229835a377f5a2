//! rlx-cpu through the published rlx-runtime, as an independent implementation of the same graph.

use crate::graph::Case;
use rlx_ir::Graph;
use rlx_runtime::{Device, Session};

/// The outputs of an f32 case on rlx-cpu.
pub fn run(case: &Case) -> Vec<Vec<f64>> {
    let inputs: Vec<(String, Vec<f32>)> = case
        .inputs
        .iter()
        .enumerate()
        .map(|(i, t)| (format!("x{i}"), t.values.iter().map(|&v| v as f32).collect()))
        .collect();
    run_graph(case.graph.clone(), &inputs)
}

/// The f32 outputs of a graph without parameters on rlx-cpu.
pub fn run_graph(graph: Graph, inputs: &[(String, Vec<f32>)]) -> Vec<Vec<f64>> {
    let mut compiled = Session::new(Device::Cpu).compile(graph);
    let inputs: Vec<(&str, &[f32])> = inputs.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
    compiled.run(&inputs).into_iter().map(|values| values.into_iter().map(f64::from).collect()).collect()
}
