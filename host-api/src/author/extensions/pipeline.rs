//! Extension `pipeline/1`.

use crate::abi::*;
use crate::author::thunks::{ExecutableOf, exclusive, guard, run_inputs, run_outputs, type_layout};
use crate::author::{Executable, Exported, OutputBuffer};
use crate::growable::read;
use crate::{Error, Growable};
use std::ffi::c_void;

/// Inputs and output places of one run of a batch, checked as for [`Executable::run`].
#[derive(Debug)]
pub struct Run<'a> {
    /// As in [`Executable::run`].
    pub inputs: Vec<&'a [u8]>,
    /// As in [`Executable::run`].
    pub outputs: Vec<OutputBuffer<'a>>,
}

/// Executables whose runs can be started without waiting.
pub trait Pipeline: Executable {
    /// Starts a run whose outputs nobody wants; `inputs` are free again when it returns.
    ///
    /// # Errors
    /// When it cannot be started.
    fn submit(&mut self, inputs: &[&[u8]]) -> Result<(), Error>;

    /// Waits for all that was submitted.
    ///
    /// # Errors
    /// The first among theirs.
    fn wait(&mut self) -> Result<(), Error>;

    /// Several runs, overlapped as far as the device can.
    ///
    /// # Errors
    /// The first among theirs; outputs of later runs are then undefined.
    fn run_batch(&mut self, runs: &mut [Run<'_>]) -> Result<(), Error>;
}

/// The table of extension `pipeline/1` for plugin `P`.
pub fn pipeline_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Pipeline,
{
    let table: &'static RlxPipelineApi = const {
        &RlxPipelineApi {
            struct_size: size_of::<RlxPipelineApi>() as u64,
            type_layout: Some(type_layout::<RlxPipelineApi>),
            submit: Some(submit::<P>),
            wait: Some(wait::<P>),
            run_batch: Some(run_batch::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

unsafe extern "C" fn submit<P: Exported>(executable: *mut RlxExecutable, args: *const RlxRunArgs) -> *mut RlxError
where
    ExecutableOf<P>: Pipeline,
{
    // SAFETY: the host's promises about the handle, the arguments and their views.
    guard(|| unsafe {
        let args = read(args, "submit arguments")?;
        exclusive::<P>(executable, "pipeline submit", |executable, tensors| {
            let inputs = run_inputs(executable, tensors, &args)?;
            if run_outputs(tensors, &args)?.iter_mut().any(|output| output.bytes().is_some()) {
                return Err(Error::invalid("submit: outputs cannot be wanted; read them after wait"));
            }
            executable.submit(&inputs)
        })
    })
}

unsafe extern "C" fn wait<P: Exported>(executable: *mut RlxExecutable) -> *mut RlxError
where
    ExecutableOf<P>: Pipeline,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe { exclusive::<P>(executable, "pipeline wait", |executable, _| executable.wait()) })
}

unsafe extern "C" fn run_batch<P: Exported>(
    executable: *mut RlxExecutable,
    runs: *const RlxRunArgs,
    count: u64,
) -> *mut RlxError
where
    ExecutableOf<P>: Pipeline,
{
    // SAFETY: the host's promises about the handle, the array and the views in it.
    guard(|| unsafe {
        exclusive::<P>(executable, "pipeline run_batch", |executable, tensors| {
            if count == 0 {
                return Ok(());
            }
            let stride = runs.as_ref().ok_or_else(|| Error::invalid("run_batch: runs must not be NULL"))?.struct_size;
            let size = usize::try_from(stride).ok().filter(|s| s.is_multiple_of(align_of::<RlxRunArgs>()));
            let size = size
                .filter(|s| *s >= RlxRunArgs::BASELINE && count <= isize::MAX as u64 / stride)
                .ok_or_else(|| Error::invalid(format!("run_batch: {count} runs of {stride} bytes")))?;
            let mut batch = (0..count as usize)
                .map(|i| {
                    let args = read(runs.byte_add(i * size), "run arguments")?;
                    Ok(Run { inputs: run_inputs(executable, tensors, &args)?, outputs: run_outputs(tensors, &args)? })
                })
                .collect::<Result<Vec<_>, Error>>()?;
            executable.run_batch(&mut batch)
        })
    })
}
