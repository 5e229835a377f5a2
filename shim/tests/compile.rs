//! Functions traced by need: who traces, what a trace serves, and the cap on outputs from the environment.

mod support;

use rlx_mlx_shim::*;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::*;

/// A handle that tests hand to threads.
struct Shared<T>(*mut T);

// SAFETY: the shim's compiled functions may be called from any thread.
unsafe impl<T> Sync for Shared<T> {}
// SAFETY: the shim's streams may be used from any thread, by one at a time.
unsafe impl<T> Send for Shared<T> {}

impl<T> Shared<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

/// `softmax(x · xᵀ)`, with reductions and a matmul so that shapes matter; `ud` counts the calls.
unsafe extern "C" fn scores(
    ud: *mut c_void,
    inputs: *const *mut rlx_mlx_array_t,
    _n: usize,
    outputs: *mut *mut rlx_mlx_array_t,
    _cap: usize,
    count: *mut usize,
) -> c_int {
    // SAFETY: the shim's promise about its arguments; `ud` is the counter of the test, or NULL.
    unsafe {
        if let Some(calls) = ud.cast::<AtomicUsize>().as_ref() {
            calls.fetch_add(1, Ordering::Relaxed);
        }
        let x = *inputs;
        let turned = ok(|out| rlx_mlx_op_transpose(x, [1, 0].as_ptr(), 2, out));
        let product = ok(|out| rlx_mlx_op_matmul(x, turned.0, out));
        *count = 1;
        rlx_mlx_op_softmax(product.0, 1, outputs)
    }
}

fn compiled(calls: &AtomicUsize, shapeless: bool) -> Shared<rlx_mlx_compiled_t> {
    let mut out = null_mut();
    let ud = std::ptr::from_ref(calls).cast_mut().cast();
    // SAFETY: `calls` outlives the handle in every test; writable out.
    let code = unsafe { rlx_mlx_compile(Some(scores), ud, c_int::from(shapeless), &mut out) };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    Shared(out)
}

fn call(function: *mut rlx_mlx_compiled_t, x: &A) -> A {
    let mut count = 0;
    // SAFETY: live handles, room for one output.
    let y = ok(|out| unsafe { rlx_mlx_compiled_call(function, &x.0, 1, out, 1, &mut count) });
    assert_eq!(count, 1);
    y
}

fn input(rows: usize, seed: f64) -> A {
    let values: Vec<f64> = (0..rows * 4).map(|i| (i as f64 * 0.7 + seed).sin()).collect();
    array(&values, &[rows as c_int, 4], RLX_MLX_DTYPE_F32)
}

/// The same outside of any trace.
fn expected(x: &A) -> Vec<u8> {
    let (mut count, mut y) = (0, null_mut());
    // SAFETY: live handle, room for one output, no counter.
    let code = unsafe { scores(null_mut(), &x.0, 1, &mut y, 1, &mut count) };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    bytes(&A(y))
}

#[test]
fn threads_that_enter_one_stream_in_turn_share_one_trace() {
    let calls = AtomicUsize::new(0);
    let function = compiled(&calls, false);
    let mut stream = null_mut();
    // SAFETY: writable out.
    assert_eq!(unsafe { rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &mut stream) }, RLX_MLX_OK);
    let lane = Mutex::new(Shared(stream));
    std::thread::scope(|scope| {
        for turn in 0..4 {
            let (function, lane) = (&function, &lane);
            scope.spawn(move || {
                for round in 0..5 {
                    let lane = lane.lock().unwrap();
                    // SAFETY: live stream, one thread at a time.
                    assert_eq!(unsafe { rlx_mlx_stream_enter(lane.get()) }, RLX_MLX_OK);
                    let x = input(3, f64::from(turn * 5 + round));
                    assert_eq!(bytes(&call(function.get(), &x)), expected(&x));
                }
            });
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // SAFETY: owned handles.
    unsafe {
        rlx_mlx_compiled_free(function.0);
        rlx_mlx_stream_free(stream);
    }
}

#[test]
fn threads_on_their_own_streams_call_at_once() {
    let calls = AtomicUsize::new(0);
    let function = compiled(&calls, false);
    std::thread::scope(|scope| {
        for turn in 0..4 {
            let function = &function;
            scope.spawn(move || {
                for round in 0..20 {
                    let x = input(3, f64::from(turn * 20 + round));
                    assert_eq!(bytes(&call(function.get(), &x)), expected(&x));
                }
            });
        }
    });
    // MLX binds ops to streams, so there is one trace for each.
    assert_eq!(calls.load(Ordering::Relaxed), 4);
    // SAFETY: owned handle.
    unsafe { rlx_mlx_compiled_free(function.0) }
}

#[test]
fn each_set_of_shapes_is_traced_once_and_shapeless_serves_them_all() {
    for (shapeless, traces) in [(false, 3), (true, 1)] {
        let calls = AtomicUsize::new(0);
        let function = compiled(&calls, shapeless);
        for rows in [2, 5, 2, 7, 5] {
            let x = input(rows, 1.0);
            let y = call(function.0, &x);
            assert_eq!(dims(&y), [rows as c_int, rows as c_int]);
            assert_eq!(bytes(&y), expected(&x), "{rows} rows, shapeless {shapeless}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), traces);
        // SAFETY: owned handle.
        unsafe { rlx_mlx_compiled_free(function.0) }
    }
}

#[test]
fn a_compiled_function_may_call_another() {
    unsafe extern "C" fn outer(
        ud: *mut c_void,
        inputs: *const *mut rlx_mlx_array_t,
        n: usize,
        outputs: *mut *mut rlx_mlx_array_t,
        cap: usize,
        count: *mut usize,
    ) -> c_int {
        // SAFETY: `ud` is the inner function's handle; the rest is passed on.
        unsafe { rlx_mlx_compiled_call(ud.cast(), inputs, n, outputs, cap, count) }
    }
    let calls = AtomicUsize::new(0);
    let inner = compiled(&calls, false);
    let mut function = null_mut();
    // SAFETY: the inner handle outlives the outer one; writable out.
    let code = unsafe { rlx_mlx_compile(Some(outer), inner.0.cast(), 0, &mut function) };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    let x = input(3, 2.0);
    assert_eq!(bytes(&call(function, &x)), expected(&x));
    // SAFETY: owned handles.
    unsafe {
        rlx_mlx_compiled_free(function);
        rlx_mlx_compiled_free(inner.0);
    }
}

/// Also run alone in a child process by the test below, which sets the environment and reads what is printed.
#[test]
fn the_cap_is_in_its_range() {
    // SAFETY: takes nothing.
    let cap = unsafe { rlx_mlx_compile_output_cap() };
    assert!((1..=1 << 20).contains(&cap), "{cap}");
    println!("cap={cap}");
}

#[test]
fn the_cap_comes_from_the_environment() {
    let cap = |name: Option<&str>, alias: Option<&str>| {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "the_cap_is_in_its_range", "--nocapture"]);
        for (variable, value) in [("RLX_COMPILE_OUTPUT_CAP", name), ("RLX_MLX_COMPILE_OUTPUT_CAP", alias)] {
            child.env_remove(variable);
            child.envs(value.map(|value| (variable, value)));
        }
        let text = String::from_utf8(child.output().unwrap().stdout).unwrap();
        let (_, rest) = text.split_once("cap=").expect("the cap");
        rest.split_whitespace().next().unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(cap(None, None), 1024);
    assert_eq!(cap(Some("7"), Some("8")), 7);
    assert_eq!(cap(None, Some("8")), 8);
    for bad in ["", "0", "-1", "1e3", " 7", "7 ", "many", "1048577", "99999999999999999999999"] {
        assert_eq!(cap(Some(bad), Some("8")), 8, "{bad:?}");
        assert_eq!(cap(Some(bad), Some(bad)), 1024, "{bad:?}");
    }
}
