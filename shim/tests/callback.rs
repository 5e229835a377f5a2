//! Host callbacks in graphs: every dtype and layout, inside compiled functions, from four threads at once.
#![allow(clippy::unwrap_used)] // a test that panics has failed

mod support;

use rlx_mlx_shim::*;
use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::*;

fn view<'a>(view: &rlx_mlx_view_t) -> &'a [u8] {
    if view.nbytes == 0 {
        return &[];
    }
    // SAFETY: the shim's promise about views, for the time of the call.
    unsafe { std::slice::from_raw_parts(view.data.cast(), view.nbytes) }
}

/// Copies each input to the output of the same number; `ud` counts the calls.
unsafe extern "C" fn copy(
    ud: *mut c_void,
    inputs: *const rlx_mlx_view_t,
    n_inputs: usize,
    outputs: *const rlx_mlx_view_mut_t,
    n_outputs: usize,
) -> c_int {
    assert_eq!(n_inputs, n_outputs);
    for i in 0..n_inputs {
        // SAFETY: the shim's promise about its arguments; sizes are compared first.
        unsafe {
            let (from, to) = (&*inputs.add(i), &*outputs.add(i));
            assert_eq!((from.nbytes, from.dtype, from.ndim), (to.nbytes, to.dtype, to.ndim));
            if from.nbytes > 0 {
                std::ptr::copy_nonoverlapping(from.data.cast::<u8>(), to.data.cast::<u8>(), from.nbytes);
            }
        }
    }
    // SAFETY: `ud` is the counter of the test.
    unsafe { &*ud.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    0
}

/// A callback whose outputs are like its inputs, with a counter.
fn alike(function: rlx_mlx_host_fn, counter: &AtomicUsize, inputs: &[&A]) -> Vec<A> {
    like(function, std::ptr::from_ref(counter).cast_mut().cast(), inputs)
}

/// A callback whose outputs are like its inputs. `ud` is what it takes, and outlives the nodes.
fn like(function: rlx_mlx_host_fn, ud: *mut c_void, inputs: &[&A]) -> Vec<A> {
    let raw: Vec<_> = inputs.iter().map(|a| a.0).collect();
    let shapes: Vec<Vec<c_int>> = inputs.iter().map(|a| dims(a)).collect();
    let pointers: Vec<*const c_int> = shapes.iter().map(|s| s.as_ptr()).collect();
    let ranks: Vec<usize> = shapes.iter().map(Vec::len).collect();
    let dtypes: Vec<u32> = inputs.iter().map(|a| dtype(a)).collect();
    let mut outs = vec![null_mut(); inputs.len()];
    // SAFETY: live handles and slices of one length; `ud` outlives the nodes in every test.
    let code = unsafe {
        rlx_mlx_op_host_callback(
            function,
            ud,
            None,
            RLX_MLX_ROWS_MIXED as _,
            raw.as_ptr(),
            raw.len(),
            pointers.as_ptr(),
            ranks.as_ptr(),
            dtypes.as_ptr(),
            outs.len(),
            outs.as_mut_ptr(),
        )
    };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    outs.into_iter().map(A).collect()
}

#[test]
fn every_dtype_and_layout_arrives_dense() {
    let calls = AtomicUsize::new(0);
    let values = [0.0, 1.0, 2.0, 3.0, 1.0, 0.0];
    for dtype in RLX_MLX_DTYPE_F32..=RLX_MLX_DTYPE_BOOL {
        let [dense, turned] = twins(&values, &[2, 3], dtype);
        let outs = alike(Some(copy), &calls, &[&dense, &turned]);
        // Bit for bit, so no tolerance.
        assert_eq!(bytes(&outs[0]), bytes(&dense), "dtype {dtype}");
        assert_eq!(bytes(&outs[1]), bytes(&dense), "dtype {dtype}");
    }
    let pairs = complex(&[(1.0, -2.0), (f32::INFINITY, 0.5)], &[2]);
    assert_eq!(complex_values(&alike(Some(copy), &calls, &[&pairs])[0]), [(1.0, -2.0), (f32::INFINITY, 0.5)]);
    assert_eq!(calls.load(Ordering::Relaxed), 12);
}

#[test]
fn scalars_and_empty_arrays_are_fine() {
    let calls = AtomicUsize::new(0);
    let (scalar, empty) = (array(&[3.0], &[], RLX_MLX_DTYPE_F32), array(&[], &[0, 2], RLX_MLX_DTYPE_F32));
    let outs = alike(Some(copy), &calls, &[&scalar, &empty]);
    assert_eq!(values(&outs[0]), [3.0]);
    assert_eq!((dims(&outs[1]), bytes(&outs[1]).len()), (vec![0, 2], 0));
}

/// Addresses of the operands and of the results.
unsafe extern "C" fn addresses(
    ud: *mut c_void,
    inputs: *const rlx_mlx_view_t,
    n_inputs: usize,
    outputs: *const rlx_mlx_view_mut_t,
    n_outputs: usize,
) -> c_int {
    // SAFETY: the shim's promise about its arguments; `ud` is the list of the test, which waits meanwhile.
    unsafe {
        let list = &mut *ud.cast::<Vec<usize>>();
        list.extend((0..n_inputs).map(|i| (*inputs.add(i)).data as usize));
        list.extend((0..n_outputs).map(|i| (*outputs.add(i)).data as usize));
        for i in 0..n_outputs {
            let view = &*outputs.add(i);
            std::ptr::write_bytes(view.data.cast::<u8>(), 0, view.nbytes);
        }
    }
    0
}

#[test]
fn copies_and_results_of_a_kilobyte_begin_with_a_cache_line() {
    for (dtype, size) in [(RLX_MLX_DTYPE_F32, 4), (RLX_MLX_DTYPE_F64, 8), (RLX_MLX_DTYPE_U8, 1), (RLX_MLX_DTYPE_C64, 8)]
    {
        for bytes_ in [1024, 1032, 100_000, 1 << 20] {
            let dims = [(bytes_ / size) as c_int];
            let data = vec![1u8; bytes_];
            // SAFETY: pointers and lengths agree.
            let x = ok(|out| unsafe {
                rlx_mlx_array_from_bytes(dims.as_ptr(), 1, data.as_ptr().cast(), bytes_, dtype, out)
            });
            let mut found: Vec<usize> = Vec::new();
            let results = like(Some(addresses), (&raw mut found).cast(), &[&x, &x]);
            assert!(results.iter().all(|result| bytes(result) == vec![0; bytes_]), "dtype {dtype}, {bytes_} bytes");
            assert_eq!(found.len(), 4);
            assert!(found.iter().all(|address| address % 64 == 0), "dtype {dtype}, {bytes_} bytes: {found:x?}");
            assert_eq!(bytes(&x), data);
        }
    }
}

/// f32: x³ with a wait, so that a race with the stream's thread would show.
unsafe extern "C" fn cubes(
    ud: *mut c_void,
    inputs: *const rlx_mlx_view_t,
    _n_inputs: usize,
    outputs: *const rlx_mlx_view_mut_t,
    _n_outputs: usize,
) -> c_int {
    // SAFETY: the shim's promise about its arguments; the output is as large as the input.
    let (from, to) = unsafe {
        let (from, to) = (&*inputs, &*outputs);
        assert_eq!(from.nbytes, to.nbytes);
        (view(from), std::slice::from_raw_parts_mut(to.data.cast::<u8>(), to.nbytes))
    };
    for (x, y) in from.chunks_exact(4).zip(to.chunks_exact_mut(4)) {
        let x = f32::from_le_bytes(x.try_into().unwrap());
        y.copy_from_slice(&(x * x * x).to_le_bytes());
    }
    // SAFETY: `ud` is the counter of the test.
    unsafe { &*ud.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    0
}

/// `cubes(x + x) + x`: work on MLX's side before and after the callback.
unsafe extern "C" fn graph(
    ud: *mut c_void,
    inputs: *const *mut rlx_mlx_array_t,
    _n: usize,
    outputs: *mut *mut rlx_mlx_array_t,
    _cap: usize,
    count: *mut usize,
) -> c_int {
    // SAFETY: the shim's promise about its arguments; `ud` is the counter of the test.
    unsafe {
        let x = *inputs;
        let twice = ok(|out| rlx_mlx_op_add(x, x, out));
        let cubed = alike(Some(cubes), &*ud.cast::<AtomicUsize>(), &[&twice]);
        *count = 1;
        rlx_mlx_op_add(cubed[0].0, x, outputs)
    }
}

#[test]
fn four_threads_at_once_get_the_same_inside_and_outside_of_compile() {
    const ROUNDS: usize = 25;
    struct Shared(*mut rlx_mlx_compiled_t);
    // SAFETY: the shim's compiled functions may be called from any thread.
    unsafe impl Sync for Shared {}
    impl Shared {
        fn get(&self) -> *mut rlx_mlx_compiled_t {
            self.0
        }
    }

    let calls = AtomicUsize::new(0);
    let ud: *mut c_void = (&raw const calls).cast_mut().cast();
    let mut function = null_mut();
    // SAFETY: `calls` outlives the handle; writable out.
    assert_eq!(unsafe { rlx_mlx_compile(Some(graph), ud, 0, &mut function) }, RLX_MLX_OK);
    let function = Shared(function);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (function, calls) = (&function, &calls);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let data: Vec<f64> = (0..1000).map(|i| ((i * 7 + round * 3 + thread) % 64) as f64 / 8.0).collect();
                    let x = array(&data, &[10, 100], RLX_MLX_DTYPE_F32);
                    let mut count = 0;
                    // SAFETY: live handles, room for one output.
                    let inside =
                        ok(|out| unsafe { rlx_mlx_compiled_call(function.get(), &x.0, 1, out, 1, &mut count) });
                    let ud = std::ptr::from_ref(calls).cast_mut().cast();
                    // SAFETY: as above.
                    let outside = ok(|out| unsafe { graph(ud, &x.0, 1, out, 1, &mut count) });
                    // Eighths below 16, cubed, are exact in f32, and so are the sums.
                    let expected: Vec<f64> = data.iter().map(|x| (2.0 * x).powi(3) + x).collect();
                    assert_eq!(values(&inside), expected);
                    assert_eq!(bytes(&inside), bytes(&outside));
                }
            });
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 4 * ROUNDS * 2);
    // SAFETY: owned handle.
    unsafe { rlx_mlx_compiled_free(function.0) }
}

unsafe extern "C" fn fails(
    _ud: *mut c_void,
    _inputs: *const rlx_mlx_view_t,
    _n_inputs: usize,
    _outputs: *const rlx_mlx_view_mut_t,
    _n_outputs: usize,
) -> c_int {
    // SAFETY: NUL-terminated.
    unsafe { rlx_mlx_set_last_error(c"out of patience".as_ptr()) };
    1
}

#[test]
fn a_failure_is_told_at_evaluation_and_does_not_stay_on_the_stream() {
    let calls = AtomicUsize::new(0);
    let x = array(&[1.0, 2.0], &[2], RLX_MLX_DTYPE_F32);
    for _ in 0..3 {
        let bad = alike(Some(fails), &calls, &[&x]);
        // SAFETY: live handles.
        let after = ok(|out| unsafe { rlx_mlx_op_add(bad[0].0, x.0, out) });
        // SAFETY: live handle.
        assert_eq!(unsafe { rlx_mlx_eval(&after.0, 1) }, RLX_MLX_ERR_GENERIC);
        assert!(error().contains("host callback: out of patience"), "{}", error());
        let good = alike(Some(cubes), &calls, &[&x]);
        assert_eq!(values(&good[0]), [1.0, 8.0]);
    }
}

/// Keeps a counter as `ud` and counts the releases.
unsafe extern "C" fn release(ud: *mut c_void) {
    // SAFETY: `ud` is the counter of the test.
    unsafe { &*ud.cast::<AtomicUsize>() }.fetch_add(1000, Ordering::Relaxed);
}

#[test]
fn a_trace_keeps_the_context_until_it_is_freed() {
    unsafe extern "C" fn lower(
        ud: *mut c_void,
        inputs: *const *mut rlx_mlx_array_t,
        _n: usize,
        outputs: *mut *mut rlx_mlx_array_t,
        _cap: usize,
        count: *mut usize,
    ) -> c_int {
        let (shape, rank, dtype): (*const c_int, usize, u32) = ([2].as_ptr(), 1, RLX_MLX_DTYPE_F32);
        // SAFETY: the shim's promise about its arguments; lists of one output.
        unsafe {
            *count = 1;
            let release = Some(release as unsafe extern "C" fn(*mut c_void));
            rlx_mlx_op_host_callback(
                Some(cubes),
                ud,
                release,
                RLX_MLX_ROWS_MIXED as _,
                inputs,
                1,
                &shape,
                &rank,
                &dtype,
                1,
                outputs,
            )
        }
    }
    let counter = AtomicUsize::new(0);
    let x = array(&[2.0, 3.0], &[2], RLX_MLX_DTYPE_F32);
    let mut trace = null_mut();
    // SAFETY: `counter` outlives the trace; live handle, writable out.
    let code = unsafe { rlx_mlx_trace(Some(lower), (&raw const counter).cast_mut().cast(), &x.0, 1, 1, &mut trace) };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    for _ in 0..3 {
        // SAFETY: live handles, room for one output.
        let y = ok(|out| unsafe { rlx_mlx_trace_call(trace, &x.0, 1, out, 1) });
        assert_eq!(values(&y), [8.0, 27.0]);
    }
    assert_eq!(counter.load(Ordering::Relaxed), 3);
    // SAFETY: owned handle.
    unsafe { rlx_mlx_trace_free(trace) };
    assert_eq!(counter.load(Ordering::Relaxed), 1003);
}

#[test]
fn no_inputs_make_a_source() {
    unsafe extern "C" fn seven(
        _ud: *mut c_void,
        _inputs: *const rlx_mlx_view_t,
        n_inputs: usize,
        outputs: *const rlx_mlx_view_mut_t,
        _n_outputs: usize,
    ) -> c_int {
        // SAFETY: one i32 scalar was asked for.
        unsafe { (*outputs).data.cast::<i32>().write(7) };
        n_inputs as c_int
    }
    let (shape, rank, dtype) = (null(), 0, RLX_MLX_DTYPE_I32);
    // SAFETY: lists of one output, writable out.
    let x = ok(|out| unsafe {
        rlx_mlx_op_host_callback(
            Some(seven),
            null_mut(),
            None,
            RLX_MLX_ROWS_MIXED as _,
            null(),
            0,
            &shape,
            &rank,
            &dtype,
            1,
            out,
        )
    });
    assert_eq!(values(&x), [7.0]);
}
