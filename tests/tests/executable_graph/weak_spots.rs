//! What is wrong with the lifetimes, transfers and copies of the backend that is linked statically, by the numbers of the
//! inventory. Each test fails on the behaviour described there.

use super::{NEXT, TWICE, adder, affine, counters, f32s, weights};
use rlx_ir::op::BinaryOp;
use rlx_ir::shape::Dim;
use rlx_ir::{DType, Graph, GraphExt, Op, Shape};
use rlx_mlx_tests::bytes::bytes;
use rlx_mlx_tests::runtime::{assert_close, bare, mlx, panic_text, values};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{Device, ExecutableGraph, Session};
use std::collections::HashMap;

fn weighted(seed: u64) -> Box<dyn ExecutableGraph> {
    let mut executable = bare(affine());
    weights(seed).iter().for_each(|(name, values)| executable.set_param(name, values));
    executable
}

/// An adder with a resident state, which is fed.
fn stateful() -> Box<dyn ExecutableGraph> {
    let mut executable = bare(adder());
    assert!(executable.bind_gpu_handle("state", &[0.0; 4]) && executable.set_gpu_handle_feed("state", NEXT));
    executable
}

const X: [f32; 4] = [1.0, 2.0, 3.0, 4.0];

#[test]
fn weak_spot_35_shared_parameters_serve_every_kind_of_run_and_every_clone() {
    let x = values(&[2, 4], 9);
    let mut target = bare(affine());
    assert!(!target.share_params_from(bare(affine()).as_ref()), "a fresh executable has nothing to share");
    let mut source = weighted(1);
    let want = source.run(&[("x", &x)]);
    assert!(target.share_params_from(source.as_ref()));
    drop(source);
    let mut clone = target.clone_box();
    for executable in [&mut target, &mut clone] {
        executable.set_active_extent(Some((1, 2)));
        assert_eq!(executable.run(&[("x", &x)])[0][..3], want[0][..3]);
        executable.set_active_extent(None);
        assert_eq!(executable.run_typed(&[("x", &bytes(&x), DType::F32)]), [(bytes(&want[0]), DType::F32)]);
        assert_eq!(executable.run_pipelined(&[vec![("x", &x)]]), std::slice::from_ref(&want));
    }
}

#[test]
fn weak_spot_36_a_fresh_executable_takes_parameters() {
    let (mut source, mut target) = (weighted(1), bare(affine()));
    assert!(target.copy_params_from(source.as_ref()));
    let x = values(&[2, 4], 9);
    assert_eq!(target.run(&[("x", &x)]), source.run(&[("x", &x)]));
}

#[test]
fn weak_spots_37_and_38_parameters_and_constants_are_uploaded_once() {
    let mut g = Graph::new("constant");
    let x = g.input("x", f32s(&[1024]));
    let w = g.param("w", f32s(&[1024]));
    let constant = g.add_node(Op::Constant { data: bytes(&[2.0; 1024]) }, vec![], f32s(&[1024]));
    let product = g.mul(x, w);
    let y = g.mul(product, constant);
    g.set_outputs(vec![y]);
    let mut executable = bare(g);
    executable.set_param("w", &[3.0; 1024]);
    let uploaded = counters(executable.as_ref()).bytes_in;
    assert!(uploaded <= 4096, "the parameter, and the constant in place: {uploaded}");
    for _ in 0..2 {
        assert_eq!(executable.run(&[("x", &[1.0; 1024])]), [[6.0; 1024]]);
    }
    // A clone shares them.
    let mut clone = executable.clone_box();
    clone.run(&[("x", &[1.0; 1024])]);
    let moved = [executable, clone].map(|e| (counters(e.as_ref()).bytes_in, counters(e.as_ref()).bytes_on_device));
    assert_eq!(moved, [(uploaded + 2 * 4096, 0), (4096, 0)], "inputs alone");
}

#[test]
fn weak_spot_39_handles_are_not_copied_by_runs_and_inputs_once() {
    let mut executable = bare(adder());
    assert!(executable.bind_handle("state", &[5.0; 4]));
    let bound = counters(executable.as_ref()).bytes_in;
    assert_eq!(bound, 16);
    for run in 1..=3 {
        executable.run(&[("x", &X)]);
        assert_eq!(counters(executable.as_ref()).bytes_in, bound + run * 16);
    }
}

#[test]
fn weak_spot_40_typed_runs_see_handles_feed_them_and_leave_their_outputs() {
    let mut executable = stateful();
    let x = bytes(&X);
    for sum in [1.0, 2.0] {
        let outputs = executable.run_typed(&[("x", &x, DType::F32)]);
        assert_eq!(outputs[NEXT], (bytes(&X.map(|x| sum * x)), DType::F32));
    }
    assert_eq!(executable.read_gpu_handle("state").unwrap(), X.map(|x| 2.0 * x));
    assert_eq!(executable.read_output_row(TWICE, 1, 2).unwrap(), [6.0, 8.0]);
    // A failure is one, not empty outputs.
    assert!(panic_text(|| executable.run_typed(&[("x", &x[..4], DType::F32)])).contains("`x`"));
}

#[test]
fn weak_spot_41_slots_and_unwaited_runs_see_handles_and_feed_them() {
    let mut executable = stateful();
    executable.commit_no_wait(&[("x", &X)]);
    // `state` comes first in the graph: an empty value leaves it out.
    let slots = executable.run_slots(&[&[], &X]).to_vec();
    assert_eq!(slots, [(0, 4), (64, 4)], "every output has its slot");
    // SAFETY: the slot lies in the arena, which nothing writes to before the next run.
    let next = unsafe { std::slice::from_raw_parts(executable.arena_ptr().cast::<f32>(), 4) };
    assert_eq!(next, X.map(|x| 2.0 * x));
    assert_eq!(executable.read_gpu_handle("state").unwrap(), X.map(|x| 2.0 * x));
    assert!(panic_text(|| executable.run_slots(&[&[], &[1.0]]).len()).contains("`x`"));
}

#[test]
fn weak_spot_42_rows_and_fed_outputs_alone_are_read() {
    let mut executable = stateful();
    executable.run_read_outputs(&[("x", &X)], Some(&[]));
    let before = counters(executable.as_ref());
    assert_eq!(before.bytes_out, 0);
    executable.read_output_row(NEXT, 1, 2).unwrap();
    assert_eq!(counters(executable.as_ref()).bytes_out, 8);
    executable.run_feed_gpu_handle(&[("x", &X)], "state", TWICE).unwrap();
    assert_eq!(counters(executable.as_ref()).bytes_out, 8 + 16);
    assert_eq!(counters(executable.as_ref()).evaluations, before.evaluations + 1);
}

#[test]
fn weak_spot_43_waiting_is_for_the_runs_of_one_executable() {
    let (mut first, mut second) = (stateful(), stateful());
    for _ in 0..100 {
        first.commit_no_wait(&[("x", &X)]);
        second.commit_no_wait(&[("x", &X)]);
    }
    first.sync_pending();
    assert_eq!(first.read_gpu_handle("state").unwrap(), X.map(|x| 100.0 * x));
    second.commit_no_wait(&[("x", &X)]);
    second.sync_pending();
    assert_eq!(second.read_gpu_handle("state").unwrap(), X.map(|x| 101.0 * x));
    // Nothing but the inputs was moved.
    assert_eq!(counters(first.as_ref()).bytes_in, 16 * 101);
}

#[test]
fn weak_spot_44_each_of_many_names_finds_its_place() {
    const COUNT: usize = 300;
    let mut g = Graph::new("many");
    let names: Vec<String> = (0..COUNT).map(|i| format!("w{i}")).collect();
    let params: Vec<_> = names.iter().map(|name| g.param(name, f32s(&[1]))).collect();
    let all = g.concat(params, 0, f32s(&[COUNT]));
    let x = g.input("x", f32s(&[COUNT]));
    let y = g.add(all, x);
    g.set_outputs(vec![y]);
    let mut executable = bare(g);
    for (i, name) in names.iter().enumerate().rev() {
        executable.set_param(name, &[i as f32]);
    }
    let want: Vec<f32> = (0..COUNT).map(|i| i as f32).collect();
    assert_eq!(executable.run(&[("x", &[0.0; COUNT])]), [want]);
}

/// `x x - c` is 0 where each step rounds to the dtype, and not 0 where it is computed in f32.
#[test]
fn weak_spot_45_halves_are_computed_as_halves() {
    for (dtype, step) in [(DType::F16, 2f64.powi(-10)), (DType::BF16, 2f64.powi(-7))] {
        let mut g = Graph::new("half");
        let x = g.input("x", Shape::new(&[2], dtype));
        let c = g.input("c", Shape::new(&[2], dtype));
        let square = g.mul(x, x);
        let y = g.sub(square, c);
        g.set_outputs(vec![y]);
        let x = Tensor::of(dtype, &[2], [1.0 + step, 2.0 + 2.0 * step]);
        let c = Tensor::of(dtype, &[2], [1.0 + 2.0 * step, 4.0 + 8.0 * step]);
        let exact: Vec<f64> = x.values.iter().zip(&c.values).map(|(x, c)| x * x - c).collect();
        assert!(exact.iter().all(|v| *v != 0.0));
        let mut compiled = mlx().compile(g);
        let outputs = compiled.run_typed(&[("x", &x.bytes(), dtype), ("c", &c.bytes(), dtype)]);
        assert_eq!(outputs, [(vec![0; 4], dtype)]);
    }
}

#[test]
fn weak_spot_46_a_dynamic_graph_is_compiled_for_each_shape() {
    let graph = || {
        let mut g = Graph::new("dynamic");
        let shape = Shape::from_dims(&[Dim::Dynamic(0), Dim::Static(4)], DType::F32);
        let x = g.input("x", shape.clone());
        let w = g.param("w", f32s(&[4]));
        let y = g.binary(BinaryOp::Mul, x, w, shape);
        // Its target has to follow the shape.
        let flat = Shape::from_dims(&[Dim::Dynamic(1)], DType::F32);
        let flat = g.add_node(Op::Reshape { new_shape: vec![-1] }, vec![y], flat);
        g.set_outputs(vec![flat]);
        g
    };
    let [mut got, mut want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(graph());
        compiled.set_param("w", &X);
        compiled
    });
    for rows in [3, 1, 5, 3] {
        let x = values(&[rows, 4], rows as u64);
        assert_eq!(got.run(&[("x", &x)]), want.run(&[("x", &x)]));
    }
    // Below the runtime, which gives a backend static graphs only, it is refused in one line.
    let text = panic_text(|| bare(graph()));
    assert!(text.contains("%0 has the dynamic shape") && !text.contains('\n'), "{text}");
}

#[test]
fn weak_spot_47_tracing_is_over_before_the_first_run() {
    let mut executable = weighted(1);
    assert_eq!(counters(executable.as_ref()).traces, 1);
    for seed in 0..3 {
        executable.run(&[("x", &values(&[2, 4], seed))]);
    }
    assert_eq!(counters(executable.as_ref()).traces, 1);
    let mut clone = executable.clone_box();
    clone.run(&[("x", &values(&[2, 4], 1))]);
    assert_eq!(counters(clone.as_ref()).traces, 0, "a clone replays the trace of the original");
}

#[test]
fn weak_spot_48_bound_parameters_are_baked() {
    let x = values(&[2, 4], 3);
    let params: HashMap<String, Vec<f32>> = weights(1).into_iter().map(|(name, v)| (name.to_owned(), v)).collect();
    let options = rlx_runtime::CompileOptions::baseline().param_bindings(params);
    let mut baked = mlx().compile_with(affine(), &options);
    let outputs = baked.run(&[("x", &x)]);
    let mut want = Session::new(Device::Cpu).compile(affine());
    weights(1).iter().for_each(|(name, values)| want.set_param(name, values));
    assert_close(&outputs, &want.run(&[("x", &x)]), 1e-6);
    // They are not parameters any more.
    baked.set_param("w", &[0.0; 12]);
    assert_eq!(baked.run(&[("x", &x)]), outputs);
}
