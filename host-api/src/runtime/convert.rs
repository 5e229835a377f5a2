//! Conversions between the dtypes of a caller and those of the graph.

use crate::{DType, Error, TensorInfo};
use rlx_ir::bytes::decode_le;
use rlx_runtime::backend::{narrow_f32_to_bytes, widen_bytes_to_f32};
use std::borrow::Cow;

// Tensors are little endian on the wire and are viewed in place here.
const _: () = assert!(cfg!(target_endian = "little"));

/// f32 values as elements of `to`: truncated toward zero and saturated for integers, nonzero is true for booleans; a
/// complex element takes two values.
pub(super) fn from_f32(values: &[f32], to: DType) -> Cow<'_, [u8]> {
    if is_f32_lanes(to) {
        return Cow::Borrowed(bytemuck::cast_slice(values));
    }
    Cow::Owned(narrow_f32_to_bytes(values, to.into()))
}

/// Elements of `from` as f32 values; a complex element gives two.
pub(super) fn to_f32(data: &[u8], from: DType) -> Vec<f32> {
    match from {
        // The runtime's function lacks this dtype.
        DType::I16 => decode_le::<i16>(data).iter().map(|&v| v.into()).collect(),
        _ => widen_bytes_to_f32(data, from.into()),
    }
}

/// Elements of `from` as elements of `to`. Integers and booleans convert exactly, wrapping where `to` is too narrow;
/// with f64 on one side the conversion goes through f64, otherwise through f32.
///
/// # Errors
/// A partial element, or a complex dtype on one side alone (but for c64 and its f32 parts).
pub(super) fn convert(data: &[u8], from: DType, to: DType) -> Result<Cow<'_, [u8]>, Error> {
    if !data.len().is_multiple_of(from.size()) {
        return Err(Error::invalid(format!("{} bytes are no whole number of {from} elements", data.len())));
    }
    if from == to || (is_f32_lanes(from) && is_f32_lanes(to)) {
        return Ok(Cow::Borrowed(data));
    }
    if is_complex(from) || is_complex(to) {
        return Err(Error::unsupported(format!("{from} values do not convert to {to}")));
    }
    Ok(Cow::Owned(match (is_integral(from), is_integral(to)) {
        (true, true) => integers_to_bytes(&integers(data, from), to),
        _ if from == DType::F64 || to == DType::F64 => doubles_to_bytes(&doubles(data, from), to),
        _ => narrow_f32_to_bytes(&to_f32(data, from), to.into()),
    }))
}

/// Memory for one output that ends up as f32 values; without a copy where the output is made of f32 values.
#[derive(Debug)]
pub(super) enum F32Output {
    /// f32 or c64 elements.
    Direct(Vec<f32>),
    /// Elements of another dtype.
    Staged(Vec<u8>, DType),
}

impl F32Output {
    /// # Errors
    /// Out of memory, which names the output and its size.
    pub(super) fn new(info: &TensorInfo) -> Result<Self, Error> {
        info.check_room(f32_len(info).saturating_mul(size_of::<f32>()))?;
        Ok(match is_f32_lanes(info.dtype) {
            true => Self::Direct(vec![0.0; f32_len(info)]),
            // The conversion takes as much again; better to know before the run.
            false => Self::Staged(info.zeroed()?, info.dtype),
        })
    }

    /// The memory to fill.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::Direct(values) => bytemuck::cast_slice_mut(values),
            Self::Staged(bytes, _) => bytes,
        }
    }

    /// The values that were filled in.
    pub(super) fn into_f32(self) -> Vec<f32> {
        match self {
            Self::Direct(values) => values,
            Self::Staged(bytes, dtype) => to_f32(&bytes, dtype),
        }
    }
}

/// How many f32 values [`to_f32`] gives for a whole tensor.
pub(super) fn f32_len(info: &TensorInfo) -> usize {
    let lanes = match info.dtype {
        DType::C64 => 2,
        DType::C128 => 4,
        _ => 1,
    };
    info.elements().saturating_mul(lanes)
}

/// Whether elements are made of f32 values, bit for bit.
pub(super) fn is_f32_lanes(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::C64)
}

fn is_complex(dtype: DType) -> bool {
    matches!(dtype, DType::C64 | DType::C128)
}

fn is_integral(dtype: DType) -> bool {
    matches!(dtype, DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U32 | DType::Bool)
}

/// Elements of an integral dtype; empty for others.
fn integers(data: &[u8], from: DType) -> Vec<i64> {
    match from {
        DType::I8 => decode_le::<i8>(data).iter().map(|&v| v.into()).collect(),
        DType::I16 => decode_le::<i16>(data).iter().map(|&v| v.into()).collect(),
        DType::I32 => decode_le::<i32>(data).iter().map(|&v| v.into()).collect(),
        DType::I64 => decode_le::<i64>(data).into_owned(),
        DType::U32 => decode_le::<u32>(data).iter().map(|&v| v.into()).collect(),
        DType::U8 => data.iter().map(|&v| v.into()).collect(),
        DType::Bool => data.iter().map(|&v| i64::from(v != 0)).collect(),
        _ => Vec::new(),
    }
}

/// Integers as elements of an integral dtype.
fn integers_to_bytes(values: &[i64], to: DType) -> Vec<u8> {
    match to {
        DType::Bool => values.iter().map(|&v| u8::from(v != 0)).collect(),
        // The low bytes of two's complement are the wrapped value.
        _ => values.iter().flat_map(|v| v.to_le_bytes().into_iter().take(to.size())).collect(),
    }
}

/// Elements of a real dtype.
fn doubles(data: &[u8], from: DType) -> Vec<f64> {
    match from {
        DType::F64 => decode_le::<f64>(data).into_owned(),
        _ if is_integral(from) => integers(data, from).into_iter().map(|v| v as f64).collect(),
        _ => to_f32(data, from).into_iter().map(f64::from).collect(),
    }
}

/// Doubles as elements of a real dtype.
fn doubles_to_bytes(values: &[f64], to: DType) -> Vec<u8> {
    match to {
        DType::F64 => bytemuck::cast_slice(values).to_vec(),
        DType::Bool => values.iter().map(|&v| u8::from(v != 0.0)).collect(),
        DType::I64 => values.iter().flat_map(|&v| (v as i64).to_le_bytes()).collect(),
        DType::I32 => values.iter().flat_map(|&v| (v as i32).to_le_bytes()).collect(),
        DType::I16 => values.iter().flat_map(|&v| (v as i16).to_le_bytes()).collect(),
        DType::I8 => values.iter().flat_map(|&v| (v as i8).to_le_bytes()).collect(),
        DType::U32 => values.iter().flat_map(|&v| (v as u32).to_le_bytes()).collect(),
        DType::U8 => values.iter().map(|&v| v as u8).collect(),
        _ => narrow_f32_to_bytes(&values.iter().map(|&v| v as f32).collect::<Vec<_>>(), to.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<T: bytemuck::NoUninit>(values: &[T]) -> Vec<u8> {
        bytemuck::cast_slice(values).to_vec()
    }

    #[test]
    fn dtypes_map_both_ways() {
        for dtype in DType::ALL {
            assert_eq!(DType::from(rlx_ir::DType::from(dtype)), dtype);
            assert_eq!(rlx_ir::DType::from(dtype).size_bytes(), dtype.size());
        }
    }

    #[test]
    fn f32_is_borrowed_and_others_convert() {
        let values = [1.5, -2.7, 0.0, 3.0];
        assert!(matches!(from_f32(&values, DType::F32), Cow::Borrowed(_)));
        assert!(matches!(from_f32(&values, DType::C64), Cow::Borrowed(_)));
        assert_eq!(*from_f32(&values, DType::I32), bytes(&[1i32, -2, 0, 3]));
        assert_eq!(*from_f32(&values, DType::I64), bytes(&[1i64, -2, 0, 3]));
        assert_eq!(*from_f32(&values, DType::Bool), [1, 1, 0, 1]);
        assert_eq!(*from_f32(&[300.0, -1.0], DType::U8), [255, 0]);
        assert_eq!(*from_f32(&[1.0, 2.0], DType::F16), bytes(&[0x3c00u16, 0x4000]));
        assert_eq!(*from_f32(&[1.0], DType::F64), bytes(&[1f64]));
    }

    #[test]
    fn f32_survives_the_way_there_and_back() {
        for dtype in DType::ALL {
            // Pairs of a double and its remainder, for c128.
            let values = [1.0, 0.0, 1.0, 0.0];
            assert_eq!(to_f32(&from_f32(&values, dtype), dtype), values, "{dtype}");
        }
    }

    #[test]
    fn integers_convert_exactly() {
        let large = [i64::from(i32::MAX) - 1, -3];
        assert_eq!(*convert(&bytes(&large), DType::I64, DType::I32).unwrap(), bytes(&[i32::MAX - 1, -3]));
        assert_eq!(*convert(&bytes(&[-1i8]), DType::I8, DType::I64).unwrap(), bytes(&[-1i64]));
        assert_eq!(*convert(&bytes(&[257i32]), DType::I32, DType::U8).unwrap(), [1]);
        assert_eq!(*convert(&bytes(&[256i32, 0]), DType::I32, DType::Bool).unwrap(), [1, 0]);
        assert_eq!(*convert(&[7, 0], DType::Bool, DType::U32).unwrap(), bytes(&[1u32, 0]));
    }

    #[test]
    fn doubles_do_not_pass_through_f32() {
        let value = 16_777_217i64;
        assert_eq!(*convert(&bytes(&[value]), DType::I64, DType::F64).unwrap(), bytes(&[value as f64]));
        assert_eq!(*convert(&bytes(&[value as f64]), DType::F64, DType::I32).unwrap(), bytes(&[value as i32]));
        assert_eq!(*convert(&bytes(&[0.1f64]), DType::F64, DType::F32).unwrap(), bytes(&[0.1f32]));
        assert_eq!(*convert(&bytes(&[1e-300f64]), DType::F64, DType::Bool).unwrap(), [1]);
    }

    #[test]
    fn halves_convert_through_f32() {
        let half = bytes(&[0x3c00u16, 0xc500]);
        assert_eq!(*convert(&half, DType::F16, DType::BF16).unwrap(), bytes(&[0x3f80u16, 0xc0a0]));
        assert_eq!(*convert(&half, DType::F16, DType::I32).unwrap(), bytes(&[1i32, -5]));
        // An odd address is no obstacle.
        let odd = [&[0u8][..], &half].concat();
        assert_eq!(*convert(&odd[1..], DType::F16, DType::F32).unwrap(), bytes(&[1f32, -5.0]));
    }

    #[test]
    fn an_output_that_is_larger_than_memory_is_an_error() {
        for dtype in DType::ALL {
            for dims in [vec![1 << 20; 2], vec![i64::MAX, 4]] {
                let error = F32Output::new(&TensorInfo { name: "y".into(), dtype, dims }).unwrap_err();
                assert_eq!(error.kind(), crate::ErrorKind::OutOfMemory);
                assert!(error.message().starts_with(&format!("out of memory: `y` {dtype}[")), "{error}");
            }
        }
    }

    #[test]
    fn what_cannot_convert_is_refused() {
        assert!(convert(&[0; 6], DType::F32, DType::F16).unwrap_err().message().contains("6 bytes"));
        assert!(convert(&[0; 16], DType::C128, DType::C64).is_err());
        assert!(convert(&[0; 2], DType::F16, DType::C64).is_err());
        assert!(convert(&[0; 8], DType::F32, DType::C64).is_ok());
    }
}
