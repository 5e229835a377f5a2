//! `rlx_runtime::ExecutableGraph` over a plugin's executable.

use super::arena::Arena;
use super::boundary::{Boundary, Declared, ParamPlace};
use super::constants::HostTensor;
use super::convert::{F32Output, convert, from_f32};
use super::pipeline::Prepared;
use super::{Registered, or_fail};
use crate::{DType, Error, Executable};
use rlx_runtime::{ExecutableCapabilities, ExecutableGraph};
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A program as it was handed to the plugin, with what a clone needs besides.
pub(super) struct Program {
    text: String,
    constants: Vec<Arc<HostTensor>>,
    declared: Declared,
}

impl Program {
    pub(super) fn new(prepared: Prepared, declared: Declared) -> Self {
        let constants = prepared.constants.into_iter().map(Arc::new).collect();
        Self { text: prepared.program, constants, declared }
    }
}

/// A compiled graph in a plugin.
pub(super) struct PluginExecutable {
    registered: Arc<Registered>,
    program: Arc<Program>,
    executable: Executable,
    boundary: Boundary,
    /// The bound parameters by name. The plugin holds the same memory.
    params: HashMap<String, Bound>,
    /// Made at the first call that needs it.
    arena: Option<Arena>,
}

/// A bound parameter.
#[derive(Clone)]
struct Bound {
    tensor: Arc<HostTensor>,
    /// Whether it came from another executable rather than from a caller.
    inherited: bool,
}

impl PluginExecutable {
    pub(super) fn compile(registered: &Arc<Registered>, program: &Arc<Program>) -> Result<Self, Error> {
        let mut executable = registered.backend.compile(program.text.as_bytes(), &registered.compile)?;
        for constant in &program.constants {
            attach(&mut executable, constant)?;
        }
        let boundary = Boundary::new(&program.declared, &executable);
        Ok(Self {
            registered: Arc::clone(registered),
            program: Arc::clone(program),
            executable,
            boundary,
            params: HashMap::new(),
            arena: None,
        })
    }

    /// Binds the parameter `name` to what `data` gives for the dtype that the program wants.
    fn bind<'a>(&mut self, name: &str, data: impl FnOnce(DType) -> Result<Cow<'a, [u8]>, Error>) -> Result<(), Error> {
        let info = match self.boundary.param(name)? {
            ParamPlace::At(index) => self.executable.params()[index].clone(),
            ParamPlace::Unused | ParamPlace::Unknown => {
                log::debug!("parameter `{name}` is not read by the graph, ignored");
                return Ok(());
            }
        };
        let data = data(info.dtype).map_err(|e| e.context(format_args!("parameter `{name}`")))?.into_owned();
        let tensor = Arc::new(HostTensor { info, data });
        attach(&mut self.executable, &tensor)?;
        self.params.insert(name.to_owned(), Bound { tensor, inherited: false });
        Ok(())
    }

    /// Binds every parameter to the memory that `source` has for it. False, and nothing is changed, unless `source` has
    /// all of them, alike in dtype and shape.
    fn inherit(&mut self, source: &dyn ExecutableGraph) -> Result<bool, Error> {
        let Some(source) = source.executable_as_any().and_then(|any| any.downcast_ref::<Self>()) else {
            return Ok(false);
        };
        let wanted = self.boundary.live_params().map(|index| &self.executable.params()[index]);
        let found: Option<Vec<Arc<HostTensor>>> = wanted
            .map(|info| source.params.get(&info.name).map(|p| &p.tensor).filter(|t| t.info == *info).cloned())
            .collect();
        let Some(found) = found else { return Ok(false) };
        for tensor in found {
            attach(&mut self.executable, &tensor)?;
            self.params.insert(tensor.info.name.clone(), Bound { tensor, inherited: true });
        }
        Ok(true)
    }

    fn duplicate(&self) -> Result<Self, Error> {
        let mut clone = Self::compile(&self.registered, &self.program)?;
        for param in self.params.values() {
            attach(&mut clone.executable, &param.tensor)?;
        }
        clone.params = self.params.clone();
        Ok(clone)
    }

    fn named<'a>(&self, inputs: &[(&str, &'a [f32])]) -> Result<Vec<Cow<'a, [u8]>>, Error> {
        self.boundary.by_name(inputs.iter().copied(), |values, dtype| Ok(from_f32(values, dtype)))
    }

    fn execute(&mut self, inputs: &[Cow<'_, [u8]>], outputs: &mut [Option<&mut [u8]>]) -> Result<(), Error> {
        let inputs: Vec<&[u8]> = inputs.iter().map(AsRef::as_ref).collect();
        self.executable.run(&inputs, outputs)
    }

    /// Runs, and reads the outputs with these indices back; all of them for `None`.
    fn run_f32(&mut self, inputs: &[(&str, &[f32])], indices: Option<&[usize]>) -> Result<Vec<Vec<f32>>, Error> {
        let count = self.executable.outputs().len();
        if let Some(index) = indices.and_then(|indices| indices.iter().find(|i| **i >= count)) {
            return Err(Error::invalid(format!("output {index} was asked for, but the graph has {count} outputs")));
        }
        let inputs = self.named(inputs)?;
        let wanted = |index: &usize| indices.is_none_or(|indices| indices.contains(index));
        let mut outputs: Vec<Option<F32Output>> =
            (0..count).map(|index| wanted(&index).then(|| F32Output::new(&self.executable.outputs()[index]))).collect();
        let mut buffers: Vec<Option<&mut [u8]>> =
            outputs.iter_mut().map(|output| output.as_mut().map(F32Output::bytes)).collect();
        self.execute(&inputs, &mut buffers)?;
        let values = outputs.into_iter().map(|output| output.map(F32Output::into_f32));
        match indices {
            None => Ok(values.flatten().collect()),
            Some(indices) => {
                let mut values: Vec<Option<Vec<f32>>> = values.collect();
                let mut left = indices.iter();
                let mut read = Vec::with_capacity(indices.len());
                while let Some(&index) = left.next() {
                    // An index may come again.
                    read.extend(if left.as_slice().contains(&index) {
                        values[index].clone()
                    } else {
                        values[index].take()
                    });
                }
                Ok(read)
            }
        }
    }

    fn run_bytes(&mut self, inputs: &[(&str, &[u8], rlx_ir::DType)]) -> Result<Vec<(Vec<u8>, rlx_ir::DType)>, Error> {
        let typed = inputs.iter().map(|&(name, data, dtype)| (name, (data, dtype.into())));
        let inputs = self.boundary.by_name(typed, |(data, from), to| convert(data, from, to))?;
        let mut outputs: Vec<Vec<u8>> = self.executable.outputs().iter().map(|o| vec![0; o.byte_len()]).collect();
        let mut buffers: Vec<Option<&mut [u8]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
        self.execute(&inputs, &mut buffers)?;
        let infos = self.executable.outputs().iter();
        infos
            .zip(outputs)
            .enumerate()
            .map(|(index, (info, bytes))| {
                let declared = self.boundary.output_dtype(index).unwrap_or(info.dtype);
                let bytes = match convert(&bytes, info.dtype, declared)? {
                    Cow::Owned(converted) => converted,
                    Cow::Borrowed(_) => bytes,
                };
                Ok((bytes, declared.into()))
            })
            .collect()
    }

    fn run_arena(&mut self, inputs: &[Cow<'_, [u8]>]) -> Result<&Arena, Error> {
        // Taken out for the run, which borrows the whole executable.
        let mut arena = self.arena.take().unwrap_or_else(|| Arena::new(self.executable.outputs()));
        let result = self.execute(inputs, &mut arena.buffers());
        arena.settle();
        let arena = self.arena.insert(arena);
        result.map(|()| &*arena)
    }
}

/// Binds `tensor`, sharing its memory.
fn attach(executable: &mut Executable, tensor: &Arc<HostTensor>) -> Result<(), Error> {
    executable.set_param_shared(&tensor.info.name, Arc::clone(tensor), HostTensor::view)
}

impl ExecutableGraph for PluginExecutable {
    fn capabilities(&self) -> ExecutableCapabilities {
        ExecutableCapabilities { clone: true, typed_io: true, ..ExecutableCapabilities::NONE }
    }

    fn set_param(&mut self, name: &str, data: &[f32]) {
        or_fail(self.bind(name, |dtype| Ok(from_f32(data, dtype))));
    }

    fn set_param_typed(&mut self, name: &str, data: &[u8], dtype: rlx_ir::DType) {
        or_fail(self.bind(name, |to| convert(data, dtype.into(), to)));
    }

    fn run(&mut self, inputs: &[(&str, &[f32])]) -> Vec<Vec<f32>> {
        or_fail(self.run_f32(inputs, None))
    }

    fn run_read_outputs(&mut self, inputs: &[(&str, &[f32])], read_indices: Option<&[usize]>) -> Vec<Vec<f32>> {
        or_fail(self.run_f32(inputs, read_indices))
    }

    fn run_typed(&mut self, inputs: &[(&str, &[u8], rlx_ir::DType)]) -> Vec<(Vec<u8>, rlx_ir::DType)> {
        or_fail(self.run_bytes(inputs))
    }

    /// The addresses stay valid until the next call of `run_raw` or `run_slots`, and as long as `self`. The trait's own
    /// version returns those of memory that it has freed.
    fn run_raw(&mut self, inputs: &[(&str, &[f32])]) -> Vec<(*const f32, usize)> {
        let inputs = or_fail(self.named(inputs));
        or_fail(self.run_arena(&inputs)).values()
    }

    /// Outputs are f32 values whatever their dtype, each at a multiple of 64 bytes.
    fn run_slots(&mut self, inputs: &[&[f32]]) -> &[(usize, usize)] {
        let values = inputs.iter().copied();
        let inputs = or_fail(self.boundary.by_position(values, |values, dtype| Ok(from_f32(values, dtype))));
        or_fail(self.run_arena(&inputs)).slots()
    }

    /// NULL before the first `run_slots`; afterwards always the same address.
    fn arena_ptr(&self) -> *const u8 {
        self.arena.as_ref().map_or(std::ptr::null(), Arena::as_ptr)
    }

    fn clone_box(&self) -> Box<dyn ExecutableGraph> {
        Box::new(or_fail(self.duplicate()))
    }

    fn copy_params_from(&mut self, src: &dyn ExecutableGraph) -> bool {
        // Bound memory is never written to, so sharing it is as good as a copy.
        self.share_params_from(src)
    }

    fn share_params_from(&mut self, src: &dyn ExecutableGraph) -> bool {
        or_fail(self.inherit(src))
    }

    fn param_already_set(&self, name: &str) -> bool {
        self.params.get(name).is_some_and(|param| param.inherited)
    }

    fn executable_as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn executable_as_any_mut(&mut self) -> Option<&mut dyn Any> {
        Some(self)
    }
}
