//! A compiled program: its parameters as MLX arrays, and the three ways to run it.

use crate::array::{Array, eval};
use crate::lower::{lower, lower_eagerly};
use crate::program::Program;
use crate::stream::Lane;
use crate::trace::Trace;
use rlx_host_api::author::{Executable, OutputBuffer, ParamOwner};
use rlx_host_api::{Error, ErrorKind, TensorInfo, TensorView};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;
use std::str::FromStr;
use std::sync::Arc;

/// The environment variable that sets the default mode, for debugging.
const MODE_VARIABLE: &str = "RLX_MLX_MODE";

/// How a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Evaluates after each op; an error names the op.
    Eager,
    /// Builds MLX's graph at each run, evaluates once.
    Lazy,
    /// Builds it once, at compile; each run replays it and evaluates once.
    Compiled,
}

impl Mode {
    /// What [`MODE_VARIABLE`] says, or compiled.
    pub(crate) fn from_env() -> Result<Self, Error> {
        match std::env::var(MODE_VARIABLE) {
            Ok(name) if !name.is_empty() => name.parse().map_err(|e: Error| e.context(MODE_VARIABLE)),
            _ => Ok(Self::Compiled),
        }
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "eager" => Ok(Self::Eager),
            "lazy" => Ok(Self::Lazy),
            "compiled" => Ok(Self::Compiled),
            _ => Err(Error::invalid(format!("unknown mode `{name}`; known: eager, lazy, compiled"))),
        }
    }
}

/// A program ready to run on a lane.
#[derive(Debug)]
pub(crate) struct MlxExecutable {
    program: Program,
    /// Parameters in the order of the program, `None` until bound.
    params: Vec<Option<Array>>,
    lane: Arc<Lane>,
    plan: Plan,
    input_dims: Vec<Vec<c_int>>,
    /// Reused list of leaf handles; empty between runs.
    handles: Vec<*mut ffi::rlx_mlx_array_t>,
}

// SAFETY: the only field that is not `Send` is `handles`, which is empty between runs.
unsafe impl Send for MlxExecutable {}

#[derive(Debug)]
enum Plan {
    Eager,
    Lazy,
    Replay(Trace),
}

impl MlxExecutable {
    /// Compiles. Every mode traces, which finds each error of lowering; only compiled mode keeps the trace.
    pub(crate) fn new(program: Program, mode: Mode, lane: Arc<Lane>) -> Result<Self, Error> {
        let trace = trace(&program, &lane)?;
        log::debug!(
            "compiled `{}` for {mode:?} mode: {} nodes, {} MLX primitives",
            program.graph.name,
            program.graph.len(),
            trace.size()?
        );
        let plan = match mode {
            Mode::Eager => Plan::Eager,
            Mode::Lazy => Plan::Lazy,
            Mode::Compiled => Plan::Replay(trace),
        };
        let input_dims = program.inputs.iter().map(dims).collect::<Result<_, _>>()?;
        let params = program.params.iter().map(|_| None).collect();
        Ok(Self { program, params, lane, plan, input_dims, handles: Vec::new() })
    }

    fn check_params(&self) -> Result<(), Error> {
        if self.params.iter().all(Option::is_some) {
            return Ok(());
        }
        let missing: Vec<&str> = self
            .program
            .params
            .iter()
            .zip(&self.params)
            .filter_map(|(info, value)| value.is_none().then_some(info.name.as_str()))
            .collect();
        let list = missing.join(", ");
        let message = format!("{} of {} parameters are not set: {list}", missing.len(), self.params.len());
        Err(Error::new(ErrorKind::FailedPrecondition, message).with("missing", list))
    }

    fn evaluate(&mut self, inputs: &[Array]) -> Result<Vec<Array>, Error> {
        let leaves = || inputs.iter().chain(self.params.iter().flatten());
        let outputs = match &self.plan {
            Plan::Eager => return lower_eagerly(&self.program, &leaves().collect::<Vec<_>>()),
            Plan::Lazy => lower(&self.program, &leaves().collect::<Vec<_>>())?,
            Plan::Replay(trace) => {
                self.handles.extend(leaves().map(Array::raw));
                let outputs = trace.replay(&self.handles);
                self.handles.clear();
                outputs?
            }
        };
        eval(&outputs)?;
        Ok(outputs)
    }
}

fn dims(info: &TensorInfo) -> Result<Vec<c_int>, Error> {
    let fits =
        |d: &i64| c_int::try_from(*d).map_err(|_| Error::invalid(format!("`{}`: {info} is too large", info.name)));
    info.dims.iter().map(fits).collect()
}

/// Traces `program` over its inputs, then its parameters.
fn trace(program: &Program, lane: &Lane) -> Result<Trace, Error> {
    let _entered = lane.enter_to_build()?;
    let leaves = program
        .inputs
        .iter()
        .chain(&program.params)
        .map(|info| {
            Array::placeholder(&dims(info)?, info.dtype).map_err(|e| e.context(format_args!("`{}`", info.name)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Trace::new(&leaves, program.outputs.len(), |leaves| lower(program, leaves))
}

impl Executable for MlxExecutable {
    fn inputs(&self) -> &[TensorInfo] {
        &self.program.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.program.outputs
    }

    fn params(&self) -> &[TensorInfo] {
        &self.program.params
    }

    fn set_param(&mut self, name: &str, value: TensorView<'_>, owner: Option<ParamOwner>) -> Result<(), Error> {
        let index = self
            .program
            .params
            .iter()
            .position(|p| p.name == name)
            .ok_or_else(|| Error::not_found(format!("the graph has no parameter `{name}`")))?;
        let dims = dims(&self.program.params[index])?;
        let array = match owner {
            Some(owner) => Array::from_borrowed(&dims, value.dtype, value.data, owner)?,
            None => Array::from_bytes(&dims, value.dtype, value.data)?,
        };
        self.params[index] = Some(array);
        Ok(())
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        self.check_params()?;
        let lane = Arc::clone(&self.lane);
        let entered = lane.enter()?;
        let inputs = self
            .program
            .inputs
            .iter()
            .zip(&self.input_dims)
            .zip(inputs)
            .map(|((info, dims), data)| Array::from_bytes(dims, info.dtype, data))
            .collect::<Result<Vec<_>, _>>()?;
        let done = self.evaluate(&inputs).and_then(|results| {
            results.iter().zip(outputs).try_for_each(|(result, output)| match output.bytes() {
                Some(bytes) => result.read_into(bytes),
                None => Ok(()),
            })
        });
        if done.is_err() {
            lane.settle(&entered);
        }
        done
    }
}
