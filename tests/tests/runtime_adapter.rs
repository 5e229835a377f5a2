//! `Session::new(Device::Mlx)` of the unmodified rlx-runtime, through the plugin, against `Device::Cpu`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here is a failed test")]

use rlx_host_api::runtime::{prepare, register, register_mlx};
use rlx_host_api::{BackendOptions, CompileOptions};
use rlx_ir::op::MaskKind;
use rlx_ir::{DType, Graph, GraphExt, NodeId, Op, Shape};
use rlx_mlx_tests::bytes::bytes;
use rlx_mlx_tests::plugin::{backend, folder};
use rlx_mlx_tests::runtime::{assert_close, mlx, panic_text, values};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{CompiledGraph, Device, PrecisionPolicy, Session, is_available};
use std::collections::HashMap;

/// `y = x · w + b` with `x` of [2, 4].
fn affine() -> Graph {
    let mut g = Graph::new("affine");
    let x = g.input("x", Shape::new(&[2, 4], DType::F32));
    let w = g.param("w", Shape::new(&[4, 3], DType::F32));
    let b = g.param("b", Shape::new(&[3], DType::F32));
    let y = g.mm(x, w);
    let y = g.add(y, b);
    g.set_outputs(vec![y]);
    g
}

/// Sets the weights of [`affine`].
fn set_affine(compiled: &mut CompiledGraph, seed: u64) {
    compiled.set_param("w", &values(&[4, 3], seed));
    compiled.set_param("b", &values(&[3], seed + 1));
}

#[test]
fn registering_again_changes_nothing_and_a_refused_one_neither() {
    let plugin = backend().plugin();
    drop(mlx());
    assert_eq!(register_mlx().unwrap().path(), plugin.path());
    let refused = register(plugin, &BackendOptions::new().set("no-such-option", 1i64), &CompileOptions::new());
    assert!(refused.unwrap_err().message().contains("no-such-option"));
    assert!(is_available(Device::Mlx));
}

/// In a process of its own for each set of folders, as the search depends on the environment.
#[test]
fn the_plugin_is_found_in_the_documented_folders() {
    const FOUND: &str = "RLX_TEST_EXPECT_FOUND";
    if let Ok(expected) = std::env::var(FOUND) {
        let result = register_mlx();
        assert_eq!(result.is_ok(), expected == "yes", "{result:?}");
        assert_eq!(is_available(Device::Mlx), result.is_ok());
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    for (path, found) in [(folder().as_path(), "yes"), (empty.path(), "no")] {
        assert_cmd::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_plugin_is_found_in_the_documented_folders"])
            .env(FOUND, found)
            .env("RLX_PLUGIN_PATH", path)
            .env("HOME", empty.path())
            .env_remove("XDG_DATA_HOME")
            .assert()
            .success();
    }
}

/// One layer of a BERT encoder and the names of its parameters.
struct Encoder {
    graph: Graph,
    params: Vec<(String, Vec<usize>)>,
}

impl Encoder {
    fn param(&mut self, name: &str, dims: &[usize]) -> NodeId {
        self.params.push((name.to_owned(), dims.to_vec()));
        self.graph.param(name, Shape::new(dims, DType::F32))
    }

    fn dense(&mut self, x: NodeId, name: &str, from: usize, to: usize) -> NodeId {
        let w = self.param(&format!("{name}.w"), &[from, to]);
        let b = self.param(&format!("{name}.b"), &[to]);
        let y = self.graph.mm(x, w);
        self.graph.add(y, b)
    }

    fn residual_norm(&mut self, x: NodeId, residual: NodeId, name: &str, width: usize) -> NodeId {
        let gamma = self.param(&format!("{name}.gamma"), &[width]);
        let beta = self.param(&format!("{name}.beta"), &[width]);
        let sum = self.graph.add(x, residual);
        self.graph.ln(sum, gamma, beta, 1e-12)
    }
}

fn encoder() -> Encoder {
    let (batch, seq, heads, head) = (2, 6, 2, 8);
    let width = heads * head;
    let mut e = Encoder { graph: Graph::new("encoder"), params: Vec::new() };
    let x = e.graph.input("hidden", Shape::new(&[batch, seq, width], DType::F32));
    let mask = e.graph.input("mask", Shape::new(&[batch, seq], DType::F32));
    let [q, k, v] = ["q", "k", "v"].map(|name| e.dense(x, name, width, width));
    let attended = e.graph.attention_(q, k, v, mask, heads, head);
    let attended = e.dense(attended, "out", width, width);
    let x = e.residual_norm(attended, x, "ln1", width);
    let inner = e.dense(x, "fc1", width, 4 * width);
    let inner = e.graph.gelu(inner);
    let inner = e.dense(inner, "fc2", 4 * width, width);
    let x = e.residual_norm(inner, x, "ln2", width);
    e.graph.set_outputs(vec![x]);
    e
}

#[test]
fn an_encoder_layer_equals_the_cpu() {
    let hidden = values(&[2, 6, 16], 1);
    let mask = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0];
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let encoder = encoder();
        let mut compiled = session.compile(encoder.graph);
        for (seed, (name, dims)) in encoder.params.iter().enumerate() {
            compiled.set_param(name, &values(dims, seed as u64 + 10));
        }
        compiled.run(&[("hidden", &hidden), ("mask", &mask)])
    });
    assert_close(&got, &want, 1e-5);
}

#[test]
fn halves_are_computed_as_halves() {
    for dtype in [DType::F16, DType::BF16] {
        let mut g = Graph::new("half");
        let x = g.input("x", Shape::new(&[4], dtype));
        let w = g.param("w", Shape::new(&[4], dtype));
        let y = g.mul(x, w);
        let y = g.add(y, x);
        g.set_outputs(vec![y]);
        let (x, w) = (Tensor::random(&[4], 1).to(dtype), Tensor::random(&[4], 2).to(dtype));
        let product = Tensor::of(dtype, &[4], x.values.iter().zip(&w.values).map(|(x, w)| x * w).collect::<Vec<_>>());
        let sum: Vec<f64> = product.values.iter().zip(&x.values).map(|(p, x)| p + x).collect();
        let want = Tensor::of(dtype, &[4], sum);

        let mut compiled = mlx().compile(g);
        let as_f32 = |t: &Tensor| t.values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        compiled.set_param("w", &as_f32(&w));
        assert_eq!(compiled.run(&[("x", &as_f32(&x))]), [as_f32(&want)]);
        compiled.set_param_typed("w", &w.bytes(), dtype);
        assert_eq!(compiled.run_typed(&[("x", &x.bytes(), dtype)]), [(want.bytes(), dtype)]);
    }
}

#[test]
fn large_constants_do_not_travel_as_text() {
    let graph = || {
        let mut g = Graph::new("constants");
        let x = g.input("x", Shape::new(&[1, 64], DType::F32));
        let data = bytes(&values(&[64, 64], 5));
        let table = g.add_node(Op::Constant { data }, vec![], Shape::new(&[64, 64], DType::F32));
        let y = g.mm(x, table);
        // The users' names are their own.
        let bias = g.param("__rlx_const_0", Shape::new(&[64], DType::F32));
        let y = g.add(y, bias);
        g.set_outputs(vec![y, table]);
        g
    };
    let prepared = prepare(backend().plugin(), graph(), &rlx_runtime::CompileOptions::baseline()).unwrap();
    assert_eq!(prepared.constants.len(), 1);
    assert_eq!(prepared.constants[0].data.len(), 64 * 64 * 4);
    assert!(prepared.program.len() < 2048, "{}", prepared.program);

    let (x, bias) = (values(&[64], 6), values(&[64], 7));
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(graph());
        compiled.set_param("__rlx_const_0", &bias);
        let mut clone = compiled.clone();
        assert_eq!(clone.run(&[("x", &x)]), compiled.run(&[("x", &x)]));
        compiled.run(&[("x", &x)])
    });
    assert_close(&got, &want, 1e-5);
}

#[test]
fn sessions_run_side_by_side() {
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                let (mut got, mut want) = (mlx().compile(affine()), Session::new(Device::Cpu).compile(affine()));
                set_affine(&mut got, seed);
                set_affine(&mut want, seed);
                for run in 0..10 {
                    let x = values(&[2, 4], run);
                    assert_close(&got.run(&[("x", &x)]), &want.run(&[("x", &x)]), 1e-6);
                }
            });
        }
    });
}

#[test]
fn an_op_that_the_plugin_lacks_is_named() {
    let mut g = Graph::new("fft");
    let x = g.input("x", Shape::new(&[4], DType::I32));
    let fft = Op::FftQ { inverse: false, norm: rlx_ir::fft::FftNorm::Backward, scale: rlx_ir::fft::FftQScale::None };
    let y = g.add_node(fft, vec![x], Shape::new(&[4], DType::I32));
    g.set_outputs(vec![y]);
    let text = panic_text(|| mlx().compile(g));
    assert!(text.contains("FftQ") && text.contains("mlx"), "{text}");
}

#[test]
fn bound_parameters_and_unused_inputs_leave_the_program() {
    let mut g = affine();
    g.input("unused", Shape::new(&[7], DType::F32));
    let (w, b, x) = (values(&[4, 3], 1), values(&[3], 2), values(&[2, 4], 3));
    let bindings = HashMap::from([("w".to_owned(), w.clone()), ("b".to_owned(), b.clone())]);
    let options = rlx_runtime::CompileOptions::baseline().param_bindings(bindings);
    let prepared = prepare(backend().plugin(), g.clone(), &options).unwrap();
    assert!(!prepared.program.contains("param") && !prepared.program.contains("unused"), "{}", prepared.program);
    let mut compiled = mlx().compile_with(g, &options);
    let mut want = Session::new(Device::Cpu).compile(affine());
    want.set_param("w", &w);
    want.set_param("b", &b);
    let want = want.run(&[("x", &x)]);
    assert_close(&compiled.run(&[("x", &x), ("unused", &[0.0; 7])]), &want, 1e-6);
    assert_close(&compiled.run(&[("x", &x)]), &want, 1e-6);
    assert_eq!(compiled.run_slots(&[&x, &[0.0; 7]]), [(0, 6)]);
}

#[test]
fn a_precision_policy_applies() {
    let mut compiled = mlx().with_policy(PrecisionPolicy::AlwaysF16).compile(affine());
    let mut exact = mlx().compile(affine());
    set_affine(&mut compiled, 1);
    set_affine(&mut exact, 1);
    let x = values(&[2, 4], 2);
    let (got, want) = (compiled.run(&[("x", &x)]), exact.run(&[("x", &x)]));
    assert_close(&got, &want, 2e-2);
    assert_ne!(got, want, "halves were not used");
}

#[test]
fn a_causal_mask_without_a_tensor_equals_the_cpu() {
    let q = values(&[1, 4, 8], 1);
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut g = Graph::new("causal");
        let shape = Shape::new(&[1, 4, 8], DType::F32);
        let x = g.input("x", shape.clone());
        let y = g.attention_kind(x, x, x, 2, 4, MaskKind::Causal, shape);
        g.set_outputs(vec![y]);
        session.compile(g).run(&[("x", &q)])
    });
    assert_close(&got, &want, 1e-5);
}
