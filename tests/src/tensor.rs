//! Tensors of test data: f64 values beside the dtype that they are rounded to.

use half::{bf16, f16};
use rlx_ir::{DType, Shape};

/// A dense row-major tensor. Its values are ones that `dtype` can hold, so an oracle computes from what the plugin sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub dims: Vec<usize>,
    pub dtype: DType,
    pub values: Vec<f64>,
}

impl Tensor {
    /// A tensor of `values`, rounded to `dtype`.
    pub fn of(dtype: DType, dims: &[usize], values: impl Into<Vec<f64>>) -> Self {
        let values: Vec<f64> = values.into();
        assert_eq!(values.len(), dims.iter().product::<usize>(), "values for {dims:?}");
        Self { dims: dims.to_vec(), dtype, values: values.into_iter().map(|v| round_to(dtype, v)).collect() }
    }

    /// An f32 tensor.
    pub fn f32(dims: &[usize], values: impl Into<Vec<f64>>) -> Self {
        Self::of(DType::F32, dims, values)
    }

    /// f32 values spread over [-2, 2); another `seed` gives other values.
    pub fn random(dims: &[usize], seed: u64) -> Self {
        // splitmix64
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        };
        let count = dims.iter().product();
        Self::f32(dims, (0..count).map(|_| next() * 4.0 - 2.0).collect::<Vec<_>>())
    }

    /// The same values, rounded to another dtype.
    pub fn to(&self, dtype: DType) -> Self {
        Self::of(dtype, &self.dims, self.values.clone())
    }

    /// The same shape and dtype with every value mapped.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self::of(self.dtype, &self.dims, self.values.iter().map(|&v| f(v)).collect::<Vec<_>>())
    }

    /// The same values in another shape.
    pub fn reshaped(&self, dims: &[usize]) -> Self {
        Self::of(self.dtype, dims, self.values.clone())
    }

    /// Axes in the order of `perm`.
    pub fn permuted(&self, perm: &[usize]) -> Self {
        let dims: Vec<usize> = perm.iter().map(|&p| self.dims[p]).collect();
        let values = indices(&dims).map(|index| {
            let mut source = vec![0; index.len()];
            for (at, &p) in index.iter().zip(perm) {
                source[p] = *at;
            }
            self.at(&source)
        });
        Self::of(self.dtype, &dims, values.collect::<Vec<_>>())
    }

    /// The value at `index`.
    pub fn at(&self, index: &[usize]) -> f64 {
        self.values[offset(&self.dims, index)]
    }

    /// The value at the index of a tensor that this one broadcasts to.
    pub fn broadcast_at(&self, index: &[usize]) -> f64 {
        let own = &index[index.len() - self.dims.len()..];
        let own: Vec<usize> = own.iter().zip(&self.dims).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
        self.at(&own)
    }

    /// Shape in the IR.
    pub fn shape(&self) -> Shape {
        Shape::new(&self.dims, self.dtype)
    }

    /// Little-endian bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for &v in &self.values {
            match self.dtype {
                DType::F32 => out.extend((v as f32).to_le_bytes()),
                DType::F16 => out.extend(f16::from_f32(odd(v)).to_le_bytes()),
                DType::BF16 => out.extend(bf16::from_f32(odd(v)).to_le_bytes()),
                DType::F64 => out.extend(v.to_le_bytes()),
                DType::I8 => out.extend((v as i8).to_le_bytes()),
                DType::I16 => out.extend((v as i16).to_le_bytes()),
                DType::I32 => out.extend((v as i32).to_le_bytes()),
                DType::I64 => out.extend((v as i64).to_le_bytes()),
                DType::U8 => out.push(v as u8),
                DType::U32 => out.extend((v as u32).to_le_bytes()),
                DType::Bool => out.push(u8::from(v != 0.0)),
                other => panic!("no test data of dtype {other:?}"),
            }
        }
        out
    }

    /// A tensor from little-endian bytes.
    pub fn from_bytes(dtype: DType, dims: &[usize], data: &[u8]) -> Self {
        let values = match dtype {
            DType::F32 => each(data, |b| f32::from_le_bytes(b).into()),
            DType::F16 => each(data, |b| f16::from_le_bytes(b).into()),
            DType::BF16 => each(data, |b| bf16::from_le_bytes(b).into()),
            DType::F64 => each(data, f64::from_le_bytes),
            DType::I8 => each(data, |b| i8::from_le_bytes(b).into()),
            DType::I16 => each(data, |b| i16::from_le_bytes(b).into()),
            DType::I32 => each(data, |b| i32::from_le_bytes(b).into()),
            DType::I64 => each(data, |b| i64::from_le_bytes(b) as f64),
            DType::U8 | DType::Bool => each(data, |b| u8::from_le_bytes(b).into()),
            DType::U32 => each(data, |b| u32::from_le_bytes(b).into()),
            other => panic!("no test data of dtype {other:?}"),
        };
        Self::of(dtype, dims, values)
    }
}

fn each<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (elements, rest) = data.as_chunks::<N>();
    assert!(rest.is_empty(), "{} bytes are no whole number of elements", data.len());
    elements.iter().map(|&element| convert(element)).collect()
}

/// `value` as `dtype` can hold it. Integers truncate and saturate, as Rust casts do.
pub fn round_to(dtype: DType, value: f64) -> f64 {
    match dtype {
        DType::F32 => (value as f32).into(),
        DType::F16 => f16::from_f32(odd(value)).into(),
        DType::BF16 => bf16::from_f32(odd(value)).into(),
        DType::F64 => value,
        DType::I8 => (value as i8).into(),
        DType::I16 => (value as i16).into(),
        DType::I32 => (value as i32).into(),
        DType::I64 => (value as i64) as f64,
        DType::U8 => (value as u8).into(),
        DType::U32 => (value as u32).into(),
        DType::Bool => f64::from(u8::from(value != 0.0)),
        other => panic!("no test data of dtype {other:?}"),
    }
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
    assert_eq!(dims.len(), index.len(), "index {index:?} into {dims:?}");
    dims.iter().zip(index).fold(0, |flat, (&extent, &at)| flat * extent + at)
}

/// In f32, inexact values to the odd neighbour: rounded on from there to a half type they are rounded as from f64. (The
/// conversions from f64 of the crate half leave out the lower 32 bits.)
fn odd(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) == value || value.is_nan() {
        return near;
    }
    let toward_zero = if f64::from(near).abs() > value.abs() { f32::from_bits(near.to_bits() - 1) } else { near };
    f32::from_bits(toward_zero.to_bits() | 1)
}
