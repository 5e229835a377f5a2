//! `Op::SoftmaxCrossEntropy` and `Op::SoftmaxCrossEntropyWithLogits` against loops in f64.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::Tensor;

const FLOATS: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

const SHAPES: [[usize; 2]; 7] = [[3, 5], [1, 1], [2, 1], [0, 4], [4, 256], [2, 257], [3, 1000]];

/// `Σ t (log Σ e^z - z)`, without the cancellation that the difference of two sums has, plus what the target lacks to one
/// times `log Σ e^z`.
fn loss(logits: &[f64], target: &[f64]) -> f64 {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let at = logits.iter().position(|z| *z == top);
    let others: f64 = logits.iter().enumerate().filter(|(i, _)| Some(*i) != at).map(|(_, z)| (z - top).exp()).sum();
    let log_sum = others.ln_1p();
    let picked: f64 = logits.iter().zip(target).map(|(z, t)| t * (top - z)).sum();
    let missing = 1.0 - target.iter().sum::<f64>();
    log_sum + picked + if missing == 0.0 { 0.0 } else { missing * top }
}

/// Rows that sum to one: eighths of two classes, and all of one.
fn targets([n, c]: [usize; 2], dtype: DType) -> Tensor {
    let value = |row: usize, class: usize| match (row % 2, class) {
        (0, class) if class == row % c => 0.25 + if c == 1 { 0.75 } else { 0.0 },
        (0, class) if class == (row + 1) % c => 0.75,
        (1, class) if class == (row * 3) % c => 1.0,
        _ => 0.0,
    };
    Tensor::of(dtype, &[n, c], (0..n * c).map(|i| value(i / c, i % c)).collect::<Vec<_>>())
}

fn row(tensor: &Tensor, row: usize) -> &[f64] {
    &tensor.values[row * tensor.dims[1]..][..tensor.dims[1]]
}

/// Once rounded; in f64 the sum's own digits.
fn assert_losses(what: &str, got: &Tensor, want: &[f64]) {
    let bound = if got.dtype == DType::F64 { 16.0 * f64::EPSILON } else { 0.5001 * epsilon(got.dtype) };
    assert_within(what, got, want, |_, w| bound * w.abs() + 1e-15);
}

#[test]
fn dense_targets_of_all_shapes_and_dtypes() {
    for dims in SHAPES {
        for dtype in FLOATS {
            let (logits, targets) = (Tensor::random(&dims, 1).map(|v| v * 8.0).to(dtype), targets(dims, dtype));
            let want: Vec<f64> = (0..dims[0]).map(|i| loss(row(&logits, i), row(&targets, i))).collect();
            for layout in Layout::ALL {
                let op = Op::SoftmaxCrossEntropy;
                let got = run_one(&one_op(op, &[&logits, &targets], layout, &dims[..1], dtype));
                assert_losses(&format!("{dims:?} {dtype:?} {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn labels_of_every_dtype() {
    for dims in SHAPES {
        let [n, c] = dims;
        // Above 256 halves have no odd numbers.
        let classes: Vec<f64> = (0..n).map(|i| ((i * 7 + 2) % c.min(100)) as f64).collect();
        for dtype in FLOATS {
            let logits = Tensor::random(&dims, 1).map(|v| v * 8.0).to(dtype);
            let want: Vec<f64> = (0..n)
                .map(|i| {
                    let mut target = vec![0.0; c];
                    target[classes[i] as usize] = 1.0;
                    loss(row(&logits, i), &target)
                })
                .collect();
            for labels in [DType::F32, DType::I32, DType::I64, DType::U8, DType::BF16] {
                let labels = Tensor::of(labels, &[n], classes.clone());
                let op = Op::SoftmaxCrossEntropyWithLogits;
                let got = run_one(&one_op(op, &[&logits, &labels], Layout::Dense, &[n], dtype));
                assert_losses(&format!("{dims:?} {dtype:?}, labels {:?}", labels.dtype), &got, &want);
            }
        }
    }
}

/// As other indices: floats are truncated, negative ones count from the end, those outside are the nearest inside.
#[test]
fn labels_are_read_as_indices() {
    let logits = Tensor::f32(&[5, 3], [1.0, 2.0, 4.0].repeat(5));
    let labels = Tensor::f32(&[5], [1.9, -1.0, 7.0, -9.0, f64::NAN]);
    let got = run_one(&one_op(Op::SoftmaxCrossEntropyWithLogits, &[&logits, &labels], Layout::Dense, &[5], DType::F32));
    let want: Vec<f64> = [1, 2, 2, 0, 0]
        .map(|class| {
            let mut target = [0.0; 3];
            target[class] = 1.0;
            loss(&[1.0, 2.0, 4.0], &target)
        })
        .into();
    assert_losses("labels", &got, &want);
}

/// A difference of two sums has nothing left of these.
#[test]
fn small_losses_and_large_logits_keep_their_digits() {
    let (logits, want) = (Tensor::f32(&[1, 3], [30.0, 0.0, -2.0]), loss(&[30.0, 0.0, -2.0], &[1.0, 0.0, 0.0]));
    assert!(want > 0.0 && want < 1e-12, "{want:e}");
    let (label, target) = (Tensor::f32(&[1], [0.0]), Tensor::f32(&[1, 3], [1.0, 0.0, 0.0]));
    let of = |op, logits: &Tensor, target: &Tensor, dtype| {
        run_one(&one_op(op, &[logits, target], Layout::Dense, &[1], dtype))
    };
    for (op, target) in [(Op::SoftmaxCrossEntropyWithLogits, &label), (Op::SoftmaxCrossEntropy, &target)] {
        let got = of(op.clone(), &logits, target, DType::F32);
        assert_within("small", &got, &[want], |_, w| epsilon(DType::F32) * w);
        // Far from zero, where halves overflow in their own sums.
        let far = Tensor::of(DType::F16, &[1, 3], [60000.0, 60000.0, -60000.0]);
        assert_losses("far", &of(op.clone(), &far, target, DType::F16), &[2f64.ln()]);
        let far = Tensor::f32(&[1, 3], [3e38, 3e38, -3e38]);
        assert_losses("farther", &of(op, &far, target, DType::F32), &[2f64.ln()]);
    }
    // What a target lacks to one counts, as the definition says.
    let (logits, target) = (Tensor::f32(&[1, 2], [100.0, 100.0]), Tensor::f32(&[1, 2], [0.25, 0.5]));
    assert_losses("lacking", &of(Op::SoftmaxCrossEntropy, &logits, &target, DType::F32), &[25.0 + 2f64.ln()]);
}

#[test]
fn what_is_no_number_shows_in_its_row_alone() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let logits = Tensor::f32(&[5, 2], [0.0, 0.0, nan, 0.0, inf, 0.0, -inf, -inf, 0.0, -inf]);
    let want = [2f64.ln(), nan, nan, nan, inf];
    let labels = Tensor::f32(&[5], [0.0, 1.0, 0.0, 0.0, 1.0]);
    let targets = Tensor::f32(&[5, 2], [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    for (op, target) in [(Op::SoftmaxCrossEntropyWithLogits, &labels), (Op::SoftmaxCrossEntropy, &targets)] {
        let got = run_one(&one_op(op, &[&logits, target], Layout::Dense, &[5], DType::F32));
        assert_losses("no number", &got, &want);
    }
}

#[test]
fn a_wider_loss_of_halves_is_not_rounded_to_halves() {
    let logits = Tensor::random(&[2, 9], 4).to(DType::F16);
    let labels = Tensor::f32(&[2], [3.0, 8.0]);
    let got = run_one(&one_op(Op::SoftmaxCrossEntropyWithLogits, &[&logits, &labels], Layout::Dense, &[2], DType::F32));
    let want: Vec<f64> = [(0, 3), (1, 8)]
        .map(|(i, class)| {
            let mut target = [0.0; 9];
            target[class] = 1.0;
            loss(row(&logits, i), &target)
        })
        .into();
    assert_losses("wider", &got, &want);
    // Targets of another dtype than the logits.
    let targets = targets([2, 9], DType::F32);
    let got = run_one(&one_op(Op::SoftmaxCrossEntropy, &[&logits, &targets], Layout::Dense, &[2], DType::F32));
    let want: Vec<f64> = (0..2).map(|i| loss(row(&logits, i), row(&targets, i))).collect();
    assert_losses("two dtypes", &got, &want);
}

#[test]
fn what_does_not_fit_is_refused() {
    let of = |dims: &[usize]| Tensor::random(dims, 1);
    let labelled = |logits: &[usize], labels: &[usize]| {
        let op = Op::SoftmaxCrossEntropyWithLogits;
        one_op(op, &[&of(logits), &of(labels)], Layout::Dense, &logits[..1], DType::F32)
    };
    let dense = |logits: &[usize], targets: &[usize]| {
        one_op(Op::SoftmaxCrossEntropy, &[&of(logits), &of(targets)], Layout::Dense, &logits[..1], DType::F32)
    };
    let whole =
        one_op(Op::SoftmaxCrossEntropy, &[&of(&[2, 3]).to(DType::I32), &of(&[2, 3])], Layout::Dense, &[2], DType::F32);
    for (case, part) in [
        (labelled(&[2, 3], &[3]), "one for each row"),
        (labelled(&[2, 0], &[2]), "no classes"),
        (dense(&[2, 0], &[2, 0]), "no classes"),
        (dense(&[2, 3], &[1, 3]), "they have one shape"),
        (dense(&[3], &[3]), "rank 1"),
        (whole, "operand 0 is i32"),
    ] {
        let error = refusal(&case);
        assert!(error.message().contains(part) && error.message().contains("SoftmaxCrossEntropy"), "{error}");
    }
    assert_same("no rows", &run_one(&dense(&[0, 3], &[0, 3])), &[]);
}
