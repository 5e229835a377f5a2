//! Tensors of a case: values that their dtype can hold, in f64 or as whole numbers.

use crate::format::{Format, whole_range, wrap};
use half::{bf16, f16};
use rlx_ir::{DType, Shape};

/// The elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Of a float dtype.
    Real(Vec<f64>),
    /// Of an integer dtype, or bool as 0 and 1.
    Whole(Vec<i128>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Whole(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value as text that tells it from its neighbours.
    pub fn show(&self, at: usize) -> String {
        match self {
            Self::Real(values) => values.get(at).map_or_else(String::new, |value| format!("{value:?}")),
            Self::Whole(values) => values.get(at).map_or_else(String::new, |value| value.to_string()),
        }
    }

    /// Those at these positions, in this order.
    #[must_use]
    pub fn pick(&self, positions: &[usize]) -> Self {
        match self {
            Self::Real(values) => Self::Real(positions.iter().map(|&at| values[at]).collect()),
            Self::Whole(values) => Self::Whole(positions.iter().map(|&at| values[at]).collect()),
        }
    }
}

/// A dense row-major tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extents.
    pub dims: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Elements, row-major; of a complex number the real part, then the imaginary one.
    pub values: Values,
}

impl Tensor {
    /// A tensor of floats, rounded to `dtype`.
    pub fn real(dtype: DType, dims: &[usize], values: Vec<f64>) -> Self {
        let rounded = match Format::of(dtype) {
            Some(format) => values.into_iter().map(|value| format.round(value)).collect(),
            None => values,
        };
        Self { dims: dims.to_vec(), dtype, values: Values::Real(rounded) }
    }

    /// A tensor of integers, which wrap to `dtype`.
    pub fn whole(dtype: DType, dims: &[usize], values: Vec<i128>) -> Self {
        let wrapped = values.into_iter().map(|value| wrap(dtype, value)).collect();
        Self { dims: dims.to_vec(), dtype, values: Values::Whole(wrapped) }
    }

    /// The elements in f64; integers beyond 53 bits are rounded.
    pub fn reals(&self) -> Vec<f64> {
        match &self.values {
            Values::Real(values) => values.clone(),
            Values::Whole(values) => values.iter().map(|&value| value as f64).collect(),
        }
    }

    /// The elements as whole numbers; floats are truncated.
    pub fn wholes(&self) -> Vec<i128> {
        match &self.values {
            Values::Real(values) => values.iter().map(|&value| value as i128).collect(),
            Values::Whole(values) => values.clone(),
        }
    }

    /// Shape in the IR.
    pub fn shape(&self) -> Shape {
        Shape::new(&self.dims, self.dtype)
    }

    /// Those elements of this tensor whose positions `source` gives, in the shape `dims`.
    #[must_use]
    pub fn picked(&self, dims: &[usize], source: impl FnMut(Vec<usize>) -> usize) -> Self {
        let positions: Vec<usize> = indices(dims).map(source).collect();
        Self { dims: dims.to_vec(), dtype: self.dtype, values: self.values.pick(&positions) }
    }

    /// Axes in the order of `perm`.
    #[must_use]
    pub fn permuted(&self, perm: &[usize]) -> Self {
        let dims: Vec<usize> = perm.iter().map(|&axis| self.dims[axis]).collect();
        self.picked(&dims, |index| {
            let mut source = vec![0; index.len()];
            for (at, &axis) in index.iter().zip(perm) {
                source[axis] = *at;
            }
            offset(&self.dims, &source)
        })
    }

    /// Little-endian bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.values.len() * self.dtype.size_bytes());
        match &self.values {
            Values::Real(values) => values.iter().for_each(|&value| match self.dtype {
                DType::F16 => out.extend(f16::from_f32(value as f32).to_le_bytes()),
                DType::BF16 => out.extend(bf16::from_f32(value as f32).to_le_bytes()),
                DType::F32 | DType::C64 => out.extend((value as f32).to_le_bytes()),
                _ => out.extend(value.to_le_bytes()),
            }),
            Values::Whole(values) => {
                let size = self.dtype.size_bytes();
                values.iter().for_each(|value| out.extend(&value.to_le_bytes()[..size]));
            }
        }
        out
    }

    /// A tensor from little-endian bytes, as many as there are. Of a bool any byte counts as it is, so that one that is
    /// neither 0 nor 1 shows.
    pub fn from_bytes(dtype: DType, dims: &[usize], data: &[u8]) -> Self {
        let values = match dtype {
            DType::F16 => real(data, |b| f16::from_le_bytes(b).into()),
            DType::BF16 => real(data, |b| bf16::from_le_bytes(b).into()),
            DType::F32 | DType::C64 => real(data, |b| f32::from_le_bytes(b).into()),
            DType::I8 => whole(data, |b| i8::from_le_bytes(b).into()),
            DType::I16 => whole(data, |b| i16::from_le_bytes(b).into()),
            DType::I32 => whole(data, |b| i32::from_le_bytes(b).into()),
            DType::I64 => whole(data, |b| i64::from_le_bytes(b).into()),
            DType::U8 | DType::Bool => whole(data, |b| u8::from_le_bytes(b).into()),
            DType::U32 => whole(data, |b| u32::from_le_bytes(b).into()),
            _ => real(data, f64::from_le_bytes),
        };
        Self { dims: dims.to_vec(), dtype, values }
    }
}

fn real<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f64) -> Values {
    Values::Real(data.as_chunks::<N>().0.iter().map(|&element| convert(element)).collect())
}

fn whole<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> i128) -> Values {
    Values::Whole(data.as_chunks::<N>().0.iter().map(|&element| convert(element)).collect())
}

/// How many real numbers an element of this dtype is.
pub fn parts(dtype: DType) -> usize {
    if matches!(dtype, DType::C64 | DType::C128) { 2 } else { 1 }
}

/// Whether values of this dtype are floats; else they are integers or bools.
pub fn is_float(dtype: DType) -> bool {
    whole_range(dtype).is_none()
}

/// All indices of a shape, in row-major order.
pub fn indices(dims: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let dims = dims.to_vec();
    (0..dims.iter().product::<usize>()).map(move |mut flat| {
        let mut index = vec![0; dims.len()];
        for (at, &extent) in index.iter_mut().zip(&dims).rev() {
            *at = flat % extent;
            flat /= extent;
        }
        index
    })
}

/// Row-major position of `index`.
pub fn offset(dims: &[usize], index: &[usize]) -> usize {
    dims.iter().zip(index).fold(0, |flat, (&extent, &at)| flat * extent + at)
}

/// Position in a tensor of extents `own` of the element that broadcasting puts at `index`.
pub fn broadcast_offset(own: &[usize], index: &[usize]) -> usize {
    let tail = &index[index.len() - own.len()..];
    own.iter().zip(tail).fold(0, |flat, (&extent, &at)| flat * extent + if extent == 1 { 0 } else { at })
}
