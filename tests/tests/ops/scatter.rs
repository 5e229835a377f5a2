//! Updates of parts of an array: `Op::KvAppend`, `Op::DynamicUpdateSlice` and the scatters, against loops that take one
//! update after the other.

use rlx_ir::op::ScatterNdReduction as Reduction;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, offset, round_to};

const REDUCTIONS: [Reduction; 5] = [Reduction::None, Reduction::Add, Reduction::Mul, Reduction::Max, Reduction::Min];

const INDEX_DTYPES: [DType; 8] =
    [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U32, DType::F32, DType::F64];

fn combine(old: f64, new: f64, reduction: Reduction) -> f64 {
    match reduction {
        Reduction::None => new,
        Reduction::Add => old + new,
        Reduction::Mul => old * new,
        _ if old.is_nan() || new.is_nan() => f64::NAN,
        Reduction::Max => old.max(new),
        Reduction::Min => old.min(new),
    }
}

/// The element that an index names: truncated, counted from the end if negative, and the nearest one if outside.
fn place(index: f64, extent: usize) -> usize {
    if index.is_nan() {
        return 0;
    }
    let index = index.trunc();
    let index = if index < 0.0 { index + extent as f64 } else { index };
    index.clamp(0.0, extent as f64 - 1.0) as usize
}

fn scattered_elements(data: &Tensor, picks: &Tensor, updates: &Tensor, axis: usize, reduction: Reduction) -> Vec<f64> {
    let mut values = data.values.clone();
    for index in indices(&picks.dims) {
        let mut to = index.clone();
        to[axis] = place(picks.at(&index), data.dims[axis]);
        let at = offset(&data.dims, &to);
        values[at] = combine(values[at], updates.at(&index), reduction);
    }
    values
}

fn scattered_nd(data: &Tensor, picks: &Tensor, updates: &Tensor, reduction: Reduction) -> Vec<f64> {
    let (&k, outer) = picks.dims.split_last().unwrap();
    let mut values = data.values.clone();
    for index in indices(&updates.dims) {
        let (tuple, rest) = index.split_at(outer.len());
        let named = (0..k).map(|m| place(picks.at(&[tuple, &[m]].concat()), data.dims[m]));
        let to: Vec<usize> = named.chain(rest.iter().copied()).collect();
        let at = offset(&data.dims, &to);
        values[at] = combine(values[at], updates.at(&index), reduction);
    }
    values
}

/// Sums and products of up to 20 terms of 2 at most.
fn assert_scattered(what: &str, got: &Tensor, want: &[f64], reduction: Reduction) {
    let rounded = matches!(reduction, Reduction::Add | Reduction::Mul) && epsilon(got.dtype) > 0.0;
    if rounded {
        assert_within(what, got, want, |_, w| (8.0 * f64::from(f32::EPSILON) + epsilon(got.dtype)) * w.abs().max(1.0));
    } else {
        assert_same(what, got, want);
    }
}

/// Indices from -`extent` to `extent` - 1, many of them the same.
fn picks(dims: &[usize], extent: usize, seed: u64) -> Tensor {
    let half = extent as f64 / 2.0;
    Tensor::random(dims, seed).map(|v| (v * half).floor()).to(DType::I32)
}

#[test]
fn scatter_elements_with_duplicates_in_all_reductions() {
    for (dims, counts, axis) in [
        (&[5][..], &[9][..], 0),
        (&[5], &[0], 0),
        (&[1], &[3], 0),
        (&[4, 3], &[4, 3], 0),
        (&[4, 3], &[7, 2], 0),
        (&[4, 3], &[2, 6], 1),
        (&[4, 3], &[1, 1], 1),
        (&[2, 3, 4], &[2, 5, 3], 1),
        (&[2, 0, 4], &[2, 0, 3], 2),
    ] {
        let (data, updates) = (Tensor::random(dims, 1), Tensor::random(counts, 2));
        let picks = picks(counts, dims[axis], 3);
        for reduction in REDUCTIONS {
            let want = scattered_elements(&data, &picks, &updates, axis, reduction);
            for layout in Layout::ALL {
                for axis in [axis as i32, axis as i32 - dims.len() as i32] {
                    let op = Op::ScatterElements { axis, reduction };
                    let what = format!("{op:?} of {dims:?} by {counts:?}, {layout:?}");
                    let got = run_one(&one_op(op, &[&data, &picks, &updates], layout, dims, DType::F32));
                    assert_scattered(&what, &got, &want, reduction);
                }
            }
        }
    }
}

#[test]
fn scatter_nd_with_duplicates_in_all_reductions() {
    for (dims, tuples) in [
        (&[5][..], &[9, 1][..]),
        (&[5], &[1]),
        (&[5, 3], &[6, 1]),
        (&[5, 3], &[8, 2]),
        (&[5, 3], &[2, 4, 2]),
        (&[2, 3, 4], &[5, 2]),
        (&[2, 3, 4], &[3]),
        (&[2, 3], &[4, 0]),
        (&[2, 3], &[0, 1]),
        (&[2, 0], &[3, 1]),
    ] {
        let (&k, outer) = tuples.split_last().unwrap();
        let data = Tensor::random(dims, 1);
        let updates = Tensor::random(&[outer, &dims[k..]].concat(), 2);
        let least = dims[..k].iter().copied().min().unwrap_or(1);
        let picks = picks(tuples, least, 3);
        for reduction in REDUCTIONS {
            let want = scattered_nd(&data, &picks, &updates, reduction);
            for layout in Layout::ALL {
                let op = Op::ScatterNd { reduction };
                let what = format!("{op:?} of {dims:?} by {tuples:?}, {layout:?}");
                let got = run_one(&one_op(op, &[&data, &picks, &updates], layout, dims, DType::F32));
                assert_scattered(&what, &got, &want, reduction);
            }
        }
    }
}

#[test]
fn scatter_add_along_every_axis() {
    for dims in [&[5][..], &[4, 3], &[2, 3, 4], &[1, 1], &[3, 0]] {
        for axis in 0..dims.len() {
            for count in [0, 1, 7] {
                if dims[axis] == 0 && count > 0 {
                    continue;
                }
                let mut from = dims.to_vec();
                from[axis] = count;
                let (updates, picks) = (Tensor::random(&from, 1), picks(&[count], dims[axis], 2));
                let mut want = vec![0.0; dims.iter().product()];
                for index in indices(&from) {
                    let mut to = index.clone();
                    to[axis] = place(picks.at(&[index[axis]]), dims[axis]);
                    want[offset(dims, &to)] += updates.at(&index);
                }
                for layout in Layout::ALL {
                    let op = Op::ScatterAdd { axis };
                    let got = run_one(&one_op(op, &[&updates, &picks], layout, dims, DType::F32));
                    let what = format!("{dims:?} by {count} along {axis}, {layout:?}");
                    assert_scattered(&what, &got, &want, Reduction::Add);
                }
            }
        }
    }
}

#[test]
fn indices_of_every_dtype() {
    let (data, updates) = (Tensor::random(&[100, 2], 1), Tensor::random(&[4, 2], 2));
    for dtype in INDEX_DTYPES {
        let picks = Tensor::of(dtype, &[4], [99.0, 0.0, 5.0, 99.0]);
        let tuples = picks.reshaped(&[4, 1]);
        for reduction in REDUCTIONS {
            let want = scattered_nd(&data, &tuples, &updates, reduction);
            let op = Op::ScatterNd { reduction };
            let got = run_one(&one_op(op, &[&data, &tuples, &updates], Layout::Dense, &[100, 2], DType::F32));
            assert_scattered(&format!("{dtype:?}, {reduction:?}"), &got, &want, reduction);
        }
        let got =
            run_one(&one_op(Op::ScatterAdd { axis: 0 }, &[&updates, &picks], Layout::Dense, &[100, 2], DType::F32));
        let want = scattered_nd(&data.map(|_| 0.0), &tuples, &updates, Reduction::Add);
        assert_scattered(&format!("{dtype:?}"), &got, &want, Reduction::Add);
    }
}

/// As in a gather: the nearest element, NaN the first; floats are truncated first.
#[test]
fn indices_outside_are_clamped() {
    let data = Tensor::random(&[3], 1);
    for (dtype, values) in [
        (DType::F32, [-0.9, 2.9, 1e30, f64::NEG_INFINITY, f64::NAN, f64::INFINITY]),
        (DType::F16, [-0.9, 2.9, 6e4, f64::NEG_INFINITY, f64::NAN, f64::INFINITY]),
        (DType::I64, [3.0, -4.0, 9e18, -9e18, 4_294_967_297.0, -1.0]),
        (DType::I32, [3.0, -4.0, 2e9, -2e9, 7.0, -1.0]),
        (DType::U32, [3.0, 0.0, 4e9, 2e9, 7.0, 1.0]),
    ] {
        let (picks, updates) = (Tensor::of(dtype, &[6], values), Tensor::random(&[6], 2));
        for reduction in REDUCTIONS {
            let want = scattered_elements(&data, &picks, &updates, 0, reduction);
            let op = Op::ScatterElements { axis: 0, reduction };
            let got = run_one(&one_op(op, &[&data, &picks, &updates], Layout::Dense, &[3], DType::F32));
            assert_scattered(&format!("{dtype:?} {reduction:?}"), &got, &want, reduction);
        }
    }
}

/// The last of many updates of one element is the one that stays.
#[test]
fn without_a_reduction_the_last_update_counts() {
    let count = 5000;
    let updates = Tensor::f32(&[count], (0..count).map(|i| i as f64).collect::<Vec<_>>());
    let picks = Tensor::of(DType::I32, &[count], (0..count).map(|i| (i % 3) as f64).collect::<Vec<_>>());
    let op = Op::ScatterElements { axis: 0, reduction: Reduction::None };
    let data = Tensor::f32(&[4], [-1.0; 4]);
    let got = run_one(&one_op(op, &[&data, &picks, &updates], Layout::Dense, &[4], DType::F32));
    assert_same("last", &got, &[4998.0, 4999.0, 4997.0, -1.0]);
}

#[test]
fn reductions_of_every_dtype() {
    use DType::{BF16, F16, F32, F64, I8, I16, I32, I64, U8, U32};
    for dtype in [F32, F16, BF16, F64, I8, I16, I32, I64, U8, U32] {
        let data = Tensor::of(dtype, &[4], [1.0, 2.0, 3.0, 100.0]);
        let picks = Tensor::of(I32, &[5], [0.0, 2.0, 0.0, 2.0, 1.0]);
        let updates = Tensor::of(dtype, &[5], [5.0, 4.0, 2.0, 1.0, 7.0]);
        for reduction in REDUCTIONS {
            let want = scattered_elements(&data, &picks, &updates, 0, reduction);
            let op = Op::ScatterElements { axis: 0, reduction };
            let got = run_one(&one_op(op, &[&data, &picks, &updates], Layout::Dense, &[4], dtype));
            assert_same(&format!("{dtype:?} {reduction:?}"), &got, &want);
        }
    }
}

/// Integers wrap, and are no floats on the way.
#[test]
fn integers_are_exact() {
    let (data, picks) = (Tensor::of(DType::I32, &[1], [16_777_217.0]), Tensor::of(DType::I64, &[2], [0.0, 0.0]));
    let updates = Tensor::of(DType::I32, &[2], [2_147_483_647.0, 3.0]);
    let op = Op::ScatterElements { axis: 0, reduction: Reduction::Add };
    let got = run_one(&one_op(op, &[&data, &picks, &updates], Layout::Dense, &[1], DType::I32));
    assert_eq!(got.values, [f64::from(16_777_217i32.wrapping_add(i32::MAX).wrapping_add(3))]);
    let small = Tensor::of(DType::I8, &[3], [100.0, 100.0, 5.0]);
    let op = Op::ScatterAdd { axis: 0 };
    let zeros = Tensor::of(DType::I32, &[3], [0.0; 3]);
    assert_eq!(run_one(&one_op(op, &[&small, &zeros], Layout::Dense, &[1], DType::I8)).values, [-51.0]);
}

/// Each would be lost if it were added to a half.
#[test]
fn halves_are_added_in_f32_and_rounded_once() {
    for (dtype, big, small) in [(DType::F16, 2048.0, 0.5), (DType::BF16, 256.0, 0.5)] {
        let (updates, zeros) = (Tensor::of(dtype, &[8], [small; 8]), Tensor::of(DType::I32, &[8], [0.0; 8]));
        let data = Tensor::of(dtype, &[1], [big]);
        let op = Op::ScatterElements { axis: 0, reduction: Reduction::Add };
        let got = run_one(&one_op(op, &[&data, &zeros, &updates], Layout::Dense, &[1], dtype));
        assert_same("in f32", &got, &[round_to(dtype, big + 8.0 * small)]);
    }
}

#[test]
fn nan_and_infinities_go_where_they_belong() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let data = Tensor::f32(&[6], [nan, 1.0, -inf, inf, 0.0, -inf]);
    let picks = Tensor::of(DType::I32, &[8], [0.0, 1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0]);
    let updates = Tensor::f32(&[8], [1.0, nan, 2.0, -inf, 1.0, 3.0, nan, inf]);
    for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64] {
        let (data, updates) = (data.to(dtype), updates.to(dtype));
        for reduction in REDUCTIONS {
            let want = scattered_elements(&data, &picks, &updates, 0, reduction);
            let op = Op::ScatterElements { axis: 0, reduction };
            let got = run_one(&one_op(op, &[&data, &picks, &updates], Layout::Dense, &[6], dtype));
            assert_same(&format!("{dtype:?} {reduction:?}"), &got, &want);
        }
    }
}

#[test]
fn bools_move_and_do_not_add_up() {
    let (data, updates) = (Tensor::of(DType::Bool, &[3], [1.0, 0.0, 1.0]), Tensor::of(DType::Bool, &[1], [1.0]));
    let picks = Tensor::of(DType::I32, &[1], [1.0]);
    let case = |reduction| {
        let op = Op::ScatterElements { axis: 0, reduction };
        one_op(op, &[&data, &picks, &updates], Layout::Dense, &[3], DType::Bool)
    };
    assert_eq!(run_one(&case(Reduction::None)).values, [1.0; 3]);
    let error = refusal(&case(Reduction::Add));
    assert!(error.message().contains("ScatterElements") && error.message().contains("bool"), "{error}");
}

#[test]
fn operands_of_two_dtypes_are_refused() {
    let (ints, floats) = (Tensor::of(DType::I32, &[2], [1.0, 2.0]), Tensor::random(&[2], 1));
    let elements = Op::ScatterElements { axis: 0, reduction: Reduction::Add };
    let nd = Op::ScatterNd { reduction: Reduction::None };
    let tuples = Tensor::of(DType::I32, &[2, 1], [0.0, 1.0]);
    for (op, operands, dtype) in [
        (elements.clone(), vec![&ints, &ints, &floats], DType::I32),
        (elements.clone(), vec![&floats, &ints, &ints], DType::F32),
        (elements, vec![&ints, &ints, &ints], DType::I64),
        (nd, vec![&floats, &tuples, &ints], DType::F32),
        (Op::ScatterAdd { axis: 0 }, vec![&ints, &ints], DType::I64),
    ] {
        let error = refusal(&one_op(op.clone(), &operands, Layout::Dense, &[2], dtype));
        assert!(error.message().contains("Scatter"), "{op:?}: {error}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let (data, line) = (Tensor::random(&[2, 3], 1), Tensor::of(DType::I32, &[2], [0.0, 1.0]));
    let (wide, other) = (Tensor::of(DType::I32, &[3, 3], [0.0; 9]), Tensor::random(&[2, 2], 2));
    let elements = |axis| Op::ScatterElements { axis, reduction: Reduction::Add };
    for (op, operands, word) in [
        (elements(0), [&data, &line, &other], "as many axes"),
        (elements(1), [&data, &wide, &other], "no more elements"),
        (elements(0), [&data, &wide, &other], "updates of shape"),
        (elements(2), [&data, &wide, &other], "axis 2"),
        (elements(-3), [&data, &wide, &other], "axis -3"),
        (Op::ScatterNd { reduction: Reduction::Add }, [&data, &line, &other], "updates of shape"),
        (Op::ScatterNd { reduction: Reduction::Add }, [&data, &wide, &other], "for each of the first axes"),
    ] {
        let error = refusal(&one_op(op.clone(), &operands, Layout::Dense, &[2, 3], DType::F32));
        assert!(error.message().contains("Scatter") && error.message().contains(word), "{op:?}: {error}");
    }
    for (op, updates) in [(Op::ScatterAdd { axis: 0 }, &[3, 3]), (Op::ScatterAdd { axis: 2 }, &[2, 3])] {
        let case = one_op(op, &[&Tensor::random(updates, 1), &line], Layout::Dense, &[2, 3], DType::F32);
        assert!(refusal(&case).message().contains("ScatterAdd"));
    }
}

#[test]
fn indices_into_nothing_are_refused() {
    let (data, zero) = (Tensor::f32(&[0, 2], []), Tensor::of(DType::I32, &[1], [0.0]));
    let updates = Tensor::random(&[1, 2], 1);
    let op = Op::ScatterNd { reduction: Reduction::None };
    let case = one_op(op, &[&data, &zero.reshaped(&[1, 1]), &updates], Layout::Dense, &[0, 2], DType::F32);
    assert!(refusal(&case).message().contains("without elements"));
}

#[test]
fn kv_append_puts_a_row_behind_the_first() {
    for (dims, axis) in [(&[4][..], 0), (&[4, 3], 0), (&[2, 4, 3], 1), (&[2, 3, 1, 4], 3), (&[1, 4, 0], 1)] {
        let cache = Tensor::random(dims, 1);
        let mut one = dims.to_vec();
        one[axis] = 1;
        let row = Tensor::random(&one, 2);
        for pos in [0, 1, dims[axis] - 1] {
            let mut out = dims.to_vec();
            out[axis] = pos + 1;
            let want: Vec<f64> = indices(&out)
                .map(|mut index| {
                    if index[axis] < pos {
                        return cache.at(&index);
                    }
                    index[axis] = 0;
                    row.at(&index)
                })
                .collect();
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::KvAppend { axis, pos }, &[&cache, &row], layout, &out, DType::F32));
                assert_same(&format!("{dims:?}, axis {axis}, pos {pos}, {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn kv_append_beyond_the_cache_is_refused() {
    let (cache, row) = (Tensor::random(&[2, 3], 1), Tensor::random(&[1, 3], 2));
    let case = one_op(Op::KvAppend { axis: 0, pos: 2 }, &[&cache, &row], Layout::Dense, &[3, 3], DType::F32);
    assert!(refusal(&case).message().contains("kv_append"));
}

#[test]
fn dynamic_update_slice_starts_where_a_value_says() {
    for (dims, count, axis) in
        [(&[5][..], 2, 0), (&[5, 3], 1, 0), (&[2, 6, 3], 4, 1), (&[2, 3], 3, 1), (&[3, 2], 0, 0), (&[1], 1, 0)]
    {
        let operand = Tensor::random(dims, 1);
        let mut part = dims.to_vec();
        part[axis] = count;
        let update = Tensor::random(&part, 2);
        for start in [0.0, 1.0, 2.9, 100.0, -1.0, -7.0] {
            for (dtype, shape) in [(DType::F32, &[][..]), (DType::I32, &[1]), (DType::I64, &[]), (DType::F64, &[1, 1])]
            {
                let first = Tensor::of(dtype, shape, [start]);
                let from = (start.trunc().max(0.0) as usize).min(dims[axis] - count);
                let want: Vec<f64> = indices(dims)
                    .map(|mut index| match index[axis].checked_sub(from) {
                        Some(at) if at < count => {
                            index[axis] = at;
                            update.at(&index)
                        }
                        _ => operand.at(&index),
                    })
                    .collect();
                for layout in Layout::ALL {
                    let op = Op::DynamicUpdateSlice { axis };
                    let got = run_one(&one_op(op, &[&operand, &update, &first], layout, dims, DType::F32));
                    assert_same(&format!("{dims:?} by {count} at {start} {dtype:?}, {layout:?}"), &got, &want);
                }
            }
        }
    }
}

#[test]
fn parts_of_every_dtype_are_replaced() {
    use DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U32};
    let start = Tensor::of(U32, &[], [1.0]);
    for dtype in [F32, F16, BF16, F64, I8, I16, I32, I64, U8, U32, Bool] {
        let operand = Tensor::of(dtype, &[3], [1.0, 0.0, 0.0]);
        let update = Tensor::of(dtype, &[1], [1.0]);
        let op = Op::DynamicUpdateSlice { axis: 0 };
        let got = run_one(&one_op(op, &[&operand, &update, &start], Layout::Dense, &[3], dtype));
        assert_same(&format!("{dtype:?}"), &got, &[1.0, 1.0, 0.0]);
        let op = Op::KvAppend { axis: 0, pos: 1 };
        let got = run_one(&one_op(op, &[&operand, &update], Layout::Dense, &[2], dtype));
        assert_same(&format!("{dtype:?}"), &got, &[1.0, 1.0]);
    }
}
