//! Random numbers follow from the seed that the host has set last, without another trace.

use rlx_host_api::{Executable, Generator, Rng};
use rlx_ir::{DType, Graph, Op, RngOptions, Shape, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::{MODES, compile_text};

const KEY: u64 = 0x9E37_79B9;

fn draw(shape: Shape, graph: &mut Graph) -> rlx_ir::NodeId {
    graph.add_node(Op::RngNormal { mean: 1.0, scale: 2.0, key: KEY, op_seed: None }, vec![], shape)
}

/// Gives x plus five normal numbers.
fn program() -> String {
    let shape = Shape::new(&[5], DType::F32);
    let mut graph = Graph::new("random");
    let x = graph.input("x", shape.clone());
    let numbers = draw(shape.clone(), &mut graph);
    let y = graph.add_node(Op::Binary(rlx_ir::op::BinaryOp::Add), vec![x, numbers], shape);
    graph.set_outputs(vec![y]);
    rlxmodel::to_text(&graph).unwrap()
}

fn expected(rng: Rng) -> Vec<f32> {
    let mut numbers = vec![0.0; 5];
    rlx_ir::fill_normal_like(&mut numbers, 1.0, 2.0, RngOptions::from(rng), KEY, None);
    numbers
}

fn run(executable: &mut Executable) -> Vec<f32> {
    floats(&executable.run_to_vec(&[&bytes(&[0.0; 5])]).unwrap()[0])
}

const GENERATORS: [Generator; 4] = [Generator::Philox, Generator::Ort, Generator::Bnns, Generator::Zero];

#[test]
fn a_seed_decides_until_the_next_is_set() {
    for mode in MODES {
        let mut executable = compile_text(&program(), mode).unwrap();
        assert_eq!(run(&mut executable), expected(Rng::default()), "{mode}");
        assert_eq!(run(&mut executable), expected(Rng::default()), "{mode}: each run starts anew");
        for generator in GENERATORS {
            for seed in [0, 7, u64::MAX, 1 << 40] {
                let rng = Rng { seed, generator };
                executable.set_rng(rng).unwrap();
                assert_eq!(run(&mut executable), expected(rng), "{mode}, {rng:?}");
            }
        }
        if mode == "compiled" {
            assert_eq!(executable.counters().unwrap().traces, 1);
        }
    }
}

#[test]
fn submitted_runs_draw_by_the_seed_of_their_time_and_copies_by_their_own() {
    let [first, second] = [3, 4].map(|seed| Rng { seed, generator: Generator::Philox });
    for mode in MODES {
        let mut executable = compile_text(&program(), mode).unwrap();
        executable.set_rng(first).unwrap();
        executable.submit(&[&bytes(&[0.0; 5])]).unwrap();
        executable.set_rng(second).unwrap();
        let mut found = [0; 20];
        executable.read_output(0, 0, &mut found).unwrap();
        assert_eq!(floats(&found), expected(first), "{mode}");
        let mut copy = executable.duplicate().unwrap();
        assert_eq!(run(&mut copy), expected(second), "{mode}");
        copy.set_rng(first).unwrap();
        assert_eq!(run(&mut copy), expected(first), "{mode}");
        assert_eq!(run(&mut executable), expected(second), "{mode}");
    }
}

/// In the bodies of a loop and of a function, and beside them.
#[test]
fn nested_graphs_draw_by_the_same_seed() {
    let shape = Shape::new(&[5], DType::F32);
    let add = Op::Binary(rlx_ir::op::BinaryOp::Add);
    let body = |name: &str| {
        let mut body = Graph::new(name);
        let carry = body.input("carry", shape.clone());
        let numbers = draw(shape.clone(), &mut body);
        let next = body.add_node(add.clone(), vec![carry, numbers], shape.clone());
        body.set_outputs(vec![next]);
        body
    };
    let mut graph = Graph::new("nested");
    let x = graph.input("x", shape.clone());
    let looped = graph.scan_with_bcasts_and_xs(x, &[], &[], body("loop"), 3);
    let called = graph.add_node(
        Op::CustomFn { fwd_body: Box::new(body("function")), vjp_body: None, jvp_body: None, num_inputs: 1 },
        vec![x],
        shape.clone(),
    );
    graph.set_outputs(vec![looped, called]);
    let text = rlxmodel::to_text(&graph).unwrap();
    for mode in MODES {
        let mut executable = compile_text(&text, mode).unwrap();
        for seed in [42, 5] {
            let rng = Rng { seed, generator: Generator::Philox };
            executable.set_rng(rng).unwrap();
            let outputs = executable.run_to_vec(&[&bytes(&[0.0; 5])]).unwrap();
            let once = expected(rng);
            let thrice: Vec<f32> = once.iter().map(|n| n + n + n).collect();
            assert_eq!(floats(&outputs[0]), thrice, "{mode}");
            assert_eq!(floats(&outputs[1]), once, "{mode}");
        }
    }
}

/// Gives two samples of x, 32 rows of 1000 equal logits, by this seed.
fn samples(seed: u64) -> String {
    let mut graph = Graph::new("samples");
    let x = graph.input("x", Shape::new(&[32, 1000], DType::F32));
    let op = Op::Sample { top_k: 0, top_p: 1.0, temperature: 1.0, seed };
    let [first, second] = [0, 1].map(|_| graph.add_node(op.clone(), vec![x], Shape::new(&[32], DType::F32)));
    graph.set_outputs(vec![first, second]);
    rlxmodel::to_text(&graph).unwrap()
}

fn sample(executable: &mut Executable) -> [Vec<f32>; 2] {
    let outputs = executable.run_to_vec(&[&bytes(&[0.0; 32_000])]).unwrap();
    [floats(&outputs[0]), floats(&outputs[1])]
}

#[test]
fn a_sample_without_a_seed_is_another_in_each_run_and_the_same_again_once_the_host_sets_its_own() {
    let mut in_modes = Vec::new();
    for mode in MODES {
        let mut executable = compile_text(&samples(0), mode).unwrap();
        let runs = [0; 3].map(|_| sample(&mut executable));
        let mut drawn: Vec<_> = runs.concat();
        drawn.sort_by(|a, b| a.partial_cmp(b).unwrap());
        drawn.dedup();
        assert_eq!(drawn.len(), 6, "{mode}: each of two nodes, in each of three runs, draws for itself");
        // As the runtime's own backend, in the first run.
        let mut generator = rlx_ir::Philox4x32::new(0xDEAD_BEEF);
        let want: Vec<f32> = (0..32).map(|_| (generator.next_f32() * 1000.0).floor()).collect();
        let near = runs[0][0].iter().zip(&want).all(|(found, want)| (found - want).abs() <= 1.0);
        assert!(near, "{mode}: {:?}, not {want:?}", runs[0][0]);

        let mut copy = executable.duplicate().unwrap();
        let fourth = sample(&mut executable);
        assert_eq!(sample(&mut copy), fourth, "{mode}: a copy goes on where the other was");
        executable.set_rng(Rng::default()).unwrap();
        assert_eq!([0; 3].map(|_| sample(&mut executable)), runs, "{mode}: from the beginning");
        executable.set_rng(Rng { seed: 7, ..Rng::default() }).unwrap();
        assert!(!runs.contains(&sample(&mut executable)), "{mode}: another seed, other tokens");
        if mode == "compiled" {
            assert_eq!(executable.counters().unwrap().traces, 1);
        }
        in_modes.push(runs);

        let mut fixed = compile_text(&samples(7), mode).unwrap();
        let [first, second] = sample(&mut fixed);
        assert_eq!(first, second, "{mode}: a seed of the graph decides alone");
        fixed.set_rng(Rng { seed: 7, ..Rng::default() }).unwrap();
        assert_eq!(sample(&mut fixed), [first, second], "{mode}: in every run");
    }
    assert!(in_modes.iter().all(|runs| *runs == in_modes[0]), "modes differ");
}
