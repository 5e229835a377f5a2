//! Tests of products of every dtype.

use super::*;
use half::{bf16, f16};

/// A dtype with its conversions.
trait Dtype: Element + PartialEq + std::fmt::Debug {
    /// What a rounding changes at most, relative to the number.
    const EPSILON: f64;
    fn of(value: f64) -> Self;
    fn to(self) -> f64;
}

macro_rules! dtype {
    ($($type:ty, $epsilon:expr, |$value:ident| $of:expr);*) => {
        $(impl Dtype for $type {
            const EPSILON: f64 = $epsilon;
            fn of($value: f64) -> Self {
                $of
            }
            fn to(self) -> f64 {
                self.into()
            }
        })*
    };
}

dtype!(
    f16, 0.000_488_281_25, |value| f16::from_f64(value);
    bf16, 0.003_906_25, |value| bf16::from_f64(value);
    f32, 5.960_464_5e-8, |value| value as f32;
    f64, 1.110_223_024_625_156_5e-16, |value| value
);

fn values<T: Dtype>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    (0..len).map(|_| T::of(next())).collect()
}

fn packed<W: Element>(k: usize, n: usize, w: &[W], strides: [usize; 2]) -> Vec<W> {
    let mut to = vec![W::ZERO; packed_len_of::<W>(k, n)];
    pack([k, n], w, strides, &mut to);
    to
}

const EXTENTS: [[usize; 3]; 9] = [
    [1, 1, 1],
    [3, 5, 7],
    [13, 300, 33],
    [50, 64, 100],
    [128, 384, 96],
    [2, 0, 3],
    [1, 2001, 65],
    [700, 131, 40],
    [5, 257, 64],
];

fn right<X: Dtype, W: Dtype + Element<Sum = X::Sum>>()
where
    X::Sum: Dtype,
{
    for [m, k, n] in EXTENTS {
        let (x, w, bias, other) =
            (values::<X>(m * k, 1), values::<W>(k * n, 2), values::<X>(n, 3), values::<X>(m * n, 4));
        // The columns of the second form lie one behind the other.
        let turned: Vec<W> = (0..k * n).map(|at| w[at % k.max(1) * n + at / k.max(1)]).collect();
        let (mut y, mut same) = (vec![X::of(f64::NAN); m * n], vec![X::of(f64::NAN); m * n]);
        let steps = [Step::Bias(&bias), Step::Map(Function::Relu), Step::Add(&other)];
        let rows = Rows { data: &x, stride: k };
        product([m, k, n], rows, &packed(k, n, &w, [n, 1]), &steps, &mut y);
        product([m, k, n], rows, &packed(k, n, &turned, [1, k]), &steps, &mut same);
        assert_eq!(y, same, "{m}x{k}x{n}");
        for (at, (&found, &same)) in y.iter().zip(&other).enumerate() {
            let (i, j) = (at / n, at % n);
            let terms = (0..k).map(|p| x[i * k + p].to() * w[p * n + j].to());
            let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
            let want = (X::of(sum).to() + bias[j].to()).max(0.0) + same.to();
            // The sum's own error, and each step's rounding.
            let error = size * 300.0 * X::Sum::EPSILON + 4.0 * X::EPSILON * (sum.abs() + 1.5);
            assert!((found.to() - want).abs() <= error, "{m}x{k}x{n} at {i}, {j}: {found:?}, not {want}");
        }
    }
}

#[test]
fn products_of_every_dtype_are_right_to_their_rounding() {
    right::<f16, f16>();
    right::<bf16, bf16>();
    right::<f32, f32>();
    right::<f64, f64>();
    right::<f32, bf16>();
    right::<f32, f16>();
}

/// What the f32 kernel gives of bf16 in the order of the processor's products of pairs.
fn by_f32([m, k, n]: [usize; 3], x: &[bf16], w: &[bf16]) -> Vec<bf16> {
    let even = k.next_multiple_of(2);
    let turned = |p: usize| p ^ 1;
    let mut wide_x = vec![0f32; m * even];
    let mut wide_w = vec![0f32; even * n];
    for (i, p) in (0..m * k).map(|at| (at / k, at % k)) {
        wide_x[i * even + turned(p)] = x[i * k + p].to_f32();
    }
    for (p, j) in (0..k * n).map(|at| (at / n, at % n)) {
        wide_w[turned(p) * n + j] = w[p * n + j].to_f32();
    }
    let mut y = vec![0f32; m * n];
    product([m, even, n], Rows { data: &wide_x, stride: even }, &packed(even, n, &wide_w, [n, 1]), &[], &mut y);
    y.into_iter().map(bf16::from_f32).collect()
}

fn bits(values: &[bf16]) -> Vec<u16> {
    values.iter().map(|value| if value.is_nan() { 0x7fc0 } else { value.to_bits() }).collect()
}

#[test]
fn bf16_gives_the_bits_of_f32_whatever_instruction_it_is_computed_by() {
    for [m, k, n] in EXTENTS.into_iter().filter(|[_, k, _]| *k > 0) {
        let (x, w) = (values::<bf16>(m * k, 7), values::<bf16>(k * n, 8));
        let mut y = vec![bf16::NAN; m * n];
        product([m, k, n], Rows { data: &x, stride: k }, &packed(k, n, &w, [n, 1]), &[], &mut y);
        assert_eq!(bits(&y), bits(&by_f32([m, k, n], &x, &w)), "{m}x{k}x{n}");
    }
}

/// More rows than are widened at once, and steps that ask for a row's place.
#[test]
fn halves_of_many_rows_give_the_bits_of_each_row_alone() {
    fn check<T: Dtype + Element<Sum = f32>>(bits: fn(T) -> u16) {
        let (m, k, n) = (WIDENED / 4096 + 70, 4095, 3);
        let (x, w, other) = (values::<T>(m * k, 11), values::<T>(k * n, 12), values::<T>(m * n, 13));
        let (w, before) = (packed(k, n, &w, [n, 1]), values::<T>(m * n, 14));
        let mut y = before.clone();
        product([m, k, n], Rows { data: &x, stride: k }, &w, &[Step::Add(&other), Step::AddResult], &mut y);
        for i in [0, 1, WIDENED / 4096 - 1, WIDENED / 4096, m - 1] {
            let mut row = before[i * n..][..n].to_vec();
            let steps = [Step::Add(&other[i * n..][..n]), Step::AddResult];
            product([1, k, n], Rows { data: &x[i * k..], stride: k }, &w, &steps, &mut row);
            let of = |row: &[T]| row.iter().map(|&value| bits(value)).collect::<Vec<_>>();
            assert_eq!(of(&row), of(&y[i * n..][..n]), "row {i}");
        }
    }
    check::<bf16>(bf16::to_bits);
    check::<f16>(f16::to_bits);
}

#[test]
fn bf16_keeps_the_smallest_numbers_and_what_is_no_number() {
    let (m, k, n) = (40, 70, 50);
    let (mut x, mut w) = (values::<bf16>(m * k, 9), values::<bf16>(k * n, 10));
    // Rows and columns of numbers below the smallest normal one, of such sums alone, of infinities, of NaN.
    let tiny = |value: bf16| bf16::from_f64(f64::from(value) * 2f64.powi(-128));
    let small = |value: bf16| bf16::from_f64(f64::from(value) * 2f64.powi(-62));
    for p in 0..k {
        x[p] = tiny(x[p]);
        x[7 * k + p] = small(x[7 * k + p]);
        x[8 * k + p] = bf16::from_f64(f64::from(x[8 * k + p]) * 1e38);
        x[12 * k + p] = bf16::ZERO;
        w[p * n + 3] = tiny(w[p * n + 3]);
        w[p * n + 45] = small(w[p * n + 45]);
        w[p * n + 46] = bf16::from_f64(f64::from(w[p * n + 46]) * 1e38);
    }
    (x[20 * k + 5], x[21 * k + 6], x[22 * k]) = (bf16::INFINITY, bf16::NAN, bf16::NEG_INFINITY);
    let w_packed = packed(k, n, &w, [n, 1]);
    let mut y = vec![bf16::ZERO; m * n];
    product([m, k, n], Rows { data: &x, stride: k }, &w_packed, &[], &mut y);
    assert_eq!(bits(&y), bits(&by_f32([m, k, n], &x, &w)));
    for i in 0..m {
        for j in 0..n {
            let terms = (0..k).map(|p| f64::from(x[i * k + p]) * f64::from(w[p * n + j]));
            let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
            let found = f64::from(y[i * n + j]);
            let near = (found - sum).abs() <= sum.abs() / 256.0 + size * 1e-6 + 1e-40;
            let is_right = near || (sum.is_nan() && found.is_nan()) || found == f64::from(bf16::from_f64(sum));
            assert!(is_right, "{i}, {j}: {found:e}, not {sum:e}");
        }
    }
    assert!(y[3 * n + 3] != bf16::ZERO && y[7 * n + 45] != bf16::ZERO, "what is small is not 0");
    // In any company of rows, on any number of threads.
    let mut row = vec![bf16::ZERO; n];
    for i in [0, 6, 7, 20, 39] {
        product([1, k, n], Rows { data: &x[i * k..], stride: k }, &w_packed, &[], &mut row);
        assert_eq!(bits(&row), bits(&y[i * n..(i + 1) * n]), "row {i}");
    }
    let mut other = vec![bf16::ZERO; m * n];
    threads::with_limit(1, || product([m, k, n], Rows { data: &x, stride: k }, &w_packed, &[], &mut other));
    assert_eq!(bits(&y), bits(&other));
}
