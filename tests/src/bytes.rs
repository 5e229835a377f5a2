//! f32 values as the bytes that cross the boundary.

use rlx_host_api::{DType, TensorView};

/// Little-endian bytes.
pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The values of little-endian bytes.
pub fn floats(data: &[u8]) -> Vec<f32> {
    let (values, rest) = data.as_chunks();
    assert!(rest.is_empty(), "{} bytes are no whole number of f32", data.len());
    values.iter().map(|&value| f32::from_le_bytes(value)).collect()
}

/// An f32 tensor over bytes.
pub fn view<'a>(dims: &'a [i64], data: &'a [u8]) -> TensorView<'a> {
    TensorView { dtype: DType::F32, dims, data }
}
