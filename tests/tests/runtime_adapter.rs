//! `Session::new(Device::Mlx)` of the unmodified rlx-runtime, through the plugin, against `Device::Cpu`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here is a failed test")]

use rlx_host_api::runtime::{prepare, register, register_mlx};
use rlx_host_api::{BackendOptions, CompileOptions, DeviceKind};
use rlx_ir::op::{BinaryOp, MaskKind};
use rlx_ir::shape::Dim;
use rlx_ir::{DType, Graph, GraphExt, NodeId, Op, Shape};
use rlx_mlx_tests::plugin::{backend, folder};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{CompiledGraph, Device, ExecutableGraph, PrecisionPolicy, Session, is_available};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// A session on the plugin, which the first call registers.
fn mlx() -> Session {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        assert!(!is_available(Device::Mlx), "nothing but the plugin may bring the device");
        let options = BackendOptions::new().device(DeviceKind::Cpu);
        register(backend().plugin(), &options, &CompileOptions::new()).unwrap();
        assert!(is_available(Device::Mlx));
    });
    Session::new(Device::Mlx)
}

/// The executable below `CompiledGraph`, which checks less.
fn bare(graph: Graph) -> Box<dyn ExecutableGraph> {
    drop(mlx());
    rlx_runtime::backend_for(Device::Mlx).unwrap().compile(graph, &rlx_runtime::CompileOptions::baseline())
}

/// What `call` panics with.
fn panic_text<T>(call: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).err().expect("a panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

fn values(dims: &[usize], seed: u64) -> Vec<f32> {
    Tensor::random(dims, seed).values.iter().map(|&v| v as f32).collect()
}

fn assert_close(got: &[Vec<f32>], want: &[Vec<f32>], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "outputs");
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got.len(), want.len(), "elements");
        for (i, (g, w)) in got.iter().zip(want).enumerate() {
            assert!((g - w).abs() <= tolerance * (1.0 + w.abs()), "element {i} is {g}, expected {w}");
        }
    }
}

fn bytes<const N: usize, T: Copy>(values: &[T], encode: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&v| encode(v)).collect()
}

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

/// A two-output graph: `a - b` in f32 and the position of the largest value of `a` as i32.
fn two_outputs() -> Graph {
    let mut g = Graph::new("two");
    let a = g.input("a", Shape::new(&[2, 5], DType::F32));
    let b = g.input("b", Shape::new(&[2, 5], DType::F32));
    let difference = g.sub(a, b);
    let largest = g.add_node(Op::ArgMax { axis: 1, keep_dim: false }, vec![a], Shape::new(&[2], DType::F32));
    let largest = g.cast(largest, DType::I32);
    g.set_outputs(vec![difference, largest]);
    g
}

const A: [f32; 10] = [0.0, 1.0, 9.0, 3.0, 4.0, 8.0, 1.0, 2.0, 3.0, 4.0];
const B: [f32; 10] = [1.0; 10];

fn difference() -> Vec<f32> {
    A.iter().map(|a| a - 1.0).collect()
}

const LARGEST: [f32; 2] = [2.0, 0.0];

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
fn integers_and_booleans_cross_in_every_dtype() {
    let mut g = Graph::new("gather");
    let table = g.param("table", Shape::new(&[3, 2], DType::F32));
    let ids = g.input("ids", Shape::new(&[2], DType::I32));
    let keep = g.input("keep", Shape::new(&[2, 2], DType::Bool));
    let rows = g.gather_(table, ids, 0);
    let zero = g.zeros(&[2, 2], DType::F32);
    let kept = g.add_node(Op::Where, vec![keep, rows, zero], Shape::new(&[2, 2], DType::F32));
    let next = g.add(ids, ids);
    g.set_outputs(vec![kept, next]);

    let mut compiled = mlx().compile(g);
    compiled.set_param("table", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let want = [vec![5.0, 0.0, 0.0, 4.0], vec![4.0, 2.0]];
    assert_eq!(compiled.run(&[("ids", &[2.0, 1.0]), ("keep", &[1.0, 0.0, 0.0, 0.5])]), want);
    let ids = [
        (bytes(&[2i32, 1], i32::to_le_bytes), DType::I32),
        (bytes(&[2i64, 1], i64::to_le_bytes), DType::I64),
        (bytes(&[2f32, 1.9], f32::to_le_bytes), DType::F32),
        (bytes(&[2f64, 1.0], f64::to_le_bytes), DType::F64),
        (vec![2, 1], DType::U8),
    ];
    for (data, dtype) in &ids {
        let outputs = compiled.run_typed(&[("ids", data, *dtype), ("keep", &[1, 0, 0, 1], DType::Bool)]);
        assert_eq!(outputs[0], (bytes(&want[0], f32::to_le_bytes), DType::F32), "ids of {dtype:?}");
        assert_eq!(outputs[1], (bytes(&[4i32, 2], i32::to_le_bytes), DType::I32), "ids of {dtype:?}");
    }
}

#[test]
fn a_parameter_of_another_dtype_is_converted() {
    let mut compiled = mlx().compile(affine());
    let w = values(&[4, 3], 1);
    compiled.set_param_typed("w", &bytes(&w, |v| f64::from(v).to_le_bytes()), DType::F64);
    compiled.set_param_typed("b", &bytes(&[1i8, -2, 3], i8::to_le_bytes), DType::I8);
    let mut cpu = Session::new(Device::Cpu).compile(affine());
    cpu.set_param("w", &w);
    cpu.set_param("b", &[1.0, -2.0, 3.0]);
    let x = values(&[2, 4], 2);
    assert_close(&compiled.run(&[("x", &x)]), &cpu.run(&[("x", &x)]), 1e-6);
}

#[test]
fn slots_are_positional_aligned_and_reused() {
    let mut compiled = mlx().compile(two_outputs());
    assert!(compiled.arena_ptr().is_null());
    let mut seen = Vec::new();
    for scale in [1.0, 2.0] {
        let a = A.map(|v| v * scale);
        let slots = compiled.run_slots(&[&a, &B]).to_vec();
        let base = compiled.arena_ptr();
        assert!(base.addr().is_multiple_of(64));
        let outputs: Vec<Vec<f32>> = slots
            .iter()
            .map(|&(offset, len)| {
                assert!(offset.is_multiple_of(64));
                // SAFETY: the slot lies in the arena, which nothing writes to before the next run.
                unsafe { std::slice::from_raw_parts(base.add(offset).cast::<f32>(), len) }.to_vec()
            })
            .collect();
        let difference: Vec<f32> = a.iter().map(|a| a - 1.0).collect();
        assert_eq!(outputs, [difference, LARGEST.to_vec()]);
        seen.push(base);
    }
    assert_eq!(seen[0], seen[1]);
    let raw = compiled.run_raw(&[("b", &B), ("a", &A)]);
    assert_eq!(raw[0].0.cast(), seen[0]);
    // SAFETY: valid until the next run.
    assert_eq!(unsafe { std::slice::from_raw_parts(raw[0].0, raw[0].1) }, difference());
    let text = panic_text(|| compiled.run_slots(&[&A]).len());
    assert_eq!(text, "1 of 2 inputs are missing: `b`");
}

#[test]
fn only_the_outputs_asked_for_are_read() {
    let mut compiled = mlx().compile(two_outputs());
    let mut read = |indices: Option<&[usize]>| compiled.run_read_outputs(&[("a", &A), ("b", &B)], indices);
    assert_eq!(read(None), [difference(), LARGEST.to_vec()]);
    assert_eq!(read(Some(&[1])), [LARGEST]);
    assert_eq!(read(Some(&[1, 0, 1])), [LARGEST.to_vec(), difference(), LARGEST.to_vec()]);
    assert!(read(Some(&[])).is_empty());
    assert_eq!(panic_text(|| read(Some(&[2]))), "output 2 was asked for, but the graph has 2 outputs");
}

#[test]
fn batches_and_unwaited_runs_work() {
    let mut compiled = mlx().compile(affine());
    set_affine(&mut compiled, 1);
    let xs = [values(&[2, 4], 2), values(&[2, 4], 3)];
    let sets: Vec<Vec<(&str, &[f32])>> = xs.iter().map(|x| vec![("x", x.as_slice())]).collect();
    let outputs = compiled.run_pipelined(&sets);
    compiled.commit_no_wait(&sets[0]);
    compiled.sync_pending();
    assert_eq!(outputs, [compiled.run(&sets[0]), compiled.run(&sets[1])]);
}

#[test]
fn large_constants_do_not_travel_as_text() {
    let graph = || {
        let mut g = Graph::new("constants");
        let x = g.input("x", Shape::new(&[1, 64], DType::F32));
        let data = bytes(&values(&[64, 64], 5), f32::to_le_bytes);
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
fn clones_are_independent_and_run_on_other_threads() {
    let x = values(&[2, 4], 9);
    let mut original = mlx().compile(affine());
    set_affine(&mut original, 1);
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
    set_affine(&mut clones[0], 3);
    let changed = clones[0].run(&[("x", &x)]);
    assert_ne!(changed, before);
    assert_eq!(original.run(&[("x", &x)]), before);
    drop(original);
    assert_eq!(clones[1].run(&[("x", &x)]), before);
}

#[test]
fn parameters_are_shared_or_refused_as_a_whole() {
    let x = values(&[2, 4], 9);
    let mut source = mlx().compile(affine());
    let mut target = mlx().compile(affine());
    assert!(!target.share_params_from(&source), "nothing is set there yet");
    set_affine(&mut source, 1);
    assert!(!target.param_already_set("w"));
    assert!(target.share_params_from(&source));
    assert!(target.param_already_set("w") && !source.param_already_set("w"));
    let before = source.run(&[("x", &x)]);
    assert_eq!(target.run(&[("x", &x)]), before);
    // A new value on one side stays there.
    set_affine(&mut source, 5);
    assert_eq!(target.run(&[("x", &x)]), before);
    assert!(target.copy_params_from(&source));
    assert_eq!(target.run(&[("x", &x)]), source.run(&[("x", &x)]));
    target.set_param("w", &values(&[4, 3], 7));
    assert!(!target.param_already_set("w"));
    let mut other = mlx().compile(encoder().graph);
    assert!(!other.copy_params_from(&source));
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
fn failures_are_one_line_that_names_the_thing() {
    let x = values(&[2, 4], 1);
    let mut compiled = mlx().compile(affine());
    assert_eq!(panic_text(|| compiled.run(&[])), "1 of 1 inputs are missing: `x`");
    assert_eq!(panic_text(|| compiled.run(&[("x", &x)])), "2 of 2 parameters are not set: w, b");
    assert!(compiled.try_run(&[("y", &x)]).unwrap_err().to_string().contains("no input `y`"));
    assert!(compiled.try_set_param("w", &[1.0]).is_err());
    // The executable is as good as new afterwards, and names of other graphs' parameters do no harm.
    set_affine(&mut compiled, 1);
    compiled.set_param("of_another_graph", &[1.0]);
    assert_eq!(compiled.run(&[("x", &x)])[0].len(), 6);

    let mut bare = bare(affine());
    assert!(panic_text(|| bare.set_param("x", &x)).starts_with("`x` is an input of the graph"));
    assert!(panic_text(|| bare.run(&[("w", &x)])).starts_with("`w` is a parameter of the graph"));
    assert_eq!(panic_text(|| bare.run(&[("y", &x)])), "the graph has no input `y`; its inputs are: x");
    let text = panic_text(|| bare.set_param("b", &[1.0]));
    assert!(text.contains("`b`") && text.contains("4 were given"), "{text}");
    let text = panic_text(|| bare.run(&[("x", &[1.0])]));
    assert!(text.contains("`x`") && !text.contains('\n'), "{text}");
    let text = panic_text(|| bare.run_typed(&[("x", &[0; 33], DType::F32)]));
    assert_eq!(text, "input `x`: 33 bytes are no whole number of f32 elements");
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
fn a_graph_with_dynamic_extents_runs_at_each() {
    let graph = || {
        let mut g = Graph::new("dynamic");
        let shape = Shape::from_dims(&[Dim::Dynamic(0), Dim::Static(4)], DType::F32);
        let x = g.input("x", shape.clone());
        let w = g.param("w", Shape::new(&[4], DType::F32));
        let y = g.binary(BinaryOp::Mul, x, w, shape);
        g.set_outputs(vec![y]);
        g
    };
    let [mut got, mut want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(graph());
        compiled.set_param("w", &[1.0, 2.0, 3.0, 4.0]);
        compiled
    });
    for rows in [3, 1, 5] {
        let x = values(&[rows, 4], rows as u64);
        assert_eq!(got.run(&[("x", &x)]), want.run(&[("x", &x)]));
    }
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
