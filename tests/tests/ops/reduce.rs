//! Reduce, ArgMax, ArgMin, Histogram.

use rlx_ir::op::ReduceOp;
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, offset};

const OPS: [ReduceOp; 5] = [ReduceOp::Sum, ReduceOp::Mean, ReduceOp::Max, ReduceOp::Min, ReduceOp::Prod];

fn fold(op: ReduceOp, values: &[f64]) -> f64 {
    match op {
        ReduceOp::Sum => values.iter().sum(),
        ReduceOp::Mean => values.iter().sum::<f64>() / values.len() as f64,
        ReduceOp::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ReduceOp::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        ReduceOp::Prod => values.iter().product(),
    }
}

/// Extents with the axes reduced, and the groups of values that each result comes from.
fn groups(x: &Tensor, axes: &[usize], keep_dim: bool) -> (Vec<usize>, Vec<Vec<f64>>) {
    let kept: Vec<usize> = x.dims.iter().enumerate().map(|(i, &d)| if axes.contains(&i) { 1 } else { d }).collect();
    let mut groups = vec![Vec::new(); kept.iter().product()];
    for index in indices(&x.dims) {
        let at: Vec<usize> = index.iter().enumerate().map(|(i, &p)| if axes.contains(&i) { 0 } else { p }).collect();
        groups[offset(&kept, &at)].push(x.at(&index));
    }
    let dims = if keep_dim {
        kept
    } else {
        x.dims.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &d)| d).collect()
    };
    (dims, groups)
}

fn check(op: ReduceOp, x: &Tensor, axes: &[usize], keep_dim: bool, layout: Layout) {
    let (dims, groups) = groups(x, axes, keep_dim);
    let want: Vec<f64> = groups.iter().map(|g| fold(op, g)).collect();
    let got = run_one(&one_op(Op::Reduce { op, axes: axes.to_vec(), keep_dim }, &[x], layout, &dims, x.dtype));
    let what = format!("{op:?} of {:?} {:?} over {axes:?}, {layout:?}", x.dtype, x.dims);
    match op {
        ReduceOp::Max | ReduceOp::Min => assert_same(&what, &got, &want),
        // n additions of f32 err by n * eps * sum |x|; n multiplications by n * eps of the product.
        ReduceOp::Sum | ReduceOp::Mean => assert_within(&what, &got, &want, |i, w| {
            let size: f64 = groups[i].iter().map(|v| v.abs()).sum();
            groups[i].len() as f64 * epsilon(DType::F32) * size
                + half_sum(x.dtype, groups[i].len(), size)
                + w.abs() * epsilon(x.dtype)
        }),
        ReduceOp::Prod => {
            assert_within(&what, &got, &want, |i, w| (groups[i].len() + 1) as f64 * epsilon(x.dtype) * w.abs());
        }
    }
}

/// MLX may accumulate half types in their own precision along some axes.
fn half_sum(dtype: DType, terms: usize, size: f64) -> f64 {
    if dtype == DType::F32 { 0.0 } else { terms as f64 * epsilon(dtype) * size / 2.0 }
}

#[test]
fn every_op_over_axes() {
    let rows: [(&[usize], &[usize]); 10] = [
        (&[7], &[0]),
        (&[1, 1], &[0, 1]),
        (&[3, 5], &[0]),
        (&[3, 5], &[1]),
        (&[2, 3, 4], &[0, 2]),
        (&[2, 3, 4], &[0, 1, 2]),
        (&[2, 3, 4], &[1]),
        (&[2, 1, 3, 2], &[1, 3]),
        (&[2, 2, 1, 3, 2], &[0, 2, 4]),
        (&[33, 129], &[1]),
    ];
    for op in OPS {
        for (dims, axes) in rows {
            for keep_dim in [false, true] {
                for layout in Layout::ALL {
                    check(op, &Tensor::random(dims, 7), axes, keep_dim, layout);
                }
            }
            check(op, &Tensor::random(dims, 8).to(DType::BF16), axes, true, Layout::Dense);
        }
    }
}

#[test]
fn no_axes_reduce_nothing() {
    for op in OPS {
        for keep_dim in [false, true] {
            check(op, &Tensor::random(&[2, 3], 1), &[], keep_dim, Layout::Dense);
        }
    }
}

#[test]
fn integers_stay_integers() {
    let x = Tensor::of(DType::I32, &[2, 3], [5.0, -3.0, 7.0, 2.0, 2.0, -9.0]);
    for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min, ReduceOp::Prod] {
        let (dims, groups) = groups(&x, &[1], false);
        let want: Vec<f64> = groups.iter().map(|g| fold(op, g)).collect();
        let op = Op::Reduce { op, axes: vec![1], keep_dim: false };
        assert_same("integer reduction", &run_one(&one_op(op, &[&x], Layout::Dense, &dims, DType::I32)), &want);
    }
}

#[test]
fn an_empty_axis_gives_the_neutral_element() {
    let x = Tensor::f32(&[2, 0], []);
    for (op, neutral) in [(ReduceOp::Sum, 0.0), (ReduceOp::Prod, 1.0)] {
        let op = Op::Reduce { op, axes: vec![1], keep_dim: false };
        assert_same("empty", &run_one(&one_op(op, &[&x], Layout::Dense, &[2], DType::F32)), &[neutral, neutral]);
    }
    // A maximum of nothing has no place.
    let op = Op::ArgMax { axis: 1, keep_dim: false };
    assert!(refusal(&one_op(op, &[&x], Layout::Dense, &[2], DType::F32)).message().contains("ArgMax"));
}

/// Values of nothing, seen through an op that leaves them strided in memory: `turned` is the shape of the transpose.
fn nothing(case: &mut Case, dims: &[usize], perm: &[usize]) -> NodeId {
    let turned: Vec<usize> = (0..dims.len()).map(|i| dims[perm.iter().position(|&p| p == i).unwrap()]).collect();
    let x = case.input(&Tensor::f32(&turned, []));
    case.add(Op::Transpose { perm: perm.to_vec() }, &[x], dims, DType::F32)
}

/// Extents with an empty axis, the permutation that they are seen through, axes to reduce with the empty one among them.
const OVER_NOTHING: [(&[usize], &[usize], &[usize]); 6] = [
    (&[3, 0], &[1, 0], &[1]),
    (&[3, 2, 0], &[2, 0, 1], &[0, 2]),
    (&[0, 65], &[1, 0], &[0]),
    (&[2, 65, 0], &[2, 1, 0], &[1, 2]),
    (&[2, 0, 2, 2], &[3, 1, 0, 2], &[1, 3]),
    (&[65, 0, 1], &[2, 1, 0], &[0, 1]),
];

#[test]
fn a_reduction_over_an_empty_axis_of_a_strided_operand_gives_the_value_of_nothing() {
    for (dims, perm, axes) in OVER_NOTHING {
        for (op, value) in [(ReduceOp::Sum, 0.0), (ReduceOp::Prod, 1.0), (ReduceOp::Mean, f64::NAN)] {
            for keep_dim in [false, true] {
                let (kept, groups) = groups(&Tensor::f32(dims, []), axes, keep_dim);
                let mut case = Case::new();
                let x = nothing(&mut case, dims, perm);
                let node = case.add(Op::Reduce { op, axes: axes.to_vec(), keep_dim }, &[x], &kept, DType::F32);
                let what = format!("{op:?} of {dims:?} over {axes:?}");
                assert_same(&what, &run_one(&case.outputs(&[node])), &vec![value; groups.len()]);
            }
        }
    }
}

#[test]
fn a_reduction_over_an_axis_emptied_by_gather_narrow_or_reverse_gives_the_value_of_nothing() {
    let empty = |view: &str| {
        let mut case = Case::new();
        let x = case.input(&Tensor::random(&[4, 3], 1));
        let none = match view {
            "gather" => {
                let indices = case.input(&Tensor::of(DType::I32, &[0], []));
                case.add(Op::Gather { axis: 0 }, &[x, indices], &[0, 3], DType::F32)
            }
            _ => case.add(Op::Narrow { axis: 0, start: 2, len: 0 }, &[x], &[0, 3], DType::F32),
        };
        let none = case.add(Op::Reverse { axes: vec![0, 1] }, &[none], &[0, 3], DType::F32);
        let none = case.add(Op::Transpose { perm: vec![1, 0] }, &[none], &[3, 0], DType::F32);
        (case, none)
    };
    for view in ["gather", "narrow"] {
        for (op, value) in [(ReduceOp::Sum, 0.0), (ReduceOp::Prod, 1.0), (ReduceOp::Mean, f64::NAN)] {
            let (mut case, none) = empty(view);
            let node = case.add(Op::Reduce { op, axes: vec![1], keep_dim: false }, &[none], &[3], DType::F32);
            assert_same(&format!("{op:?} after {view}"), &run_one(&case.outputs(&[node])), &[value; 3]);
        }
    }
}

#[test]
fn what_is_made_of_a_strided_operand_without_elements_is_empty() {
    for (dims, perm, _) in OVER_NOTHING {
        let last = [dims[dims.len() - 1]];
        for axis in 0..dims.len() as i32 {
            let weights = [Tensor::random(&last, 1), Tensor::random(&last, 2)];
            let mut ops = vec![Op::Softmax { axis }, Op::Cumsum { axis, exclusive: false }];
            if dims[axis as usize] == last[0] {
                ops.extend([Op::LayerNorm { axis, eps: 1e-5 }, Op::RmsNorm { axis, eps: 1e-5 }]);
            }
            for op in ops {
                let mut case = Case::new();
                let mut inputs = vec![nothing(&mut case, dims, perm)];
                if matches!(op, Op::LayerNorm { .. } | Op::RmsNorm { .. }) {
                    inputs.extend(weights.iter().map(|weight| case.input(weight)));
                }
                let node = case.add(op, &inputs, dims, DType::F32);
                assert!(run_one(&case.outputs(&[node])).values.is_empty());
            }
        }
    }
}

#[test]
fn extremes_of_an_operand_without_elements_along_other_axes_are_empty() {
    let mut case = Case::new();
    let x = nothing(&mut case, &[3, 0], &[1, 0]);
    let max = case.add(Op::Reduce { op: ReduceOp::Max, axes: vec![0], keep_dim: false }, &[x], &[0], DType::F32);
    let place = case.add(Op::ArgMin { axis: 0, keep_dim: false }, &[x], &[0], DType::I32);
    assert!(run(&case.outputs(&[max, place])).iter().all(|value| value.values.is_empty()));
}

#[test]
fn arg_max_and_arg_min_take_the_first_hit() {
    let ties = Tensor::f32(&[2, 5], [1.0, 3.0, 3.0, -2.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let inputs =
        [ties, Tensor::random(&[3, 4, 5], 2), Tensor::random(&[1, 1], 3), Tensor::random(&[40, 3], 4).map(f64::round)];
    for x in &inputs {
        for axis in 0..x.dims.len() {
            for keep_dim in [false, true] {
                let (dims, groups) = groups(x, &[axis], keep_dim);
                let first = |best: fn(f64, f64) -> bool| -> Vec<f64> {
                    let pick = |g: &Vec<f64>| (1..g.len()).fold(0, |at, i| if best(g[i], g[at]) { i } else { at });
                    groups.iter().map(|g| pick(g) as f64).collect()
                };
                for layout in Layout::ALL {
                    for dtype in [DType::F32, DType::I64] {
                        let max = run_one(&one_op(Op::ArgMax { axis, keep_dim }, &[x], layout, &dims, dtype));
                        assert_same("argmax", &max, &first(|a, b| a > b));
                        let min = run_one(&one_op(Op::ArgMin { axis, keep_dim }, &[x], layout, &dims, dtype));
                        assert_same("argmin", &min, &first(|a, b| a < b));
                    }
                }
            }
        }
    }
}

/// Counts by the definition: each range has its lower end, the last one both.
fn histogram(x: &Tensor, bins: usize, min: f64, max: f64) -> Vec<f64> {
    let edge = |bin: usize| min + (max - min) * (bin as f64 / bins as f64);
    let holds = |bin: usize, v: f64| edge(bin) <= v && (v < edge(bin + 1) || (bin + 1 == bins && v == max));
    (0..bins).map(|bin| x.values.iter().filter(|&&v| holds(bin, v)).count() as f64).collect()
}

#[test]
fn a_histogram_counts_each_element_in_its_range() {
    let edges =
        Tensor::f32(&[3, 4], [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, -2.0, f64::NAN, f64::INFINITY, 0.25, -0.0, 0.999]);
    let inputs = [edges, Tensor::random(&[7, 65], 3), Tensor::random(&[2, 3, 5], 4), Tensor::f32(&[0], [])];
    for x in inputs {
        for (bins, min, max) in [(4, -1.0, 1.0), (1, -0.5, 0.5), (10, 0.0, 0.75), (3, -3.0, 7.0)] {
            for dtype in [DType::F32, DType::BF16, DType::F64] {
                let x = x.to(dtype);
                let want = histogram(&x, bins, min, max);
                for layout in Layout::ALL {
                    let op = Op::Histogram { bins, min: min as f32, max: max as f32 };
                    let got = run_one(&one_op(op, &[&x], layout, &[bins], DType::F32));
                    assert_same(&format!("{dtype:?} {:?} in {bins} of {min}..{max}", x.dims), &got, &want);
                }
            }
        }
    }
}

#[test]
fn a_histogram_of_integers_is_counted_as_floats() {
    let x = Tensor::of(DType::I32, &[6], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let op = Op::Histogram { bins: 2, min: 1.0, max: 4.0 };
    assert_same("integers", &run_one(&one_op(op, &[&x], Layout::Dense, &[2], DType::F32)), &[2.0, 2.0]);
}

#[test]
fn a_histogram_whose_counts_are_no_floats_is_refused_before_tracing() {
    let op = Op::Histogram { bins: 2, min: 0.0, max: 1.0 };
    let error = refusal(&one_op(op, &[&Tensor::random(&[4], 1)], Layout::Dense, &[2], DType::I32));
    assert!(error.message().contains("(Histogram): counts of dtype i32; they are f32"), "{error}");
}
