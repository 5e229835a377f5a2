//! Inputs of no meaning, the same for every backend: the file `onnx_peer.py` makes them up alike.

use half::{bf16, f16};
use rlx_host_api::{DType, Error, TensorInfo};

/// Ids of tokens, which f32 holds exactly: behind the marks that vocabularies start with, where there is room.
pub(super) fn ids(vocabulary: usize, count: usize) -> Vec<u8> {
    let first = if vocabulary > 1000 { 1000 } else { 0 };
    let id = |place: usize| first + place * 7919 % (vocabulary - first).max(1);
    (0..count).flat_map(|place| (id(place) as f32).to_le_bytes()).collect()
}

/// Values of an input: floats from -1 to 1, other numbers 0 and 1 in turn, which are places in any table of two.
pub(super) fn values(info: &TensorInfo) -> Result<Vec<u8>, Error> {
    let mut bytes = info.zeroed()?;
    let size = info.dtype.size();
    for (place, element) in bytes.chunks_exact_mut(size).enumerate() {
        let number = ((place.wrapping_mul(7919)) % 2001) as f64 / 1000.0 - 1.0;
        match info.dtype {
            DType::F16 => element.copy_from_slice(&f16::from_f64(number).to_le_bytes()),
            DType::BF16 => element.copy_from_slice(&bf16::from_f64(number).to_le_bytes()),
            DType::F64 | DType::C128 => {
                for part in element.chunks_exact_mut(8) {
                    part.copy_from_slice(&number.to_le_bytes());
                }
            }
            DType::F32 | DType::C64 => {
                for part in element.chunks_exact_mut(4) {
                    part.copy_from_slice(&(number as f32).to_le_bytes());
                }
            }
            // The lowest byte comes first.
            _ => element[0] = (place % 2) as u8,
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_their_dtype() {
        let of = |dtype, dims: &[i64]| values(&TensorInfo { name: String::new(), dtype, dims: dims.to_vec() }).unwrap();
        assert_eq!(of(DType::F32, &[2]), [(-1.0f32).to_le_bytes(), 0.916f32.to_le_bytes()].concat());
        assert_eq!(of(DType::F64, &[1]), (-1.0f64).to_le_bytes());
        assert_eq!(of(DType::I32, &[3]), [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(of(DType::Bool, &[2, 1]), [0, 1]);
        assert_eq!(ids(30522, 2), [1000f32.to_le_bytes(), 8919f32.to_le_bytes()].concat());
        assert_eq!(ids(10, 2), [0f32.to_le_bytes(), 9f32.to_le_bytes()].concat());
    }
}
