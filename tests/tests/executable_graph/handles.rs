//! Inputs that stay between runs.

use super::{NEXT, TWICE, adder, counters, f32s};
use rlx_ir::{DType, Graph, GraphExt, Shape};
use rlx_mlx_tests::runtime::{bare, mlx, panic_text};
use rlx_runtime::{Device, Session};

const X: [f32; 4] = [1.0, 2.0, 3.0, 4.0];

pub(crate) fn a_handle_is_used_where_a_run_gives_nothing() {
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut compiled = session.compile(adder());
        assert!(compiled.read_handle("state").is_none());
        assert!(compiled.bind_handle("state", &[10.0; 4]));
        let mut runs = vec![compiled.run(&[("x", &X)])];
        runs.push(compiled.run(&[("x", &X), ("state", &[20.0; 4])]));
        runs.push(compiled.run(&[("x", &X)]));
        assert_eq!(compiled.read_handle("state").unwrap(), [10.0; 4], "no run changes it");
        assert!(compiled.bind_handle("state", &[30.0; 4]));
        runs.push(compiled.run(&[("x", &X)]));
        runs
    });
    assert_eq!(got, want);
    assert_eq!(got[3][NEXT], [31.0, 32.0, 33.0, 34.0]);

    let mut compiled = mlx().compile(adder());
    assert!(!compiled.bind_handle("nothing", &[1.0]) && !compiled.bind_handle("state", &[1.0]));
    assert_eq!(panic_text(|| compiled.run(&[("x", &X)])), "1 of 2 inputs are missing: `state`");
    assert_eq!(panic_text(|| compiled.run(&[])), "2 of 2 inputs are missing: `state`, `x`");
    assert!(compiled.bind_handle("state", &[1.0; 4]));
    assert_eq!(panic_text(|| compiled.run(&[])), "1 of 2 inputs are missing: `x`");
    // An input that the passes have removed is one all the same.
    let mut unused = adder();
    unused.input("unused", f32s(&[7]));
    let mut compiled = mlx().compile(unused);
    assert!(compiled.bind_handle("unused", &[5.0; 7]));
    assert_eq!(compiled.read_handle("unused").unwrap(), [5.0; 7]);
}

/// The runtime binds what depends on parameters alone, computed once.
#[test]
fn the_runtime_keeps_values_that_depend_on_parameters_alone() {
    let x = [1.0, -2.0];
    let [got, want] = [mlx(), Session::new(Device::Cpu)].map(|session| {
        let mut g = Graph::new("invariant");
        let [v, w] = ["v", "w"].map(|name| g.param(name, f32s(&[2, 2])));
        let input = g.input("x", f32s(&[1, 2]));
        let weight = g.mm(v, w);
        let y = g.mm(input, weight);
        g.set_outputs(vec![y]);
        let mut options = rlx_runtime::CompileOptions::baseline();
        options.cache_param_invariant = true;
        let mut compiled = session.compile_with(g, &options);
        let mut outputs = Vec::new();
        for scale in [1.0, 3.0] {
            compiled.set_param("v", &[scale, 2.0, 3.0, 4.0]);
            compiled.set_param("w", &[5.0, 6.0, 7.0, scale]);
            outputs.extend(compiled.run(&[("x", &x)]));
            outputs.extend(compiled.run(&[("x", &x)]));
        }
        assert!(compiled.inputs().len() > 1, "the product of the parameters is an input of the rest");
        outputs
    });
    assert_eq!(got, want);
    assert!(got[0] == got[1] && got[1] != got[2]);
}

pub(crate) fn a_resident_handle_is_used_where_a_run_gives_nothing() {
    let mut g = Graph::new("dtypes");
    let half = g.input("half", Shape::new(&[3], DType::F16));
    let id = g.input("id", Shape::new(&[3], DType::I32));
    let (doubled, next) = (g.add(half, half), g.add(id, id));
    g.set_outputs(vec![doubled, next]);
    let mut executable = bare(g);
    for (name, values) in [("half", [0.5, 1.0, -2.0]), ("id", [1.0, -2.0, 3.0])] {
        assert!(!executable.has_gpu_handle(name));
        assert!(executable.read_gpu_handle(name).is_none());
        assert!(!executable.bind_gpu_handle(name, &values[..2]), "too few values");
        assert!(executable.bind_gpu_handle(name, &values));
        assert!(executable.has_gpu_handle(name));
        assert_eq!(executable.read_gpu_handle(name).unwrap(), values);
    }
    let uploaded = counters(executable.as_ref()).bytes_in;
    let want = [[1.0, 2.0, -4.0], [2.0, -4.0, 6.0]];
    assert_eq!(executable.run(&[]), want);
    assert_eq!(executable.run_slots(&[]).len(), 2);
    assert_eq!(counters(executable.as_ref()).bytes_in, uploaded, "it is there already");
    assert!(!executable.bind_gpu_handle("nothing", &[1.0]) && !executable.has_gpu_handle("nothing"));
    // A clone has the value, and its own from then on.
    let mut clone = executable.clone_box();
    assert!(executable.bind_gpu_handle("id", &[0.0; 3]));
    assert_eq!(clone.run(&[]), want);
    assert_eq!(executable.run(&[])[1], [0.0; 3]);
}

pub(crate) fn an_output_becomes_the_handle_after_every_run() {
    let mut compiled = mlx().compile(adder());
    // Unknown names and outputs, and unlike shapes.
    assert!(!compiled.set_gpu_handle_feed("nothing", NEXT));
    assert!(!compiled.set_gpu_handle_feed("state", 2));
    let mut unlike = Graph::new("unlike");
    let a = unlike.input("a", f32s(&[4]));
    let wide = unlike.input("wide", f32s(&[2, 4]));
    let sum = unlike.add(wide, a);
    unlike.set_outputs(vec![sum]);
    let mut unlike = mlx().compile(unlike);
    assert!(!unlike.set_gpu_handle_feed("a", 0) && unlike.set_gpu_handle_feed("wide", 0));
    assert!(unlike.run_feed_gpu_handle(&[], "a", 0).is_none());

    assert!(compiled.bind_gpu_handle("state", &[0.0; 4]));
    assert!(compiled.set_gpu_handle_feed("state", NEXT));
    let mut expected = [0.0; 4];
    for step in 0..5 {
        // Whether the output is read or not.
        match step % 2 {
            0 => drop(compiled.run_read_outputs(&[("x", &X)], Some(&[TWICE]))),
            _ => drop(compiled.run(&[("x", &X)])),
        }
        expected.iter_mut().zip(X).for_each(|(e, x)| *e += x);
        assert_eq!(compiled.read_gpu_handle("state").unwrap(), expected);
    }
    // A value that a run gives is used by that run; the output becomes the handle.
    compiled.run(&[("x", &X), ("state", &[100.0; 4])]);
    assert_eq!(compiled.read_gpu_handle("state").unwrap(), [101.0, 102.0, 103.0, 104.0]);
    // The feed can go to another output, and survives in a clone.
    assert!(compiled.set_gpu_handle_feed("state", TWICE));
    let mut clone = compiled.clone();
    for compiled in [&mut compiled, &mut clone] {
        compiled.run(&[("x", &X)]);
        assert_eq!(compiled.read_gpu_handle("state").unwrap(), [2.0, 4.0, 6.0, 8.0]);
    }
}

pub(crate) fn one_run_feeds_and_gives_its_output() {
    let mut executable = bare(adder());
    assert!(executable.bind_gpu_handle("state", &[0.0; 4]));
    let before = counters(executable.as_ref()).bytes_out;
    assert_eq!(executable.run_feed_gpu_handle(&[("x", &X)], "state", NEXT).unwrap(), X);
    assert_eq!(counters(executable.as_ref()).bytes_out - before, 16, "the other output is not read");
    assert_eq!(executable.read_gpu_handle("state").unwrap(), X);
    // It was for that run alone.
    executable.run(&[("x", &X)]);
    assert_eq!(executable.read_gpu_handle("state").unwrap(), X);
    assert!(executable.run_feed_gpu_handle(&[("x", &X)], "nothing", NEXT).is_none());
    assert!(executable.run_feed_gpu_handle(&[("x", &X)], "state", 9).is_none());
}

pub(crate) fn saved_handles_are_restored() {
    let mut compiled = mlx().compile(adder());
    assert!(!compiled.restore_inputs(), "nothing was saved");
    assert!(!compiled.save_inputs(&["state"]), "nothing is bound");
    assert!(compiled.bind_gpu_handle("state", &[5.0; 4]) && compiled.set_gpu_handle_feed("state", NEXT));
    assert!(compiled.save_inputs(&["state"]));
    for _ in 0..2 {
        let first = compiled.run(&[("x", &X)]);
        compiled.run(&[("x", &X)]);
        assert_eq!(first[NEXT], [6.0, 7.0, 8.0, 9.0]);
        assert!(compiled.restore_inputs());
        assert_eq!(compiled.read_gpu_handle("state").unwrap(), [5.0; 4]);
    }
    assert!(!compiled.save_inputs(&["state", "nothing"]));
}

pub(crate) fn an_input_is_made_resident_without_values() {
    let mut compiled = mlx().compile(adder());
    assert!(!compiled.prepare_resident_gpu_handle("nothing"));
    assert!(compiled.prepare_resident_gpu_handle("state"));
    assert_eq!(compiled.run(&[("x", &X)])[NEXT], X);
    assert!(compiled.bind_gpu_handle("state", &X));
    assert!(compiled.prepare_resident_gpu_handle("state"));
    assert_eq!(compiled.read_gpu_handle("state").unwrap(), X, "a value that is there stays");
}
