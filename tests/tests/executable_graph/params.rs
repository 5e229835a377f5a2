//! Parameters: bound, written to in part, shared and cloned.

use super::{affine, f32s, weights};
use rlx_ir::{DType, Graph, GraphExt, Op};
use rlx_mlx_tests::bytes::bytes;
use rlx_mlx_tests::runtime::{assert_close, bare, mlx, values};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{CompiledGraph, Device, Session};

fn set(compiled: &mut CompiledGraph, seed: u64) {
    for (name, values) in weights(seed) {
        compiled.set_param(name, &values);
    }
}

pub(crate) fn a_parameter_is_seen_by_the_next_run() {
    let x = values(&[2, 4], 9);
    let [mut got, mut want] = [mlx(), Session::new(Device::Cpu)].map(|session| session.compile(affine()));
    for seed in [1, 3] {
        set(&mut got, seed);
        set(&mut want, seed);
        assert_close(&got.run(&[("x", &x)]), &want.run(&[("x", &x)]), 1e-6);
    }
    // A whole checkpoint may be offered.
    got.set_param("of_another_graph", &[1.0]);
}

pub(crate) fn a_parameter_is_taken_in_every_dtype() {
    let x = values(&[2, 4], 9);
    let [mut got, mut want] = [mlx(), Session::new(Device::Cpu)].map(|session| session.compile(affine()));
    set(&mut got, 1);
    set(&mut want, 1);
    let bias = Tensor::f32(&[3], [1.0, -2.0, 3.0]);
    want.set_param("b", &[1.0, -2.0, 3.0]);
    let want = want.run(&[("x", &x)]);
    for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16, DType::I8, DType::I16, DType::I32, DType::I64] {
        got.set_param("b", &[0.0; 3]);
        got.set_param_typed("b", &bias.to(dtype).bytes(), dtype);
        assert_close(&got.run(&[("x", &x)]), &want, 1e-6);
    }
}

pub(crate) fn a_part_of_a_parameter_is_overwritten() {
    let x = values(&[2, 4], 9);
    let [mut got, mut want] = [mlx(), Session::new(Device::Cpu)].map(|session| session.compile(affine()));
    assert!(!got.set_param_range("w", 0, &[0; 4]), "there is nothing yet to write to");
    set(&mut got, 1);
    set(&mut want, 1);
    let shared = got.clone();
    for compiled in [&mut got, &mut want] {
        assert!(compiled.set_param_range("w", 8, &bytes(&[5.0, 6.0, 7.0])));
        assert!(!compiled.set_param_range("w", 44, &bytes(&[5.0, 6.0])), "that is beyond the end");
        assert!(!compiled.set_param_range("nothing", 0, &[0; 4]));
    }
    let written = got.run(&[("x", &x)]);
    assert_close(&written, &want.run(&[("x", &x)]), 1e-6);
    let mut shared = shared;
    assert_ne!(shared.run(&[("x", &x)]), written, "the clone keeps the old values");
}

pub(crate) fn parameters_are_shared_or_refused_as_a_whole() {
    let x = values(&[2, 4], 9);
    let mut source = mlx().compile(affine());
    let mut target = mlx().compile(affine());
    source.set_param("w", &weights(1)[0].1);
    assert!(!target.share_params_from(&source), "one is not set there");
    assert!(!target.param_already_set("w"));
    set(&mut source, 1);
    assert!(target.share_params_from(&source));
    assert!(target.param_already_set("w") && !source.param_already_set("w"));
    let before = source.run(&[("x", &x)]);
    assert_eq!(target.run(&[("x", &x)]), before);
    // A new value on one side stays there.
    set(&mut source, 5);
    assert_eq!(target.run(&[("x", &x)]), before);
    assert!(target.copy_params_from(&source));
    assert_eq!(target.run(&[("x", &x)]), source.run(&[("x", &x)]));
    target.set_param("w", &weights(7)[0].1);
    assert!(!target.param_already_set("w"));
    assert_ne!(target.run(&[("x", &x)]), source.run(&[("x", &x)]));
}

/// `x w + c` with a large constant of ones times `scale`.
fn with_constant(scale: f32) -> Graph {
    let mut g = Graph::new("with_constant");
    let x = g.input("x", f32s(&[512]));
    let w = g.param("w", f32s(&[512]));
    let constant = g.add_node(Op::Constant { data: bytes(&[scale; 512]) }, vec![], f32s(&[512]));
    let product = g.mul(x, w);
    let y = g.add(product, constant);
    g.set_outputs(vec![y]);
    g
}

#[test]
fn sharing_parameters_leaves_the_constants_of_each_graph() {
    let mut source = mlx().compile(with_constant(1.0));
    let mut target = mlx().compile(with_constant(100.0));
    source.set_param("w", &[3.0; 512]);
    assert!(target.share_params_from(&source));
    let x = [2.0; 512];
    assert_eq!(target.run(&[("x", &x)]), [[106.0; 512]]);
    assert_eq!(source.run(&[("x", &x)]), [[7.0; 512]]);
}

pub(crate) fn only_executables_of_one_kind_share() {
    let cpu = rlx_runtime::backend_for(Device::Cpu).unwrap();
    let mut other = cpu.compile(affine(), &rlx_runtime::CompileOptions::baseline());
    let mut own = bare(affine());
    assert!(own.executable_as_any().is_some() && own.executable_as_any_mut().is_some());
    for (name, values) in weights(1) {
        own.set_param(name, &values);
        other.set_param(name, &values);
    }
    assert!(!own.share_params_from(other.as_ref()) && !own.copy_params_from(other.as_ref()));
    assert!(!other.share_params_from(own.as_ref()));
    assert!(!own.copy_resident_kv_rows_from(other.as_ref(), 0, 1, 4, 1, 1));
    assert!(rlx_host_api::runtime::counters(other.as_ref()).is_none());
}

pub(crate) fn clones_are_independent_and_run_on_other_threads() {
    let x = values(&[2, 4], 9);
    let mut original = mlx().compile(affine());
    set(&mut original, 1);
    let before = original.run(&[("x", &x)]);
    let mut clones: Vec<CompiledGraph> = (0..4).map(|_| original.clone()).collect();
    std::thread::scope(|scope| {
        for clone in &mut clones {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(clone.run(&[("x", &x)]), before);
                }
            });
        }
    });
    set(&mut clones[0], 3);
    assert_ne!(clones[0].run(&[("x", &x)]), before);
    assert_eq!(original.run(&[("x", &x)]), before);
    drop(original);
    assert_eq!(clones[1].run(&[("x", &x)]), before);
}
