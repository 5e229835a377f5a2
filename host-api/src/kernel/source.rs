//! Kernels from source, compiled by the plugin's engine.

use super::KernelCall;
use crate::abi::{RLX_LANGUAGE_CUDA, RLX_LANGUAGE_METAL};
use crate::{Error, Value};
use std::fmt;

/// A language of kernels from source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Metal Shading Language.
    Metal,
    /// CUDA C++.
    Cuda,
}

impl Language {
    /// The wire code, one of `RLX_LANGUAGE_*`.
    pub const fn code(self) -> u32 {
        match self {
            Self::Metal => RLX_LANGUAGE_METAL,
            Self::Cuda => RLX_LANGUAGE_CUDA,
        }
    }

    /// The language of a wire code.
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            RLX_LANGUAGE_METAL => Some(Self::Metal),
            RLX_LANGUAGE_CUDA => Some(Self::Cuda),
            _ => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metal => "Metal",
            Self::Cuda => "CUDA",
        })
    }
}

/// A kernel in one language: the body of a function, whose signature the engine writes from the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCode {
    /// What goes before the function.
    pub header: String,
    /// The body.
    pub body: String,
    /// Names of the operands in the body.
    pub input_names: Vec<String>,
    /// Names of the results in the body.
    pub output_names: Vec<String>,
    /// Whether operands may be strided; else they are made dense and row-major first.
    pub strided_inputs: bool,
    /// Whether results are atomic variables.
    pub atomic_outputs: bool,
    /// Bytes of dynamic shared memory of a block (CUDA).
    pub shared_memory: u64,
}

impl SourceCode {
    /// A body with the names of its operands and results.
    pub fn new(inputs: &[&str], outputs: &[&str], body: &str) -> Self {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Self { body: body.to_owned(), input_names: names(inputs), output_names: names(outputs), ..Self::default() }
    }
}

/// How a kernel from source is launched for one node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Launch {
    /// Threads in all along x, y and z.
    pub grid: [u32; 3],
    /// Threads of a group (CUDA: block) along x, y and z.
    pub threadgroup: [u32; 3],
    /// Constants that the source sees by name: integers, booleans, and texts, which name a dtype as `f32` and are types.
    pub template_args: Vec<(String, Value)>,
    /// What results start as everywhere; undefined without.
    pub init: Option<f32>,
}

pub(super) type LaunchFn = dyn Fn(&KernelCall<'_>) -> Result<Launch, Error> + Send + Sync;
