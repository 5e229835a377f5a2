//! Runs that nobody waits for.

use super::{ADD, NEXT, STATE, add, adder, assert_says, resident};
use rlx_host_api::{BatchRun, ErrorKind};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, compile_text};

const ONES: [f32; 4] = [1.0; 4];

#[test]
fn feeds_of_submitted_runs_happen_in_order() {
    for mode in MODES {
        let mut executable = adder(mode, [0.0; 4]);
        let mut x = bytes(&ONES);
        for n in 0..50 {
            executable.submit(&[&[], &x]).unwrap();
            // The memory is the host's again.
            x = bytes(&[(n + 2) as f32; 4]);
        }
        executable.wait().unwrap();
        assert_eq!(resident(&executable, STATE, 4), [1275.0; 4], "{mode}: the sum of 1 to 50");
        let mut next = [0; 16];
        executable.read_output(NEXT, 0, &mut next).unwrap();
        assert_eq!(floats(&next), [1275.0; 4], "{mode}");
        executable.wait().unwrap();
        assert_eq!(executable.counters().unwrap().runs, 50);
    }
}

/// Without a call of `wait`: whatever needs results waits for them.
#[test]
fn results_of_submitted_runs_are_there_when_they_are_asked_for() {
    for mode in MODES {
        let x = bytes(&ONES);
        let mut executable = adder(mode, [0.0; 4]);
        executable.submit(&[&[], &x]).unwrap();
        assert_eq!(resident(&executable, STATE, 4), [1.0; 4], "{mode}");
        executable.submit(&[&[], &x]).unwrap();
        assert_eq!(add(&mut executable, ONES), [3.0; 4], "{mode}");
        executable.submit(&[&[], &x]).unwrap();
        assert_eq!(resident(&executable.duplicate().unwrap(), STATE, 4), [4.0; 4], "{mode}");
        executable.submit(&[&[], &x]).unwrap();
        executable.save_resident(&[STATE]).unwrap();
        executable.submit(&[&[], &x]).unwrap();
        executable.restore_resident().unwrap();
        assert_eq!(resident(&executable, STATE, 4), [5.0; 4], "{mode}");
        executable.submit(&[&[], &x]).unwrap();
        drop(executable);
    }
}

/// More executables than the plugin has streams: what one leaves under way meets the runs of others.
#[test]
fn submitted_runs_of_many_executables_do_not_mix() {
    let count = 4 * std::thread::available_parallelism().map_or(1, usize::from);
    let mut executables: Vec<_> = (0..count).map(|_| adder("compiled", [0.0; 4])).collect();
    for round in 0..20 {
        for (i, executable) in executables.iter_mut().enumerate() {
            let x = [(i + round) as f32; 4];
            if (i + round) % 3 == 0 {
                add(executable, x);
            } else {
                executable.submit(&[&[], &bytes(&x)]).unwrap();
            }
        }
    }
    for (i, executable) in executables.iter_mut().enumerate() {
        executable.wait().unwrap();
        let expected: usize = (0..20).map(|round| i + round).sum();
        assert_eq!(resident(executable, STATE, 4), [expected as f32; 4], "executable {i}");
    }
}

#[test]
fn a_batch_gives_what_its_runs_give_one_by_one() {
    for mode in MODES {
        for (fed, count) in [(false, 0), (false, 1), (false, 23), (true, 23)] {
            let mut executable = adder(mode, [0.0; 4]);
            if !fed {
                executable.feed(STATE, None).unwrap();
            }
            let x: Vec<Vec<u8>> = (0..count).map(|n| bytes(&[n as f32; 4])).collect();
            let inputs: Vec<[&[u8]; 2]> = x.iter().map(|x| [&[][..], x.as_slice()]).collect();
            let mut data = vec![[[0xFF; 16]; 2]; count];
            // Every third run wants no second output.
            let mut outputs: Vec<[Option<&mut [u8]>; 2]> = data
                .iter_mut()
                .enumerate()
                .map(|(n, [next, twice])| [Some(next.as_mut_slice()), (n % 3 != 0).then_some(twice.as_mut_slice())])
                .collect();
            let mut runs: Vec<BatchRun<'_, '_>> =
                inputs.iter().zip(&mut outputs).map(|(i, o)| (i.as_slice(), o.as_mut_slice())).collect();
            executable.run_batch(&mut runs).unwrap();
            let mut sum = 0.0;
            for (n, [next, twice]) in data.iter().enumerate() {
                sum = if fed { sum + n as f32 } else { n as f32 };
                assert_eq!(floats(next), [sum; 4], "{mode}, run {n}");
                if n % 3 != 0 {
                    assert_eq!(floats(twice), [2.0 * n as f32; 4], "{mode}, run {n}");
                } else {
                    assert_eq!(*twice, [0xFF; 16], "{mode}, run {n}: not wanted, not touched");
                }
            }
            if fed {
                assert_eq!(resident(&executable, STATE, 4), [sum; 4], "{mode}");
                assert_eq!(add(&mut executable, ONES), [sum + 1.0; 4], "{mode}");
            }
        }
    }
}

#[test]
fn what_cannot_be_started_is_told_at_once() {
    let mut executable = compile_text(ADD, "compiled").unwrap();
    let x = bytes(&ONES);
    assert_says(executable.submit(&[&[], &x]), ErrorKind::InvalidArgument, "1 of 2 inputs are missing: state");
    let (mut next, mut short) = ([0; 16], [0; 8]);
    let inputs: [&[u8]; 2] = [&x, &x];
    assert_says(
        executable.run_batch(&mut [(&inputs, &mut [Some(&mut next), None]), (&inputs, &mut [Some(&mut short), None])]),
        ErrorKind::InvalidArgument,
        "output `next` is f32[4], 16 bytes, but 8 bytes were given",
    );
    executable.bind_resident(STATE, Some(view(&[4], &x))).unwrap();
    executable.submit(&[&[], &x]).unwrap();
    executable.wait().unwrap();
}
