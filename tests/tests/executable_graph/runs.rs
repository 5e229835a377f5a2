//! Runs that are waited for.

use super::{affine, counters, f32s, weights};
use rlx_ir::op::{ScaleMode, SteKind};
use rlx_ir::{DType, Graph, GraphExt, Op, RngBackend, RngOptions, Shape};
use rlx_mlx_tests::bytes::bytes;
use rlx_mlx_tests::runtime::{assert_close, bare, mlx, panic_text, values};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{BucketedCompileCache, Device, ExecutableCapabilities, Session};

/// `a - b` in f32, and the position of the largest value of `a` as i32.
fn two_outputs() -> Graph {
    let mut g = Graph::new("two");
    let a = g.input("a", f32s(&[2, 5]));
    let b = g.input("b", f32s(&[2, 5]));
    let difference = g.sub(a, b);
    let largest = g.add_node(Op::ArgMax { axis: 1, keep_dim: false }, vec![a], f32s(&[2]));
    let largest = g.cast(largest, DType::I32);
    g.set_outputs(vec![difference, largest]);
    g
}

const A: [f32; 10] = [0.0, 1.0, 9.0, 3.0, 4.0, 8.0, 1.0, 2.0, 3.0, 4.0];
const B: [f32; 10] = [1.0; 10];
const LARGEST: [f32; 2] = [2.0, 0.0];

fn difference() -> Vec<f32> {
    A.iter().map(|a| a - 1.0).collect()
}

pub(crate) fn what_the_plugin_offers_is_reported() {
    let offered = ExecutableCapabilities {
        clone: true,
        persistent_handles: true,
        gpu_handles: true,
        kv_resident: true,
        typed_io: true,
        async_pipeline: true,
        active_extent: true,
        // It has no experts to pin.
        moe: false,
    };
    assert_eq!(mlx().compile(affine()).capabilities(), offered);
}

pub(crate) fn outputs_equal_those_of_the_cpu() {
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(two_outputs());
        [compiled.run(&[("a", &A), ("b", &B)]), compiled.run(&[("b", &A), ("a", &B)])]
    });
    assert_eq!(got, want);
    assert_eq!(got[0], [difference(), LARGEST.to_vec()]);
}

pub(crate) fn only_the_outputs_asked_for_are_read() {
    let mut compiled = mlx().compile(two_outputs());
    let mut read = |indices: Option<&[usize]>| compiled.run_read_outputs(&[("a", &A), ("b", &B)], indices);
    assert_eq!(read(None), [difference(), LARGEST.to_vec()]);
    assert_eq!(read(Some(&[1])), [LARGEST]);
    assert_eq!(read(Some(&[1, 0, 1])), [LARGEST.to_vec(), difference(), LARGEST.to_vec()]);
    assert!(read(Some(&[])).is_empty());
    assert_eq!(panic_text(|| read(Some(&[2]))), "output 2 was asked for, but the graph has 2 outputs");
}

pub(crate) fn typed_values_cross_in_every_dtype() {
    let mut g = Graph::new("gather");
    let table = g.param("table", f32s(&[3, 2]));
    let ids = g.input("ids", Shape::new(&[2], DType::I32));
    let keep = g.input("keep", Shape::new(&[2, 2], DType::Bool));
    let rows = g.gather_(table, ids, 0);
    let zero = g.zeros(&[2, 2], DType::F32);
    let kept = g.add_node(Op::Where, vec![keep, rows, zero], f32s(&[2, 2]));
    let next = g.add(ids, ids);
    g.set_outputs(vec![kept, next]);

    let mut compiled = mlx().compile(g);
    compiled.set_param("table", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let want = [vec![5.0, 0.0, 0.0, 4.0], vec![4.0, 2.0]];
    assert_eq!(compiled.run(&[("ids", &[2.0, 1.0]), ("keep", &[1.0, 0.0, 0.0, 0.5])]), want);
    let ids = Tensor::f32(&[2], [2.0, 1.0]);
    for dtype in
        [DType::I32, DType::I64, DType::I16, DType::I8, DType::U8, DType::U32, DType::F32, DType::F64, DType::F16]
    {
        let outputs =
            compiled.run_typed(&[("ids", &ids.to(dtype).bytes(), dtype), ("keep", &[1, 0, 0, 1], DType::Bool)]);
        assert_eq!(outputs[0], (bytes(&want[0]), DType::F32), "ids of {dtype:?}");
        assert_eq!(outputs[1], ([4i32, 2].map(i32::to_le_bytes).concat(), DType::I32), "ids of {dtype:?}");
    }
}

pub(crate) fn slots_are_positional_aligned_and_reused() {
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
    assert_eq!(panic_text(|| compiled.run_slots(&[&A]).len()), "1 of 2 inputs are missing: `b`");
    assert_eq!(panic_text(|| compiled.run_slots(&[&A, &B, &A]).len()), "3 inputs were given, the graph has 2");
}

pub(crate) fn an_active_extent_leaves_its_rows_right() {
    let (x, params) = (values(&[2, 4], 9), weights(1));
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(affine());
        params.iter().for_each(|(name, values)| compiled.set_param(name, values));
        let whole = compiled.run(&[("x", &x)]).remove(0);
        compiled.set_active_extent(Some((1, 2)));
        let first = compiled.run(&[("x", &x)])[0][..3].to_vec();
        // One that cannot be is as none.
        compiled.set_active_extent(Some((3, 2)));
        assert_eq!(compiled.run(&[("x", &x)])[0], whole);
        compiled.set_active_extent(Some((0, 2)));
        assert_eq!(compiled.run(&[("x", &x)])[0], whole);
        compiled.set_active_extent(None);
        assert_eq!(compiled.run(&[("x", &x)])[0], whole);
        assert_eq!(first, whole[..3]);
        vec![first, whole]
    });
    assert_close(&got, &want, 1e-6);
}

/// Every kind of run takes and gives one row of two, and sizes stay those that are declared.
#[test]
fn an_active_extent_is_one_of_every_kind_of_run() {
    let x = values(&[2, 4], 9);
    let mut executable = bare(affine());
    weights(1).iter().for_each(|(name, values)| executable.set_param(name, values));
    let whole = executable.run(&[("x", &x)]).remove(0);
    let (traces, zeros) = (counters(executable.as_ref()).traces, [0.0; 3]);
    let first = [&whole[..3], &zeros].concat();
    executable.set_active_extent(Some((1, 2)));
    let mut clone = executable.clone_box();
    for executable in [&mut executable, &mut clone] {
        let before = counters(executable.as_ref());
        assert_eq!(executable.run(&[("x", &x)]), [&first[..]]);
        let after = counters(executable.as_ref());
        assert_eq!((after.bytes_in - before.bytes_in, after.bytes_out - before.bytes_out), (16, 12));
        assert_eq!(executable.run_read_outputs(&[("x", &x)], Some(&[0])), [&first[..]]);
        assert_eq!(executable.run_typed(&[("x", &bytes(&x), DType::F32)]), [(bytes(&first), DType::F32)]);
        assert_eq!(executable.run_pipelined(&[vec![("x", &x)]]), [[&first[..]]]);
        assert_eq!(executable.run_slots(&[&x]), [(0, 6)]);
        // SAFETY: the slot lies in the arena, which nothing writes to before the next run.
        let slot = unsafe { std::slice::from_raw_parts(executable.arena_ptr().cast::<f32>(), 3) };
        assert_eq!(slot, &whole[..3]);
        executable.commit_no_wait(&[("x", &x)]);
        executable.sync_pending();
        assert_eq!(executable.read_output_row(0, 0, 3).unwrap(), whole[..3]);
        assert_eq!(executable.read_output_row(0, 1, 3).unwrap(), zeros);
    }
    executable.set_active_extent(None);
    assert_eq!(executable.run(&[("x", &x)]), [&whole[..]]);
    assert_eq!(counters(executable.as_ref()).traces, traces);
}

/// The runtime's own caller of the method: one program for all lengths up to a bucket's end.
#[test]
fn a_bucket_serves_every_length() {
    drop(mlx());
    let mut cache = BucketedCompileCache::new(Device::Mlx, std::iter::once(1..9).collect());
    for length in [1, 3, 8, 2] {
        let a = values(&[length, 4], length as u64);
        let build = |rows: u64| {
            let mut g = Graph::new("bucket");
            let x = g.input("x", f32s(&[rows as usize, 4]));
            let y = g.add(x, x);
            g.set_outputs(vec![y]);
            g
        };
        let (upper, outputs) = cache.run_padded(length as u64, length, build, &[("x", &a, 4)], &[4]).unwrap();
        assert_eq!((upper, &outputs[0]), (8, &a.iter().map(|v| v + v).collect::<Vec<_>>()));
    }
}

pub(crate) fn released_memory_comes_back() {
    let mut compiled = mlx().compile(two_outputs());
    let before = compiled.run(&[("a", &A), ("b", &B)]);
    compiled.run_slots(&[&A, &B]);
    compiled.release_scratch();
    assert!(compiled.arena_ptr().is_null());
    assert_eq!(compiled.run(&[("a", &A), ("b", &B)]), before);
    assert_eq!(compiled.run_slots(&[&A, &B]), [(0, 10), (64, 2)]);
}

pub(crate) fn the_generator_is_kept() {
    let options = RngOptions { seed: 7, backend: RngBackend::Zero };
    let mut compiled = mlx().compile(affine());
    assert_eq!(compiled.rng(), RngOptions::default());
    compiled.set_rng(options);
    assert_eq!((compiled.rng(), compiled.clone().rng()), (options, options));
    let at_compile = rlx_runtime::CompileOptions { rng: options, ..rlx_runtime::CompileOptions::baseline() };
    assert_eq!(mlx().compile_with(affine(), &at_compile).rng(), options);
}

/// The numbers are those of the IR's generator, which every backend of the runtime draws.
#[test]
fn random_numbers_follow_from_the_options() {
    let mut graph = Graph::new("random");
    let op = Op::RngUniform { low: -1.0, high: 1.0, key: 11, op_seed: None };
    let numbers = graph.add_node(op, vec![], Shape::new(&[6], DType::F32));
    graph.set_outputs(vec![numbers]);
    let expected = |options| {
        let mut numbers = vec![0.0; 6];
        rlx_ir::fill_uniform_like(&mut numbers, -1.0, 1.0, options, 11, None);
        vec![numbers]
    };
    let mut compiled = mlx().compile(graph.clone());
    assert_eq!(compiled.run(&[]), expected(RngOptions::default()));
    let options = RngOptions { seed: 7, backend: RngBackend::Ort };
    compiled.set_rng(options);
    assert_eq!(compiled.run(&[]), expected(options));
    assert_eq!(compiled.clone().run(&[]), expected(options));
    let at_compile = rlx_runtime::CompileOptions { rng: options, ..rlx_runtime::CompileOptions::baseline() };
    assert_eq!(mlx().compile_with(graph, &at_compile).run(&[]), expected(options));
}

/// A running scale, which the runtime's own backends keep in their memory too.
#[test]
fn a_state_goes_from_run_to_run() {
    let mut graph = Graph::new("state");
    let x = graph.input("x", Shape::new(&[2], DType::F32));
    let state = graph.param("scale", Shape::new(&[1], DType::F32));
    let op =
        Op::FakeQuantize { bits: 8, axis: None, ste: SteKind::Identity, scale_mode: ScaleMode::EMA { decay: 0.5 } };
    let y = graph.add_node(op, vec![x, state], Shape::new(&[2], DType::F32));
    graph.set_outputs(vec![y]);
    let mut compiled = mlx().compile(graph);
    compiled.set_param("scale", &[0.0]);
    // The second element shows the scale: it is one step.
    let mut run = |scale: f32| compiled.run(&[("x", &[127.0 * scale, scale])])[0][1];
    assert_eq!([run(8.0), run(4.0), run(16.0)], [8.0, 6.0, 11.0]);
}

#[test]
fn failures_are_one_line_that_names_the_thing() {
    let x = values(&[2, 4], 1);
    let mut compiled = mlx().compile(affine());
    assert_eq!(panic_text(|| compiled.run(&[])), "1 of 1 inputs are missing: `x`");
    assert_eq!(panic_text(|| compiled.run(&[("x", &x)])), "2 of 2 parameters are not set: w, b");
    assert!(compiled.try_run(&[("y", &x)]).unwrap_err().to_string().contains("no input `y`"));
    assert!(compiled.try_set_param("w", &[1.0]).is_err());
    // The executable is as good as new afterwards.
    weights(1).iter().for_each(|(name, values)| compiled.set_param(name, values));
    assert_eq!(compiled.run(&[("x", &x)])[0].len(), 6);

    let mut bare = bare(affine());
    assert!(panic_text(|| bare.set_param("x", &x)).starts_with("`x` is an input of the graph"));
    assert!(panic_text(|| bare.run(&[("w", &x)])).starts_with("`w` is a parameter of the graph"));
    assert_eq!(panic_text(|| bare.run(&[("y", &x)])), "the graph has no input `y`; its inputs are: x");
    let text = panic_text(|| bare.set_param("b", &[1.0]));
    assert!(text.contains("`b`") && text.contains("4 were given"), "{text}");
    for text in [panic_text(|| bare.run(&[("x", &[1.0])])), panic_text(|| bare.commit_no_wait(&[("x", &[1.0])]))] {
        assert!(text.contains("`x`") && !text.contains('\n'), "{text}");
    }
    let text = panic_text(|| bare.run_typed(&[("x", &[0; 33], DType::F32)]));
    assert_eq!(text, "input `x`: 33 bytes are no whole number of f32 elements");
    let text = panic_text(|| bare.run_pipelined(&[vec![("x", &x[..])], vec![]]));
    assert_eq!(text, "run 1 of 2: 1 of 1 inputs are missing: `x`");
}
