//! Inputs that stay on the device between runs.

use super::{ADD, NEXT, STATE, add, adder, assert_says, resident};
use rlx_host_api::{BatchRun, CompileOptions, ErrorKind, Executable, Segment, Source};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, backend, compile_text};

const ONES: [f32; 4] = [1.0; 4];

/// Index of `twice`.
const TWICE: usize = 1;

fn segment(source: u64, target: u64, len: u64) -> Segment {
    Segment { source, target, len }
}

fn last_output(executable: &Executable, output: usize) -> Vec<f32> {
    let mut data = [0; 16];
    executable.read_output(output, 0, &mut data).unwrap();
    floats(&data)
}

#[test]
fn an_output_becomes_the_input_of_the_next_run() {
    for mode in MODES {
        let mut executable = adder(mode, [0.0, 10.0, 20.0, 30.0]);
        for n in 1..=20 {
            let n = n as f32;
            assert_eq!(add(&mut executable, ONES), [n, 10.0 + n, 20.0 + n, 30.0 + n], "{mode}");
        }
        assert_eq!(resident(&executable, STATE, 4), [20.0, 30.0, 40.0, 50.0]);
        // No byte is moved for it, on the device or from the host.
        let counters = executable.counters().unwrap();
        assert_eq!((counters.bytes_on_device, counters.bytes_in), (0, 16 + 20 * 16), "{mode}");

        executable.feed(STATE, None).unwrap();
        assert_eq!(add(&mut executable, ONES), [21.0, 31.0, 41.0, 51.0]);
        assert_eq!(add(&mut executable, ONES), [21.0, 31.0, 41.0, 51.0], "{mode}: the feed has ended");
    }
}

#[test]
fn data_overrides_a_resident_input_for_one_run() {
    for mode in MODES {
        let mut executable = compile_text(ADD, mode).unwrap();
        executable.bind_resident(STATE, Some(view(&[4], &bytes(&ONES)))).unwrap();
        assert_eq!(add(&mut executable, ONES), [2.0; 4]);
        let outputs = executable.run_to_vec(&[&bytes(&[5.0; 4]), &bytes(&ONES)]).unwrap();
        assert_eq!(floats(&outputs[NEXT]), [6.0; 4], "{mode}");
        assert_eq!(add(&mut executable, ONES), [2.0; 4], "{mode}");
        executable.bind_resident(STATE, Some(view(&[4], &bytes(&[7.0; 4])))).unwrap();
        assert_eq!(add(&mut executable, ONES), [8.0; 4], "{mode}: bound again");
    }
}

/// Option `keep_outputs`: what is delivered does not stay, but for what an input is fed with, and what is not delivered.
#[test]
fn delivered_outputs_are_let_go_where_the_host_says_so() {
    let gone = |output: usize| {
        format!("output {output} of the last run is gone: the run delivered it, and option `keep_outputs` is false")
    };
    let refused = |executable: &Executable, output| {
        let read = executable.read_output(output, 0, &mut [0; 16]);
        assert_says(read, ErrorKind::FailedPrecondition, &gone(output));
    };
    for mode in MODES {
        let options = CompileOptions::new().set("mode", mode).set("keep_outputs", false);
        let mut original = backend().compile(ADD.as_bytes(), &options).unwrap();
        original.bind_resident(STATE, Some(view(&[4], &bytes(&ONES)))).unwrap();
        let copy = original.duplicate().unwrap();
        for mut executable in [original, copy] {
            assert_eq!(add(&mut executable, ONES), [2.0; 4], "{mode}");
            refused(&executable, NEXT);
            let copied = executable.copy_resident(STATE, None, Source::Output(NEXT), &[segment(0, 0, 4)]);
            assert_says(copied, ErrorKind::FailedPrecondition, &gone(NEXT));
            executable.run(&[&[], &bytes(&ONES)], &mut [None, Some(&mut [0; 16])]).unwrap();
            assert_eq!(last_output(&executable, NEXT), [2.0; 4], "{mode}: not delivered");
            refused(&executable, TWICE);
            executable.feed(STATE, Some(NEXT)).unwrap();
            for n in 2..5 {
                assert_eq!(add(&mut executable, ONES), [n as f32; 4], "{mode}");
                assert_eq!(last_output(&executable, NEXT), [n as f32; 4], "{mode}: fed");
            }
            // Written to, the input is no longer what the output was, which is another reason.
            executable.copy_resident(STATE, None, Source::Input(STATE), &[segment(0, 1, 1)]).unwrap();
            let read = executable.read_output(NEXT, 0, &mut [0; 16]);
            let written = "output 0 of the last run is gone: it became an input that was written to since";
            assert_says(read, ErrorKind::FailedPrecondition, written);
            executable.feed(STATE, None).unwrap();
            let (x, mut next) = (bytes(&ONES), [0; 16]);
            let mut runs: [BatchRun<'_, '_>; 1] = [(&[&[], &x], &mut [Some(&mut next), None])];
            executable.run_batch(&mut runs).unwrap();
            assert_eq!(floats(&next), [5.0; 4], "{mode}: a batch");
            refused(&executable, NEXT);
            assert_eq!(last_output(&executable, TWICE), [2.0; 4], "{mode}: a batch");
        }
    }
}

#[test]
fn outputs_can_be_read_after_the_run_whether_wanted_or_not() {
    for mode in MODES {
        let mut executable = adder(mode, [0.0; 4]);
        add(&mut executable, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(last_output(&executable, NEXT), [1.0, 2.0, 3.0, 4.0], "{mode}");
        assert_eq!(last_output(&executable, TWICE), [2.0, 4.0, 6.0, 8.0], "{mode}");
        let mut part = [0; 6];
        executable.read_output(TWICE, 2, &mut part).unwrap();
        assert_eq!(part, bytes(&[2.0, 4.0])[2..], "{mode}: any range of bytes");
        executable.read_resident(STATE, 6, &mut part).unwrap();
        assert_eq!(part, bytes(&[1.0, 2.0, 3.0])[6..], "{mode}");
    }
}

#[test]
fn pieces_are_copied_between_outputs_and_inputs() {
    for mode in MODES {
        let mut executable = compile_text(ADD, mode).unwrap();
        executable.bind_resident(STATE, Some(view(&[4], &bytes(&[10.0, 20.0, 30.0, 40.0])))).unwrap();
        add(&mut executable, [1.0, 2.0, 3.0, 4.0]);
        let pieces = [segment(0, 3, 1), segment(2, 0, 2)];
        executable.copy_resident(STATE, None, Source::Output(TWICE), &pieces).unwrap();
        assert_eq!(resident(&executable, STATE, 4), [6.0, 8.0, 30.0, 2.0], "{mode}");
        assert_eq!(executable.counters().unwrap().bytes_on_device, 12, "{mode}");
        // Within one input, one piece after the other: the second sees what the first has written.
        executable.copy_resident(STATE, None, Source::Input(STATE), &[segment(0, 1, 2), segment(2, 3, 1)]).unwrap();
        assert_eq!(resident(&executable, STATE, 4), [6.0, 6.0, 8.0, 8.0], "{mode}");
    }
}

#[test]
fn pieces_are_copied_from_another_executable() {
    for mode in MODES {
        let mut source = adder(mode, [0.0; 4]);
        add(&mut source, [1.0, 2.0, 3.0, 4.0]);
        let mut target = adder("compiled", [9.0; 4]);
        target.copy_resident(STATE, Some(&source), Source::Output(TWICE), &[segment(0, 0, 2)]).unwrap();
        target.copy_resident(STATE, Some(&source), Source::Input(STATE), &[segment(3, 2, 1)]).unwrap();
        assert_eq!(resident(&target, STATE, 4), [2.0, 4.0, 4.0, 9.0], "{mode}");
        assert_eq!(last_output(&source, NEXT), [1.0, 2.0, 3.0, 4.0], "{mode}: the source is as it was");
    }
}

/// An output and the input that it was fed to are one array on the device. Writing to the input still moves no more than
/// the pieces; the price is that the output cannot be read any more.
#[test]
fn a_fed_input_is_written_to_in_place() {
    for mode in MODES {
        let mut executable = adder(mode, [0.0; 4]);
        add(&mut executable, [1.0, 2.0, 3.0, 4.0]);
        executable.copy_resident(STATE, None, Source::Output(TWICE), &[segment(3, 0, 1)]).unwrap();
        assert_eq!(executable.counters().unwrap().bytes_on_device, 4, "{mode}");
        assert_eq!(resident(&executable, STATE, 4), [8.0, 2.0, 3.0, 4.0], "{mode}");
        assert_says(
            executable.read_output(NEXT, 0, &mut [0; 4]),
            ErrorKind::FailedPrecondition,
            "output 0 of the last run is gone: it became an input that was written to since",
        );
        assert_eq!(last_output(&executable, TWICE), [2.0, 4.0, 6.0, 8.0], "{mode}: the other one is there");
        assert_eq!(add(&mut executable, ONES), [9.0, 3.0, 4.0, 5.0], "{mode}");
        assert_eq!(last_output(&executable, NEXT), [9.0, 3.0, 4.0, 5.0], "{mode}");
        // From the very output: it keeps its values, so the input becomes a copy of the whole.
        executable.copy_resident(STATE, None, Source::Output(NEXT), &[segment(0, 1, 2)]).unwrap();
        assert_eq!(resident(&executable, STATE, 4), [9.0, 9.0, 3.0, 5.0], "{mode}");
        assert_eq!(last_output(&executable, NEXT), [9.0, 3.0, 4.0, 5.0], "{mode}");
        assert_eq!(executable.counters().unwrap().bytes_on_device, 4 + 16 + 8, "{mode}");
    }
}

#[test]
fn saved_values_come_back_as_often_as_asked() {
    for mode in MODES {
        let mut executable = adder(mode, [0.0; 4]);
        add(&mut executable, ONES);
        executable.save_resident(&[STATE]).unwrap();
        for _ in 0..3 {
            assert_eq!(add(&mut executable, [1.0, 2.0, 3.0, 4.0]), [2.0, 3.0, 4.0, 5.0], "{mode}");
            executable.copy_resident(STATE, None, Source::Output(TWICE), &[segment(0, 0, 4)]).unwrap();
            assert_eq!(resident(&executable, STATE, 4), [2.0, 4.0, 6.0, 8.0], "{mode}");
            executable.restore_resident().unwrap();
            assert_eq!(resident(&executable, STATE, 4), ONES, "{mode}");
        }
        // Written to right after: what was saved is not what is written to.
        executable.copy_resident(STATE, None, Source::Output(TWICE), &[segment(3, 3, 1)]).unwrap();
        assert_eq!(resident(&executable, STATE, 4), [1.0, 1.0, 1.0, 8.0], "{mode}");
        executable.restore_resident().unwrap();
        assert_eq!(resident(&executable, STATE, 4), ONES, "{mode}");
    }
}

#[test]
fn a_duplicate_has_resident_inputs_of_its_own() {
    for mode in MODES {
        let mut original = adder(mode, [0.0; 4]);
        add(&mut original, ONES);
        let mut copy = original.duplicate().unwrap();
        assert_eq!(add(&mut copy, ONES), [2.0; 4], "{mode}: value and feed come along");
        assert_eq!(add(&mut copy, ONES), [3.0; 4], "{mode}");
        assert_eq!(add(&mut original, ONES), [2.0; 4], "{mode}");
        // Both have the array of the original, which is not written to while they share it.
        let mut copy = original.duplicate().unwrap();
        copy.copy_resident(STATE, Some(&original), Source::Output(TWICE), &[segment(0, 0, 1)]).unwrap();
        assert_eq!(resident(&copy, STATE, 4), [2.0, 2.0, 2.0, 2.0]);
        original.copy_resident(STATE, None, Source::Input(STATE), &[segment(0, 0, 1)]).unwrap();
        copy.copy_resident(STATE, Some(&original), Source::Output(TWICE), &[segment(0, 1, 1)]).unwrap();
        assert_eq!(resident(&original, STATE, 4), [2.0; 4], "{mode}");
    }
}

/// An output may be a view with strides on the device; nothing of that shows.
#[test]
fn views_are_fed_read_and_written_by_their_logical_order() {
    let text = "rlxmodel 1
opset 1
graph @turn {
  %x = input : f32[2, 2]
  %turned = Transpose{perm: [1, 0]} %x : f32[2, 2]
  return %turned
}
";
    for mode in MODES {
        let mut executable = compile_text(text, mode).unwrap();
        executable.bind_resident(0, Some(view(&[2, 2], &bytes(&[1.0, 2.0, 3.0, 4.0])))).unwrap();
        executable.feed(0, Some(0)).unwrap();
        let mut out = [0; 16];
        executable.run(&[&[]], &mut [Some(&mut out)]).unwrap();
        assert_eq!(floats(&out), [1.0, 3.0, 2.0, 4.0], "{mode}");
        assert_eq!(resident(&executable, 0, 4), [1.0, 3.0, 2.0, 4.0], "{mode}");
        executable.copy_resident(0, None, Source::Input(0), &[segment(1, 0, 1)]).unwrap();
        assert_eq!(resident(&executable, 0, 4), [3.0, 3.0, 2.0, 4.0], "{mode}");
        executable.run(&[&[]], &mut [Some(&mut out)]).unwrap();
        assert_eq!(floats(&out), [3.0, 2.0, 3.0, 4.0], "{mode}");
    }
}

#[test]
fn inputs_that_are_missing_are_all_named() {
    let mut executable = compile_text(ADD, "compiled").unwrap();
    let run = |executable: &mut Executable, inputs: &[&[u8]]| executable.run(inputs, &mut [None, None]);
    assert_says(run(&mut executable, &[&[], &[]]), ErrorKind::InvalidArgument, "2 of 2 inputs are missing: state, x");
    executable.bind_resident(STATE, Some(view(&[4], &bytes(&ONES)))).unwrap();
    assert!(executable.is_resident(STATE).unwrap());
    assert_says(run(&mut executable, &[&[], &[]]), ErrorKind::InvalidArgument, "1 of 2 inputs are missing: x");
    run(&mut executable, &[&[], &bytes(&ONES)]).unwrap();
    executable.bind_resident(STATE, None).unwrap();
    assert!(!executable.is_resident(STATE).unwrap());
    assert_says(
        run(&mut executable, &[&[], &bytes(&ONES)]),
        ErrorKind::InvalidArgument,
        "1 of 2 inputs are missing: state",
    );
}

#[test]
fn what_is_not_possible_is_named_and_changes_nothing() {
    let mut executable = compile_text(ADD, "compiled").unwrap();
    let piece = [segment(0, 0, 1)];
    let not_now = ErrorKind::FailedPrecondition;
    let invalid = ErrorKind::InvalidArgument;
    assert_says(
        executable.copy_resident(STATE, None, Source::Output(0), &piece),
        not_now,
        "input `state` is not bound as resident",
    );
    assert_says(executable.read_resident(1, 0, &mut [0; 4]), not_now, "input `x` is not bound as resident");
    assert_says(executable.save_resident(&[STATE]), not_now, "input `state` is not bound as resident");
    assert_says(executable.restore_resident(), not_now, "no resident inputs were saved");
    assert_says(
        executable.bind_resident(STATE, Some(view(&[2, 2], &bytes(&ONES)))),
        invalid,
        "input `state` is f32[4] in the graph, but f32[2, 2] was given",
    );
    executable.bind_resident(STATE, Some(view(&[4], &bytes(&ONES)))).unwrap();
    assert_says(
        executable.read_output(1, 0, &mut [0; 4]),
        not_now,
        "output 1 of the last run is gone: there was no run since, or it failed",
    );
    add(&mut executable, ONES);
    assert_says(
        executable.copy_resident(STATE, None, Source::Output(TWICE), &[segment(0, 0, 1), segment(2, 0, 3)]),
        invalid,
        "3 elements from 2 of `twice` (f32[4]) to 0 of `state` (f32[4]) do not fit",
    );
    assert_says(
        executable.copy_resident(STATE, None, Source::Input(1), &piece),
        not_now,
        "input `x` is not bound as resident",
    );
    assert_says(
        executable.copy_resident(STATE, None, Source::Output(2), &piece),
        ErrorKind::NotFound,
        "output 2: the graph has 2",
    );
    assert_says(executable.feed(5, Some(0)), ErrorKind::NotFound, "input 5: the graph has 2");
    assert_says(executable.read_output(1, 8, &mut [0; 12]), invalid, "`twice` has 16 bytes; 12 at 8 do not fit");
    assert_eq!(resident(&executable, STATE, 4), ONES);
    assert_eq!(add(&mut executable, ONES), [2.0; 4]);
}
