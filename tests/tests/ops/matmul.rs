//! `Op::MatMul` against plain loops in f64.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

/// The product, and for each element the sum of the magnitudes of its terms.
pub(crate) struct Product {
    pub(crate) dims: Vec<usize>,
    pub(crate) values: Vec<f64>,
    pub(crate) magnitudes: Vec<f64>,
    pub(crate) terms: usize,
}

/// `a @ b` with broadcast batch axes.
pub(crate) fn product(a: &Tensor, b: &Tensor) -> Product {
    let (ra, rb) = (a.dims.len(), b.dims.len());
    let (m, k, n) = (a.dims[ra - 2], a.dims[ra - 1], b.dims[rb - 1]);
    assert_eq!(k, b.dims[rb - 2], "inner extents");
    let batch_rank = ra.max(rb) - 2;
    let extent = |dims: &[usize], i: usize| (i + dims.len() - 2).checked_sub(batch_rank).map_or(1, |j| dims[j]);
    let mut dims: Vec<usize> = (0..batch_rank)
        .map(|i| if extent(&a.dims, i) == 1 { extent(&b.dims, i) } else { extent(&a.dims, i) })
        .collect();
    dims.extend([m, n]);
    let terms = |index: &[usize]| -> Vec<f64> {
        let (batch, at) = index.split_at(batch_rank);
        let get = |t: &Tensor, row: usize, column: usize| t.broadcast_at(&[batch, &[row, column][..]].concat());
        // A matrix axis of extent 1 has only index 0, so broadcasting does not hide a wrong shape.
        (0..k).map(|p| get(a, at[0], p) * get(b, p, at[1])).collect()
    };
    let (values, magnitudes) = indices(&dims)
        .map(|index| {
            let terms = terms(&index);
            (terms.iter().sum::<f64>(), terms.iter().map(|t| t.abs()).sum::<f64>())
        })
        .unzip();
    Product { dims, values, magnitudes, terms: k }
}

/// A sum of `terms` products accumulated in f32 errs by at most `terms * eps * sum |term|`, in whatever order; the
/// result is then rounded to its own type.
pub(crate) fn assert_product(what: &str, got: &Tensor, want: &Product) {
    let accumulate = want.terms.max(1) as f64 * epsilon(DType::F32);
    assert_within(what, got, &want.values, |i, w| accumulate * want.magnitudes[i] + epsilon(got.dtype) * w.abs());
}

const SHAPES: [(&[usize], &[usize]); 13] = [
    (&[2, 3], &[3, 4]),
    (&[1, 1], &[1, 1]),
    (&[1, 7], &[7, 1]),
    (&[7, 1], &[1, 7]),
    (&[33, 65], &[65, 17]),
    (&[128, 96], &[96, 130]),
    (&[3, 2, 5], &[3, 5, 4]),
    (&[3, 2, 5], &[5, 4]),
    (&[2, 5], &[3, 5, 4]),
    (&[2, 1, 2, 3], &[1, 4, 3, 2]),
    (&[2, 3, 1, 2, 3], &[4, 3, 2]),
    (&[0, 3], &[3, 4]),
    (&[2, 0, 2, 3], &[3, 4]),
];

#[test]
fn shapes_and_layouts() {
    for (i, (a, b)) in SHAPES.into_iter().enumerate() {
        let (a, b) = (Tensor::random(a, i as u64), Tensor::random(b, 50 + i as u64));
        let want = product(&a, &b);
        for layout in Layout::ALL {
            let got = run_one(&one_op(Op::MatMul, &[&a, &b], layout, &want.dims, DType::F32));
            assert_product(&format!("matmul {:?} {:?} {layout:?}", a.dims, b.dims), &got, &want);
        }
    }
}

#[test]
fn half_types() {
    for dtype in [DType::F16, DType::BF16] {
        for (a, b) in [(&[5, 31][..], &[31, 6][..]), (&[2, 3, 8], &[8, 4])] {
            let (a, b) = (Tensor::random(a, 1).to(dtype), Tensor::random(b, 2).to(dtype));
            let want = product(&a, &b);
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::MatMul, &[&a, &b], layout, &want.dims, dtype));
                assert_product(&format!("matmul of {dtype:?}, {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn an_empty_inner_axis_sums_to_zero() {
    let (a, b) = (Tensor::f32(&[2, 0], []), Tensor::f32(&[0, 3], []));
    let got = run_one(&one_op(Op::MatMul, &[&a, &b], Layout::Dense, &[2, 3], DType::F32));
    assert_eq!(got.values, [0.0; 6]);
    let bias = Tensor::f32(&[3], [1.0, 2.0, 3.0]);
    let op = Op::FusedMatMulBiasAct { activation: None };
    let got = run_one(&one_op(op, &[&a, &b, &bias], Layout::Dense, &[2, 3], DType::F32));
    assert_eq!(got.values, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}

/// A transposed operand goes to BLAS as a flag; a batch whose matrices are transposed and whose batch axes are swapped
/// does not.
#[test]
fn swapped_batch_axes() {
    let (a, b) = (Tensor::random(&[3, 2, 4, 5], 1), Tensor::random(&[2, 3, 5, 4], 2));
    let turned = a.permuted(&[1, 0, 2, 3]);
    let want = product(&turned, &b);
    let mut case = Case::new();
    let (x, y) = (case.input(&a), case.input(&b));
    let x = case.add(Op::Transpose { perm: vec![1, 0, 2, 3] }, &[x], &[2, 3, 4, 5], DType::F32);
    let z = case.add(Op::MatMul, &[x, y], &want.dims, DType::F32);
    assert_product("swapped batch", &run_one(&case.outputs(&[z])), &want);
}

#[test]
fn other_inner_extents_are_refused() {
    let case = one_op(
        Op::MatMul,
        &[&Tensor::random(&[2, 3], 1), &Tensor::random(&[4, 2], 2)],
        Layout::Dense,
        &[2, 2],
        DType::F32,
    );
    let error = refusal(&case);
    assert!(error.message().contains("MatMul"), "{error}");
}
