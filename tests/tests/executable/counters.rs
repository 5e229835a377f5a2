//! What the counters say, and with them that a program is traced once.

use super::{ADD, STATE, add, adder};
use rlx_host_api::Counters;
use rlx_mlx_tests::bytes::{bytes, view};
use rlx_mlx_tests::plugin::compile_text;

#[test]
fn a_compiled_program_is_traced_once_whatever_is_run() {
    let mut executable = adder("compiled", [0.0; 4]);
    for _ in 0..100 {
        add(&mut executable, [1.0; 4]);
    }
    for _ in 0..100 {
        executable.submit(&[&[], &bytes(&[1.0; 4])]).unwrap();
    }
    let mut executable = std::thread::spawn(move || {
        add(&mut executable, [1.0; 4]);
        executable
    })
    .join()
    .unwrap();
    let counters = executable.counters().unwrap();
    assert_eq!((counters.runs, counters.traces, counters.evaluations), (201, 1, 201));

    // A duplicate replays the trace of the original.
    let mut copy = executable.duplicate().unwrap();
    assert_eq!(copy.counters().unwrap(), Counters::default());
    assert_eq!(add(&mut copy, [1.0; 4]), add(&mut executable, [1.0; 4]));
    assert_eq!(copy.counters().unwrap().traces, 0);
}

#[test]
fn the_other_modes_build_the_graph_at_every_run() {
    for (mode, evaluations) in [("lazy", 1), ("eager", 5)] {
        let mut executable = adder(mode, [0.0; 4]);
        for _ in 0..3 {
            add(&mut executable, [1.0; 4]);
        }
        let counters = executable.counters().unwrap();
        assert_eq!((counters.runs, counters.traces), (3, 4), "{mode}: one more for the errors that compile must find");
        assert_eq!(
            counters.evaluations,
            3 * evaluations,
            "{mode}: one for the outputs, in eager mode one for each node"
        );
    }
}

#[test]
fn bytes_are_counted_where_they_move() {
    let mut executable = compile_text(ADD, "compiled").unwrap();
    let x = bytes(&[1.0; 4]);
    let bytes_in_out = |executable: &rlx_host_api::Executable| {
        let counters = executable.counters().unwrap();
        (counters.bytes_in, counters.bytes_out)
    };
    executable.run(&[&x, &x], &mut [None, None]).unwrap();
    assert_eq!(bytes_in_out(&executable), (32, 0));
    executable.bind_resident(STATE, Some(view(&[4], &x))).unwrap();
    assert_eq!(bytes_in_out(&executable), (48, 0));
    let mut out = [0; 16];
    executable.run(&[&[], &x], &mut [None, Some(&mut out)]).unwrap();
    assert_eq!(bytes_in_out(&executable), (64, 16));
    executable.read_output(0, 4, &mut out[..8]).unwrap();
    executable.read_resident(STATE, 0, &mut out[..4]).unwrap();
    assert_eq!(bytes_in_out(&executable), (64, 28));
}
