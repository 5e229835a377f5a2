//! The plain Rust types that both sides share: element types, devices, tensors, and what extensions exchange.

mod claim;
mod collective;
mod counters;
mod extent;
mod memory;
mod resident;
mod rng;
mod span;

pub use claim::{Claim, How, Taken};
pub use collective::Reduction;
pub use counters::Counters;
pub use extent::ActiveExtent;
pub use memory::{MemoryLimit, MemoryStats};
pub use resident::{Segment, Source};
pub use rng::{Generator, Rng};
pub use span::{Span, Spans};

use crate::abi::*;
use crate::{Error, ErrorKind, Value};
use std::fmt;

/// Element type: the `DType` of the RLX IR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// IEEE half.
    F16,
    /// bfloat16.
    BF16,
    /// 64-bit float.
    F64,
    /// Signed 8-bit.
    I8,
    /// Signed 16-bit.
    I16,
    /// Signed 32-bit.
    I32,
    /// Signed 64-bit.
    I64,
    /// Unsigned 8-bit.
    U8,
    /// Unsigned 32-bit.
    U32,
    /// One byte, 0 or 1.
    Bool,
    /// Interleaved f32 real and imaginary parts.
    C64,
    /// Interleaved f64 real and imaginary parts.
    C128,
}

impl DType {
    /// All of them, in wire order.
    pub const ALL: [Self; 13] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::F64,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U32,
        Self::Bool,
        Self::C64,
        Self::C128,
    ];

    /// The wire value, one of `RLX_DTYPE_*`.
    pub const fn code(self) -> u32 {
        match self {
            Self::F32 => RLX_DTYPE_F32,
            Self::F16 => RLX_DTYPE_F16,
            Self::BF16 => RLX_DTYPE_BF16,
            Self::F64 => RLX_DTYPE_F64,
            Self::I8 => RLX_DTYPE_I8,
            Self::I16 => RLX_DTYPE_I16,
            Self::I32 => RLX_DTYPE_I32,
            Self::I64 => RLX_DTYPE_I64,
            Self::U8 => RLX_DTYPE_U8,
            Self::U32 => RLX_DTYPE_U32,
            Self::Bool => RLX_DTYPE_BOOL,
            Self::C64 => RLX_DTYPE_C64,
            Self::C128 => RLX_DTYPE_C128,
        }
    }

    /// The type of a wire value.
    ///
    /// # Errors
    /// Invalid argument for an unknown value.
    pub fn from_code(code: u32) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|d| d.code() == code)
            .ok_or_else(|| Error::invalid(format!("unknown dtype code {code}")))
    }

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::C64 => 8,
            Self::C128 => 16,
        }
    }

    /// The name that `.rlxmodel` uses in shapes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F64 => "f64",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U32 => "u32",
            Self::Bool => "bool",
            Self::C64 => "c64",
            Self::C128 => "c128",
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// A GPU.
    Gpu,
    /// Another accelerator, also one that this host does not know.
    Accelerator,
}

impl DeviceKind {
    /// The wire value, one of `RLX_DEVICE_*`.
    pub const fn code(self) -> u32 {
        match self {
            Self::Cpu => RLX_DEVICE_CPU,
            Self::Gpu => RLX_DEVICE_GPU,
            Self::Accelerator => RLX_DEVICE_ACCELERATOR,
        }
    }

    /// The kind of a wire value.
    pub const fn from_code(code: u32) -> Self {
        match code {
            RLX_DEVICE_CPU => Self::Cpu,
            RLX_DEVICE_GPU => Self::Gpu,
            _ => Self::Accelerator,
        }
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Accelerator => "accelerator",
        })
    }
}

/// One device that a plugin can use now.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceInfo {
    /// Kind.
    pub kind: DeviceKind,
    /// Index among the devices of its kind.
    pub ordinal: u32,
    /// Name for people.
    pub name: String,
    /// Stable hardware id; empty when there is none.
    pub hardware_id: String,
    /// Total memory in bytes; 0 when unknown.
    pub memory_bytes: u64,
    /// More, by name.
    pub attributes: Vec<(String, Value)>,
}

/// How a plugin may be called from several threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threading {
    /// Calls on different objects may overlap.
    Concurrent,
    /// One call at a time per backend instance.
    Serialized,
}

/// What a plugin is.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginInfo {
    /// Backend name as users select it: `mlx`.
    pub name: String,
    /// Version of the plugin.
    pub version: semver::Version,
    /// Who made it.
    pub vendor: String,
    /// The engine underneath.
    pub engine: String,
    /// Version of the engine.
    pub engine_version: String,
    /// Newest `.rlxmodel` format it reads.
    pub format_version: u32,
    /// Opsets it reads.
    pub opset: std::ops::RangeInclusive<u32>,
    /// How it may be called.
    pub threading: Threading,
    /// Names of the IR `OpKind`s that it compiles.
    pub ops: Vec<String>,
}

/// One input, parameter or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Name; empty for an unnamed output.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub dims: Vec<i64>,
}

impl TensorInfo {
    /// Number of elements; saturates where no memory could hold them.
    pub fn elements(&self) -> usize {
        self.dims.iter().fold(1, |n: usize, &d| n.saturating_mul(usize::try_from(d).unwrap_or(0)))
    }

    /// Size of the dense tensor in bytes; saturates likewise.
    pub fn byte_len(&self) -> usize {
        self.elements().saturating_mul(self.dtype.size())
    }

    /// Memory for the dense tensor, all zeros.
    ///
    /// # Errors
    /// Out of memory, which names the tensor and its size: a graph may declare more than there is.
    pub fn zeroed(&self) -> Result<Vec<u8>, Error> {
        self.check_room(self.byte_len())?;
        Ok(vec![0; self.byte_len()])
    }

    /// Whether there are `bytes` of memory for what belongs to this tensor, before code takes them that cannot fail: it
    /// would end the process.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed).
    pub(crate) fn check_room(&self, bytes: usize) -> Result<(), Error> {
        let mut room = Vec::<u8>::new();
        let found = room.try_reserve_exact(bytes);
        // Memory that nobody looks at would never be asked for by optimised code.
        std::hint::black_box(room.as_ptr());
        let name = if self.name.is_empty() { String::new() } else { format!("`{}` ", self.name) };
        let message = || format!("out of memory: {name}{self} takes {} bytes", self.byte_len());
        found.map_err(|_| Error::new(ErrorKind::OutOfMemory, message()))
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.dtype, self.dims)
    }
}

/// A dense row-major tensor in host memory, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub dims: &'a [i64],
    /// Elements, little endian.
    pub data: &'a [u8],
}

impl<'a> TensorView<'a> {
    /// Checks that `data` has the size that `dims` and `dtype` give.
    ///
    /// # Errors
    /// Invalid argument that states both sizes, for a negative extent, or for a product that overflows.
    pub fn check(&self) -> Result<(), Error> {
        let bytes = self
            .dims
            .iter()
            .try_fold(self.dtype.size(), |acc, &d| usize::try_from(d).ok().and_then(|d| acc.checked_mul(d)));
        match bytes {
            Some(n) if n == self.data.len() => Ok(()),
            Some(n) => Err(Error::invalid(format!(
                "{}{:?} takes {n} bytes, but {} were given",
                self.dtype,
                self.dims,
                self.data.len()
            ))),
            None => Err(Error::invalid(format!("shape {:?} is negative or overflows", self.dims))),
        }
    }
}
