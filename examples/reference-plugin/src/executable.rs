//! A compiled graph: checked, compiled by rlx-cpu, and run.

use rlx_host_api::author::{Executable, OutputBuffer, ParamOwner};
use rlx_host_api::{DType, Error, ErrorKind, TensorInfo, TensorView};
use rlx_ir::bytes::decode_le;
use rlx_ir::{Graph, Node, Op};
use rlx_runtime::backend::narrow_f32_to_bytes;
use rlx_runtime::{CompiledGraph, Device, Session, first_unsupported_op};
use std::collections::HashSet;

pub(crate) struct Compiled {
    graph: CompiledGraph,
    inputs: Vec<TensorInfo>,
    params: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    /// Names of the parameters that are not bound yet.
    missing: Vec<String>,
}

impl Compiled {
    pub(crate) fn new(mut graph: Graph) -> Result<Self, Error> {
        check(&graph)?;
        let (mut inputs, mut params, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for node in graph.nodes() {
            match &node.op {
                // Nodes of one kind and name are one tensor.
                Op::Input { name } if seen.insert((0, name)) => inputs.push(TensorInfo::of(name, &node.shape)?),
                Op::Param { name } if seen.insert((1, name)) => params.push(TensorInfo::of(name, &node.shape)?),
                _ => {}
            }
        }
        let names = (0..).map(|index| graph.output_name(index).unwrap_or_default());
        let outputs = graph.outputs.iter().zip(names).map(|(&id, name)| TensorInfo::of(name, graph.shape(id)));
        let outputs = outputs.collect::<Result<_, Error>>()?;
        widen_outputs(&mut graph);
        let missing = params.iter().map(|param| param.name.clone()).collect();
        // Where rlx-runtime panics, the host gets an error: the code that `export_plugin!` makes catches it.
        Ok(Self { graph: Session::new(Device::Cpu).compile(graph), inputs, params, outputs, missing })
    }

    /// rlx-runtime's plain path; unlike the typed one it clears its scratch memory between runs.
    fn run_f32(&mut self, inputs: &[&[u8]]) -> Vec<Vec<u8>> {
        let values: Vec<_> = inputs.iter().map(|data| decode_le::<f32>(data)).collect();
        let named: Vec<_> = self.inputs.iter().zip(&values).map(|(info, data)| (&*info.name, &**data)).collect();
        let results = self.graph.run(&named);
        results.iter().zip(&self.outputs).map(|(values, info)| narrow_f32_to_bytes(values, info.dtype.into())).collect()
    }

    fn run_typed(&mut self, inputs: &[&[u8]]) -> Vec<Vec<u8>> {
        let named = self.inputs.iter().zip(inputs).map(|(info, data)| (&*info.name, *data, info.dtype.into()));
        let results = self.graph.run_typed(&named.collect::<Vec<_>>());
        let narrow = |((bytes, _), info): ((Vec<u8>, _), &TensorInfo)| match info.dtype.size() {
            1 => narrow_f32_to_bytes(&decode_le(&bytes), info.dtype.into()),
            _ => bytes,
        };
        results.into_iter().zip(&self.outputs).map(narrow).collect()
    }
}

impl Executable for Compiled {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn params(&self) -> &[TensorInfo] {
        &self.params
    }

    /// rlx-cpu copies, so the owner is dropped here, which tells the host that its memory is free. A backend that
    /// computes from the host's memory keeps the owner beside the pointer.
    fn set_param(&mut self, name: &str, value: TensorView<'_>, _owner: Option<ParamOwner>) -> Result<(), Error> {
        self.graph.set_param_typed(name, value.data, value.dtype.into());
        self.missing.retain(|missing| missing != name);
        Ok(())
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        if !self.missing.is_empty() {
            let missing = format!("these parameters are not set: {}", self.missing.join(", "));
            return Err(Error::new(ErrorKind::FailedPrecondition, missing));
        }
        let plain = self.inputs.iter().all(|info| info.dtype == DType::F32)
            && self.outputs.iter().all(|info| info.dtype == DType::F32 || info.dtype.size() == 1);
        let results = if plain { self.run_f32(inputs) } else { self.run_typed(inputs) };
        for (result, output) in results.iter().zip(outputs) {
            let Some(buffer) = output.bytes() else { continue }; // the host does not want this one
            buffer.copy_from_slice(result);
        }
        Ok(())
    }
}

/// What can be wrong with a graph is found here, where the error can still name the node.
fn check(graph: &Graph) -> Result<(), Error> {
    let name = |node: &Node| node.name.clone().unwrap_or_else(|| node.id.to_string());
    if let Some(error) = rlx_ir::verify_all(graph).first() {
        return Err(Error::invalid(format!("malformed graph `{}`: {error}", graph.name)));
    }
    if let Some((index, op)) = first_unsupported_op(Device::Cpu, graph) {
        let node = name(&graph.nodes()[index]);
        return Err(Error::unsupported(format!("rlx-cpu has no op {:?}, at node `{node}`", op.kind())));
    }
    let mut least: usize = 0;
    for node in graph.nodes() {
        let info = TensorInfo::of(&name(node), &node.shape)?;
        if info.dtype == DType::I16 {
            return Err(Error::unsupported(format!("rlx-cpu has no i16, at node `{}`", info.name)));
        }
        least = match &node.op {
            Op::Input { .. } | Op::Param { .. } => least.saturating_add(info.byte_len()),
            _ => least.max(info.byte_len()),
        };
    }
    // rlx-cpu ends the process when it gets no memory, so ask for the least that it needs first.
    let dims = vec![i64::try_from(least).unwrap_or(i64::MAX)];
    let needed = TensorInfo { name: graph.name.clone(), dtype: DType::U8, dims };
    needed.zeroed().map(drop).map_err(|error| error.context("what the graph declares"))
}

/// Casts outputs of single bytes to f32 inside the graph: rlx-cpu would read their bytes as f32 instead.
fn widen_outputs(graph: &mut Graph) {
    let mut outputs = graph.outputs.clone();
    for id in &mut outputs {
        let (shape, to) = (graph.shape(*id).clone(), rlx_ir::DType::F32);
        if shape.dtype().size_bytes() == 1 {
            *id = graph.add_node(Op::Cast { to }, vec![*id], shape.with_dtype(to));
        }
    }
    graph.set_outputs(outputs);
}
