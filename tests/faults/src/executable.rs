//! A program of the plugin that computes, and what becomes of its outputs.

use crate::runs::{Fault, Memory};
use rlx_host_api::author::{Executable, OutputBuffer, ParamOwner};
use rlx_host_api::{self as host, Error, TensorInfo, TensorView};

pub(crate) struct Faulty {
    inner: host::Executable,
    fault: Option<Fault>,
    memory: Memory,
}

impl Faulty {
    pub(crate) fn new(inner: host::Executable, fault: Option<Fault>) -> Self {
        Self { inner, fault, memory: Memory::default() }
    }
}

impl Executable for Faulty {
    fn inputs(&self) -> &[TensorInfo] {
        self.inner.inputs()
    }

    fn outputs(&self) -> &[TensorInfo] {
        self.inner.outputs()
    }

    fn params(&self) -> &[TensorInfo] {
        self.inner.params()
    }

    fn set_param(&mut self, name: &str, value: TensorView<'_>, _owner: Option<ParamOwner>) -> Result<(), Error> {
        self.inner.set_param(name, value)
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        let mut values = self.inner.run_to_vec(inputs)?;
        if let Some(fault) = self.fault {
            fault.spoil(&mut self.memory, self.inner.outputs(), &mut values);
        }
        for (value, output) in values.iter().zip(outputs) {
            if let Some(bytes) = output.bytes() {
                bytes.copy_from_slice(value);
            }
        }
        Ok(())
    }
}
