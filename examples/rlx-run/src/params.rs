//! Parameters from a .safetensors file, mapped into memory rather than read.

use crate::backend::Executable;
use anyhow::{Context, Result, bail};
use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;
use rlx_host_api::{DType, TensorInfo, TensorView};
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a tensor lies in a file, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Element type; or that of safetensors, where RLX has none like it.
    pub dtype: Result<DType, Dtype>,
    /// Extents.
    pub dims: Vec<i64>,
    /// The elements, in bytes from the start of the file.
    pub range: Range<usize>,
}

/// The tensors of a whole .safetensors file by name.
///
/// # Errors
/// Says what is wrong with the header. Every range that it gives lies inside the file, and has the size of its tensor.
pub fn index(file: &[u8]) -> Result<HashMap<String, Entry>> {
    let base = file.as_ptr() as usize;
    let tensors = SafeTensors::deserialize(file)?;
    let entries = tensors.iter().map(|(name, tensor)| {
        let start = tensor.data().as_ptr() as usize - base;
        let range = start..start + tensor.data().len();
        let dims = tensor.shape().iter().map(|&size| i64::try_from(size)).collect::<Result<_, _>>()?;
        let dtype = dtype_of(tensor.dtype()).ok_or(tensor.dtype());
        Ok((name.to_owned(), Entry { dtype, dims, range }))
    });
    entries.collect()
}

/// One tensor of a mapped file. It keeps the file mapped.
pub(crate) struct MappedTensor {
    map: Arc<Mmap>,
    range: Range<usize>,
    dtype: DType,
    dims: Vec<i64>,
}

impl MappedTensor {
    /// The tensor in the file's memory.
    pub(crate) fn view(&self) -> TensorView<'_> {
        TensorView { dtype: self.dtype, dims: &self.dims, data: &self.map[self.range.clone()] }
    }
}

/// Nobody reads it any more, so that its pages need not stay in memory. Whoever has the same part of the file finds it in the
/// file again.
#[cfg(unix)]
impl Drop for MappedTensor {
    fn drop(&mut self) {
        let Range { start, end } = self.range;
        // That they stay, where the system does not know the advice, takes memory and nothing else.
        // SAFETY: the mapping is only read, so no page of it has anything that is not in the file.
        let _ = unsafe { self.map.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start) };
    }
}

/// The tensors of one file.
pub(crate) struct Weights {
    path: PathBuf,
    map: Arc<Mmap>,
    tensors: HashMap<String, Entry>,
}

impl Weights {
    /// Maps the file and reads its header.
    ///
    /// # Errors
    /// Names the file when it cannot be read, is cut off, or is not a safetensors file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        // SAFETY: the mapping is only read. A file that another process cuts off meanwhile would end this
        // process by a signal, as it does for every program that maps its weights.
        let map = unsafe { Mmap::map(&file) }.with_context(|| format!("cannot map {}", path.display()))?;
        let tensors = index(&map).with_context(|| format!("{} is not a whole safetensors file", path.display()))?;
        Ok(Self { path: path.to_owned(), map: Arc::new(map), tensors })
    }

    /// The half type of all floats, if they have one; else f32.
    pub(crate) fn float_dtype(&self) -> rlx_ir::DType {
        let has = |dtype| self.tensors.values().any(|entry| entry.dtype == Ok(dtype));
        match [DType::F16, DType::BF16, DType::F32, DType::F64].map(has) {
            [true, false, false, false] => rlx_ir::DType::F16,
            [false, true, false, false] => rlx_ir::DType::BF16,
            _ => rlx_ir::DType::F32,
        }
    }

    /// Gives `program` its parameter `wanted`.
    ///
    /// # Errors
    /// Names the parameter when it is missing or of another dtype or shape.
    pub(crate) fn upload(&self, program: &mut dyn Executable, wanted: &TensorInfo) -> Result<()> {
        let (name, file) = (&wanted.name, self.path.display());
        let Some(Entry { dtype, dims, range }) = self.tensors.get(name) else {
            bail!("{file} holds no tensor `{name}`; the model needs it as {wanted}");
        };
        let dtype = match dtype {
            Ok(dtype) => *dtype,
            Err(other) => bail!("{file}: tensor `{name}` is {other:?}, the model expects {wanted}"),
        };
        if dtype != wanted.dtype || *dims != wanted.dims {
            bail!("{file}: tensor `{name}` is {dtype}{dims:?}, the model expects {wanted}");
        }
        let tensor = MappedTensor { map: Arc::clone(&self.map), range: range.clone(), dtype, dims: dims.clone() };
        program.set_param(name, Arc::new(tensor)).with_context(|| format!("parameter `{name}`"))
    }
}

fn dtype_of(stored: Dtype) -> Option<DType> {
    Some(match stored {
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F64 => DType::F64,
        Dtype::I8 => DType::I8,
        Dtype::I16 => DType::I16,
        Dtype::I32 => DType::I32,
        Dtype::I64 => DType::I64,
        Dtype::U8 => DType::U8,
        Dtype::U32 => DType::U32,
        Dtype::BOOL => DType::Bool,
        Dtype::C64 => DType::C64,
        _ => return None,
    })
}

/// Gives `program` all its parameters.
///
/// # Errors
/// Names the parameters when there are some but no file was given; else see [`Weights::upload`].
pub(crate) fn upload_all(program: &mut dyn Executable, weights: Option<&Weights>) -> Result<()> {
    let wanted = program.params().to_vec();
    match weights {
        Some(weights) => wanted.iter().try_for_each(|info| weights.upload(program, info))?,
        None if wanted.is_empty() => {}
        None => {
            let names: Vec<String> = wanted.iter().map(|info| format!("`{}` {info}", info.name)).collect();
            bail!("the model needs --params FILE.safetensors with {}", names.join(", "));
        }
    }
    program.finish_params()
}
