//! State that a program writes to: it goes from run to run, and changes with a run that has succeeded alone.

use super::assert_says;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Backend, BatchRun, CompileOptions, Error, ErrorKind, Executable, TensorView};
use rlx_ir::op::{BinaryOp, ScaleMode, SteKind};
use rlx_ir::{DType, Graph, NodeId, Op, Shape, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, backend, with_kernels};

/// Where the state is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Param,
    Input,
}

const PLACES: [Place; 2] = [Place::Param, Place::Input];

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

fn leaf(graph: &mut Graph, place: Place) -> NodeId {
    match place {
        Place::Param => graph.param("state", f32s(&[1])),
        Place::Input => graph.input("state", f32s(&[1])),
    }
}

/// A scale that is half the old one and half that of x, the largest |x| / 127.
fn mix(graph: &mut Graph, x: NodeId, state: NodeId) -> NodeId {
    let op =
        Op::FakeQuantize { bits: 8, axis: None, ste: SteKind::Identity, scale_mode: ScaleMode::EMA { decay: 0.5 } };
    graph.add_node(op, vec![x, state], f32s(&[2]))
}

/// Gives x as quantised, and the state as it is then. `faulty`, a custom op, reads what was quantised.
fn program(place: Place, faulty: bool) -> String {
    let mut graph = Graph::new("state");
    let x = graph.input("x", f32s(&[2]));
    let state = leaf(&mut graph, place);
    let mut y = mix(&mut graph, x, state);
    if faulty {
        let op = Op::Custom { name: "faulty".into(), num_inputs: 1, attrs: Vec::new() };
        y = graph.add_node(op, vec![y], f32s(&[2]));
    }
    graph.set_outputs(vec![y, state]);
    rlxmodel::to_text(&graph).unwrap()
}

fn compiled_on(backend: &Backend, text: &str, mode: &str) -> Executable {
    let mut executable = backend.compile(text.as_bytes(), &CompileOptions::new().set("mode", mode)).unwrap();
    set(&mut executable, 0.0);
    executable
}

fn compiled(place: Place, mode: &str) -> Executable {
    compiled_on(backend(), &program(place, false), mode)
}

fn set(executable: &mut Executable, state: f32) {
    let data = bytes(&[state]);
    if executable.params().is_empty() {
        executable.bind_resident(1, Some(view(&[1], &data))).unwrap();
    } else {
        executable.set_param("state", view(&[1], &data)).unwrap();
    }
}

/// x whose scale is this.
fn of_scale(scale: f32) -> Vec<u8> {
    bytes(&[-127.0 * scale, 1.0])
}

/// Runs with an x of this scale, and gives the state as the run shows it.
fn try_run(executable: &mut Executable, scale: f32) -> Result<f32, Error> {
    let x = of_scale(scale);
    let inputs: &[&[u8]] = if executable.inputs().len() == 1 { &[&x] } else { &[&x, &[]] };
    Ok(floats(&executable.run_to_vec(inputs)?[1])[0])
}

fn run(executable: &mut Executable, scale: f32) -> f32 {
    try_run(executable, scale).unwrap()
}

fn submit(executable: &mut Executable, scale: f32) {
    let x = of_scale(scale);
    let inputs: &[&[u8]] = if executable.inputs().len() == 1 { &[&x] } else { &[&x, &[]] };
    executable.submit(inputs).unwrap();
}

#[test]
fn a_state_goes_from_run_to_run() {
    for mode in MODES {
        for place in PLACES {
            let mut executable = compiled(place, mode);
            let found: Vec<f32> = [8.0, 4.0, 16.0, 1.0].map(|scale| run(&mut executable, scale)).to_vec();
            assert_eq!(found, [8.0, 6.0, 11.0, 6.0], "{mode}, {place:?}");
            // The host takes it back to another value.
            set(&mut executable, 2.0);
            assert_eq!(run(&mut executable, 4.0), 3.0, "{mode}, {place:?}");
            if mode == "compiled" {
                assert_eq!(executable.counters().unwrap().traces, 1);
            }
        }
    }
}

/// One that no run has left out stays with the program from the first run on.
#[test]
fn an_input_that_is_a_state_may_be_left_out_after_a_run() {
    for mode in MODES {
        let text = program(Place::Input, false);
        let options = CompileOptions::new().set("mode", mode);
        let mut executable = backend().compile(text.as_bytes(), &options).unwrap();
        assert!(!executable.is_resident(1).unwrap());
        let error = executable.run_to_vec(&[&of_scale(1.0), &[]]).unwrap_err();
        assert!(error.message().contains("state"), "{error}");
        executable.run_to_vec(&[&of_scale(4.0), &bytes(&[2.0])]).unwrap();
        assert_eq!(run(&mut executable, 5.0), 4.0, "{mode}");
        let mut held = [0; 4];
        executable.read_resident(1, 0, &mut held).unwrap();
        assert_eq!(floats(&held), [4.0], "{mode}");
    }
}

#[test]
fn runs_that_nobody_waits_for_take_the_state_on() {
    for mode in MODES {
        for place in PLACES {
            let mut executable = compiled(place, mode);
            for scale in [8.0, 4.0, 16.0] {
                submit(&mut executable, scale);
            }
            assert_eq!(run(&mut executable, 1.0), 6.0, "{mode}, {place:?}");
            submit(&mut executable, 2.0);
            // What is set behind a run that is under way counts.
            set(&mut executable, 10.0);
            executable.wait().unwrap();
            assert_eq!(run(&mut executable, 6.0), 8.0, "{mode}, {place:?}");

            let x = [8.0, 4.0].map(of_scale);
            let inputs: Vec<Vec<&[u8]>> = x
                .iter()
                .map(|x| if place == Place::Param { vec![x.as_slice()] } else { vec![x.as_slice(), &[]] })
                .collect();
            let mut data = [[0; 4]; 2];
            let mut outputs: Vec<[Option<&mut [u8]>; 2]> =
                data.iter_mut().map(|seen| [None, Some(seen.as_mut_slice())]).collect();
            let mut runs: Vec<BatchRun<'_, '_>> =
                inputs.iter().zip(&mut outputs).map(|(i, o)| (i.as_slice(), o.as_mut_slice())).collect();
            executable.run_batch(&mut runs).unwrap();
            assert_eq!(data.map(|seen| floats(&seen)[0]), [8.0, 6.0], "{mode}, {place:?}");
            assert_eq!(run(&mut executable, 6.0), 6.0, "{mode}, {place:?}");
        }
    }
}

/// Fails where the first element is below -900.
fn faulty() -> Kernel {
    Kernel::host_fn("faulty", |_, inputs: &[TensorView<'_>], outputs| {
        if inputs[0].values::<f32>()?[0] < -900.0 {
            return Err(Error::invalid("as ordered"));
        }
        outputs[0].data.copy_from_slice(inputs[0].data);
        Ok(())
    })
}

#[test]
fn a_run_that_fails_leaves_the_state_alone() {
    let backend = with_kernels([faulty()]);
    for mode in MODES {
        for place in PLACES {
            let mut executable = compiled_on(&backend, &program(place, true), mode);
            assert_eq!(run(&mut executable, 4.0), 4.0);
            let error = try_run(&mut executable, 100.0).unwrap_err();
            assert!(error.message().contains("as ordered"), "{error}");
            assert_eq!(run(&mut executable, 2.0), 3.0, "{mode}, {place:?}: after a run that failed");

            // All that were under way count as failed; in eager mode one fails at once.
            submit(&mut executable, 1.0);
            let x = of_scale(100.0);
            let inputs: &[&[u8]] = if place == Place::Param { &[&x] } else { &[&x, &[]] };
            let failed = executable.submit(inputs).and_then(|()| executable.wait());
            assert!(failed.unwrap_err().message().contains("as ordered"), "{mode}, {place:?}");
            assert_eq!(run(&mut executable, 5.0), 4.0, "{mode}, {place:?}: after runs that nobody waited for");

            let (good, mut seen) = (of_scale(1.0), [[0; 4]; 2]);
            let [first, second] = &mut seen;
            let good: &[&[u8]] = if place == Place::Param { &[&good] } else { &[&good, &[]] };
            let done = executable.run_batch(&mut [
                (good, &mut [None, Some(first.as_mut_slice())]),
                (inputs, &mut [None, Some(second.as_mut_slice())]),
            ]);
            assert!(done.is_err(), "{mode}, {place:?}");
            assert_eq!(run(&mut executable, 2.0), 3.0, "{mode}, {place:?}: after a batch that failed");
        }
    }
}

#[test]
fn copies_and_sharers_have_states_of_their_own() {
    for mode in MODES {
        for place in PLACES {
            let mut original = compiled(place, mode);
            run(&mut original, 4.0);
            let mut copy = original.duplicate().unwrap();
            assert_eq!(run(&mut copy, 2.0), 3.0, "{mode}, {place:?}");
            assert_eq!(run(&mut copy, 5.0), 4.0, "{mode}, {place:?}");
            assert_eq!(run(&mut original, 8.0), 6.0, "{mode}, {place:?}");
        }
        let mut source = compiled(Place::Param, mode);
        run(&mut source, 4.0);
        let mut sharer = compiled(Place::Param, mode);
        assert_eq!(sharer.share_params(&source).unwrap(), 1);
        assert_eq!(run(&mut sharer, 2.0), 3.0, "{mode}");
        assert_eq!(run(&mut source, 8.0), 6.0, "{mode}");
        source.write_param("state", 0, &bytes(&[10.0])).unwrap();
        assert_eq!(run(&mut source, 2.0), 6.0, "{mode}: written to in part");
        assert_eq!(run(&mut sharer, 1.0), 2.0, "{mode}");
    }
}

/// Two nodes of one state, before and behind control flow, and what reads it there.
#[test]
fn later_nodes_read_what_earlier_ones_wrote() {
    for (mode, control_flow) in MODES.into_iter().flat_map(|mode| [(mode, false), (mode, true)]) {
        let mut graph = Graph::new("chain");
        let x = graph.input("x", f32s(&[2]));
        let y = graph.input("y", f32s(&[2]));
        let state = leaf(&mut graph, Place::Param);
        let before = graph.add_node(Op::Binary(BinaryOp::Add), vec![state, state], f32s(&[1]));
        mix(&mut graph, x, state);
        let mut between = graph.add_node(Op::Binary(BinaryOp::Add), vec![state, state], f32s(&[1]));
        if control_flow {
            let mut body = Graph::new("body");
            let carry = body.input("carry", f32s(&[1]));
            let other = body.param("state", f32s(&[1]));
            let next = body.add_node(Op::Binary(BinaryOp::Add), vec![carry, other], f32s(&[1]));
            body.set_outputs(vec![next]);
            between = graph.scan_with_bcasts_and_xs(between, &[], &[], body, 2);
        }
        mix(&mut graph, y, state);
        graph.set_outputs(vec![before, between, state]);
        let mut executable = compiled_on(backend(), &rlxmodel::to_text(&graph).unwrap(), mode);
        let mut run = |x: f32, y: f32| {
            let outputs = executable.run_to_vec(&[&of_scale(x), &of_scale(y)]).unwrap();
            outputs.iter().map(|output| floats(output)[0]).collect::<Vec<_>>()
        };
        let times = if control_flow { 4.0 } else { 2.0 };
        assert_eq!(run(4.0, 8.0), [0.0, 4.0 * times, 6.0], "{mode}");
        assert_eq!(run(2.0, 1.0), [12.0, 4.0 * times, 2.5], "{mode}");
    }
}

#[test]
fn a_state_that_no_run_could_find_again_is_refused() {
    let refuse = |graph: &Graph, message: &str| {
        let text = rlxmodel::to_text(graph).unwrap();
        assert_says(
            backend().compile(text.as_bytes(), &CompileOptions::new()).map(drop),
            ErrorKind::Unsupported,
            message,
        );
    };
    let mut graph = Graph::new("computed");
    let x = graph.input("x", f32s(&[2]));
    let state = leaf(&mut graph, Place::Param);
    let sum = graph.add_node(Op::Binary(BinaryOp::Add), vec![state, state], f32s(&[1]));
    let y = mix(&mut graph, x, sum);
    graph.set_outputs(vec![y]);
    refuse(
        &graph,
        "node %3 (FakeQuantize): it writes to its state, operand 1, which is node %2 (Binary): make that an input or a \
         parameter, where the next run finds it",
    );

    let mut body = Graph::new("body");
    let carry = body.input("carry", f32s(&[2]));
    let state = leaf(&mut body, Place::Param);
    let next = mix(&mut body, carry, state);
    body.set_outputs(vec![next]);
    let mut graph = Graph::new("nested");
    let x = graph.input("x", f32s(&[2]));
    let y = graph.scan_with_bcasts_and_xs(x, &[], &[], body, 3);
    graph.set_outputs(vec![y]);
    refuse(
        &graph,
        "node %1 (Scan): a node inside writes to `state`, its state, and how often is decided by the run: keep state \
         outside of nested graphs",
    );
}

/// Runs of fewer rows would lose what the others bring to the state.
#[test]
fn rows_are_not_left_out_of_a_state() {
    let mut executable = compiled(Place::Param, "compiled");
    let rows = rlx_host_api::ActiveExtent { actual: 1, upper: 2 };
    assert!(!executable.set_active_extent(Some(rows)).unwrap());
    assert_eq!(run(&mut executable, 4.0), 4.0);
}
