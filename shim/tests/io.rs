//! Files: every dtype and layout comes back bit for bit; damaged files are refused or fail at evaluation.

mod support;

use rlx_mlx_shim::*;
use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use support::*;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn text(path: &std::path::Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).unwrap_or_default()
}

fn load_npy(path: &std::path::Path) -> A {
    // SAFETY: NUL-terminated path, writable out.
    ok(|out| unsafe { rlx_mlx_io_load_npy(text(path).as_ptr(), out) })
}

#[test]
fn npy_files_keep_every_dtype_and_the_order_of_axes() {
    let file = path("round-trip.npy");
    for dtype in RLX_MLX_DTYPE_F32..=RLX_MLX_DTYPE_C64 {
        for a in twins(&[1.0, 0.0, 1.0, 1.0, 0.0, 1.0], &[2, 3], dtype) {
            // SAFETY: live handle.
            assert_eq!(unsafe { rlx_mlx_io_save_npy(text(&file).as_ptr(), a.0) }, RLX_MLX_OK, "{}", error());
            let b = load_npy(&file);
            assert_eq!((dims(&b), support::dtype(&b)), (vec![2, 3], dtype));
            assert_eq!(bytes(&b), bytes(&a));
        }
    }
}

/// A version 1 file, as NumPy writes it.
fn npy(descr: &str, shape: &str, fortran: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}").into_bytes();
    header.resize((10 + header.len() + 1).div_ceil(64) * 64 - 10 - 1, b' ');
    header.push(b'\n');
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], &header, data].concat()
}

#[test]
fn files_of_numpy_are_read() {
    let file = path("numpy.npy");
    let numbers: Vec<u8> = [0_i64, 1, 2, 3, 4, 5].iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(&file, npy("<i8", "(2, 3)", "False", &numbers)).unwrap();
    close(&load_npy(&file), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 0.0, 0.0);
    std::fs::write(&file, npy("<i8", "(2, 3)", "True", &numbers)).unwrap();
    close(&load_npy(&file), &[0.0, 2.0, 4.0, 1.0, 3.0, 5.0], 0.0, 0.0);
    let swapped: Vec<u8> = numbers.chunks(8).flat_map(|c| c.iter().rev().copied().collect::<Vec<_>>()).collect();
    std::fs::write(&file, npy(">i8", "(6,)", "False", &swapped)).unwrap();
    close(&load_npy(&file), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 0.0, 0.0);
    // uint16 has no value in rlx_mlx_dtype_t, but can be read.
    std::fs::write(&file, npy("<u2", "(2,)", "False", &[1, 0, 255, 255])).unwrap();
    let a = load_npy(&file);
    let mut code = 0;
    // SAFETY: live handle, writable out.
    assert_eq!(unsafe { rlx_mlx_array_dtype(a.0, &mut code) }, RLX_MLX_ERR_BAD_DTYPE);
    close(&a, &[1.0, 65535.0], 0.0, 0.0);
}

#[test]
fn truncated_files_fail_at_evaluation() {
    let file = path("short.npy");
    let whole = npy("<f4", "(1024,)", "False", &[0; 4096]);
    std::fs::write(&file, &whole[..whole.len() - 1000]).unwrap();
    let a = load_npy(&file);
    // SAFETY: live handle.
    assert_eq!(unsafe { rlx_mlx_eval(&a.0, 1) }, RLX_MLX_ERR_GENERIC);
    for cut in [0, 5, 9, 40] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        // SAFETY: NUL-terminated path.
        assert_eq!(fails(|out| unsafe { rlx_mlx_io_load_npy(text(&file).as_ptr(), out) }), RLX_MLX_ERR_GENERIC);
    }
}

struct Tensors(*mut rlx_mlx_tensors_t);

impl Drop for Tensors {
    fn drop(&mut self) {
        // SAFETY: an owned handle, freed once.
        unsafe { rlx_mlx_tensors_free(self.0) }
    }
}

fn load(file: &std::path::Path) -> Tensors {
    let mut out = null_mut();
    // SAFETY: NUL-terminated path, writable out.
    assert_eq!(unsafe { rlx_mlx_io_load_safetensors(text(file).as_ptr(), &mut out) }, RLX_MLX_OK, "{}", error());
    Tensors(out)
}

#[test]
fn safetensors_files_keep_every_dtype_under_its_name() {
    let file = path("all.safetensors");
    let dtypes: Vec<u32> = (RLX_MLX_DTYPE_F32..=RLX_MLX_DTYPE_C64).filter(|&d| d != RLX_MLX_DTYPE_F64).collect();
    for layout in [array, strided] {
        let arrays: Vec<A> = dtypes.iter().map(|&d| layout(&[1.0, 0.0, 1.0, 1.0, 0.0, 1.0], &[2, 3], d)).collect();
        let names: Vec<CString> = dtypes.iter().map(|d| CString::new(format!("dtype-{d:02}")).unwrap()).collect();
        let name_list: Vec<*const c_char> = names.iter().map(|n| n.as_ptr()).collect();
        let handles: Vec<_> = arrays.iter().map(|a| a.0).collect();
        let (key, value) = (c"made by", c"a \"test\"");
        // SAFETY: live handles and lists of the counts given.
        let code = unsafe {
            rlx_mlx_io_save_safetensors(
                text(&file).as_ptr(),
                name_list.as_ptr(),
                handles.as_ptr(),
                handles.len(),
                [key.as_ptr()].as_ptr(),
                [value.as_ptr()].as_ptr(),
                1,
            )
        };
        assert_eq!(code, RLX_MLX_OK, "{}", error());
        let tensors = load(&file);
        let mut count = 0;
        // SAFETY: live handle, writable outs; names live as long as the list.
        unsafe {
            assert_eq!((rlx_mlx_tensors_count(tensors.0, &mut count), count), (RLX_MLX_OK, arrays.len()));
            for (i, a) in arrays.iter().enumerate() {
                let mut name = null();
                assert_eq!(rlx_mlx_tensors_name(tensors.0, i, &mut name), RLX_MLX_OK);
                assert_eq!(CStr::from_ptr(name), names[i].as_c_str());
                let found = ok(|out| rlx_mlx_tensors_get(tensors.0, i, out));
                assert_eq!((dims(&found), support::dtype(&found)), (vec![2, 3], dtypes[i]));
                assert_eq!(bytes(&found), bytes(a));
                let by_name = ok(|out| rlx_mlx_tensors_find(tensors.0, name, out));
                assert_eq!(bytes(&by_name), bytes(a));
            }
            let (mut k, mut v) = (null(), null());
            assert_eq!((rlx_mlx_tensors_metadata_count(tensors.0, &mut count), count), (RLX_MLX_OK, 1));
            assert_eq!(rlx_mlx_tensors_metadata(tensors.0, 0, &mut k, &mut v), RLX_MLX_OK);
            assert_eq!((CStr::from_ptr(k), CStr::from_ptr(v)), (key, value));
        }
    }
}

#[test]
fn damaged_safetensors_are_errors() {
    let file = path("damaged.safetensors");
    let with = |header: &str, data: &[u8]| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat();
    let refused = |content: &[u8]| {
        std::fs::write(&file, content).unwrap();
        let mut out = null_mut();
        // SAFETY: NUL-terminated path, writable out.
        let code = unsafe { rlx_mlx_io_load_safetensors(text(&file).as_ptr(), &mut out) };
        if code == RLX_MLX_OK {
            let tensors = Tensors(out);
            // SAFETY: live handles.
            let a = ok(|out| unsafe { rlx_mlx_tensors_get(tensors.0, 0, out) });
            // SAFETY: live handle.
            return unsafe { rlx_mlx_eval(&a.0, 1) };
        }
        assert!(out.is_null());
        code
    };
    let good = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    assert_eq!(refused(&with(good, &[0; 8])), RLX_MLX_OK);
    assert_ne!(refused(&with(good, &[0; 4])), RLX_MLX_OK);
    assert_ne!(refused(b""), RLX_MLX_OK);
    assert_ne!(refused(&u64::MAX.to_le_bytes()), RLX_MLX_OK);
    assert_ne!(refused(&with("{\"a\":", &[])), RLX_MLX_OK);
    for header in [
        r#"{"a":{"dtype":"X9","shape":[2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[1000000,1000000,1000000,1000000],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[9000000000,9000000008]}}"#,
        r#"{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}"#,
        r#"{"a":7}"#,
    ] {
        println!("{header}");
        assert_ne!(refused(&with(header, &[0; 8])), RLX_MLX_OK, "{header}");
    }
}
