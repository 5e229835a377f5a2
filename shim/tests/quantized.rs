//! Quantised matrices: the packed words are decoded here by hand, and the ops must agree with that.

mod support;

use rlx_mlx_shim::*;
use std::ptr::null_mut;
use support::*;

const FLOATING_MODES: [(u32, usize, usize); 3] =
    [(RLX_MLX_QUANT_MXFP4, 32, 4), (RLX_MLX_QUANT_MXFP8, 32, 8), (RLX_MLX_QUANT_NVFP4, 16, 4)];

/// Multiples of 1/16 up to 4, without a pattern that groups would share.
fn weights(dims: &[i32]) -> Vec<f64> {
    let mut i = 0_u32;
    fill(dims, |_| {
        i = i.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from((i >> 16) % 128) / 16.0 - 4.0
    })
}

/// Quantises; the biases are NULL where the mode has none.
fn quantize(w: &A, group: usize, bits: usize, mode: u32) -> (A, A, Option<A>) {
    let (mut words, mut scales, mut biases) = (null_mut(), null_mut(), null_mut());
    // SAFETY: live handle, writable outs.
    let code = unsafe {
        rlx_mlx_op_quantize(w.0, group as i32, bits as i32, mode, null_mut(), &mut words, &mut scales, &mut biases)
    };
    assert_eq!(code, RLX_MLX_OK, "{}", error());
    (A(words), A(scales), (!biases.is_null()).then(|| A(biases)))
}

fn raw(a: &Option<A>) -> *mut rlx_mlx_array_t {
    a.as_ref().map_or(null_mut(), |a| a.0)
}

/// Numbers of `bits` each from a stream of bits, lowest first.
fn unpack(words: &A, bits: usize) -> Vec<u32> {
    let stream = bytes(words);
    let bit = |i: usize| u32::from(stream[i / 8] >> (i % 8) & 1);
    (0..stream.len() * 8 / bits).map(|n| (0..bits).map(|b| bit(n * bits + b) << b).sum()).collect()
}

fn e2m1(code: u32) -> f64 {
    let size = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0][(code & 7) as usize];
    if code & 8 == 0 { size } else { -size }
}

fn e4m3(code: u32) -> f64 {
    let (exponent, fraction) = ((code >> 3 & 15) as i32, f64::from(code & 7));
    let size = if exponent == 0 { fraction / 512.0 } else { (1.0 + fraction / 8.0) * 2_f64.powi(exponent - 7) };
    if code & 128 == 0 { size } else { -size }
}

/// What the packed form stands for.
fn decode(words: &A, scales: &A, biases: &Option<A>, group: usize, bits: usize, mode: u32) -> Vec<f64> {
    let codes = unpack(words, bits);
    let numbers = values(scales);
    let shifts = biases.as_ref().map(values);
    codes
        .iter()
        .enumerate()
        .map(|(i, &code)| {
            let s = numbers[i / group];
            match mode {
                RLX_MLX_QUANT_AFFINE => f64::from(code) * s + shifts.as_ref().map_or(0.0, |b| b[i / group]),
                RLX_MLX_QUANT_MXFP4 => e2m1(code) * 2_f64.powf(s - 127.0),
                RLX_MLX_QUANT_MXFP8 => e4m3(code) * 2_f64.powf(s - 127.0),
                _ => e2m1(code) * e4m3(s as u32),
            }
        })
        .collect()
}

fn dequantize(q: &(A, A, Option<A>), group: usize, bits: usize, mode: u32, dtype: u32) -> A {
    // SAFETY: live handles.
    ok(|out| unsafe {
        rlx_mlx_op_dequantize(q.0.0, q.1.0, raw(&q.2), group as i32, bits as i32, mode, null_mut(), dtype, out)
    })
}

#[test]
fn affine_numbers_lie_within_half_a_step() {
    let shape = [3, 256];
    let data = weights(&shape);
    for dtype in NARROW {
        for group in [32, 64, 128] {
            for bits in [1, 2, 3, 4, 5, 6, 8] {
                for w in twins(&data, &shape, dtype) {
                    let q = quantize(&w, group, bits, RLX_MLX_QUANT_AFFINE);
                    assert_eq!(dims(&q.0), [3, (256 * bits / 32) as i32]);
                    assert_eq!((dims(&q.1), support::dtype(&q.1)), (vec![3, (256 / group) as i32], dtype));
                    let meant = decode(&q.0, &q.1, &q.2, group, bits, RLX_MLX_QUANT_AFFINE);
                    // code * scale + bias, at up to 8 before they cancel, in the dtype.
                    close(
                        &dequantize(&q, group, bits, RLX_MLX_QUANT_AFFINE, dtype),
                        &meant,
                        eps(dtype),
                        16.0 * eps(dtype),
                    );
                    let steps = values(&q.1);
                    for (i, (m, d)) in meant.iter().zip(&data).enumerate() {
                        // MLX moves the range so that an edge is exact, which can cost the other edge half a step more;
                        // scales and biases are rounded to the dtype, over codes up to 255.
                        let bound = steps[i / group].abs() * (1.0 + 256.0 * eps(dtype)) + 8.0 * eps(dtype);
                        assert!(
                            (m - d).abs() <= bound,
                            "{bits} bits, element {i}: {m} for {d}, step {}",
                            steps[i / group]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn floating_modes_decode_to_their_formats() {
    let shape = [3, 64];
    let data = weights(&shape);
    for (mode, group, bits) in FLOATING_MODES {
        for dtype in NARROW {
            for w in twins(&data, &shape, dtype) {
                let q = quantize(&w, 0, 0, mode);
                assert!(q.2.is_none());
                assert_eq!((dims(&q.1), support::dtype(&q.1)), (vec![3, (64 / group) as i32], RLX_MLX_DTYPE_U8));
                let meant = decode(&q.0, &q.1, &q.2, group, bits, mode);
                for wanted in NARROW {
                    let back = dequantize(&q, group, bits, mode, wanted);
                    assert_eq!(support::dtype(&back), wanted);
                    // A product of a few bits each: exact in every dtype.
                    close(&back, &meant, 0.0, 0.0);
                }
                // e2m1 is at most a quarter off between 4 and 6, and clips at its largest; e4m3 a sixteenth.
                let off = if bits == 4 { 0.35 } else { 0.07 };
                for (m, d) in meant.iter().zip(&data) {
                    assert!((m - d).abs() <= off * d.abs() + 0.4, "{m} for {d}");
                }
            }
        }
    }
}

#[test]
fn products_are_those_of_the_decoded_matrix() {
    let (rows, inner, columns) = (3, 128, 64);
    let shape = [columns, inner];
    let w_data = weights(&shape);
    let mut modes = FLOATING_MODES.to_vec();
    modes.extend([1, 2, 3, 4, 5, 6, 8].map(|bits| (RLX_MLX_QUANT_AFFINE, 64, bits)));
    for (mode, group, bits) in modes {
        for dtype in NARROW {
            let q = quantize(&array(&w_data, &shape, dtype), group, bits, mode);
            let meant = decode(&q.0, &q.1, &q.2, group, bits, mode);
            let x_data = fill(&[rows, inner], |c| ((c[0] * 3 + c[1] * 5) % 7) as f64 / 4.0 - 0.75);
            let y_data = fill(&[rows, columns], |c| ((c[0] * 3 + c[1] * 5) % 7) as f64 / 4.0 - 0.75);
            let turned = fill(&[rows, columns], |c| {
                (0..inner as usize).map(|k| x_data[c[0] * inner as usize + k] * meant[c[1] * inner as usize + k]).sum()
            });
            let straight = fill(&[rows, inner], |c| {
                (0..columns as usize)
                    .map(|k| y_data[c[0] * columns as usize + k] * meant[k * inner as usize + c[1]])
                    .sum()
            });
            // 128 products of magnitude 3, whose sums reach 100; the half types may accumulate in themselves.
            let t = 128.0 * eps(dtype);
            for (transpose, data, width, expected) in [(1, &x_data, inner, &turned), (0, &y_data, columns, &straight)] {
                for x in twins(data, &[rows, width], dtype) {
                    // SAFETY: live handles.
                    unsafe {
                        let y = ok(|out| {
                            let (g, b) = (group as i32, bits as i32);
                            rlx_mlx_op_quantized_matmul_mode(x.0, q.0.0, q.1.0, raw(&q.2), transpose, g, b, mode, out)
                        });
                        println!("mode {mode}, {bits} bits, dtype {dtype}, transpose {transpose}");
                        close(&y, expected, 4.0 * eps(dtype), t);
                        if mode == RLX_MLX_QUANT_AFFINE {
                            let (g, b) = (group as i32, bits as i32);
                            let z = ok(|out| {
                                rlx_mlx_op_quantized_matmul(x.0, q.0.0, q.1.0, raw(&q.2), transpose, g, b, out)
                            });
                            assert_eq!(bytes(&z), bytes(&y));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn missing_biases_of_the_affine_product_are_zero() {
    let q = quantize(&array(&weights(&[4, 64]), &[4, 64], RLX_MLX_DTYPE_F32), 64, 4, RLX_MLX_QUANT_AFFINE);
    let meant = decode(&q.0, &q.1, &None, 64, 4, RLX_MLX_QUANT_AFFINE);
    let x = array(&[1.0; 64], &[1, 64], RLX_MLX_DTYPE_F32);
    let sums: Vec<f64> = meant.chunks(64).map(|row| row.iter().sum()).collect();
    // SAFETY: live handles.
    close(
        &ok(|out| unsafe { rlx_mlx_op_quantized_matmul(x.0, q.0.0, q.1.0, null_mut(), 1, 0, 0, out) }),
        &sums,
        1e-5,
        1e-4,
    );
}

#[test]
fn gather_qmm_picks_matrices_and_clamps() {
    let shape = [3, 8, 64];
    let data = weights(&shape);
    for (mode, group, bits) in
        [(RLX_MLX_QUANT_AFFINE, 32, 8), (RLX_MLX_QUANT_MXFP8, 32, 8), (RLX_MLX_QUANT_NVFP4, 16, 4)]
    {
        let q = quantize(&array(&data, &shape, RLX_MLX_DTYPE_F32), group, bits, mode);
        let meant = decode(&q.0, &q.1, &q.2, group, bits, mode);
        let x_data = fill(&[4, 1, 64], |c| ((c[0] + c[2] * 3) % 5) as f64 - 2.0);
        let (picks, used) = ([1.0, 99.0, -1.0, -7.0], [1, 2, 2, 0]);
        let expected = fill(&[4, 1, 8], |c| {
            (0..64).map(|k| x_data[c[0] * 64 + k] * at(&meant, &shape, &[used[c[0]], c[2], k])).sum()
        });
        for index in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64] {
            let idx = array(&picks, &[4], index);
            for x in twins(&x_data, &[4, 1, 64], RLX_MLX_DTYPE_F32) {
                // SAFETY: live handles.
                let y = ok(|out| unsafe {
                    let (g, b) = (group as i32, bits as i32);
                    rlx_mlx_op_gather_qmm(x.0, q.0.0, q.1.0, raw(&q.2), null_mut(), idx.0, 1, g, b, mode, 0, out)
                });
                assert_eq!(dims(&y), [4, 1, 8]);
                close(&y, &expected, 1e-5, 1e-3);
            }
        }
    }
}

#[test]
fn bad_schemes_are_refused() {
    let w = array(&weights(&[2, 128]), &[2, 128], RLX_MLX_DTYPE_F32);
    let q = quantize(&w, 64, 4, RLX_MLX_QUANT_AFFINE);
    let f64s = array(&weights(&[2, 128]), &[2, 128], RLX_MLX_DTYPE_F64);
    let try_scheme = |w: &A, group, bits, mode| {
        let (mut a, mut b) = (null_mut(), null_mut());
        // SAFETY: live handle, writable outs.
        fails(|out| unsafe { rlx_mlx_op_quantize(w.0, group, bits, mode, null_mut(), &mut a, &mut b, out) })
    };
    for (group, bits, mode) in
        [(16, 4, 0), (64, 7, 0), (64, 4, 1), (32, 8, 1), (32, 4, 2), (32, 4, 3), (-1, 4, 0), (64, -4, 0)]
    {
        assert_eq!(try_scheme(&w, group, bits, mode), RLX_MLX_ERR_BAD_SHAPE, "{group} {bits} {mode}");
    }
    assert_eq!(try_scheme(&f64s, 0, 0, 0), RLX_MLX_ERR_BAD_DTYPE);
    let scale = array(&[1.0], &[], RLX_MLX_DTYPE_F32);
    let (mut a, mut b) = (null_mut(), null_mut());
    // SAFETY: live handles, writable outs.
    unsafe {
        let code = fails(|out| rlx_mlx_op_quantize(w.0, 0, 0, RLX_MLX_QUANT_AFFINE, scale.0, &mut a, &mut b, out));
        assert_eq!(code, RLX_MLX_ERR_GENERIC);
        // 4-bit words read as 8-bit ones have another number of columns.
        let code = fails(|out| rlx_mlx_op_quantized_matmul(w.0, q.0.0, q.1.0, raw(&q.2), 1, 64, 8, out));
        assert_eq!(code, RLX_MLX_ERR_BAD_SHAPE);
        let code = fails(|out| {
            rlx_mlx_op_quantized_matmul_mode(w.0, q.0.0, q.1.0, null_mut(), 1, 64, 4, RLX_MLX_QUANT_AFFINE, out)
        });
        assert_eq!(code, RLX_MLX_ERR_NULL);
    }
}

#[test]
fn fp8_bytes_are_e4m3() {
    let every: Vec<f64> = (0..=255).filter(|c| c & 127 != 127).map(f64::from).collect();
    let expected: Vec<f64> = every.iter().map(|&c| e4m3(c as u32)).collect();
    let bytes_in = array(&every, &[127, 2], RLX_MLX_DTYPE_U8);
    for dtype in NARROW {
        // SAFETY: live handles.
        unsafe {
            let numbers = ok(|out| rlx_mlx_op_from_fp8(bytes_in.0, dtype, out));
            // The smallest are subnormal in f16, and still exact.
            close(&numbers, &expected, 0.0, 0.0);
            for x in twins(&expected, &[127, 2], dtype) {
                close(&ok(|out| rlx_mlx_op_to_fp8(x.0, out)), &every, 0.0, 0.0);
            }
        }
    }
}
