//! Programs with collective ops.

use rlx_host_api::collectives::{Group, GroupOptions, Reduction, all_gather, all_reduce, reduce_scatter};
use rlx_host_api::{BackendOptions, CompileOptions, DeviceKind, Error, ErrorKind, Executable, runtime};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, Graph, NodeId, Op, Shape, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::{MODES, backend};
use rlx_runtime::{Device, Session};

/// Compiles a graph for a mode.
pub(super) fn compile(graph: &Graph, mode: &str) -> Result<Executable, Error> {
    let text = rlxmodel::to_text(graph).unwrap();
    backend().compile(text.as_bytes(), &CompileOptions::new().set("mode", mode))
}

fn network(ranks: usize) -> Graph {
    let mut graph = Graph::new("network");
    let shape = |dims: &[usize]| Shape::new(dims, DType::F32);
    let x = graph.input("x", shape(&[2, 3]));
    let w = graph.input("w", shape(&[2 * ranks, 3]));
    // Before and between ops of MLX's own, first and last in the program, and some after others.
    let relu = graph.add_node(Op::Activation(Activation::Relu), vec![x], shape(&[2, 3]));
    let sum = all_reduce(&mut graph, relu, Reduction::Sum).unwrap();
    let most = all_reduce(&mut graph, x, Reduction::Max).unwrap();
    let both = graph.add_node(Op::Binary(BinaryOp::Add), vec![sum, most], shape(&[2, 3]));
    let gathered = all_gather(&mut graph, both, ranks).unwrap();
    let scaled = graph.add_node(Op::Binary(BinaryOp::Mul), vec![gathered, w], shape(&[2 * ranks, 3]));
    let scattered = reduce_scatter(&mut graph, scaled, Reduction::Sum, ranks).unwrap();
    let least = all_reduce(&mut graph, scattered, Reduction::Min).unwrap();
    // Of what does not depend on inputs, too.
    let data = bytes(&[2.0, 5.0]);
    let constant = graph.add_node(Op::Constant { data }, vec![], shape(&[2]));
    let fixed = all_reduce(&mut graph, constant, Reduction::Sum).unwrap();
    graph.set_outputs(vec![both, scattered, least, fixed]);
    graph
}

fn inputs(rank: usize, ranks: usize, run: usize) -> [Vec<f32>; 2] {
    let x = (0..6).map(|i| (i as f32 - 2.0) * (rank as f32 + 1.0) + run as f32).collect();
    let w = (0..6 * ranks).map(|i| (i + rank) as f32 * 0.5).collect();
    [x, w]
}

pub(super) fn all(group: &Group) {
    let (rank, ranks) = (group.rank(), group.size());
    let graph = network(ranks);
    let error = compile(&graph, "compiled").unwrap_err();
    assert!(error.kind() == ErrorKind::Unsupported && error.message().contains("needs a group"), "{error}");
    group.register().unwrap();
    for mode in MODES {
        let mut executable = compile(&graph, mode).unwrap();
        for run in 0..3 {
            let [x, w] = inputs(rank, ranks, run);
            let outputs = executable.run_to_vec(&[&bytes(&x), &bytes(&w)]).unwrap_or_else(|e| panic!("{mode}: {e}"));
            let found: Vec<Vec<f32>> = outputs.iter().map(|data| floats(data)).collect();
            assert_eq!(found, serial(rank, ranks, run), "{mode}, run {run}");
        }
        if mode == "compiled" {
            assert_eq!(executable.counters().unwrap().traces, 1, "traced once");
        }
        // Started without waiting, and as a second executable of the same program.
        let [x, w] = inputs(rank, ranks, 5);
        executable.submit(&[&bytes(&x), &bytes(&w)]).unwrap();
        let mut copy = executable.duplicate().unwrap();
        let outputs = copy.run_to_vec(&[&bytes(&x), &bytes(&w)]).unwrap();
        let mut submitted = vec![0; outputs[1].len()];
        executable.read_output(1, 0, &mut submitted).unwrap();
        assert_eq!((&submitted, floats(&submitted)), (&outputs[1], serial(rank, ranks, 5)[1].clone()), "{mode}");
    }
    refused(group);
    backend().uninstall_group().unwrap();
    assert!(compile(&graph, "compiled").is_err());
    group.barrier().unwrap();
}

fn serial(rank: usize, ranks: usize, run: usize) -> Vec<Vec<f32>> {
    let all: Vec<[Vec<f32>; 2]> = (0..ranks).map(|rank| inputs(rank, ranks, run)).collect();
    let both: Vec<f32> = (0..6)
        .map(|i| {
            let sum: f32 = all.iter().map(|[x, _]| x[i].max(0.0)).sum();
            sum + all.iter().map(|[x, _]| x[i]).fold(f32::MIN, f32::max)
        })
        .collect();
    let whole: Vec<f32> = (0..6 * ranks).map(|i| all.iter().map(|[_, w]| both[i % 6] * w[i]).sum()).collect();
    let parts: Vec<&[f32]> = whole.chunks(6).collect();
    let least = (0..6).map(|i| parts.iter().map(|part| part[i]).fold(f32::MAX, f32::min)).collect();
    vec![both, parts[rank].to_vec(), least, vec![2.0 * ranks as f32, 5.0 * ranks as f32]]
}

/// Programs that do not fit the group.
fn refused(group: &Group) {
    let ranks = group.size();
    let mut graph = Graph::new("other");
    let x = graph.input("x", Shape::new(&[2], DType::F32));
    let y = all_gather(&mut graph, x, ranks + 1).unwrap();
    graph.set_outputs(vec![y]);
    let error = compile(&graph, "compiled").unwrap_err();
    assert!(error.message().contains(&format!("is for {} ranks, the group has {ranks}", ranks + 1)), "{error}");
    assert!(reduce_scatter(&mut graph, x, Reduction::Sum, 3).is_err());
}

/// A program that is unlike those of the other ranks on the last of them: an error on every rank, and the next program runs.
pub(super) fn unlike(group: &Group, what: &str) {
    group.register().unwrap();
    let odd = group.rank() == group.size() - 1;
    let (mut dims, mut dtype, mut reduction) = ([4], DType::F32, Reduction::Sum);
    match what {
        "shape" if odd => dims = [5],
        "dtype" if odd => dtype = DType::I32,
        "op" if odd => reduction = Reduction::Max,
        _ => {}
    }
    let one = |dims: &[usize], dtype, reduction| {
        let mut graph = Graph::new("one");
        let x: NodeId = graph.input("x", Shape::new(dims, dtype));
        let y = all_reduce(&mut graph, x, reduction).unwrap();
        graph.set_outputs(vec![y]);
        compile(&graph, "compiled").unwrap()
    };
    let mut executable = one(&dims, dtype, reduction);
    let input = vec![0; dims[0] * 4];
    let error = executable.run_to_vec(&[&input]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert!(error.message().contains("list of collective ops in graph `one`"), "{error}");
    assert!(error.message().contains("here it is: collective.all_reduce("), "{error}");
    let mut alike = one(&[2], DType::F32, Reduction::Sum);
    let sum = alike.run_to_vec(&[&bytes(&[1.0, 2.0])]).unwrap();
    assert_eq!(floats(&sum[0]), [group.size() as f32, 2.0 * group.size() as f32]);
    if group.backend() != "ring" {
        return;
    }
    // A call of the host's that is unlike is found as well.
    let mut data = vec![0_i32; 10 + usize::from(odd)];
    let error = group.all_reduce(Reduction::Sum, &mut data).unwrap_err();
    assert!(error.message().contains("all_reduce"), "{error}");
}

/// A collective op behind rlx-runtime's passes.
pub(super) fn through_the_runtime() {
    let plugin = backend().plugin();
    runtime::register(plugin, &BackendOptions::new().device(DeviceKind::Cpu), &CompileOptions::new()).unwrap();
    let group = runtime::init_group(&GroupOptions::new().strict().timeout(super::LONG)).unwrap();
    let mut graph = Graph::new("sum");
    let x = graph.input("x", Shape::new(&[3], DType::F32));
    let twice = graph.add_node(Op::Binary(BinaryOp::Add), vec![x, x], Shape::new(&[3], DType::F32));
    let sum = all_reduce(&mut graph, twice, Reduction::Sum).unwrap();
    graph.set_outputs(vec![sum]);
    let mut compiled = Session::new(Device::Mlx).compile(graph);
    let own = group.rank() as f32;
    let ranks = group.size() as f32;
    assert_eq!(compiled.run(&[("x", &[own, 1.0, -1.0])]), [[ranks * (ranks - 1.0), 2.0 * ranks, -2.0 * ranks]]);
    group.barrier().unwrap();
}
