//! The IR's dtypes, shapes and random seeds under this crate's names, and dtypes and seeds back (feature `rlx-ir`).

use crate::{DType, Error, Generator, Rng, TensorInfo};
use rlx_ir::{DType as Ir, RngBackend, RngOptions, Shape};

impl TensorInfo {
    /// The description of a value of `shape`.
    ///
    /// # Errors
    /// Invalid argument that states the shape, when it has a dynamic dim.
    pub fn of(name: &str, shape: &Shape) -> Result<Self, Error> {
        let dims = shape.dims().iter().map(|dim| dim.is_static().then(|| dim.unwrap_static() as i64));
        let Some(dims) = dims.collect() else {
            return Err(Error::invalid(format!(
                "`{name}` has the dynamic shape {shape}: bind its dims before compiling"
            )));
        };
        Ok(Self { name: name.to_owned(), dtype: shape.dtype().into(), dims })
    }
}

impl From<Ir> for DType {
    fn from(dtype: Ir) -> Self {
        match dtype {
            Ir::F32 => Self::F32,
            Ir::F16 => Self::F16,
            Ir::BF16 => Self::BF16,
            Ir::F64 => Self::F64,
            Ir::I8 => Self::I8,
            Ir::I16 => Self::I16,
            Ir::I32 => Self::I32,
            Ir::I64 => Self::I64,
            Ir::U8 => Self::U8,
            Ir::U32 => Self::U32,
            Ir::Bool => Self::Bool,
            Ir::C64 => Self::C64,
            Ir::C128 => Self::C128,
        }
    }
}

impl From<DType> for Ir {
    fn from(dtype: DType) -> Self {
        match dtype {
            DType::F32 => Self::F32,
            DType::F16 => Self::F16,
            DType::BF16 => Self::BF16,
            DType::F64 => Self::F64,
            DType::I8 => Self::I8,
            DType::I16 => Self::I16,
            DType::I32 => Self::I32,
            DType::I64 => Self::I64,
            DType::U8 => Self::U8,
            DType::U32 => Self::U32,
            DType::Bool => Self::Bool,
            DType::C64 => Self::C64,
            DType::C128 => Self::C128,
        }
    }
}

impl From<RngOptions> for Rng {
    fn from(options: RngOptions) -> Self {
        let generator = match options.backend {
            RngBackend::Philox => Generator::Philox,
            RngBackend::Ort => Generator::Ort,
            RngBackend::Bnns => Generator::Bnns,
            RngBackend::Zero => Generator::Zero,
        };
        Self { seed: options.seed, generator }
    }
}

impl From<Rng> for RngOptions {
    fn from(rng: Rng) -> Self {
        let backend = match rng.generator {
            Generator::Philox => RngBackend::Philox,
            Generator::Ort => RngBackend::Ort,
            Generator::Bnns => RngBackend::Bnns,
            Generator::Zero => RngBackend::Zero,
        };
        Self { seed: rng.seed, backend }
    }
}
