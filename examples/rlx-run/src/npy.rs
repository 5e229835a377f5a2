//! Reads and writes .npy files of every RLX dtype, as bytes.
//!
//! ndarray-npy reads and writes the headers. Its typed arrays know neither f16 nor bf16, so the data
//! behind the header is handled here, the same way for all dtypes.

use anyhow::{Context, Result, bail, ensure};
use ndarray_npy::npy::header::{Header, Layout};
use py_literal::Value as PyValue;
use rlx_host_api::{DType, TensorInfo};
use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::Path;

/// NumPy's type string. NumPy has no bf16; `<V2` is what it writes for an ml_dtypes.bfloat16 array.
const fn descriptor(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "<f4",
        DType::F16 => "<f2",
        DType::BF16 => "<V2",
        DType::F64 => "<f8",
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::U8 => "|u1",
        DType::U32 => "<u4",
        DType::Bool => "|b1",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
    }
}

fn dtype_of(descriptor_text: &str) -> Option<DType> {
    let text = if descriptor_text == "|V2" { "<V2" } else { descriptor_text };
    DType::ALL.into_iter().find(|&dtype| descriptor(dtype) == text)
}

/// The row-major, little-endian elements of `path`, which must be of exactly the dtype and shape of `expected`.
pub(crate) fn read(path: &Path, expected: &TensorInfo) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    read_from(BufReader::new(file), expected).with_context(|| path.display().to_string())
}

fn read_from(mut reader: impl Read, expected: &TensorInfo) -> Result<Vec<u8>> {
    let header = Header::from_reader(&mut reader).context("not a readable .npy file")?;
    let stored = match &header.type_descriptor {
        PyValue::String(text) => text.clone(),
        other => other.to_string(),
    };
    if dtype_of(&stored) != Some(expected.dtype) {
        let name = dtype_of(&stored).map_or_else(|| format!("dtype '{stored}'"), |dtype| dtype.to_string());
        bail!("holds {name}, expected {} (NumPy's '{}')", expected.dtype, descriptor(expected.dtype));
    }
    let same_shape = header.shape.len() == expected.dims.len()
        && header.shape.iter().zip(&expected.dims).all(|(&a, &b)| i64::try_from(a) == Ok(b));
    ensure!(same_shape, "has the shape {:?}, expected {:?}", header.shape, expected.dims);

    let mut data = Vec::with_capacity(expected.byte_len());
    reader.read_to_end(&mut data).context("reading the data")?;
    ensure!(
        data.len() == expected.byte_len(),
        "{} bytes follow the header, {expected} takes {}",
        data.len(),
        expected.byte_len()
    );
    Ok(match header.layout {
        Layout::Standard => data,
        Layout::Fortran => to_row_major(&data, &header.shape, expected.dtype.size()),
    })
}

/// Reorders elements that are stored with the first axis fastest.
fn to_row_major(data: &[u8], shape: &[usize], element: usize) -> Vec<u8> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = element;
    for &size in shape {
        strides.push(stride);
        stride *= size;
    }
    let mut result = Vec::with_capacity(data.len());
    let mut index = vec![0; shape.len()];
    while result.len() < data.len() {
        let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        result.extend_from_slice(&data[at..at + element]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    result
}

/// Writes row-major, little-endian elements to `path`.
pub(crate) fn write(path: &Path, info: &TensorInfo, data: &[u8]) -> Result<()> {
    let header = Header {
        type_descriptor: PyValue::String(descriptor(info.dtype).to_owned()),
        layout: Layout::Standard,
        shape: info.dims.iter().map(|&size| usize::try_from(size)).collect::<Result<_, _>>()?,
    };
    let mut bytes = header.to_bytes().context("writing the .npy header")?;
    bytes.write_all(data)?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(dtype: DType, dims: &[i64]) -> TensorInfo {
        TensorInfo { name: "x".to_owned(), dtype, dims: dims.to_vec() }
    }

    #[test]
    fn every_dtype_survives_the_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        for dtype in DType::ALL {
            let info = info(dtype, &[2, 3]);
            let data: Vec<u8> = (0..info.byte_len()).map(|i| (i % 2) as u8).collect();
            let path = folder.path().join(format!("{dtype}.npy"));
            write(&path, &info, &data).unwrap();
            assert_eq!(read(&path, &info).unwrap(), data, "{dtype}");
        }
        let scalar = info(DType::F32, &[]);
        let path = folder.path().join("scalar.npy");
        write(&path, &scalar, &1.5f32.to_le_bytes()).unwrap();
        assert_eq!(read(&path, &scalar).unwrap(), 1.5f32.to_le_bytes());
    }

    #[test]
    fn another_dtype_shape_or_size_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, &info(DType::F64, &[2]), &[0; 16]).unwrap();
        let message = |expected: &TensorInfo| format!("{:#}", read(&path, expected).unwrap_err());
        assert!(message(&info(DType::F32, &[2])).ends_with("holds f64, expected f32 (NumPy's '<f4')"));
        assert!(message(&info(DType::F64, &[3])).ends_with("has the shape [2], expected [3]"));

        write(&path, &info(DType::F64, &[2]), &[0; 9]).unwrap();
        assert!(message(&info(DType::F64, &[2])).ends_with("9 bytes follow the header, f64[2] takes 16"));
        fs::write(&path, b"hello").unwrap();
        assert!(message(&info(DType::F64, &[2])).contains("not a readable .npy file"));
    }

    #[test]
    fn fortran_order_becomes_row_major() {
        // [[0, 1, 2], [3, 4, 5]] with the first axis fastest.
        assert_eq!(to_row_major(&[0, 3, 1, 4, 2, 5], &[2, 3], 1), [0, 1, 2, 3, 4, 5]);
    }
}
