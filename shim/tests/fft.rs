//! Fourier and Hadamard transforms against the sums that define them, in f64.

mod support;

use rlx_mlx_shim::*;
use std::f64::consts::TAU;
use std::ptr::null;
use support::*;

/// Half-integers, exact in every float dtype.
fn signal(count: usize, salt: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 5 + i / 3 + salt) % 9) as f64 / 2.0 - 2.0).collect()
}

/// One transform of `n` complex numbers, unscaled.
fn dft(x: &[(f64, f64)], inverse: bool) -> Vec<(f64, f64)> {
    let n = x.len();
    let sign = if inverse { 1.0 } else { -1.0 };
    let sum = |k: usize| {
        x.iter().enumerate().fold((0.0, 0.0), |(re, im), (j, &(a, b))| {
            let (s, c) = (sign * TAU * ((j * k) % n) as f64 / n as f64).sin_cos();
            (re + a * c - b * s, im + a * s + b * c)
        })
    };
    (0..n).map(sum).collect()
}

fn block(data: &[f64], n: usize, inverse: bool, scale: f64) -> Vec<f64> {
    data.chunks(2 * n)
        .flat_map(|row| {
            let pairs: Vec<_> = (0..n).map(|i| (row[i], row[n + i])).collect();
            let out = dft(&pairs, inverse);
            let re: Vec<_> = out.iter().map(|p| p.0 * scale).collect();
            let im: Vec<_> = out.iter().map(|p| p.1 * scale).collect();
            [re, im].concat()
        })
        .collect()
}

#[test]
fn blocks_of_real_and_imaginary_parts_keep_their_dtype() {
    let narrow = [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16];
    for n in [1_usize, 2, 4, 5, 8, 12] {
        let shape = [3, 2 * n as i32];
        let data = signal(6 * n, n);
        for inverse in [false, true] {
            for (tag, scale) in
                [(0, 1.0), (1, if inverse { 1.0 / n as f64 } else { 1.0 }), (2, 1.0 / (n as f64).sqrt())]
            {
                let expected = block(&data, n, inverse, scale);
                for dtype in narrow {
                    for a in twins(&data, &shape, dtype) {
                        // SAFETY: live handle.
                        let b = ok(|out| unsafe { rlx_mlx_op_fft(a.0, i32::from(inverse), tag, out) });
                        assert_eq!((dims(&b), support::dtype(&b)), (shape.to_vec(), dtype));
                        // Computed in f32 on sums up to 2 * 12, and rounded once.
                        close(&b, &expected, eps(dtype), 32.0 * eps(RLX_MLX_DTYPE_F32));
                    }
                }
            }
        }
    }
}

#[test]
fn integers_give_f32_and_f64_is_refused() {
    let data = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
    for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_BOOL] {
        for a in twins(&data, &[1, 8], dtype) {
            // SAFETY: live handle.
            let b = ok(|out| unsafe { rlx_mlx_op_fft(a.0, 0, 0, out) });
            assert_eq!(support::dtype(&b), RLX_MLX_DTYPE_F32);
            close(&b, &block(&data, 4, false, 1.0), 1e-6, 1e-6);
        }
    }
    let wide = array(&data, &[8], RLX_MLX_DTYPE_F64);
    let odd = array(&data[..3], &[3], RLX_MLX_DTYPE_F32);
    let (empty, scalar) = (array(&[], &[0], RLX_MLX_DTYPE_F32), array(&[1.0], &[], RLX_MLX_DTYPE_F32));
    // SAFETY: live handles.
    unsafe {
        assert_eq!(fails(|out| rlx_mlx_op_fft(wide.0, 0, 0, out)), RLX_MLX_ERR_BAD_DTYPE);
        for a in [&odd, &empty, &scalar] {
            assert_eq!(fails(|out| rlx_mlx_op_fft(a.0, 0, 0, out)), RLX_MLX_ERR_BAD_SHAPE);
        }
    }
}

#[test]
fn infinite_imaginary_parts_and_signed_zeros_survive() {
    // A transform of one element is the element.
    let data = [1.0, f64::INFINITY, -0.0, f64::NEG_INFINITY];
    for a in twins(&data, &[2, 2], RLX_MLX_DTYPE_F32) {
        // SAFETY: live handle.
        let b = ok(|out| unsafe { rlx_mlx_op_fft(a.0, 0, 0, out) });
        close(&b, &data, 0.0, 0.0);
        assert!(values(&b)[2].is_sign_negative());
    }
}

fn complex_close(found: &A, expected: &[(f64, f64)]) {
    let found = complex_values(found);
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        let distance = (f64::from(f.0) - e.0).hypot(f64::from(f.1) - e.1);
        // Sums of up to 24 numbers up to 4 in f32.
        assert!(distance < 2e-5, "{f:?} instead of {e:?}");
    }
}

/// The transform of a [rows, columns] array over both axes.
fn dft2(x: &[(f64, f64)], columns: usize, inverse: bool, scale: f64) -> Vec<(f64, f64)> {
    let rows = x.len() / columns;
    let across: Vec<_> = x.chunks(columns).flat_map(|row| dft(row, inverse)).collect();
    let mut out = across.clone();
    for c in 0..columns {
        let column: Vec<_> = (0..rows).map(|r| across[r * columns + c]).collect();
        for (r, v) in dft(&column, inverse).into_iter().enumerate() {
            out[r * columns + c] = (v.0 * scale, v.1 * scale);
        }
    }
    out
}

#[test]
fn fftn_takes_numpys_norms_axes_and_extents() {
    let (rows, columns) = (3, 4);
    let (re, im) = (signal(12, 1), signal(12, 7));
    let pairs: Vec<_> = re.iter().zip(&im).map(|(&a, &b)| (a, b)).collect();
    let singles: Vec<_> = pairs.iter().map(|p| (p.0 as f32, p.1 as f32)).collect();
    let x = complex(&singles, &[3, 4]);
    for (norm, forward, backward) in [
        (RLX_MLX_FFT_BACKWARD, 1.0, 1.0 / 12.0),
        (RLX_MLX_FFT_FORWARD, 1.0 / 12.0, 1.0),
        (RLX_MLX_FFT_ORTHO, 1.0 / 12_f64.sqrt(), 1.0 / 12_f64.sqrt()),
    ] {
        // SAFETY: live handles.
        unsafe {
            let y = ok(|out| rlx_mlx_op_fftn(x.0, null(), null(), 0, norm, out));
            complex_close(&y, &dft2(&pairs, columns, false, forward));
            let z = ok(|out| rlx_mlx_op_ifftn(x.0, null(), null(), 0, norm, out));
            complex_close(&z, &dft2(&pairs, columns, true, backward));
        }
    }
    // Cut to 2 rows and padded to 6 columns, from real operands of every dtype and layout.
    let fitted: Vec<_> =
        (0..12).map(|i| if i % 6 < columns { (re[(i / 6) * columns + i % 6], 0.0) } else { (0.0, 0.0) }).collect();
    let (n, axes) = ([6, 2], [1, 0]);
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16] {
        for a in twins(&re, &[rows, columns as i32], dtype) {
            // SAFETY: live handles, lists of two.
            let y = ok(|out| unsafe { rlx_mlx_op_fftn(a.0, n.as_ptr(), axes.as_ptr(), 2, RLX_MLX_FFT_BACKWARD, out) });
            assert_eq!(dims(&y), [2, 6]);
            complex_close(&y, &dft2(&fitted, 6, false, 1.0));
        }
    }
}

#[test]
fn real_transforms_keep_half_and_come_back() {
    for columns in [4_usize, 5] {
        let re = signal(3 * columns, 2);
        let pairs: Vec<_> = re.iter().map(|&a| (a, 0.0)).collect();
        let whole = dft2(&pairs, columns, false, 1.0);
        let kept = columns / 2 + 1;
        let expected: Vec<_> = whole.chunks(columns).flat_map(|row| row[..kept].to_vec()).collect();
        for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16, RLX_MLX_DTYPE_F32] {
            for a in twins(&re, &[3, columns as i32], dtype) {
                let (n, axes) = ([3, columns as i32], [0, 1]);
                // SAFETY: live handles, lists of two.
                unsafe {
                    let y = ok(|out| rlx_mlx_op_rfftn(a.0, null(), axes.as_ptr(), 2, RLX_MLX_FFT_BACKWARD, out));
                    assert_eq!(dims(&y), [3, kept as i32]);
                    complex_close(&y, &expected);
                    let back =
                        ok(|out| rlx_mlx_op_irfftn(y.0, n.as_ptr(), axes.as_ptr(), 2, RLX_MLX_FFT_BACKWARD, out));
                    close(&back, &re, 1e-6, 1e-6);
                }
            }
        }
    }
}

#[test]
fn padding_stays_on_the_entered_stream() {
    // MLX's own padding of fftn would use the default stream of the thread that built it, which no other thread has.
    let mut stream = std::ptr::null_mut();
    // SAFETY: writable out; the handles are used by one thread at a time.
    let built = unsafe {
        assert_eq!(rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &mut stream), RLX_MLX_OK);
        let address = stream as usize;
        std::thread::spawn(move || {
            rlx_mlx_stream_enter(address as *mut rlx_mlx_stream_t);
            let bytes: Vec<u8> = [1.0_f32, 2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
            let x =
                ok(|out| rlx_mlx_array_from_bytes([2].as_ptr(), 1, bytes.as_ptr().cast(), 8, RLX_MLX_DTYPE_F32, out));
            let y = ok(|out| rlx_mlx_op_fftn(x.0, [4].as_ptr(), [0].as_ptr(), 1, RLX_MLX_FFT_BACKWARD, out));
            let address = y.0 as usize;
            std::mem::forget(y);
            address
        })
        .join()
        .unwrap()
    };
    // SAFETY: the stream is live; the thread above has ended.
    unsafe { rlx_mlx_stream_enter(stream) };
    complex_close(&A(built as *mut rlx_mlx_array_t), &dft(&[(1.0, 0.0), (2.0, 0.0), (0.0, 0.0), (0.0, 0.0)], false));
    // SAFETY: owned handle, left before it is freed.
    unsafe {
        rlx_mlx_stream_enter(std::ptr::null_mut());
        rlx_mlx_stream_free(stream);
    }
}

#[test]
fn shifts_move_the_zero_frequency_to_the_middle() {
    for dtype in MOVED {
        if dtype == RLX_MLX_DTYPE_C64 {
            continue;
        }
        for a in twins(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[2, 5], dtype) {
            // SAFETY: live handles.
            unsafe {
                let y = ok(|out| rlx_mlx_op_fftshift(a.0, [1].as_ptr(), 1, out));
                close(&y, &[3.0, 4.0, 0.0, 1.0, 2.0, 8.0, 9.0, 5.0, 6.0, 7.0], 0.0, 0.0);
                let z = ok(|out| rlx_mlx_op_ifftshift(y.0, [-1].as_ptr(), 1, out));
                close(&z, &values(&a), 0.0, 0.0);
            }
        }
    }
}

#[test]
fn hadamard_alternates_signs() {
    let data = quarters(&[2, 8], 6);
    let expected = fill(&[2, 8], |c| {
        0.5 * (0..8_usize)
            .map(|j| if (c[1] & j).count_ones() % 2 == 0 { 1.0 } else { -1.0 } * data[c[0] * 8 + j])
            .sum::<f64>()
    });
    for dtype in NARROW {
        for x in twins(&data, &[2, 8], dtype) {
            // SAFETY: live handle.
            close(
                &ok(|out| unsafe { rlx_mlx_op_hadamard(x.0, 0.5, out) }),
                &expected,
                4.0 * eps(dtype),
                4.0 * eps(dtype),
            );
        }
    }
    let three = array(&[0.0; 3], &[3], RLX_MLX_DTYPE_F32);
    // SAFETY: live handle; 3 is no size of a Hadamard matrix.
    assert_eq!(fails(|out| unsafe { rlx_mlx_op_hadamard(three.0, 1.0, out) }), RLX_MLX_ERR_BAD_SHAPE);
}
