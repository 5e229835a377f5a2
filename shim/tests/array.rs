//! The shim by itself: bytes in and out, views, traces on other threads, bad arguments.

use rlx_mlx_shim::*;
use std::ffi::{CStr, c_int, c_void};
use std::ptr::null_mut;
use std::sync::Mutex;

/// Handles are counted per process, so tests that count run one at a time.
static COUNTING: Mutex<()> = Mutex::new(());

fn error() -> String {
    // SAFETY: never NULL, NUL-terminated.
    unsafe { CStr::from_ptr(rlx_mlx_last_error()) }.to_string_lossy().into_owned()
}

fn array(dims: &[c_int], data: &[u8], dtype: u32) -> *mut rlx_mlx_array_t {
    let mut out = null_mut();
    // SAFETY: live slices, writable out.
    let code = unsafe {
        rlx_mlx_array_from_bytes(dims.as_ptr(), dims.len(), data.as_ptr().cast(), data.len(), dtype, &mut out)
    };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    out
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn read(handle: *mut rlx_mlx_array_t, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    let mut n = 0;
    // SAFETY: live handle, buffer and capacity agree.
    let code = unsafe { rlx_mlx_array_to_bytes(handle, out.as_mut_ptr().cast(), out.len(), &mut n) };
    assert_eq!((code, n), (RLX_MLX_OK, bytes), "{}", error());
    out
}

#[test]
fn every_dtype_comes_back_bit_for_bit() {
    let _one = COUNTING.lock().unwrap();
    // All 16-bit patterns: subnormals, infinities and NaN payloads of both half types are among them.
    let patterns: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    for dtype in RLX_MLX_DTYPE_F32..=RLX_MLX_DTYPE_C64 {
        // SAFETY: takes a value.
        let size = unsafe { rlx_mlx_dtype_size(dtype) };
        let data: Vec<u8> =
            if dtype == RLX_MLX_DTYPE_BOOL { patterns.iter().map(|b| b & 1).collect() } else { patterns.clone() };
        let handle = array(&[(data.len() / size) as c_int], &data, dtype);
        assert_eq!(read(handle, data.len()), data, "dtype {dtype}");
        // SAFETY: owned handle.
        unsafe { rlx_mlx_array_free(handle) };
    }
}

#[test]
fn bool_bytes_become_0_or_1() {
    let _one = COUNTING.lock().unwrap();
    let handle = array(&[4], &[0, 1, 2, 255], RLX_MLX_DTYPE_BOOL);
    assert_eq!(read(handle, 4), [0, 1, 1, 1]);
    // SAFETY: owned handle.
    unsafe { rlx_mlx_array_free(handle) };
}

#[test]
fn lazy_views_are_read_in_the_order_of_their_axes() {
    let _one = COUNTING.lock().unwrap();
    let x = array(&[2, 3], &f32s(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), RLX_MLX_DTYPE_F32);
    let (mut turned, mut wide, mut back) = (null_mut(), null_mut(), null_mut());
    // SAFETY: live handles and slices, writable outs.
    unsafe {
        assert_eq!(rlx_mlx_op_transpose(x, [1, 0].as_ptr(), 2, &mut turned), RLX_MLX_OK);
        assert_eq!(rlx_mlx_op_broadcast_to(x, [2, 2, 3].as_ptr(), 3, &mut wide), RLX_MLX_OK);
        let (start, stop, step) = ([1, 2], [-3, -4], [-1, -1]);
        assert_eq!(
            rlx_mlx_op_slice_strided(x, start.as_ptr(), stop.as_ptr(), step.as_ptr(), 2, &mut back),
            RLX_MLX_OK,
            "{}",
            error()
        );
    }
    for _ in 0..2 {
        assert_eq!(read(turned, 24), f32s(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
        assert_eq!(read(wide, 48), f32s(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
        assert_eq!(read(back, 24), f32s(&[5.0, 4.0, 3.0, 2.0, 1.0, 0.0]));
    }
    for handle in [x, turned, wide, back] {
        // SAFETY: owned handles.
        unsafe { rlx_mlx_array_free(handle) };
    }
}

#[test]
fn borrowed_memory_is_released_once_after_the_last_use() {
    let _one = COUNTING.lock().unwrap();
    unsafe extern "C" fn count(context: *mut c_void) {
        // SAFETY: the context is the counter below, which outlives every array.
        unsafe { *context.cast::<u32>() += 1 };
    }
    let mut released = 0_u32;
    let data = f32s(&[1.0, 2.0]);
    let mut out = null_mut();
    let context = (&raw mut released).cast();
    // SAFETY: data and counter outlive the arrays.
    unsafe {
        let dims = [2];
        let code = rlx_mlx_array_from_borrowed(
            dims.as_ptr(),
            1,
            data.as_ptr().cast(),
            8,
            RLX_MLX_DTYPE_F32,
            Some(count),
            context,
            &mut out,
        );
        assert_eq!(code, RLX_MLX_OK, "{}", error());
        let mut sum = null_mut();
        assert_eq!(rlx_mlx_op_add(out, out, &mut sum), RLX_MLX_OK);
        rlx_mlx_array_free(out);
        assert_eq!(read(sum, 8), f32s(&[2.0, 4.0]));
        rlx_mlx_array_free(sum);
        assert_eq!(context.cast::<u32>().read(), 1);
        // A refused array releases too.
        let code = rlx_mlx_array_from_borrowed(
            dims.as_ptr(),
            1,
            data.as_ptr().cast(),
            7,
            RLX_MLX_DTYPE_F32,
            Some(count),
            context,
            &mut out,
        );
        assert_eq!((code, out), (RLX_MLX_ERR_BAD_SHAPE, null_mut()));
        assert_eq!(context.cast::<u32>().read(), 2);
    }
}

unsafe extern "C" fn double_plus_constant(
    ud: *mut c_void,
    inputs: *const *mut rlx_mlx_array_t,
    _n: usize,
    outputs: *mut *mut rlx_mlx_array_t,
    _cap: usize,
    count: *mut usize,
) -> c_int {
    let mut one = null_mut();
    let mut sum = null_mut();
    // SAFETY: the shim's promise about its arguments; `ud` is the call counter of the test.
    unsafe {
        *ud.cast::<u32>() += 1;
        let x = *inputs;
        let failed = rlx_mlx_array_scalar(1.0, RLX_MLX_DTYPE_F32, &mut one) != 0
            || rlx_mlx_op_add(x, x, &mut sum) != 0
            || rlx_mlx_op_add(sum, one, outputs) != 0;
        rlx_mlx_array_free(one);
        rlx_mlx_array_free(sum);
        *count = 1;
        c_int::from(failed)
    }
}

#[test]
fn a_trace_is_made_once_and_replayed_on_any_thread() {
    let _one = COUNTING.lock().unwrap();
    // SAFETY: takes nothing.
    let before = unsafe { rlx_mlx_live_handles() };
    let mut calls = 0_u32;
    let (mut stream, mut placeholder, mut trace) = (null_mut(), null_mut(), null_mut());
    // SAFETY: writable outs, live handles; `calls` outlives the trace.
    unsafe {
        assert_eq!(rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &mut stream), RLX_MLX_OK);
        assert_eq!(rlx_mlx_stream_enter(stream), RLX_MLX_OK);
        rlx_mlx_array_placeholder([2].as_ptr(), 1, RLX_MLX_DTYPE_F32, &mut placeholder);
        let ud = (&raw mut calls).cast();
        let code = rlx_mlx_trace(Some(double_plus_constant), ud, &placeholder, 1, 1, &mut trace);
        assert_eq!(code, RLX_MLX_OK, "{}", error());
        rlx_mlx_stream_enter(null_mut());
    }
    let addresses = (stream as usize, trace as usize);
    for turn in 0..4_u8 {
        let worker = std::thread::spawn(move || {
            let x = array(&[2], &f32s(&[f32::from(turn), 10.0]), RLX_MLX_DTYPE_F32);
            let mut y = null_mut();
            // SAFETY: live handles, used by this thread alone while it runs.
            unsafe {
                rlx_mlx_stream_enter(addresses.0 as *mut rlx_mlx_stream_t);
                let code = rlx_mlx_trace_call(addresses.1 as *mut rlx_mlx_trace_t, &x, 1, &mut y, 1);
                assert_eq!(code, RLX_MLX_OK, "{}", error());
                assert_eq!(read(y, 8), f32s(&[2.0 * f32::from(turn) + 1.0, 21.0]));
                rlx_mlx_array_free(x);
                rlx_mlx_array_free(y);
            }
        });
        worker.join().unwrap();
    }
    // SAFETY: owned handles.
    unsafe {
        rlx_mlx_array_free(placeholder);
        rlx_mlx_trace_free(trace);
        rlx_mlx_stream_free(stream);
        assert_eq!(rlx_mlx_live_handles(), before);
    }
    assert_eq!(calls, 1);
}

#[test]
fn bad_arguments_give_a_code_and_a_text_with_the_function() {
    let _one = COUNTING.lock().unwrap();
    let x = array(&[2, 3], &f32s(&[0.0; 6]), RLX_MLX_DTYPE_F32);
    let stale = 8 as *mut rlx_mlx_array_t;
    let mut out = stale;
    // SAFETY: bad values on purpose, all of which the shim promises to refuse.
    unsafe {
        assert_eq!(rlx_mlx_op_add(null_mut(), x, &mut out), RLX_MLX_ERR_NULL);
        assert!(out.is_null() && error().starts_with("rlx_mlx_op_add: a"), "{}", error());
        assert_eq!(rlx_mlx_op_add(x, x, null_mut()), RLX_MLX_ERR_NULL);
        assert_eq!(rlx_mlx_array_placeholder([-1].as_ptr(), 1, RLX_MLX_DTYPE_F32, &mut out), RLX_MLX_ERR_BAD_SHAPE);
        let huge = [65_536; 4];
        assert_eq!(rlx_mlx_array_placeholder(huge.as_ptr(), 4, RLX_MLX_DTYPE_F32, &mut out), RLX_MLX_ERR_BAD_SHAPE);
        assert_eq!(rlx_mlx_array_placeholder([1].as_ptr(), 1, 99, &mut out), RLX_MLX_ERR_BAD_DTYPE);
        assert_eq!(rlx_mlx_op_softmax(x, 2, &mut out), RLX_MLX_ERR_BAD_SHAPE);
        assert_eq!(rlx_mlx_op_unary(x, 99, &mut out), RLX_MLX_ERR_GENERIC);
        assert_eq!(rlx_mlx_op_bit_not(x, &mut out), RLX_MLX_ERR_BAD_DTYPE);
        let zero = [0, 0];
        assert_eq!(
            rlx_mlx_op_slice_strided(x, zero.as_ptr(), [2, 3].as_ptr(), zero.as_ptr(), 2, &mut out),
            RLX_MLX_ERR_BAD_SHAPE
        );
        assert!(error().contains("stride 0"), "{}", error());
        let mut n = 0;
        let mut small = [0_u8; 4];
        assert_eq!(rlx_mlx_array_to_bytes(x, small.as_mut_ptr().cast(), 4, &mut n), RLX_MLX_ERR_BAD_SHAPE);
        assert_eq!(n, 24);
        rlx_mlx_array_free(x);
        rlx_mlx_array_free(null_mut());
    }
}

#[test]
fn indices_out_of_range_stay_inside_the_array() {
    let _one = COUNTING.lock().unwrap();
    let x = array(&[3], &f32s(&[10.0, 11.0, 12.0]), RLX_MLX_DTYPE_F32);
    let picks: Vec<u8> = [-4_i64, -1, 0, 2, 3, i64::MAX].iter().flat_map(|v| v.to_le_bytes()).collect();
    let picks = array(&[6], &picks, RLX_MLX_DTYPE_I64);
    let mut out = null_mut();
    // SAFETY: live handles, writable out.
    unsafe {
        assert_eq!(rlx_mlx_op_take(x, picks, 0, &mut out), RLX_MLX_OK, "{}", error());
        assert_eq!(read(out, 24), f32s(&[10.0, 12.0, 10.0, 12.0, 12.0, 12.0]));
        for handle in [x, picks, out] {
            rlx_mlx_array_free(handle);
        }
    }
}
