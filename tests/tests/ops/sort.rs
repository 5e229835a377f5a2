//! Sort, ArgSort, TopK.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, offset};
use std::cmp::Ordering;

/// NaN is the greatest value.
fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// For each place the index along `axis` of the element that comes there; equal elements keep their order.
fn sorted(x: &Tensor, axis: usize, descending: bool) -> Vec<usize> {
    let mut places = vec![0; x.values.len()];
    for start in indices(&x.dims).filter(|index| index[axis] == 0) {
        let at = |j: usize| {
            let mut index = start.clone();
            index[axis] = j;
            index
        };
        let mut row: Vec<usize> = (0..x.dims[axis]).collect();
        row.sort_by(|&i, &j| {
            let (a, b) = (x.at(&at(i)), x.at(&at(j)));
            if descending { order(b, a) } else { order(a, b) }
        });
        for (place, from) in row.into_iter().enumerate() {
            places[offset(&x.dims, &at(place))] = from;
        }
    }
    places
}

fn inputs() -> Vec<Tensor> {
    let special = [3.0, f64::NAN, -1.0, 3.0, f64::INFINITY, 0.0, -0.0, f64::NEG_INFINITY, f64::NAN, 3.0];
    vec![
        Tensor::f32(&[10], special),
        Tensor::f32(&[2, 5], special),
        Tensor::random(&[3, 4, 5], 2),
        Tensor::random(&[70, 3], 4).map(|v| (v * 3.0).round()),
        Tensor::random(&[1, 1], 3),
        Tensor::f32(&[0, 4], []),
        Tensor::random(&[2, 2049], 5),
    ]
}

#[test]
fn sorted_along_any_axis() {
    for x in inputs() {
        for dtype in [DType::F32, DType::F16, DType::F64] {
            let x = x.to(dtype);
            for axis in 0..x.dims.len() {
                for descending in [false, true] {
                    let from = sorted(&x, axis, descending);
                    let values: Vec<f64> = indices(&x.dims)
                        .zip(&from)
                        .map(|(mut index, &i)| {
                            index[axis] = i;
                            x.at(&index)
                        })
                        .collect();
                    for layout in Layout::ALL {
                        let what = format!("{:?} {dtype:?} along {axis}, descending {descending}, {layout:?}", x.dims);
                        let sort = Op::Sort { axis, descending };
                        assert_same(&what, &run_one(&one_op(sort, &[&x], layout, &x.dims, dtype)), &values);
                    }
                }
            }
        }
    }
}

#[test]
fn the_places_that_sort_along_any_axis() {
    for x in inputs() {
        for dtype in [DType::F32, DType::BF16] {
            let x = x.to(dtype);
            for axis in 0..x.dims.len() {
                for descending in [false, true] {
                    let want: Vec<f64> = sorted(&x, axis, descending).iter().map(|&i| i as f64).collect();
                    for layout in Layout::ALL {
                        let what = format!("{:?} {dtype:?} along {axis}, descending {descending}, {layout:?}", x.dims);
                        let sort = Op::ArgSort { axis, descending };
                        assert_same(&what, &run_one(&one_op(sort, &[&x], layout, &x.dims, DType::F32)), &want);
                    }
                }
            }
        }
    }
}

#[test]
fn integers_are_sorted_exactly() {
    let big = f64::from(i32::MAX);
    let x = Tensor::of(DType::I32, &[5], [big, -big, big - 1.0, 0.0, 1.0 - big]);
    let got = run_one(&one_op(Op::Sort { axis: 0, descending: false }, &[&x], Layout::Dense, &[5], DType::I32));
    assert_same("integers", &got, &[-big, 1.0 - big, 0.0, big - 1.0, big]);
}

#[test]
fn top_k_gives_the_places_of_the_largest() {
    for x in inputs() {
        let (rank, last) = (x.dims.len(), x.dims[x.dims.len() - 1]);
        let from = sorted(&x, rank - 1, true);
        for k in [0, 1, 2, last].into_iter().filter(|&k| k <= last) {
            let mut dims = x.dims.clone();
            dims[rank - 1] = k;
            let want: Vec<f64> =
                from.chunks(last.max(1)).flat_map(|row| &row[..k.min(row.len())]).map(|&i| i as f64).collect();
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::TopK { k }, &[&x], layout, &dims, DType::F32));
                assert_same(&format!("top {k} of {:?}, {layout:?}", x.dims), &got, &want);
            }
        }
    }
}

#[test]
fn more_than_there_are_cannot_be_chosen() {
    let error = refusal(&one_op(Op::TopK { k: 5 }, &[&Tensor::random(&[2, 4], 1)], Layout::Dense, &[2, 5], DType::F32));
    assert!(error.message().contains("(TopK)"), "{error}");
}
