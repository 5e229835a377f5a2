//! Random numbers: the same key gives the same numbers, and the numbers have their distribution's moments.

mod support;

use rlx_mlx_shim::*;
use std::ptr::null_mut;
use support::*;

const COUNT: i32 = 40_000;

fn key(seed: u64) -> A {
    // SAFETY: writable out.
    ok(|out| unsafe { rlx_mlx_op_random_key(seed, out) })
}

/// Mean and standard deviation.
fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
}

/// The key is fixed, so nothing here can fail by chance on a later day; the bounds are 5 standard errors of the mean and
/// some rounding of bf16.
#[track_caller]
fn has_moments(a: &A, mean: f64, deviation: f64) {
    let (m, d) = moments(&values(a));
    let bound = 5.0 * deviation / f64::from(COUNT).sqrt() + 0.004 * (1.0 + mean.abs());
    assert!((m - mean).abs() < bound, "mean {m} instead of {mean}");
    assert!((d / deviation - 1.0).abs() < 0.04, "deviation {d} instead of {deviation}");
}

/// Threefry-2x32 with 20 rounds, which MLX hashes counters with.
fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let keys = [key[0], key[1], key[0] ^ key[1] ^ 0x1BD1_1BDA];
    let turns = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let mut x = [counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1])];
    for round in 0..5_u32 {
        for turn in turns[round as usize % 2] {
            x[0] = x[0].wrapping_add(x[1]);
            x[1] = x[1].rotate_left(turn) ^ x[0];
        }
        x[0] = x[0].wrapping_add(keys[(round as usize + 1) % 3]);
        x[1] = x[1].wrapping_add(keys[(round as usize + 2) % 3]).wrapping_add(round + 1);
    }
    x
}

#[test]
fn bits_are_threefrys() {
    // Counters 0, 1, ... are paired with those of the second half.
    let k = [7_u32, 9];
    // SAFETY: live handles.
    let bits = ok(|out| unsafe { rlx_mlx_op_random_bits([6].as_ptr(), 1, 4, key(7 << 32 | 9).0, out) });
    let hashed: Vec<_> = (0..3).map(|i| threefry(k, [i, i + 3])).collect();
    let expected: Vec<f64> = hashed.iter().map(|p| p[0]).chain(hashed.iter().map(|p| p[1])).map(f64::from).collect();
    close(&bits, &expected, 0.0, 0.0);
}

#[test]
fn keys_repeat_and_split() {
    let shape = [64];
    let draw = |k: &A| {
        // SAFETY: live handle.
        bytes(&ok(|out| unsafe { rlx_mlx_op_random_bits(shape.as_ptr(), 1, 4, k.0, out) }))
    };
    assert_eq!(draw(&key(3)), draw(&key(3)));
    assert_ne!(draw(&key(3)), draw(&key(4)));
    assert_ne!(draw(&key(3)), draw(&key(3 << 32)));
    // SAFETY: live handle.
    let children = ok(|out| unsafe { rlx_mlx_op_random_split(key(3).0, 5, out) });
    assert_eq!((dims(&children), support::dtype(&children)), (vec![5, 2], RLX_MLX_DTYPE_U32));
    let mut rows: Vec<_> = bytes(&children).chunks(8).map(<[u8]>::to_vec).collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 5);
    for (width, dtype, top) in
        [(1, RLX_MLX_DTYPE_U8, 255.0), (2, RLX_MLX_DTYPE_U32, 65535.0), (4, RLX_MLX_DTYPE_U32, f64::from(u32::MAX))]
    {
        // SAFETY: live handle.
        let bits = ok(|out| unsafe { rlx_mlx_op_random_bits([COUNT].as_ptr(), 1, width, key(1).0, out) });
        assert_eq!(support::dtype(&bits), dtype);
        let (mean, deviation) = moments(&values(&bits));
        assert!((mean / top - 0.5).abs() < 0.01 && (deviation / top - 1.0 / 12_f64.sqrt()).abs() < 0.01);
    }
}

#[test]
fn distributions_have_their_moments() {
    let n = [COUNT];
    for dtype in NARROW {
        let (low, high) = (array(&[-1.0], &[], dtype), array(&[3.0], &[1], dtype));
        // SAFETY: live handles.
        unsafe {
            let u = ok(|out| rlx_mlx_op_random_uniform(low.0, high.0, n.as_ptr(), 1, dtype, key(1).0, out));
            assert_eq!(support::dtype(&u), dtype);
            assert!(values(&u).iter().all(|&x| (-1.0..=3.0).contains(&x)));
            has_moments(&u, 1.0, 4.0 / 12_f64.sqrt());
            let z = ok(|out| rlx_mlx_op_random_normal(n.as_ptr(), 1, dtype, null_mut(), null_mut(), key(2).0, out));
            has_moments(&z, 0.0, 1.0);
            let z = ok(|out| rlx_mlx_op_random_normal(n.as_ptr(), 1, dtype, low.0, high.0, key(2).0, out));
            has_moments(&z, -1.0, 3.0);
            // The Euler-Mascheroni constant and pi / sqrt 6.
            let g = ok(|out| rlx_mlx_op_random_gumbel(n.as_ptr(), 1, dtype, key(3).0, out));
            has_moments(&g, 0.577_215_66, std::f64::consts::PI / 6_f64.sqrt());
            let l = ok(|out| rlx_mlx_op_random_laplace(n.as_ptr(), 1, dtype, 2.0, 0.5, key(4).0, out));
            has_moments(&l, 2.0, 0.5 * 2_f64.sqrt());
            let t = ok(|out| rlx_mlx_op_random_truncated_normal(low.0, high.0, n.as_ptr(), 1, dtype, key(5).0, out));
            assert!(values(&t).iter().all(|&x| (-1.0..=3.0).contains(&x)));
            // Of the standard normal between -1 and 3, by its densities and areas there.
            has_moments(&t, 0.2827, 0.7954);
            let p = array(&[0.25], &[], dtype);
            let b = ok(|out| rlx_mlx_op_random_bernoulli(p.0, n.as_ptr(), 1, key(6).0, out));
            assert_eq!(support::dtype(&b), RLX_MLX_DTYPE_BOOL);
            has_moments(&b, 0.25, 0.1875_f64.sqrt());
        }
    }
    // SAFETY: live handle.
    let wide = ok(|out| unsafe {
        rlx_mlx_op_random_normal(n.as_ptr(), 1, RLX_MLX_DTYPE_F64, null_mut(), null_mut(), key(2).0, out)
    });
    has_moments(&wide, 0.0, 1.0);
}

#[test]
fn parameters_broadcast_from_strided_arrays() {
    for low in twins(&[0.0, 10.0, 20.0, 30.0], &[2, 2], RLX_MLX_DTYPE_F32) {
        let high = array(&[1.0, 11.0, 21.0, 31.0], &[2, 2], RLX_MLX_DTYPE_F32);
        // SAFETY: live handles.
        let u = ok(|out| unsafe {
            rlx_mlx_op_random_uniform(low.0, high.0, [3, 2, 2].as_ptr(), 3, RLX_MLX_DTYPE_F32, key(1).0, out)
        });
        for (i, x) in values(&u).into_iter().enumerate() {
            let base = (i % 4) as f64 * 10.0;
            assert!((base..=base + 1.0).contains(&x));
        }
    }
}

#[test]
fn randint_covers_its_range_and_nothing_else() {
    for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_I8] {
        let (low, high) = (array(&[-2.0], &[], dtype), array(&[4.0], &[], dtype));
        // SAFETY: live handles.
        let x =
            ok(|out| unsafe { rlx_mlx_op_random_randint(low.0, high.0, [COUNT].as_ptr(), 1, dtype, key(1).0, out) });
        assert_eq!(support::dtype(&x), dtype);
        let found = values(&x);
        for v in -2..4 {
            let share = found.iter().filter(|&&f| f == f64::from(v)).count() as f64 / f64::from(COUNT);
            assert!((share - 1.0 / 6.0).abs() < 0.01, "{v}: {share}");
        }
        assert!(found.iter().all(|f| (-2.0..=3.0).contains(f)));
        // SAFETY: live handles; an empty range.
        let x = ok(|out| unsafe { rlx_mlx_op_random_randint(high.0, low.0, [8].as_ptr(), 1, dtype, key(1).0, out) });
        close(&x, &[4.0; 8], 0.0, 0.0);
    }
    // f32 steps of 128 would round up to the end of this range.
    let (low, high) = (array(&[0.0], &[], RLX_MLX_DTYPE_I32), array(&[2_147_483_647.0], &[], RLX_MLX_DTYPE_I32));
    // SAFETY: live handles.
    let x = ok(|out| unsafe {
        rlx_mlx_op_random_randint(low.0, high.0, [COUNT].as_ptr(), 1, RLX_MLX_DTYPE_I32, key(1).0, out)
    });
    assert!(values(&x).iter().all(|f| (0.0..2_147_483_647.0).contains(f)));
}

#[test]
fn permutations_keep_the_slices() {
    let data = fill(&[50, 2], |c| (c[0] * 2 + c[1]) as f64);
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_F16] {
        for x in twins(&data, &[50, 2], dtype) {
            // SAFETY: live handles.
            let found = values(&ok(|out| unsafe { rlx_mlx_op_random_permutation(x.0, 0, key(1).0, out) }));
            assert_ne!(found, data);
            let mut rows: Vec<_> = found.chunks(2).map(<[f64]>::to_vec).collect();
            rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
            assert_eq!(rows.concat(), data);
        }
    }
}

#[test]
fn categorical_draws_with_its_probabilities() {
    let share = [0.1, 0.2, 0.3, 0.4];
    let logits: Vec<f64> = share.iter().chain(share.iter().rev()).map(|p: &f64| p.ln()).collect();
    for dtype in NARROW {
        for x in twins(&logits, &[2, 4], dtype) {
            // SAFETY: live handles.
            let draws = ok(|out| unsafe { rlx_mlx_op_random_categorical(x.0, -1, COUNT, key(1).0, out) });
            assert_eq!((dims(&draws), support::dtype(&draws)), (vec![2, COUNT], RLX_MLX_DTYPE_U32));
            let found = values(&draws);
            for (row, row_draws) in found.chunks(COUNT as usize).enumerate() {
                for (class, p) in share.iter().enumerate() {
                    let class = if row == 0 { class } else { 3 - class } as f64;
                    let part = row_draws.iter().filter(|&&f| f == class).count() as f64 / f64::from(COUNT);
                    // 5 standard errors, and the rounding of bf16 logits and Gumbel numbers.
                    assert!((part - p).abs() < 0.02, "{class}: {part} instead of {p}");
                }
            }
        }
    }
}

/// 64 draws from even odds.
fn draws(seed: u64) -> Vec<u8> {
    let even = array(&vec![0.0; 128], &[64, 2], RLX_MLX_DTYPE_F32);
    // SAFETY: live handle.
    let out = ok(|out| unsafe { rlx_mlx_op_categorical(even.0, 1, seed, out) });
    assert_eq!((dims(&out), support::dtype(&out)), (vec![64], RLX_MLX_DTYPE_U32));
    bytes(&out)
}

#[test]
fn seed_0_draws_anew_on_every_call_and_thread() {
    assert_eq!(draws(5), draws(5));
    assert_ne!(draws(5), draws(6));
    assert_ne!(draws(0), draws(0));
    let elsewhere = || std::thread::spawn(|| draws(0)).join().unwrap();
    assert_ne!(elsewhere(), elsewhere());
    let seeded = || {
        std::thread::spawn(|| {
            // SAFETY: takes a value.
            assert_eq!(unsafe { rlx_mlx_random_seed(11) }, RLX_MLX_OK);
            (draws(0), draws(0))
        })
        .join()
        .unwrap()
    };
    let (first, second) = seeded();
    assert_ne!(first, second);
    assert_eq!((first, second), seeded());
}
