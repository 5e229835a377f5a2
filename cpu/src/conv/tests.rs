use super::*;
use crate::vector::Function;

fn values(len: usize, seed: u32) -> Vec<f32> {
    (0..len as u32)
        .map(|i| ((i + 1 + seed * 77).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// A convolution over two axes.
fn shape(
    [channels, filters, groups]: [usize; 3],
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
) -> Shape {
    let out =
        |axis: usize| (input[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] + 1;
    Shape {
        groups,
        channels,
        filters,
        input: [1, input[0], input[1]],
        output: [1, out(0), out(1)],
        kernel: [1, kernel[0], kernel[1]],
        stride: [1, stride[0], stride[1]],
        dilation: [1, dilation[0], dilation[1]],
        padding: [0, padding[0], padding[1]],
    }
}

/// Each sum of the definition in f64, with the sum of its terms' sizes.
fn expected(shape: &Shape, batch: usize, x: &[f32], w: &[f32]) -> Vec<(f64, f64)> {
    let [od, oh, ow] = shape.output;
    let [kd, kh, kw] = shape.kernel;
    let [id, ih, iw] = shape.input;
    let mut sums = Vec::new();
    for n in 0..batch {
        for f in 0..shape.filters {
            let group = f / (shape.filters / shape.groups);
            for at in 0..od * oh * ow {
                let window = [at / (oh * ow), at / ow % oh, at % ow];
                let (mut sum, mut size) = (0.0, 0.0);
                for c in 0..shape.per_group() {
                    for tap in 0..kd * kh * kw {
                        let tap3 = [tap / (kh * kw), tap / kw % kh, tap % kw];
                        let place: Option<Vec<usize>> = (0..3)
                            .map(|axis| {
                                let place = window[axis] * shape.stride[axis] + tap3[axis] * shape.dilation[axis];
                                place.checked_sub(shape.padding[axis]).filter(|&place| place < shape.input[axis])
                            })
                            .collect();
                        let Some(place) = place else { continue };
                        let channel = n * shape.channels + group * shape.per_group() + c;
                        let x = x[((channel * id + place[0]) * ih + place[1]) * iw + place[2]];
                        let term = f64::from(x) * f64::from(w[(f * shape.per_group() + c) * kd * kh * kw + tap]);
                        sum += term;
                        size += term.abs();
                    }
                }
                sums.push((sum, size));
            }
        }
    }
    sums
}

fn computed(shape: &Shape, batch: usize, x: &[f32], w: &[f32], steps: &[Step<'_>]) -> Vec<f32> {
    computed_over(shape, x, w, steps, vec![f32::NAN; batch * shape.filters * shape.positions()])
}

/// The same, in memory that holds something.
fn computed_over(shape: &Shape, x: &[f32], w: &[f32], steps: &[Step<'_>], mut y: Vec<f32>) -> Vec<f32> {
    let conv = Conv::new(*shape);
    let mut packed = vec![f32::NAN; conv.packed_len()];
    conv.pack(w, &mut packed);
    conv.compute(x, &packed, steps, &mut y);
    y
}

/// Every way, with windows that fill vectors and that do not, rows that are longer and shorter than vectors, and all attributes.
fn shapes() -> Vec<Shape> {
    let one = [1, 1];
    let mut shapes = vec![
        shape([1, 1, 1], one, one, one, one, [0, 0]),
        shape([3, 16, 1], [20, 33], [3, 3], [2, 2], one, [1, 1]),
        shape([3, 5, 1], [9, 40], [7, 7], [2, 3], one, [3, 2]),
        shape([8, 13, 1], [12, 14], [3, 3], one, one, [1, 1]),
        shape([8, 64, 1], [7, 7], [3, 3], one, one, [1, 1]),
        shape([16, 8, 1], [10, 10], one, one, one, [0, 0]),
        shape([16, 80, 1], [13, 10], one, one, one, [0, 0]),
        shape([16, 80, 1], [14, 14], one, [2, 2], one, [0, 0]),
        shape([40, 100, 1], one, one, one, one, [0, 0]),
        shape([40, 100, 1], [1, 40], one, one, one, [0, 0]),
        shape([300, 7, 1], [4, 50], [1, 3], one, one, [0, 1]),
        shape([70, 40, 1], [5, 5], [3, 3], [2, 2], [2, 2], [2, 2]),
        shape([6, 4, 2], [5, 9], [3, 3], [1, 2], one, [1, 1]),
        shape([12, 48, 4], [8, 8], [3, 3], one, [2, 1], [2, 1]),
        shape([5, 5, 5], [24, 37], [3, 3], one, one, [1, 1]),
        shape([5, 10, 5], [5, 10], [5, 5], [2, 1], one, [2, 2]),
        shape([4, 4, 4], [3, 96], [5, 5], [2, 2], [1, 3], [2, 6]),
        shape([4, 32, 4], [6, 6], [3, 3], one, one, [0, 0]),
        shape([2, 3, 1], [3, 2], [5, 4], one, one, [1, 1]),
        shape([1, 70, 1], [3, 3], [1, 1], one, one, [2, 2]),
        shape([3, 20, 1], [29, 45], [3, 3], one, one, [1, 1]),
        shape([6, 50, 1], [29, 45], one, one, one, [0, 0]),
        shape([6, 20, 2], [32, 34], one, one, one, [0, 0]),
    ];
    shapes.push(Shape {
        groups: 2,
        channels: 4,
        filters: 6,
        input: [5, 4, 6],
        output: [3, 4, 5],
        kernel: [2, 3, 2],
        stride: [2, 1, 1],
        dilation: [2, 1, 1],
        padding: [1, 1, 0],
    });
    shapes
}

#[test]
fn every_way_is_right_to_its_rounding() {
    for shape in shapes() {
        for batch in [1, 3] {
            let x = values(batch * shape.channels * shape.plane(), 1);
            let w = values(shape.filters * shape.depth(), 2);
            let found = computed(&shape, batch, &x, &w, &[]);
            let want = expected(&shape, batch, &x, &w);
            assert_eq!(found.len(), want.len());
            for (at, (&found, (sum, size))) in found.iter().zip(want).enumerate() {
                let within = f64::from(f32::EPSILON) * size * (shape.depth().min(256) as f64 / 2.0 + 4.0);
                assert!((f64::from(found) - sum).abs() <= within, "{shape:?}, {batch}, {at}: {found}, not {sum}");
            }
        }
    }
}

/// The steps one after the other, on an array.
#[test]
fn steps_are_rounded_as_operations_of_their_own() {
    for shape in shapes() {
        let batch = 2;
        let x = values(batch * shape.channels * shape.plane(), 3);
        let w = values(shape.filters * shape.depth(), 4);
        let (positions, len) = (shape.positions(), batch * shape.filters * shape.positions());
        let (bias, other) = (values(shape.filters, 5), values(len, 6));
        let binary = |op, other, turned| Step::Binary { op, other, turned };
        let steps = [
            binary(Binary::Add, Operand::Channel(&bias), false),
            binary(Binary::Mul, Operand::Scalar(1.7), false),
            Step::Keep,
            binary(Binary::Add, Operand::Scalar(3.0), true),
            Step::Clamp { min: 0.5, max: 3.5 },
            binary(Binary::Mul, Operand::Kept, false),
            binary(Binary::Div, Operand::Scalar(6.0), false),
            binary(Binary::Sub, Operand::Array(&other), true),
            Step::Map(Function::Relu),
            binary(Binary::Div, Operand::Channel(&bias), true),
            binary(Binary::Sub, Operand::Scalar(0.25), false),
        ];
        let mut want = computed(&shape, batch, &x, &w, &[]);
        for (at, y) in want.iter_mut().enumerate() {
            let bias = bias[at / positions % shape.filters];
            let kept = (*y + bias) * 1.7;
            let gated = kept * (3.0 + kept).clamp(0.5, 3.5) / 6.0;
            let rest = other[at] - gated;
            *y = bias / (if rest <= 0.0 { 0.0 } else { rest }) - 0.25;
        }
        let found = computed(&shape, batch, &x, &w, &steps);
        assert!(found.iter().zip(&want).all(|(a, b)| a.to_bits() == b.to_bits()), "{shape:?}: {found:?}, not {want:?}");
    }
}

/// Those that are done in registers where a tile is whole.
#[test]
fn a_bias_an_array_and_relu_are_rounded_as_operations_of_their_own() {
    for shape in shapes() {
        let batch = 2;
        let x = values(batch * shape.channels * shape.plane(), 3);
        let w = values(shape.filters * shape.depth(), 4);
        let (positions, len) = (shape.positions(), batch * shape.filters * shape.positions());
        let (bias, other) = (values(shape.filters, 5), values(len, 6));
        let plus = |other| Step::Binary { op: Binary::Add, other, turned: false };
        let alone = computed(&shape, batch, &x, &w, &[]);
        for which in 1..8 {
            let all = [plus(Operand::Channel(&bias)), plus(Operand::Array(&other)), Step::Map(Function::Relu)];
            let steps: Vec<Step<'_>> = (0..3).filter(|step| which >> step & 1 == 1).map(|step| all[step]).collect();
            let found = computed(&shape, batch, &x, &w, &steps);
            for (at, (&found, &sum)) in found.iter().zip(&alone).enumerate() {
                let mut want = sum;
                want = if which & 1 == 1 { want + bias[at / positions % shape.filters] } else { want };
                want = if which & 2 == 2 { want + other[at] } else { want };
                want = if which & 4 == 4 && want <= 0.0 { 0.0 } else { want };
                assert_eq!(found.to_bits(), want.to_bits(), "{shape:?}, {steps:?}, {at}: {found}, not {want}");
            }
        }
    }
}

#[test]
fn what_the_result_held_before_is_an_array_like_others() {
    for shape in shapes() {
        let batch = 2;
        let x = values(batch * shape.channels * shape.plane(), 3);
        let w = values(shape.filters * shape.depth(), 4);
        let (bias, other) = (values(shape.filters, 5), values(batch * shape.filters * shape.positions(), 6));
        let of = |array: Operand<'_>| {
            fn step(op: Binary, other: Operand<'_>, turned: bool) -> Step<'_> {
                Step::Binary { op, other, turned }
            }
            let usual = [step(Binary::Add, Operand::Channel(&bias), false), step(Binary::Add, array, false)];
            let others = [Step::Keep, step(Binary::Sub, array, true), step(Binary::Mul, Operand::Kept, false)];
            [&usual[..], &usual[1..], &others].map(|steps| computed_over(&shape, &x, &w, steps, other.clone()))
        };
        assert_eq!(of(Operand::Result), of(Operand::Array(&other)), "{shape:?}");
    }
}

#[test]
fn the_same_bits_come_out_on_any_number_of_threads_and_in_any_batch() {
    let ones = [1, 1];
    for shape in [
        shape([64, 70, 1], [28, 28], [3, 3], ones, ones, ones),
        shape([200, 150, 1], [14, 13], [3, 3], ones, ones, ones),
        shape([64, 150, 1], [7, 7], [3, 3], ones, ones, ones),
        shape([150, 150, 150], [20, 30], [5, 5], [2, 1], ones, [2, 2]),
        shape([5, 70, 1], [61, 53], [1, 1], ones, ones, [0, 0]),
    ] {
        let x = values(3 * shape.channels * shape.plane(), 7);
        let w = values(shape.filters * shape.depth(), 8);
        let on = |threads, batch| threads::with_limit(threads, || computed(&shape, batch, &x, &w, &[]));
        let alone = on(1, 3);
        assert_eq!(alone, on(2, 3));
        assert_eq!(alone, on(8, 3));
        assert_eq!(alone[..alone.len() / 3], on(2, 1));
    }
}

#[test]
fn nan_and_infinities_reach_the_windows_that_see_them_and_no_others() {
    for shape in shapes() {
        let mut x = values(shape.channels * shape.plane(), 9);
        let w = vec![1.0; shape.filters * shape.depth()];
        let middle = x.len() / 2;
        for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            x[middle] = special;
            for (at, (found, (want, _))) in
                computed(&shape, 1, &x, &w, &[]).into_iter().zip(expected(&shape, 1, &x, &w)).enumerate()
            {
                let alike = if want.is_finite() {
                    found.is_finite()
                } else {
                    (want as f32).to_bits() << 1 == found.to_bits() << 1 || (want.is_nan() && found.is_nan())
                };
                assert!(alike, "{shape:?}, {at}: {found}, not {want}");
            }
        }
    }
}

#[test]
fn clamped_nan_stays_and_zeros_keep_the_sign_of_the_bound() {
    let shape = shape([1, 1, 1], [1, 3], [1, 1], [1, 1], [1, 1], [0, 0]);
    let found = computed(&shape, 1, &[f32::NAN, 7.0, -7.0], &[1.0], &[Step::Clamp { min: -0.0, max: 6.0 }]);
    assert!(found[0].is_nan());
    assert_eq!(found[1..], [6.0, 0.0]);
    assert!(found[2].is_sign_negative());
}

#[test]
fn long_sums_keep_their_digits() {
    let shape = shape([1 << 16, 1, 1], [1, 1], [1, 1], [1, 1], [1, 1], [0, 0]);
    let (x, w) = (vec![0.1; 1 << 16], vec![1.0; 1 << 16]);
    let want = f64::from(0.1f32) * f64::from(1 << 16);
    let found = computed(&shape, 1, &x, &w, &[]);
    assert!((f64::from(found[0]) / want - 1.0).abs() < 268.0 * f64::from(f32::EPSILON) / 2.0, "{found:?}, not {want}");
}
