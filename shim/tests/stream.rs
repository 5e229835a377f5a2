//! Evaluation on streams and threads, f32 upload and read-back, and what an array tells about itself.

mod support;

use rlx_mlx_shim::*;
use std::ptr::null_mut;
use support::*;

/// Dtypes that hold small integers.
const REAL: [u32; 11] = [
    RLX_MLX_DTYPE_F32,
    RLX_MLX_DTYPE_F16,
    RLX_MLX_DTYPE_BF16,
    RLX_MLX_DTYPE_I32,
    RLX_MLX_DTYPE_F64,
    RLX_MLX_DTYPE_I8,
    RLX_MLX_DTYPE_I16,
    RLX_MLX_DTYPE_I64,
    RLX_MLX_DTYPE_U8,
    RLX_MLX_DTYPE_U32,
    RLX_MLX_DTYPE_BOOL,
];

#[test]
fn f32_data_goes_in_and_out_of_every_real_dtype() {
    let data = [1.0_f32, 0.0, 1.0, 1.0, 0.0, 1.0];
    for dtype in REAL {
        // SAFETY: live slices, writable out.
        let a = ok(|out| unsafe { rlx_mlx_array_from_data([2, 3].as_ptr(), 2, data.as_ptr(), 6, dtype, out) });
        assert_eq!((dims(&a), support::dtype(&a)), (vec![2, 3], dtype));
        for b in twins(&data.map(f64::from), &[2, 3], dtype) {
            assert_eq!(bytes(&a), bytes(&b));
            let mut found = [9.0_f32; 7];
            // SAFETY: live handle, room for more than its elements.
            assert_eq!(unsafe { rlx_mlx_array_to_f32(b.0, found.as_mut_ptr(), 7) }, RLX_MLX_OK, "{}", error());
            assert_eq!((&found[..6], found[6]), (&data[..], 9.0));
        }
    }
    let c = complex(&[(1.0, 2.0)], &[1]);
    let mut found = 0.0_f32;
    // SAFETY: live handle, writable outs.
    unsafe {
        assert_eq!(rlx_mlx_array_to_f32(c.0, &mut found, 1), RLX_MLX_ERR_BAD_DTYPE);
        assert_eq!(rlx_mlx_array_item_f64(c.0, &mut 0.0), RLX_MLX_ERR_BAD_DTYPE);
    }
}

#[test]
fn items_are_read_from_every_real_dtype() {
    for dtype in REAL {
        let one = array(&[1.0], &[1, 1], dtype);
        let (mut real, mut whole) = (0.0, 0);
        // SAFETY: live handle, writable outs.
        unsafe {
            assert_eq!(rlx_mlx_array_item_f64(one.0, &mut real), RLX_MLX_OK);
            let code = rlx_mlx_array_item_i64(one.0, &mut whole);
            let float = FLOATS.contains(&dtype);
            assert_eq!(
                (real, code, whole),
                (1.0, if float { RLX_MLX_ERR_BAD_DTYPE } else { RLX_MLX_OK }, i64::from(!float))
            );
        }
    }
}

#[test]
fn layouts_are_told_after_evaluation() {
    for dtype in MOVED {
        if dtype == RLX_MLX_DTYPE_C64 {
            continue;
        }
        let [dense, turned] = twins(&[1.0; 6], &[2, 3], dtype);
        for (a, expected, contiguous) in [(&dense, [3, 1], 1), (&turned, [1, 2], 0)] {
            let (mut strides, mut rank, mut flag) = ([0; 2], 0, 9);
            let (mut size, mut nbytes) = (0, 0);
            // SAFETY: live handle, buffers and capacities agree.
            unsafe {
                assert_eq!(rlx_mlx_array_strides(a.0, strides.as_mut_ptr(), 2, &mut rank), RLX_MLX_OK);
                assert_eq!(rlx_mlx_array_is_contiguous(a.0, &mut flag), RLX_MLX_OK);
                assert_eq!(rlx_mlx_array_size(a.0, &mut size), RLX_MLX_OK);
                assert_eq!(rlx_mlx_array_nbytes(a.0, &mut nbytes), RLX_MLX_OK);
                assert_eq!((strides, rank, flag), (expected, 2, contiguous));
                assert_eq!((size, nbytes), (6, 6 * rlx_mlx_dtype_size(dtype)));
            }
        }
    }
}

/// A stream handle that may go to another thread.
struct Stream(*mut rlx_mlx_stream_t);

// SAFETY: the shim lets any thread use a stream, one at a time.
unsafe impl Send for Stream {}

impl Stream {
    fn new() -> Self {
        let mut out = null_mut();
        // SAFETY: writable out.
        assert_eq!(unsafe { rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &mut out) }, RLX_MLX_OK, "{}", error());
        Stream(out)
    }

    fn enter(&self) {
        // SAFETY: live handle.
        assert_eq!(unsafe { rlx_mlx_stream_enter(self.0) }, RLX_MLX_OK);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: an owned handle, freed once.
        unsafe { rlx_mlx_stream_free(self.0) }
    }
}

/// The sum of `steps` doublings of one, started but not awaited.
fn started(steps: u32) -> A {
    let one = array(&[1.0; 4096], &[64, 64], RLX_MLX_DTYPE_F32);
    let mut x = one;
    for _ in 0..steps {
        // SAFETY: live handles.
        x = ok(|out| unsafe { rlx_mlx_op_add(x.0, x.0, out) });
    }
    // SAFETY: live handle.
    assert_eq!(unsafe { rlx_mlx_async_eval(&x.0, 1) }, RLX_MLX_OK, "{}", error());
    x
}

#[test]
fn threads_with_their_own_streams_do_not_meet() {
    let workers = (0..4_u32).map(|i| {
        let stream = Stream::new();
        std::thread::spawn(move || {
            let stream = stream;
            stream.enter();
            for round in 0..20 {
                let steps = 4 + (i + round) % 5;
                let x = started(steps);
                // SAFETY: live handle.
                assert_eq!(unsafe { rlx_mlx_stream_synchronize(stream.0) }, RLX_MLX_OK);
                assert_eq!(values(&x), vec![f64::from(1_u32 << steps); 4096]);
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.join().unwrap();
    }
}

#[test]
fn synchronize_waits_for_the_streams_of_other_threads() {
    let stream = Stream::new();
    let (address, stream) = std::thread::spawn(move || {
        let stream = stream;
        stream.enter();
        let x = started(10);
        let address = x.0 as usize;
        std::mem::forget(x);
        (address, stream)
    })
    .join()
    .unwrap();
    let x = A(address as *mut rlx_mlx_array_t);
    let mut size = 0;
    // SAFETY: live handle, which its first thread has left; writable out.
    unsafe {
        assert_eq!(rlx_mlx_synchronize(), RLX_MLX_OK, "{}", error());
        // Only a finished array has a size in memory.
        assert_eq!(rlx_mlx_memory_of(&x.0, 1, &mut size), RLX_MLX_OK, "{}", error());
    }
    assert!(size >= 4 * 4096);
    stream.enter();
    assert_eq!(values(&x), vec![1024.0; 4096]);
    // SAFETY: leaves the stream before it is freed.
    assert_eq!(unsafe { rlx_mlx_stream_enter(null_mut()) }, RLX_MLX_OK);
}
