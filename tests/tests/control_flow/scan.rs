//! `Scan`.

use crate::{add, body, f32s, like_cpu, mul, number};
use rlx_ir::op::Activation;
use rlx_ir::{DType, Op, Shape};
use rlx_mlx_tests::compare::{assert_same, assert_within};
use rlx_mlx_tests::graph::{Case, Layout};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, round_to};

/// What a scan reads besides its carry, and what it gives.
#[derive(Debug, Clone, Copy)]
struct Form {
    broadcasts: usize,
    stacked: usize,
    trajectory: bool,
}

fn forms() -> impl Iterator<Item = Form> {
    let form = |broadcasts, stacked| [false, true].map(|trajectory| Form { broadcasts, stacked, trajectory });
    [(0, 0), (1, 0), (0, 1), (2, 2)].into_iter().flat_map(move |(b, x)| form(b, x))
}

/// `carry = tanh(carry) + all other inputs`, a contraction, so that errors do not grow.
fn contraction(form: Form, length: usize, dims: &[usize]) -> Case {
    let carry = f32s(dims);
    let count = form.broadcasts + form.stacked;
    let step = body(&vec![carry.clone(); 1 + count], |g, v| {
        let half = g.activation(Activation::Tanh, v[0], carry.clone());
        vec![v[1..].iter().fold(half, |sum, &x| add(g, sum, x))]
    });
    let stacked: Vec<usize> = [&[length], dims].concat();
    let mut case = Case::new();
    let mut inputs = vec![case.input(&Tensor::random(dims, 1))];
    inputs.extend((0..form.broadcasts).map(|i| case.input(&Tensor::random(dims, 2 + i as u64))));
    inputs.extend((0..form.stacked).map(|i| case.input(&Tensor::random(&stacked, 9 + i as u64))));
    let op = Op::Scan {
        body: step,
        length: length as u32,
        save_trajectory: form.trajectory,
        num_bcast: form.broadcasts as u32,
        num_xs: form.stacked as u32,
        num_checkpoints: 0,
    };
    let y = case.add(op, &inputs, if form.trajectory { &stacked } else { dims }, DType::F32);
    case.outputs(&[y])
}

#[test]
fn every_form_at_every_length_and_rank() {
    for form in forms() {
        for length in [1, 5, 100, 1000] {
            let ranks: &[&[usize]] = if length == 5 { &[&[], &[3], &[2, 3], &[2, 1, 3]] } else { &[&[2]] };
            for dims in ranks {
                like_cpu(&format!("{form:?} of length {length} over {dims:?}"), &contraction(form, length, dims));
            }
        }
        // Not against rlx-cpu, which cannot compile a carry of no elements.
        assert!(run_one(&contraction(form, 5, &[0])).values.is_empty(), "{form:?}");
    }
}

/// Sums modulo 2^bits, or rounded at each step as the dtype does.
#[test]
fn carries_of_other_dtypes() {
    for dtype in [DType::F16, DType::BF16, DType::I32, DType::I64, DType::U8] {
        for trajectory in [false, true] {
            let one = Shape::new(&[2], dtype);
            let step = body(&[&one, &one], |g, v| vec![add(g, v[0], v[1])]);
            let length = 12;
            let xs = Tensor::of(dtype, &[length, 2], (0..2 * length).map(|i| (i % 7) as f64).collect::<Vec<_>>());
            let mut case = Case::new();
            let init = Tensor::of(dtype, &[2], [1.0, 2.0]);
            let inputs = [case.input(&init), case.input(&xs)];
            let op = Op::Scan {
                body: step,
                length: length as u32,
                save_trajectory: trajectory,
                num_bcast: 0,
                num_xs: 1,
                num_checkpoints: 0,
            };
            let dims: &[usize] = if trajectory { &[length, 2] } else { &[2] };
            let y = case.add(op, &inputs, dims, dtype);
            let mut carry = init.values.clone();
            let mut rows = Vec::new();
            for step in 0..length {
                for (i, value) in carry.iter_mut().enumerate() {
                    *value = round_to(dtype, *value + xs.at(&[step, i]));
                }
                rows.extend(&carry);
            }
            let want = if trajectory { rows } else { carry };
            assert_same(&format!("{dtype:?}, trajectory {trajectory}"), &run_one(&case.outputs(&[y])), &want);
        }
    }
}

/// Rows are those of rlx-cpu's executor: the last step of each of K parts, rounded up. A node that declares a row for
/// each step, as the derivatives of RLX do, has zeros behind them.
#[test]
fn checkpoints_keep_some_rows() {
    for (length, checkpoints, kept) in [
        (10, 10, (1..=10).collect()),
        (10, 5, vec![2, 4, 6, 8, 10]),
        (10, 3, vec![4, 7, 10]),
        (7, 1, vec![7]),
        (1500, 2, vec![750, 1500]),
    ] {
        for declared in [length, checkpoints] {
            let mut case = Case::new();
            let x = case.input(&Tensor::f32(&[1], [0.0]));
            let step = body(&[f32s(&[1])], |g, v| {
                let one = number(g, 1.0);
                vec![add(g, v[0], one)]
            });
            let op = Op::Scan {
                body: step,
                length: length as u32,
                save_trajectory: true,
                num_bcast: 0,
                num_xs: 0,
                num_checkpoints: checkpoints as u32,
            };
            let y = case.add(op, &[x], &[declared, 1], DType::F32);
            let mut want: Vec<f64> = kept.iter().map(|&step| f64::from(step)).collect();
            want.resize(declared, 0.0);
            let case = case.outputs(&[y]);
            assert_same(&format!("{checkpoints} of {length}"), &run_one(&case), &want);
            if declared == length && checkpoints == length {
                like_cpu("all of them", &case);
            }
        }
    }
    // Without a trajectory they change nothing.
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[1], [1.0]));
    let double = body(&[f32s(&[1])], |g, v| vec![add(g, v[0], v[0])]);
    let y = case.graph.scan_checkpointed(x, *double, 9, 3);
    assert_same("2^9", &run_one(&case.outputs(&[y])), &[512.0]);
}

/// A body that gives back its carry, its broadcast or its row; carries that come from a constant and from a computation.
#[test]
fn bodies_that_compute_nothing() {
    for given in 0..3 {
        for trajectory in [false, true] {
            let whole = [f32s(&[2]), f32s(&[2]), f32s(&[2])];
            let mut case = Case::new();
            let init = crate::constant(&mut case.graph, &Tensor::f32(&[2], [5.0, 6.0]));
            let x = case.input(&Tensor::f32(&[2], [7.0, 8.0]));
            let xs = case.input(&Tensor::random(&[70, 2], 3));
            let squared = mul(&mut case.graph, x, x);
            let op = Op::Scan {
                body: body(&whole, |_, v| vec![v[given]]),
                length: 70,
                save_trajectory: trajectory,
                num_bcast: 1,
                num_xs: 1,
                num_checkpoints: 0,
            };
            let dims: &[usize] = if trajectory { &[70, 2] } else { &[2] };
            let y = case.add(op, &[init, squared, xs], dims, DType::F32);
            like_cpu(&format!("operand {given}, trajectory {trajectory}"), &case.outputs(&[y, x]));
        }
    }
}

/// A linear recurrence with a matrix, over enough steps for several evaluations, against the closed form of a rotation.
#[test]
fn a_rotation_of_many_steps_comes_round() {
    let steps = 3000;
    let angle = std::f64::consts::TAU / f64::from(steps);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2, 1], [1.0, 0.0]));
    let turn = case.input(&Tensor::f32(&[2, 2], [angle.cos(), -angle.sin(), angle.sin(), angle.cos()]));
    let step = body(&[f32s(&[2, 1]), f32s(&[2, 2])], |g, v| vec![g.matmul(v[1], v[0], f32s(&[2, 1]))]);
    let op = Op::Scan {
        body: step,
        length: steps as u32,
        save_trajectory: true,
        num_bcast: 1,
        num_xs: 0,
        num_checkpoints: 0,
    };
    let y = case.add(op, &[x, turn], &[steps as usize, 2, 1], DType::F32);
    let got = run_one(&case.outputs(&[y]));
    let want: Vec<f64> =
        (1..=steps).flat_map(|t| [(angle * f64::from(t)).cos(), (angle * f64::from(t)).sin()]).collect();
    // Each step rounds once, and the rounded matrix is off by as much again.
    assert_within("rotation", &got, &want, |i, _| (i as f64 / 2.0 + 2.0) * 2.0 * f64::from(f32::EPSILON));
}

/// Rows of what lies in memory in another order than its elements have.
#[test]
fn rows_of_any_layout() {
    for layout in Layout::ALL {
        for dims in [&[70][..], &[70, 3], &[70, 2, 3]] {
            let xs = Tensor::random(dims, 7);
            let row = f32s(&dims[1..]);
            let mut case = Case::new();
            let init = case.input(&Tensor::random(&dims[1..], 8));
            let rows = case.operand(&xs, layout);
            let step = body(&[&row, &row], |g, v| vec![add(g, v[0], v[1])]);
            let op =
                Op::Scan { body: step, length: 70, save_trajectory: true, num_bcast: 0, num_xs: 1, num_checkpoints: 0 };
            let y = case.add(op, &[init, rows], dims, DType::F32);
            like_cpu(&format!("{layout:?} {dims:?}"), &case.outputs(&[y]));
        }
    }
}
