//! What the numerical tests share: arrays from f64 values in any dtype, strided twins, reading back, comparing.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // a test that panics has failed

use rlx_mlx_shim::*;
use std::ffi::{CStr, c_int};
use std::ptr::null_mut;

/// An owned handle.
pub struct A(pub *mut rlx_mlx_array_t);

impl Drop for A {
    fn drop(&mut self) {
        // SAFETY: an owned handle, freed once.
        unsafe { rlx_mlx_array_free(self.0) }
    }
}

/// Text of the last failure.
pub fn error() -> String {
    // SAFETY: never NULL, NUL-terminated.
    unsafe { CStr::from_ptr(rlx_mlx_last_error()) }.to_string_lossy().into_owned()
}

/// The array that `call` writes; panics with the shim's text.
#[track_caller]
pub fn ok(call: impl FnOnce(*mut *mut rlx_mlx_array_t) -> c_int) -> A {
    let mut out = null_mut();
    let code = call(&mut out);
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    A(out)
}

/// The code of a call that must fail; checks NULL out and a text.
#[track_caller]
pub fn fails(call: impl FnOnce(*mut *mut rlx_mlx_array_t) -> c_int) -> c_int {
    let mut out = 8 as *mut rlx_mlx_array_t;
    let code = call(&mut out);
    assert_ne!(code, RLX_MLX_OK);
    assert!(out.is_null() && error().starts_with("rlx_mlx_"), "{}", error());
    code
}

/// An array of `dtype` from f64 values, made in f64 and cast, so in every dtype but complex.
#[track_caller]
pub fn array(values: &[f64], dims: &[c_int], dtype: u32) -> A {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    // SAFETY: live slices, writable out.
    let wide = ok(|out| unsafe {
        rlx_mlx_array_from_bytes(dims.as_ptr(), dims.len(), bytes.as_ptr().cast(), bytes.len(), RLX_MLX_DTYPE_F64, out)
    });
    // SAFETY: live handle.
    ok(|out| unsafe { rlx_mlx_op_cast(wide.0, dtype, out) })
}

/// The same logical array as a view with strides: the axes lie in memory in reverse order.
#[track_caller]
pub fn strided(values: &[f64], dims: &[c_int], dtype: u32) -> A {
    let dense = array(values, dims, dtype);
    let reverse: Vec<c_int> = (0..dims.len() as c_int).rev().collect();
    // SAFETY: live handles and slices; transposed, made dense, transposed back.
    unsafe {
        let turned = ok(|out| rlx_mlx_op_transpose(dense.0, reverse.as_ptr(), reverse.len(), out));
        let copied = ok(|out| rlx_mlx_op_contiguous(turned.0, out));
        ok(|out| rlx_mlx_op_transpose(copied.0, reverse.as_ptr(), reverse.len(), out))
    }
}

/// Both twins, for loops over layouts.
#[track_caller]
pub fn twins(values: &[f64], dims: &[c_int], dtype: u32) -> [A; 2] {
    [array(values, dims, dtype), strided(values, dims, dtype)]
}

/// A complex64 array from pairs.
#[track_caller]
pub fn complex(values: &[(f32, f32)], dims: &[c_int]) -> A {
    let bytes: Vec<u8> = values.iter().flat_map(|(re, im)| [re.to_le_bytes(), im.to_le_bytes()]).flatten().collect();
    // SAFETY: live slices, writable out.
    ok(|out| unsafe {
        rlx_mlx_array_from_bytes(dims.as_ptr(), dims.len(), bytes.as_ptr().cast(), bytes.len(), RLX_MLX_DTYPE_C64, out)
    })
}

/// Extents.
#[track_caller]
pub fn dims(a: &A) -> Vec<c_int> {
    let (mut dims, mut rank) = ([0; 16], 0);
    // SAFETY: live handle, buffer and capacity agree.
    assert_eq!(unsafe { rlx_mlx_array_shape(a.0, dims.as_mut_ptr(), 16, &mut rank) }, RLX_MLX_OK, "{}", error());
    dims[..rank].to_vec()
}

/// Element type.
#[track_caller]
pub fn dtype(a: &A) -> u32 {
    let mut code = 99;
    // SAFETY: live handle, writable out.
    assert_eq!(unsafe { rlx_mlx_array_dtype(a.0, &mut code) }, RLX_MLX_OK, "{}", error());
    code
}

/// Raw bytes.
#[track_caller]
pub fn bytes(a: &A) -> Vec<u8> {
    // SAFETY: takes a value.
    let size = unsafe { rlx_mlx_dtype_size(dtype(a)) };
    let mut out = vec![0; dims(a).iter().map(|&d| d as usize).product::<usize>() * size];
    let mut n = 0;
    // SAFETY: live handle, buffer and capacity agree.
    let code = unsafe { rlx_mlx_array_to_bytes(a.0, out.as_mut_ptr().cast(), out.len(), &mut n) };
    assert_eq!((code, n), (RLX_MLX_OK, out.len()), "{}", error());
    out
}

/// Elements as f64, through a cast in MLX (exact from every dtype but complex).
#[track_caller]
pub fn values(a: &A) -> Vec<f64> {
    // SAFETY: live handle.
    let wide = ok(|out| unsafe { rlx_mlx_op_cast(a.0, RLX_MLX_DTYPE_F64, out) });
    bytes(&wide).chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect()
}

/// Elements of a complex64 array.
#[track_caller]
pub fn complex_values(a: &A) -> Vec<(f32, f32)> {
    assert_eq!(dtype(a), RLX_MLX_DTYPE_C64);
    let half = |c: &[u8]| f32::from_le_bytes(c.try_into().unwrap());
    bytes(a).chunks_exact(8).map(|c| (half(&c[..4]), half(&c[4..]))).collect()
}

/// Unit roundoff of a float dtype; 0 for integers and bool.
pub fn eps(dtype: u32) -> f64 {
    match dtype {
        RLX_MLX_DTYPE_F64 => f64::EPSILON,
        RLX_MLX_DTYPE_F32 => f64::from(f32::EPSILON),
        RLX_MLX_DTYPE_F16 => 9.765625e-4,
        RLX_MLX_DTYPE_BF16 => 7.8125e-3,
        _ => 0.0,
    }
}

/// Compares element by element: `|found - expected| <= absolute + relative * |expected|`; NaN equals NaN.
#[track_caller]
pub fn close(found: &A, expected: &[f64], relative: f64, absolute: f64) {
    let found = values(found);
    assert_eq!(found.len(), expected.len());
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let same = f == e || (f.is_nan() && e.is_nan()) || (f - e).abs() <= absolute + relative * e.abs();
        assert!(same, "element {i}: {f} instead of {e}");
    }
}

/// Dtypes that move values without changing them, for ops that only rearrange.
pub const MOVED: [u32; 8] = [
    RLX_MLX_DTYPE_F32,
    RLX_MLX_DTYPE_F16,
    RLX_MLX_DTYPE_BF16,
    RLX_MLX_DTYPE_F64,
    RLX_MLX_DTYPE_I32,
    RLX_MLX_DTYPE_I64,
    RLX_MLX_DTYPE_U8,
    RLX_MLX_DTYPE_C64,
];

/// The float dtypes.
pub const FLOATS: [u32; 4] = [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16, RLX_MLX_DTYPE_F64];

/// The float dtypes that every device computes in.
pub const NARROW: [u32; 3] = [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16];

/// Row-major values of an array of these extents, from a function of the coordinates.
pub fn fill(dims: &[c_int], mut f: impl FnMut(&[usize]) -> f64) -> Vec<f64> {
    let count = dims.iter().map(|&d| d as usize).product::<usize>();
    let mut at = vec![0; dims.len()];
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        out.push(f(&at));
        for axis in (0..dims.len()).rev() {
            at[axis] += 1;
            if at[axis] < dims[axis] as usize {
                break;
            }
            at[axis] = 0;
        }
    }
    out
}

/// Quarters from -1.5 to 1.5, exact in every dtype, without a pattern that hides a wrong axis.
pub fn quarters(dims: &[i32], salt: usize) -> Vec<f64> {
    let mut i = salt * 5;
    fill(dims, |_| {
        i += 1;
        ((i * 7 + i / 6) % 13) as f64 / 4.0 - 1.5
    })
}

/// The element of row-major `values` at these coordinates.
pub fn at(values: &[f64], dims: &[c_int], coordinates: &[usize]) -> f64 {
    values[dims.iter().zip(coordinates).fold(0, |i, (&d, &c)| i * d as usize + c)]
}
