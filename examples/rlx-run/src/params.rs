//! Parameters from a .safetensors file, mapped into memory rather than read.

use crate::backend::Executable;
use anyhow::{Context, Result, bail};
use half::bf16;
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

/// One tensor of a mapped file, which it keeps mapped; or what was made of one.
pub(crate) struct MappedTensor {
    data: Data,
    dtype: DType,
    dims: Vec<i64>,
}

/// Where its elements are.
enum Data {
    Mapped(Arc<Mmap>, Range<usize>),
    Converted(Vec<u8>),
}

impl MappedTensor {
    /// The tensor in the file's memory.
    pub(crate) fn view(&self) -> TensorView<'_> {
        let data = match &self.data {
            Data::Mapped(map, range) => &map[range.clone()],
            Data::Converted(bytes) => bytes,
        };
        TensorView { dtype: self.dtype, dims: &self.dims, data }
    }
}

/// Nobody reads it any more, so that its pages need not stay in memory. Whoever has the same part of the file finds it in the
/// file again.
#[cfg(unix)]
impl Drop for MappedTensor {
    fn drop(&mut self) {
        let Data::Mapped(map, range) = &self.data else { return };
        // That they stay, where the system does not know the advice, takes memory and nothing else.
        // SAFETY: the mapping is only read, so no page of it has anything that is not in the file.
        let _ = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len()) };
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

    /// Gives `program` its parameter `wanted`; with `may_round`, f32 as bf16 where the program wants that.
    ///
    /// # Errors
    /// Names the parameter when it is missing or of another dtype or shape.
    pub(crate) fn upload(&self, program: &mut dyn Executable, wanted: &TensorInfo, may_round: bool) -> Result<()> {
        let (name, file) = (&wanted.name, self.path.display());
        let Some(Entry { dtype, dims, range }) = self.tensors.get(name) else {
            bail!("{file} holds no tensor `{name}`; the model needs it as {wanted}");
        };
        let dtype = match dtype {
            Ok(dtype) => *dtype,
            Err(other) => bail!("{file}: tensor `{name}` is {other:?}, the model expects {wanted}"),
        };
        let converts = may_round && dtype == DType::F32 && wanted.dtype == DType::BF16;
        if (dtype != wanted.dtype && !converts) || *dims != wanted.dims {
            bail!("{file}: tensor `{name}` is {dtype}{dims:?}, the model expects {wanted}");
        }
        let data = if converts {
            Data::Converted(to_bf16(&self.map[range.clone()]))
        } else {
            Data::Mapped(Arc::clone(&self.map), range.clone())
        };
        let tensor = MappedTensor { data, dtype: wanted.dtype, dims: dims.clone() };
        program.set_param(name, Arc::new(tensor)).with_context(|| format!("parameter `{name}`"))
    }
}

/// Each f32 rounded to bf16, ties to even.
fn to_bf16(data: &[u8]) -> Vec<u8> {
    let (elements, _) = data.as_chunks::<4>();
    elements.iter().flat_map(|&element| bf16::from_f32(f32::from_le_bytes(element)).to_le_bytes()).collect()
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
        Some(weights) => wanted.iter().try_for_each(|info| weights.upload(program, info, false))?,
        None if wanted.is_empty() => {}
        None => {
            let names: Vec<String> = wanted.iter().map(|info| format!("`{}` {info}", info.name)).collect();
            bail!("the model needs --params FILE.safetensors with {}", names.join(", "));
        }
    }
    program.finish_params()
}

/// Gives `program` all its parameters, rounded to bf16 where it wants that.
///
/// # Errors
/// See [`Weights::upload`].
pub(crate) fn upload_rounded(program: &mut dyn Executable, weights: &Weights) -> Result<()> {
    let wanted = program.params().to_vec();
    wanted.iter().try_for_each(|info| weights.upload(program, info, true))?;
    program.finish_params()
}
