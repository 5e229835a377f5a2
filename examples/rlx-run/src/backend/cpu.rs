//! The built-in backend `cpu`: rlx-cpu through the published rlx-runtime.

use super::guard::guarded;
use super::{Engine, Executable, Memory, PluginSummary};
use crate::UsageError;
use crate::params::MappedTensor;
use crate::profile::Noted;
use crate::report::one_line;
use anyhow::{Context, Result, anyhow, bail, ensure};
use rlx_host_api::collectives::Group;
use rlx_host_api::{DType, Rng, TensorInfo};
use rlx_ir::{Dim, Graph, Op, Shape, rlxmodel};
use rlx_opt::memory::plan_memory;
use rlx_runtime::{CompiledGraph, Device, Session};
use std::collections::HashSet;
use std::sync::Arc;

/// See the module.
pub(super) struct CpuEngine;

impl Engine for CpuEngine {
    fn plugin(&self) -> Option<&PluginSummary> {
        None
    }

    fn device(&self) -> &str {
        "cpu"
    }

    fn memory(&self) -> Result<Option<Memory>> {
        Ok(None)
    }

    fn compile(&self, program: &[u8]) -> Result<Box<dyn Executable>> {
        let text = std::str::from_utf8(program).context("the program is not UTF-8 text")?;
        let graph = guarded("reading the program", || rlxmodel::from_text(text))?.map_err(|e| parse_error(&e))?;
        let interface = Interface::of(&graph)?;
        ensure_room(&graph, &interface)?;
        let graph = widen_outputs(graph);
        let compiled = guarded("compiling for cpu", || Session::new(Device::Cpu).try_compile(graph))?
            .map_err(|e| anyhow!("{e}"))?;
        Ok(Box::new(CpuExecutable { interface, compiled }))
    }

    fn group(&self) -> Result<Group> {
        bail!(UsageError("--data-parallel: the built-in backend `cpu` has no groups of processes".to_owned()))
    }
}

/// Whether rlx-cpu keeps values of `dtype` in fewer bytes than an f32, although it reads outputs as f32.
fn is_narrow(dtype: DType) -> bool {
    matches!(dtype, DType::Bool | DType::U8 | DType::I8)
}

/// Casts narrow outputs to f32 inside the graph: read as they are, rlx-cpu would take their bytes for f32.
fn widen_outputs(mut graph: Graph) -> Graph {
    let outputs = graph.outputs.clone().into_iter().map(|id| {
        let shape = graph.shape(id).clone();
        if !is_narrow(shape.dtype().into()) {
            return id;
        }
        graph.add_node(Op::Cast { to: rlx_ir::DType::F32 }, vec![id], shape.with_dtype(rlx_ir::DType::F32))
    });
    let outputs = outputs.collect();
    graph.set_outputs(outputs);
    graph
}

/// Checks that there is about the memory that a program will take: where rlx-cpu gets none, it ends the process.
fn ensure_room(graph: &Graph, interface: &Interface) -> Result<()> {
    // First each by itself, as the plan of all of them counts with sums that overflow.
    let mut declared: usize = 0;
    for node in graph.nodes() {
        let info = tensor_info(node.name.as_deref().unwrap_or_default(), &node.shape)?;
        drop(info.zeroed().with_context(|| format!("node {}", node.id))?);
        declared = declared.saturating_add(info.byte_len());
    }
    let planned = match declared {
        usize::MAX => declared,
        _ => guarded("planning memory", || plan_memory(graph).arena_size)?,
    };
    // The results come beside it.
    let needed = interface.outputs.iter().fold(planned, |sum, output| sum.saturating_add(output.byte_len()));
    let whole =
        TensorInfo { name: String::new(), dtype: DType::U8, dims: vec![i64::try_from(needed).unwrap_or(i64::MAX)] };
    drop(whole.zeroed().context("all that the program declares")?);
    Ok(())
}

/// The parser lists all 190 op names after an unknown one; the name is enough.
fn parse_error(error: &rlxmodel::RlxModelError) -> anyhow::Error {
    let text = one_line(&error.to_string());
    match text.find(", expected one of") {
        Some(end) => anyhow!("{}", text[..end].replace("unknown variant", "unknown op or attribute value")),
        None => anyhow!("{text}"),
    }
}

/// What goes in and out of a graph, in its own order.
struct Interface {
    inputs: Vec<TensorInfo>,
    params: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
}

impl Interface {
    fn of(graph: &Graph) -> Result<Self> {
        let (mut inputs, mut params, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for node in graph.nodes() {
            let (name, list) = match &node.op {
                Op::Input { name } => (name, &mut inputs),
                Op::Param { name } => (name, &mut params),
                _ => continue,
            };
            // Nodes of one name are one tensor.
            if seen.insert(name) {
                list.push(tensor_info(name, &node.shape)?);
            }
        }
        let nodes = graph.nodes();
        let outputs = graph.outputs.iter().enumerate().map(|(index, id)| {
            let node = nodes.get(id.0 as usize).with_context(|| format!("output {index} names no node"))?;
            tensor_info(graph.output_name(index).unwrap_or_default(), &node.shape)
        });
        Ok(Self { inputs, params, outputs: outputs.collect::<Result<_>>()? })
    }

    fn check_count(&self, found: usize) -> Result<()> {
        let wanted = self.outputs.len();
        ensure!(found == wanted, "cpu gave {found} outputs, expected {wanted}");
        Ok(())
    }
}

fn tensor_info(name: &str, shape: &Shape) -> Result<TensorInfo> {
    let dims = shape.dims().iter().map(|dim| match dim {
        Dim::Static(size) => i64::try_from(*size).context("a size exceeds 64 bits"),
        Dim::Dynamic(_) => bail!("`{name}` has the symbolic shape {shape}; rlx-run takes programs with fixed sizes"),
    });
    let dtype = DType::from(shape.dtype());
    ensure!(dtype != DType::I16, "`{name}` is i16, which rlx-cpu neither takes nor gives; cast it inside the program");
    Ok(TensorInfo { name: name.to_owned(), dtype, dims: dims.collect::<Result<_>>()? })
}

struct CpuExecutable {
    interface: Interface,
    compiled: CompiledGraph,
}

impl Executable for CpuExecutable {
    fn inputs(&self) -> &[TensorInfo] {
        &self.interface.inputs
    }

    fn params(&self) -> &[TensorInfo] {
        &self.interface.params
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.interface.outputs
    }

    fn set_seed(&mut self, seed: u64) -> Result<()> {
        guarded("setting the seed", || self.compiled.set_rng(Rng { seed, ..Rng::default() }.into()))
    }

    fn set_param(&mut self, name: &str, tensor: Arc<MappedTensor>) -> Result<()> {
        let tensor = tensor.view();
        guarded("setting a parameter", || self.compiled.set_param_typed(name, tensor.data, tensor.dtype.into()))
    }

    fn finish_params(&mut self) -> Result<()> {
        guarded("preparing the parameters", || self.compiled.finalize_params())
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [Vec<u8>]) -> Result<()> {
        let interface = &self.interface;
        let takes_f32 = interface.inputs.iter().all(|input| input.dtype == DType::F32);
        let gives_f32 = interface.outputs.iter().all(|out| out.dtype == DType::F32 || is_narrow(out.dtype));
        let run = if takes_f32 && gives_f32 { run_f32 } else { run_typed };
        run(&mut self.compiled, interface, inputs, outputs)
    }

    fn take_spans(&mut self) -> Result<Noted> {
        bail!("cpu notes no times")
    }
}

/// The runtime's plain path; unlike the typed one it clears its scratch memory between runs.
fn run_f32(
    compiled: &mut CompiledGraph,
    interface: &Interface,
    inputs: &[&[u8]],
    outputs: &mut [Vec<u8>],
) -> Result<()> {
    let values: Vec<_> = inputs.iter().map(|data| rlx_ir::bytes::decode_le::<f32>(data)).collect();
    let named: Vec<(&str, &[f32])> =
        interface.inputs.iter().zip(&values).map(|(info, data)| (info.name.as_str(), data.as_ref())).collect();
    let results = guarded("running on cpu", || compiled.try_run(&named))?.map_err(|e| anyhow!("{e}"))?;
    interface.check_count(results.len())?;
    let results = interface.outputs.iter().zip(&results).zip(outputs);
    results.into_iter().try_for_each(|((info, values), buffer)| store_f32(info, values, buffer))
}

fn run_typed(
    compiled: &mut CompiledGraph,
    interface: &Interface,
    inputs: &[&[u8]],
    outputs: &mut [Vec<u8>],
) -> Result<()> {
    let named: Vec<_> = interface
        .inputs
        .iter()
        .zip(inputs)
        .map(|(info, data)| (info.name.as_str(), *data, info.dtype.into()))
        .collect();
    let results = guarded("running on cpu", || compiled.run_typed(&named))?;
    interface.check_count(results.len())?;
    for ((info, (bytes, _)), buffer) in interface.outputs.iter().zip(&results).zip(outputs) {
        if is_narrow(info.dtype) {
            store_f32(info, &rlx_ir::bytes::decode_le::<f32>(bytes), buffer)?;
        } else {
            check_size(info, bytes.len(), buffer)?;
            buffer.copy_from_slice(bytes);
        }
    }
    Ok(())
}

/// Writes the values of an f32 output, or of one that [`widen_outputs`] made f32, in the output's own dtype.
fn store_f32(info: &TensorInfo, values: &[f32], buffer: &mut [u8]) -> Result<()> {
    let size = info.dtype.size();
    check_size(info, values.len() * size, buffer)?;
    for (&value, place) in values.iter().zip(buffer.chunks_exact_mut(size)) {
        match info.dtype {
            DType::Bool => place[0] = u8::from(value != 0.0),
            DType::U8 => place[0] = value as u8,
            DType::I8 => place[0] = (value as i8).cast_unsigned(),
            _ => place.copy_from_slice(&value.to_le_bytes()),
        }
    }
    Ok(())
}

fn check_size(info: &TensorInfo, found: usize, buffer: &[u8]) -> Result<()> {
    let (name, wanted) = (&info.name, buffer.len());
    ensure!(found == wanted, "cpu gave {found} bytes for output `{name}`, {info} takes {wanted}");
    Ok(())
}
