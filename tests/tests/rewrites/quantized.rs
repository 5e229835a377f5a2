//! `Op::FakeQuantize` and its gradients against closed forms in f64.

use rlx_ir::op::{ScaleMode, SteKind};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const STES: [SteKind; 4] = [SteKind::Identity, SteKind::ClippedIdentity, SteKind::Tanh, SteKind::HardTanh];

fn forward(bits: u8, axis: Option<usize>, scale_mode: ScaleMode) -> Op {
    Op::FakeQuantize { bits, axis, ste: SteKind::Identity, scale_mode }
}

fn largest(bits: u8) -> f64 {
    f64::from((1 << (bits - 1)) - 1)
}

/// The scale of each element, in f32 as the op has it.
fn scales(x: &Tensor, bits: u8, axis: Option<usize>) -> Vec<f64> {
    let all: Vec<Vec<usize>> = indices(&x.dims).collect();
    let channel = |i: &[usize]| axis.map_or(0, |a| i[a]);
    let scale = |i: &Vec<usize>| {
        let same = all.iter().filter(|j| channel(j) == channel(i));
        let largest_x = same.map(|j| x.at(j).abs()).fold(0.0, f64::max);
        f64::from((largest_x as f32 / largest(bits) as f32).max(1e-12))
    };
    all.iter().map(scale).collect()
}

fn quantized(x: f64, scale: f64, bits: u8) -> f64 {
    (f64::from(x as f32 / scale as f32)).round_ties_even().clamp(-largest(bits), largest(bits)) * scale
}

#[test]
fn fake_quantize_of_all_and_by_channel() {
    for (dims, axis) in [(vec![3, 4, 5], None), (vec![3, 4, 5], Some(0)), (vec![3, 4, 5], Some(1)), (vec![6], Some(0))]
    {
        for bits in [2, 4, 8] {
            for layout in Layout::ALL {
                let x = Tensor::random(&dims, 3);
                let y = run_one(&one_op(forward(bits, axis, ScaleMode::PerBatch), &[&x], layout, &dims, DType::F32));
                let scales = scales(&x, bits, axis);
                let want: Vec<f64> = x.values.iter().zip(&scales).map(|(&x, &s)| quantized(x, s, bits)).collect();
                assert_within(&format!("{bits} bits of {dims:?} by {axis:?}"), &y, &want, |_, w| 1e-6 * w.abs());
            }
        }
    }
}

#[test]
fn fake_quantize_of_halves_and_of_a_fixed_scale() {
    let x = Tensor::random(&[4, 6], 4);
    for dtype in [DType::F16, DType::BF16] {
        let x = x.to(dtype);
        let y = run_one(&one_op(forward(8, None, ScaleMode::PerBatch), &[&x], Layout::Dense, &x.dims, dtype));
        let scales = scales(&x, 8, None);
        let want: Vec<f64> = x.values.iter().zip(&scales).map(|(&x, &s)| quantized(x, s, 8)).collect();
        assert_within("halves", &y, &want, |_, w| epsilon(dtype) * w.abs());
    }
    let scale = Tensor::f32(&[4], [0.5, 0.25, 0.01, 0.0]);
    let y = run_one(&one_op(forward(4, Some(0), ScaleMode::Fixed), &[&x, &scale], Layout::Dense, &x.dims, DType::F32));
    let want: Vec<f64> =
        indices(&x.dims).map(|i| quantized(x.at(&i), scale.values[i[0]].max(f64::from(1e-12f32)), 4)).collect();
    assert_within("fixed", &y, &want, |_, w| 1e-6 * w.abs());
}

/// The state of three runs is tested with the executable's; here the numbers of one, with a running scale and without.
#[test]
fn fake_quantize_of_a_running_scale() {
    for (dims, axis) in [(vec![3, 4], None), (vec![3, 4], Some(0)), (vec![3, 4], Some(1)), (vec![0, 4], Some(1))] {
        let x = Tensor::random(&dims, 9);
        let channels = axis.map_or(1, |axis: usize| dims[axis]);
        // None yet, and some that were.
        let running: Vec<f64> = [0.0, 0.5, -1.0, 0.25].into_iter().cycle().take(channels).collect();
        let state = Tensor::f32(&[channels], running.clone());
        let mut case = Case::new();
        let (input, kept) = (case.input(&x), case.input(&state));
        let op = forward(8, axis, ScaleMode::EMA { decay: 0.75 });
        let y = case.add(op, &[input, kept], &dims, DType::F32);
        let outputs = run(&case.outputs(&[y, kept]));
        let channel = |i: &[usize]| axis.map_or(0, |axis| i[axis]);
        let mut wanted = running;
        for (index, scale) in indices(&dims).zip(scales(&x, 8, axis)) {
            let old = state.values[channel(&index)];
            wanted[channel(&index)] = if old <= 0.0 { scale } else { 0.75 * old + 0.25 * scale };
        }
        assert_within("running scale", &outputs[1], &wanted, |_, w| 1e-6 * w.abs());
        let want: Vec<f64> = indices(&dims).map(|i| quantized(x.at(&i), outputs[1].values[channel(&i)], 8)).collect();
        assert_within("values", &outputs[0], &want, |_, w| 1e-6 * w.abs());
    }
}

#[test]
fn fake_quantize_backward_of_all_and_by_channel() {
    for (dims, axis) in [(vec![3, 4, 5], None), (vec![3, 4, 5], Some(0)), (vec![3, 4, 5], Some(1)), (vec![6], Some(0))]
    {
        for ste in STES {
            for dtype in [DType::F32, DType::F16] {
                // Channels of other sizes, so that one taken for another shows.
                let sized = indices(&dims).zip(Tensor::random(&dims, 5).values);
                let sized = sized.map(|(i, v)| v * 10f64.powi(i[axis.unwrap_or(0)] as i32 - 2));
                let x = Tensor::of(dtype, &dims, sized.collect::<Vec<_>>());
                let dy = Tensor::random(&dims, 6).to(dtype);
                let op = Op::FakeQuantizeBackward { bits: 4, axis, ste };
                let y = run_one(&one_op(op, &[&x, &dy], Layout::Dense, &dims, dtype));
                let scales = scales(&x, 4, axis);
                let damped = |at: usize| {
                    let (size, scale) = (x.values[at].abs(), scales[at]);
                    match ste {
                        SteKind::Identity => 1.0,
                        SteKind::ClippedIdentity => f64::from(u8::from(size <= scale * 7.0 * (1.0 + 1e-6))),
                        SteKind::Tanh => (size / scale).cosh().powi(-2),
                        SteKind::HardTanh => (1.0 - size / (7.0 * scale)).max(0.0),
                    }
                };
                // The largest element of a channel lies on the bound, on one side of it or the other by rounding.
                let on_the_bound = |at: usize| {
                    ste == SteKind::ClippedIdentity && (x.values[at].abs() / (7.0 * scales[at]) - 1.0).abs() < 1e-6
                };
                let want: Vec<f64> = (0..x.values.len())
                    .map(|at| if on_the_bound(at) { y.values[at] } else { dy.values[at] * damped(at) })
                    .collect();
                let bound = |_: usize, w: f64| 2e-6 + epsilon(dtype) * w.abs();
                assert_within(&format!("{ste:?} of {dims:?} by {axis:?}, {dtype:?}"), &y, &want, bound);
            }
        }
    }
}

#[test]
fn nothing_is_quantized_to_nothing_and_zero_to_zero() {
    for (dims, values) in [([0, 3], vec![]), ([2, 3], vec![0.0; 6])] {
        let x = Tensor::f32(&dims, values.clone());
        for axis in [None, Some(0), Some(1)] {
            let y = run_one(&one_op(forward(8, axis, ScaleMode::PerBatch), &[&x], Layout::Dense, &dims, DType::F32));
            assert_same("zeros", &y, &values);
            for ste in STES {
                let op = Op::FakeQuantizeBackward { bits: 8, axis, ste };
                run_one(&one_op(op, &[&x, &x], Layout::Dense, &dims, DType::F32));
            }
        }
    }
}

#[test]
fn what_no_kernel_can_do_is_refused_by_name() {
    let x = Tensor::random(&[4], 1);
    for (mode, operands) in [(ScaleMode::PerBatch, vec![&x, &x]), (ScaleMode::Fixed, vec![&x])] {
        let error = refusal(&one_op(forward(8, None, mode), &operands, Layout::Dense, &[4], DType::F32));
        assert!(error.message().contains(&format!("scale mode {mode:?} takes {}", 3 - operands.len())), "{error}");
    }
    let error = refusal(&one_op(forward(3, None, ScaleMode::PerBatch), &[&x], Layout::Dense, &[4], DType::F32));
    assert!(error.message().contains("3 bits"), "{error}");
    let error = refusal(&one_op(forward(8, Some(1), ScaleMode::PerBatch), &[&x], Layout::Dense, &[4], DType::F32));
    assert!(error.message().contains("axis 1"), "{error}");
}
