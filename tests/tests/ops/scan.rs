//! Running sums, products and maxima.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, indices};

#[test]
fn cumsum_inclusive_and_exclusive() {
    for dims in [&[6][..], &[1], &[0], &[3, 4], &[2, 3, 4], &[2, 1, 3, 2]] {
        let rank = dims.len() as i32;
        for axis in -rank..rank {
            let at = axis.rem_euclid(rank) as usize;
            for exclusive in [false, true] {
                let x = Tensor::random(dims, 13);
                let terms = |index: &[usize]| -> Vec<f64> {
                    let end = index[at] + usize::from(!exclusive);
                    let value = |j| {
                        let mut from = index.to_vec();
                        from[at] = j;
                        x.at(&from)
                    };
                    (0..end).map(value).collect()
                };
                let all: Vec<Vec<f64>> = indices(dims).map(|i| terms(&i)).collect();
                let want: Vec<f64> = all.iter().map(|t| t.iter().sum()).collect();
                for layout in Layout::ALL {
                    let got = run_one(&one_op(Op::Cumsum { axis, exclusive }, &[&x], layout, dims, DType::F32));
                    assert_within(&format!("cumsum {axis} {exclusive} {layout:?}"), &got, &want, |i, _| {
                        let size: f64 = all[i].iter().map(|v| v.abs()).sum();
                        all[i].len() as f64 * epsilon(DType::F32) * size
                    });
                }
            }
        }
    }
}

#[test]
fn running_products_and_maxima() {
    for dims in [&[6][..], &[1], &[0], &[3, 4], &[2, 3, 4], &[2, 1, 3, 2]] {
        let rank = dims.len() as i32;
        for axis in -rank..rank {
            let at = axis.rem_euclid(rank) as usize;
            for exclusive in [false, true] {
                let x = Tensor::random(dims, 13);
                let terms = |index: &[usize]| -> Vec<f64> {
                    let value = |j| {
                        let mut from = index.to_vec();
                        from[at] = j;
                        x.at(&from)
                    };
                    (0..index[at] + usize::from(!exclusive)).map(value).collect()
                };
                let all: Vec<Vec<f64>> = indices(dims).map(|i| terms(&i)).collect();
                let products: Vec<f64> = all.iter().map(|t| t.iter().product()).collect();
                let maxima: Vec<f64> =
                    all.iter().map(|t| t.iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect();
                for layout in Layout::ALL {
                    let what = format!("{dims:?} along {axis}, exclusive {exclusive}, {layout:?}");
                    let got = run_one(&one_op(Op::CumProd { axis, exclusive }, &[&x], layout, dims, DType::F32));
                    assert_within(&what, &got, &products, |i, w| all[i].len() as f64 * epsilon(DType::F32) * w.abs());
                    let got = run_one(&one_op(Op::CumMax { axis, exclusive }, &[&x], layout, dims, DType::F32));
                    assert_same(&what, &got, &maxima);
                }
            }
        }
    }
}

#[test]
fn a_nan_stays_in_a_running_maximum() {
    let x = Tensor::f32(&[4], [1.0, f64::NAN, 3.0, 2.0]);
    let got = run_one(&one_op(Op::CumMax { axis: 0, exclusive: false }, &[&x], Layout::Dense, &[4], DType::F32));
    assert_same("maximum", &got, &[1.0, f64::NAN, f64::NAN, f64::NAN]);
}
