//! Matrix products against plain loops in f64.

use rlx_ir::op::Activation;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, round_to};

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
        for (a, b) in [(&[5, 31][..], &[31, 6][..]), (&[2, 3, 8], &[8, 4]), (&[3, 11, 301], &[301, 70])] {
            let (a, b) = (Tensor::random(a, 1).to(dtype), Tensor::random(b, 2).to(dtype));
            let want = product(&a, &b);
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::MatMul, &[&a, &b], layout, &want.dims, dtype));
                assert_product(&format!("matmul of {dtype:?}, {layout:?}"), &got, &want);
            }
        }
    }
}

/// A product of halves, a bias, a function and a sum are one kernel, each rounded as the node that it is; modes that keep
/// nodes apart have to give the same bits.
#[test]
fn half_types_with_what_follows() {
    use rlx_ir::op::{Activation, BinaryOp};
    for dtype in [DType::F16, DType::BF16] {
        for (m, k, n) in [(40, 65, 50), (33, 300, 64), (64, 1, 3)] {
            let operand = |dims: &[usize], seed| Tensor::random(dims, seed).to(dtype);
            let (x, w) = (operand(&[m, k], 1), operand(&[k, n], 2));
            let (bias, other) = (operand(&[n], 3), operand(&[m, n], 4));
            let want = product(&x, &w);
            for function in [Activation::Relu, Activation::Gelu, Activation::Tanh] {
                let mut case = Case::new();
                let [x, w, b, o] = [&x, &w, &bias, &other].map(|value| case.input(value));
                let dims = [m, n];
                let product = case.add(Op::MatMul, &[x, w], &dims, dtype);
                let sum = case.add(Op::Binary(BinaryOp::Add), &[product, b], &dims, dtype);
                let of = case.add(Op::Activation(function), &[sum], &dims, dtype);
                let last = case.add(Op::Binary(BinaryOp::Add), &[of, o], &dims, dtype);
                let got = run_one(&case.outputs(&[last]));
                let values: Vec<f64> = want
                    .values
                    .iter()
                    .enumerate()
                    .map(|(i, value)| {
                        let x = round_to(dtype, round_to(dtype, *value) + bias.values[i % n]);
                        let of = match function {
                            Activation::Relu => x.max(0.0),
                            Activation::Tanh => x.tanh(),
                            _ => 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2),
                        };
                        round_to(dtype, round_to(dtype, of) + other.values[i])
                    })
                    .collect();
                let sums = &want.magnitudes;
                let what = format!("{function:?} of {dtype:?}, {m} x {k} x {n}");
                // The sum of products may fall to the other side of a tie, and each step after it then too.
                assert_within(&what, &got, &values, |i, _| 4.0 * epsilon(dtype) * (sums[i].min(8.0) + 1.0));
                let same = got.values.iter().zip(&values).filter(|(got, want)| got == want).count();
                assert!(
                    same * 100 >= values.len() * 95,
                    "{what}: {same} of {} are rounded as they should be",
                    values.len()
                );
            }
        }
    }
}

/// Weights of a half type that are converted to f32 stay what they are.
#[test]
fn converted_weights() {
    for dtype in [DType::F16, DType::BF16] {
        for (m, k, n) in [(40, 65, 50), (32, 300, 64)] {
            let (x, w) = (Tensor::random(&[m, k], 1), Tensor::random(&[n, k], 2).to(dtype));
            let mut case = Case::new();
            let (a, b) = (case.input(&x), case.input(&w));
            let b = case.add(Op::Cast { to: rlx_ir::DType::F32 }, &[b], &[n, k], DType::F32);
            let b = case.add(Op::Transpose { perm: vec![1, 0] }, &[b], &[k, n], DType::F32);
            let y = case.add(Op::MatMul, &[a, b], &[m, n], DType::F32);
            let got = run_one(&case.outputs(&[y]));
            assert_product(&format!("{dtype:?} as f32"), &got, &product(&x, &w.permuted(&[1, 0])));
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

/// The kernels that pack weights, which take many rows, know floats alone, and leave the refusal to MLX.
#[test]
fn integers_are_refused_with_few_rows_and_many() {
    for rows in [2, 40] {
        let a = Tensor::of(DType::I32, &[rows, 3], vec![1.0; 3 * rows]);
        let (b, bias) = (Tensor::of(DType::I32, &[3, 2], [1.0; 6]), Tensor::of(DType::I32, &[2], [7.0, -8.0]));
        let fused = Op::FusedMatMulBiasAct { activation: Some(Activation::Relu) };
        for (op, operands) in [(Op::MatMul, vec![&a, &b]), (fused, vec![&a, &b, &bias])] {
            let error = refusal(&one_op(op, &operands, Layout::Dense, &[rows, 2], DType::I32));
            assert!(error.message().contains("float"), "{rows} rows: {error}");
            assert!(!error.message().contains("elements of dtype"), "{rows} rows: {error}");
        }
    }
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

const FLOATS: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

/// Sums of products that are added in f32, or f64 where that is their dtype, and rounded once.
fn assert_rounded_once(what: &str, got: &Tensor, want: &Product) {
    let work = epsilon(if got.dtype == DType::F64 { DType::F64 } else { DType::F32 }) * want.terms.max(1) as f64;
    let rounding = if matches!(got.dtype, DType::F16 | DType::BF16) { 0.51 * epsilon(got.dtype) } else { 0.0 };
    assert_eq!(got.dims, want.dims, "{what}");
    assert_within(what, got, &want.values, |i, w| work * want.magnitudes[i] + rounding * w.abs());
}

/// Axes of `Op::DotGeneral`: contracted ones of both, then batch axes of both.
type Pairs = [&'static [usize]; 4];

fn dot([lhs_contracting, rhs_contracting, lhs_batch, rhs_batch]: Pairs) -> Op {
    Op::DotGeneral {
        lhs_contracting: lhs_contracting.to_vec(),
        rhs_contracting: rhs_contracting.to_vec(),
        lhs_batch: lhs_batch.to_vec(),
        rhs_batch: rhs_batch.to_vec(),
    }
}

fn general(a: &Tensor, b: &Tensor, [lhs_contracting, rhs_contracting, lhs_batch, rhs_batch]: Pairs) -> Product {
    let free = |t: &Tensor, taken: [&[usize]; 2]| -> Vec<usize> {
        (0..t.dims.len()).filter(|axis| !taken.concat().contains(axis)).collect()
    };
    let (lhs_free, rhs_free) = (free(a, [lhs_contracting, lhs_batch]), free(b, [rhs_contracting, rhs_batch]));
    let extents = |t: &Tensor, axes: &[usize]| axes.iter().map(|&axis| t.dims[axis]).collect::<Vec<_>>();
    let dims = [extents(a, lhs_batch), extents(a, &lhs_free), extents(b, &rhs_free)].concat();
    let contracted = extents(a, lhs_contracting);
    let place = |rank: usize, parts: [(&[usize], &[usize]); 3]| {
        let mut at = vec![0; rank];
        for (axes, index) in parts {
            axes.iter().zip(index).for_each(|(&axis, &i)| at[axis] = i);
        }
        at
    };
    let (values, magnitudes) = indices(&dims)
        .map(|i| {
            let (batch, rest) = i.split_at(lhs_batch.len());
            let (left, right) = rest.split_at(lhs_free.len());
            let terms = indices(&contracted).map(|j| {
                a.at(&place(a.dims.len(), [(lhs_batch, batch), (&lhs_free, left), (lhs_contracting, &j)]))
                    * b.at(&place(b.dims.len(), [(rhs_batch, batch), (&rhs_free, right), (rhs_contracting, &j)]))
            });
            terms.fold((0.0, 0.0), |(sum, size), term: f64| (sum + term, size + term.abs()))
        })
        .unzip();
    Product { dims, values, magnitudes, terms: contracted.iter().product() }
}

#[test]
fn dot_general_of_any_batch_and_contracted_axes() {
    let cases: [([&[usize]; 2], Pairs); 9] = [
        ([&[2, 3], &[3, 4]], [&[1], &[0], &[], &[]]),
        ([&[3, 2], &[4, 3]], [&[0], &[1], &[], &[]]),
        // Batch axes in any place, in another order in each operand.
        ([&[2, 5, 3, 4], &[4, 3, 6, 5]], [&[1], &[3], &[2, 3], &[1, 0]]),
        // Two contracted axes, paired crosswise.
        ([&[2, 3, 4], &[4, 5, 3]], [&[1, 2], &[2, 0], &[], &[]]),
        // Nothing is contracted, everything is, and there are no free axes.
        ([&[2], &[3]], [&[], &[], &[], &[]]),
        ([&[2, 3], &[3, 2]], [&[0, 1], &[1, 0], &[], &[]]),
        ([&[3, 4], &[3, 4]], [&[1], &[1], &[0], &[0]]),
        ([&[2, 0], &[0, 3]], [&[1], &[0], &[], &[]]),
        ([&[0, 2, 3], &[0, 3, 1]], [&[2], &[1], &[0], &[0]]),
    ];
    for (operands, axes) in cases {
        for dtype in FLOATS {
            let [a, b] = [Tensor::random(operands[0], 1).to(dtype), Tensor::random(operands[1], 2).to(dtype)];
            let want = general(&a, &b, axes);
            for layout in Layout::ALL {
                let got = run_one(&one_op(dot(axes), &[&a, &b], layout, &want.dims, dtype));
                assert_rounded_once(&format!("{operands:?} over {axes:?} {dtype:?} {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn axes_that_are_no_pairs_are_named() {
    let (a, b) = (Tensor::random(&[2, 3], 1), Tensor::random(&[3, 4], 2));
    let cases: [(Pairs, &str); 5] = [
        ([&[2], &[0], &[], &[]], "axis 2 of the first operand, which is [2, 3]"),
        ([&[1], &[0], &[1], &[1]], "axis 1 of the first operand is listed twice"),
        ([&[0], &[0], &[], &[]], "the contracted axes are [2] in the first operand and [3] in the second operand"),
        ([&[1], &[0], &[0], &[1]], "the batch axes are [2] in the first operand and [4] in the second operand"),
        ([&[1], &[0, 1], &[], &[]], "the contracted axes are [3]"),
    ];
    for (axes, part) in cases {
        let error = refusal(&one_op(dot(axes), &[&a, &b], Layout::Dense, &[2, 4], DType::F32));
        assert!(error.message().contains(part) && error.message().contains("DotGeneral"), "{error}");
    }
    let integers = [a, b].map(|t| t.map(|v| v.round()).to(DType::I32));
    let operands = [&integers[0], &integers[1]];
    let error = refusal(&one_op(dot([&[1], &[0], &[], &[]]), &operands, Layout::Dense, &[2, 4], DType::I32));
    assert!(error.message().contains("operand 0 is i32; it takes f16, bf16, f32 and f64"), "{error}");
}

#[test]
fn lora_adds_a_scaled_product_of_low_rank() {
    for (m, k, n, r) in [(3, 5, 4, 2), (1, 1, 1, 1), (2, 7, 3, 1), (0, 2, 3, 1), (2, 3, 4, 0)] {
        for scale in [0.0, 1.0, -2.5] {
            for dtype in FLOATS {
                let operands = [[m, k], [k, n], [k, r], [r, n]];
                let [x, w, a, b] = [0, 1, 2, 3].map(|i| Tensor::random(&operands[i], i as u64).to(dtype));
                // The intermediate product is not rounded.
                let exact = |t: &Tensor| t.to(DType::F64);
                let narrow = product(&x, &a);
                let narrow = Tensor::of(DType::F64, &narrow.dims, narrow.values);
                let (mut want, low) = (product(&x, &w), product(&narrow, &exact(&b)));
                let sizes = |t: &Tensor| exact(t).map(f64::abs);
                let low_sizes = product(&sizes(&x), &sizes(&a));
                let low_sizes = product(&Tensor::of(DType::F64, &low_sizes.dims, low_sizes.values), &sizes(&b)).values;
                want.values.iter_mut().zip(&low.values).for_each(|(sum, low)| *sum += scale * low);
                want.magnitudes.iter_mut().zip(&low_sizes).for_each(|(sum, low)| *sum += scale.abs() * low);
                want.terms = k + r + 3;
                let op = Op::LoraMatMul { scale: scale as f32 };
                for layout in Layout::ALL {
                    let got = run_one(&one_op(op.clone(), &[&x, &w, &a, &b], layout, &[m, n], dtype));
                    assert_rounded_once(&format!("{m} {k} {n} {r} {scale} {dtype:?} {layout:?}"), &got, &want);
                }
            }
        }
    }
}

#[test]
fn grouped_products_take_the_matrix_of_each_rows_expert() {
    for dims in [[5, 4, 3, 2], [1, 1, 1, 1], [7, 33, 5, 3], [0, 2, 3, 2], [2, 0, 3, 2]] {
        let [m, k, n, e] = dims;
        for dtype in FLOATS {
            let (x, w) = (Tensor::random(&[m, k], 1).to(dtype), Tensor::random(&[e, k, n], 2).to(dtype));
            let chosen: Vec<usize> = (0..m).map(|i| (i * 2 + 1) % e).collect();
            let matrices = chosen.iter().flat_map(|&e| w.values[e * k * n..(e + 1) * k * n].to_vec());
            let matrices = Tensor::of(DType::F64, &[m, k, n], matrices.collect::<Vec<_>>());
            let mut want = product(&x.to(DType::F64).reshaped(&[m, 1, k]), &matrices);
            want.dims = vec![m, n];
            for index in [DType::F32, DType::I32, DType::I64, DType::U32] {
                let expert = Tensor::of(index, &[m], chosen.iter().map(|&e| e as f64).collect::<Vec<_>>());
                for layout in Layout::ALL {
                    let got = run_one(&one_op(Op::GroupedMatMul, &[&x, &w, &expert], layout, &[m, n], dtype));
                    assert_rounded_once(&format!("{dims:?} {dtype:?} by {index:?} {layout:?}"), &got, &want);
                }
            }
        }
    }
}

/// One rule for all numbers: truncated, then from the end where negative, then the nearest inside.
#[test]
fn numbers_of_experts_that_do_not_exist() {
    let x = Tensor::f32(&[6, 1], [1.0; 6]);
    let w = Tensor::f32(&[3, 1, 1], [10.0, 20.0, 30.0]);
    let expert = Tensor::f32(&[6], [1.9, -1.0, 3.0, 1e20, -9.0, -0.5]);
    let got = run_one(&one_op(Op::GroupedMatMul, &[&x, &w, &expert], Layout::Dense, &[6, 1], DType::F32));
    assert_eq!(got.values, [20.0, 30.0, 30.0, 30.0, 10.0, 10.0]);
}

#[test]
fn experts_of_other_extents_are_named() {
    let x = Tensor::random(&[2, 3], 1);
    let says = |w: &[usize], expert: &Tensor, part: &str| {
        let operands = [&x, &Tensor::random(w, 2), expert];
        let error = refusal(&one_op(Op::GroupedMatMul, &operands, Layout::Dense, &[2, 4], DType::F32));
        assert!(error.message().contains(part) && error.message().contains("GroupedMatMul"), "{error}");
    };
    let numbers = Tensor::f32(&[2], [0.0, 1.0]);
    says(&[2, 4, 4], &numbers, "the experts are [2, 4, 4]");
    says(&[2, 3], &numbers, "give [m, k] and [e, k, n]");
    says(&[2, 3, 4], &Tensor::f32(&[3], [0.0; 3]), "their numbers [3]");
    says(&[0, 3, 4], &numbers, "there are no experts");
    says(&[2, 3, 4], &numbers.to(DType::Bool), "operand 2 is bool");
}
