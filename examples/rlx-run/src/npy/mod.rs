//! Reads and writes .npy files of every RLX dtype, as bytes.

mod header;

pub use header::Header;

use anyhow::{Context, Result, bail, ensure};
use rlx_host_api::{DType, TensorInfo};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Write};
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

fn dtype_of(descr: &str) -> Option<DType> {
    let text = if descr == "|V2" { "<V2" } else { descr };
    DType::ALL.into_iter().find(|&dtype| descriptor(dtype) == text)
}

/// The row-major, little-endian elements of `path`, which must be of exactly the dtype and shape of `expected`.
///
/// # Errors
/// Names the file and what is wrong with it. A regular file of another size is refused before its data is read.
pub(crate) fn read(path: &Path, expected: &TensorInfo) -> Result<Vec<u8>> {
    let open = || -> Result<_> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        // What is not a regular file, such as a pipe, has no size that could be known before.
        Ok((file, metadata.is_file().then_some(metadata.len())))
    };
    let (file, size) = open().with_context(|| format!("cannot open {}", path.display()))?;
    read_from(BufReader::new(file), size, expected).with_context(|| path.display().to_string())
}

/// `size` is that of the whole file, where it is known.
fn read_from(mut reader: impl Read, size: Option<u64>, expected: &TensorInfo) -> Result<Vec<u8>> {
    let (header, start) = Header::read(&mut reader).context("not a readable .npy file")?;
    if dtype_of(&header.descr) != Some(expected.dtype) {
        let name =
            dtype_of(&header.descr).map_or_else(|| format!("dtype '{}'", shortened(&header.descr)), |d| d.to_string());
        bail!("holds {name}, expected {} (NumPy's '{}')", expected.dtype, descriptor(expected.dtype));
    }
    let same_shape = header.shape.len() == expected.dims.len()
        && header.shape.iter().zip(&expected.dims).all(|(&a, &b)| i64::try_from(a) == Ok(b));
    ensure!(same_shape, "has the shape {}, expected {:?}", shortened(&format!("{:?}", header.shape)), expected.dims);

    let wanted = expected.byte_len();
    if let Some(size) = size {
        let follow = size.saturating_sub(start);
        ensure!(follow == wanted as u64, "{follow} bytes follow the header, {expected} takes {wanted}");
    }
    let mut data = expected.zeroed()?;
    match reader.read_exact(&mut data) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            bail!("fewer than the {wanted} bytes of {expected} follow")
        }
        read => read.context("reading the data")?,
    }
    ensure!(reader.read(&mut [0])? == 0, "more than the {wanted} bytes of {expected} follow the header");
    if header.fortran_order { to_row_major(&data, expected) } else { Ok(data) }
}

/// The beginning of a text that comes from a file and may be long.
fn shortened(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Reorders elements that are stored with the first axis fastest.
fn to_row_major(data: &[u8], info: &TensorInfo) -> Result<Vec<u8>> {
    let element = info.dtype.size();
    let shape: Vec<usize> = info.dims.iter().map(|&size| usize::try_from(size)).collect::<Result<_, _>>()?;
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = element;
    for &size in &shape {
        strides.push(stride);
        // An extent of 0 may come after others that no memory could hold.
        stride = stride.saturating_mul(size);
    }
    let mut result = info.zeroed()?;
    let mut index = vec![0; shape.len()];
    for place in result.chunks_exact_mut(element) {
        let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        place.copy_from_slice(&data[at..at + element]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Ok(result)
}

/// Writes row-major, little-endian elements.
///
/// # Errors
/// A negative extent, or a failed write.
pub(crate) fn write(mut writer: impl Write, info: &TensorInfo, data: &[u8]) -> Result<()> {
    let shape = info.dims.iter().map(|&size| u64::try_from(size)).collect::<Result<_, _>>()?;
    let header = Header { descr: descriptor(info.dtype).to_owned(), fortran_order: false, shape };
    writer.write_all(&header.to_bytes())?;
    writer.write_all(data)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn info(dtype: DType, dims: &[i64]) -> TensorInfo {
        TensorInfo { name: "x".to_owned(), dtype, dims: dims.to_vec() }
    }

    fn store(path: &Path, info: &TensorInfo, data: &[u8]) {
        write(File::create(path).unwrap(), info, data).unwrap();
    }

    #[test]
    fn every_dtype_survives_the_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        for dtype in DType::ALL {
            let info = info(dtype, &[2, 3]);
            let data: Vec<u8> = (0..info.byte_len()).map(|i| (i % 2) as u8).collect();
            let path = folder.path().join(format!("{dtype}.npy"));
            store(&path, &info, &data);
            assert_eq!(read(&path, &info).unwrap(), data, "{dtype}");
        }
        let scalar = info(DType::F32, &[]);
        let path = folder.path().join("scalar.npy");
        store(&path, &scalar, &1.5f32.to_le_bytes());
        assert_eq!(read(&path, &scalar).unwrap(), 1.5f32.to_le_bytes());
    }

    #[test]
    fn another_dtype_shape_or_size_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        store(&path, &info(DType::F64, &[2]), &[0; 16]);
        let message = |expected: &TensorInfo| format!("{:#}", read(&path, expected).unwrap_err());
        assert!(message(&info(DType::F32, &[2])).ends_with("holds f64, expected f32 (NumPy's '<f4')"));
        assert!(message(&info(DType::F64, &[3])).ends_with("has the shape [2], expected [3]"));

        store(&path, &info(DType::F64, &[2]), &[0; 9]);
        assert!(message(&info(DType::F64, &[2])).ends_with("9 bytes follow the header, f64[2] takes 16"));
        fs::write(&path, b"hello").unwrap();
        assert!(message(&info(DType::F64, &[2])).contains("not a readable .npy file"));
    }

    /// Sparse files: there is nothing behind most of these bytes, but to read them would take minutes.
    #[test]
    fn a_npy_file_longer_than_its_header_says_is_refused_from_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.npy");
        let info = info(DType::F32, &[2, 3]);
        store(&path, &info, &[0; 24]);
        let size = fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(size + (1 << 42)).unwrap();
        let message = format!("{:#}", read(&path, &info).unwrap_err());
        assert!(message.ends_with("4398046511128 bytes follow the header, f32[2, 3] takes 24"), "{message}");
    }

    /// A pipe has no size; of one that does not end no more is read than it takes to see that.
    #[test]
    fn a_stream_is_read_no_further_than_the_array() {
        let info = info(DType::F32, &[2, 3]);
        let mut file = Vec::new();
        write(&mut file, &info, &[7; 24]).unwrap();
        assert_eq!(read_from(file.as_slice(), None, &info).unwrap(), [7; 24]);
        let message = |reader: &mut dyn Read| format!("{:#}", read_from(reader, None, &info).unwrap_err());
        assert!(message(&mut file.as_slice().chain(std::io::repeat(0))).starts_with("more than the 24 bytes"));
        assert!(message(&mut &file[..file.len() - 1]).starts_with("fewer than the 24 bytes"));
    }

    #[test]
    fn error_text_is_not_as_long_as_the_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.npy");
        let long = "x".repeat(50_000);
        let many = "1, ".repeat(20_000);
        for text in [
            format!("{{'descr': '{long}', 'fortran_order': False, 'shape': (), }}"),
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({many}), }}"),
            format!("{{'{long}': 1}}"),
            long,
        ] {
            let length = (text.len() as u32).to_le_bytes();
            fs::write(&path, [b"\x93NUMPY\x02\x00", &length[..], text.as_bytes()].concat()).unwrap();
            let message = format!("{:#}", read(&path, &info(DType::F32, &[2])).unwrap_err());
            assert!(message.len() < 400 + path.display().to_string().len(), "{message}");
        }
    }

    #[test]
    fn fortran_order_becomes_row_major() {
        // [[0, 1, 2], [3, 4, 5]] with the first axis fastest.
        let info = info(DType::U8, &[2, 3]);
        assert_eq!(to_row_major(&[0, 3, 1, 4, 2, 5], &info).unwrap(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_empty_array_of_impossible_extents_is_no_overflow() {
        let info = info(DType::F32, &[1 << 40, 1 << 40, 0]);
        assert!(to_row_major(&[], &info).unwrap().is_empty());
    }
}
