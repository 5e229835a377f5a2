//! Products that are so large that the plugin deals them out in pieces. Small integers make every sum exact, so a piece that
//! is missing, shifted or computed twice shows.

use rlx_host_api::CompileOptions;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{backend, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};
use std::thread;

/// Rows, inner extent, columns: cut by rows, by columns, by both, into pieces of unequal size, and with extents that no block fits.
const SIZES: [(usize, usize, usize); 8] = [
    (700, 300, 65),
    (65, 300, 700),
    (500, 300, 420),
    (257, 129, 513),
    (513, 129, 257),
    (2, 2048, 2100),
    (2100, 2048, 2),
    (64, 2048, 64),
];

/// An integer between -4 and 4 for each place.
fn integer(seed: usize, row: usize, column: usize) -> i64 {
    ((row * 31 + column * 17 + seed * 7 + row * column) % 9) as i64 - 4
}

fn matrix(seed: usize, dims: &[usize], dtype: DType) -> Tensor {
    Tensor::of(dtype, dims, indices(dims).map(|at| integer(seed, at[0], at[1]) as f64).collect::<Vec<_>>())
}

fn expected(m: usize, k: usize, n: usize) -> Vec<f64> {
    let b: Vec<Vec<i64>> = (0..n).map(|column| (0..k).map(|p| integer(2, p, column)).collect()).collect();
    let mut values = Vec::with_capacity(m * n);
    for row in 0..m {
        let a: Vec<i64> = (0..k).map(|p| integer(1, row, p)).collect();
        values.extend(b.iter().map(|b| a.iter().zip(b).map(|(a, b)| a * b).sum::<i64>() as f64));
    }
    values
}

#[test]
fn every_piece_is_computed_once_and_put_where_it_belongs() {
    for (m, k, n) in SIZES {
        let want = expected(m, k, n);
        for dtype in [DType::F32, DType::F64] {
            let (a, b) = (matrix(1, &[m, k], dtype), matrix(2, &[k, n], dtype));
            // Transposed operands are a flag to BLAS, narrowed ones are rows further apart.
            let layouts = if dtype == DType::F32 { &Layout::ALL[..] } else { &[Layout::Dense] };
            for &layout in layouts {
                let got = run_one(&one_op(Op::MatMul, &[&a, &b], layout, &[m, n], dtype));
                assert!(got.values == want, "{m} x {k} x {n}, {dtype:?}, {layout:?}");
            }
        }
    }
}

/// Complex numbers have a product of their own.
#[test]
fn complex_products_are_dealt_out_too() {
    let (m, k, n) = (160, 256, 260);
    let text = format!(
        "rlxmodel 1\nopset 1\ngraph @complex {{\n  %a = input : c64[{m}, {k}]\n  %b = input : c64[{k}, {n}]\n  \
         %c = MatMul %a, %b : c64[{m}, {n}]\n  return %c\n}}\n"
    );
    let part = |seed, i: usize, columns: usize| integer(seed, i / columns, i % columns);
    let complex = |seed: usize, rows: usize, columns: usize| -> Vec<(i64, i64)> {
        (0..rows * columns).map(|i| (part(seed, i, columns), part(seed + 5, i, columns))).collect()
    };
    let bytes = |values: &[(i64, i64)]| -> Vec<u8> {
        values.iter().flat_map(|(re, im)| [*re as f32, *im as f32]).flat_map(f32::to_le_bytes).collect()
    };
    let (a, b) = (complex(1, m, k), complex(2, k, n));
    let mut want = Vec::with_capacity(m * n);
    for row in 0..m {
        for column in 0..n {
            let terms = (0..k).map(|p| (a[row * k + p], b[p * n + column]));
            let product = |((ar, ai), (br, bi)): ((i64, i64), (i64, i64))| (ar * br - ai * bi, ar * bi + ai * br);
            want.push(terms.map(product).fold((0, 0), |(re, im), (r, i)| (re + r, im + i)));
        }
    }
    let mut executable = backend().compile(text.as_bytes(), &CompileOptions::new()).unwrap();
    let got = executable.run_to_vec(&[&bytes(&a), &bytes(&b)]).unwrap();
    assert!(got[0] == bytes(&want), "complex product");
}

/// How a product is cut does not depend on who has time to compute it.
#[test]
fn the_bits_are_the_same_however_many_products_there_are_at_once() {
    let (a, b) = (Tensor::random(&[300, 400], 1), Tensor::random(&[400, 500], 2));
    let case = one_op(Op::MatMul, &[&a, &b], Layout::Dense, &[300, 500], DType::F32);
    let alone = run_one(&case).bytes();
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| (0..25).map(|_| run_one(&case).bytes()).collect::<Vec<_>>())).collect();
        for thread in threads {
            assert!(thread.join().unwrap().iter().all(|bits| *bits == alone));
        }
    });
}
