//! Inputs that a run reads where the host has them: what the run shows of them afterwards is its own, and the host's memory
//! is not written to.

use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::{MODES, compile_text};

const ROWS: usize = 96;
const COLUMNS: usize = 512;

/// Views of x, x itself, and what could be computed in x's place.
const VIEWS: &str = "rlxmodel 1
opset 1
graph @views {
  %x = input : f32[96, 512]
  %turned = Transpose{perm: [1, 0]} %x : f32[512, 96]
  %part = Narrow{axis: 0, start: 3, len: 2} %x : f32[2, 512]
  %flat = Reshape{new_shape: [49152]} %x : f32[49152]
  %negated = Activation(Neg) %x : f32[96, 512]
  %twice = Binary(Add) %negated, %negated : f32[96, 512]
  return %x as x, %turned as turned, %part as part, %flat as flat, %twice as twice
}
";

fn expected(x: &[f32]) -> [Vec<f32>; 5] {
    let turned = (0..COLUMNS).flat_map(|column| (0..ROWS).map(move |row| x[row * COLUMNS + column])).collect();
    let part = x[3 * COLUMNS..5 * COLUMNS].to_vec();
    [x.to_vec(), turned, part, x.to_vec(), x.iter().map(|v| -2.0 * v).collect()]
}

#[test]
fn what_a_run_shows_of_its_inputs_outlives_them() {
    let x: Vec<f32> = (0..ROWS * COLUMNS).map(|i| i as f32 * 0.25 - 1000.0).collect();
    let want = expected(&x);
    for mode in MODES {
        let mut executable = compile_text(VIEWS, mode).unwrap();
        // At the start of an allocation, 16 bytes behind it, and where no element may lie.
        for offset in [0, 16, 64, 5] {
            let mut memory = vec![0; offset];
            memory.extend(bytes(&x));
            // Delivered and kept, kept alone.
            for delivered in [true, false] {
                if delivered {
                    let outputs = executable.run_to_vec(&[&memory[offset..]]).unwrap();
                    for (output, want) in outputs.iter().zip(&want) {
                        assert_eq!(&floats(output), want, "{mode}, offset {offset}");
                    }
                } else {
                    executable.run(&[&memory[offset..]], &mut [None, None, None, None, None]).unwrap();
                }
                assert_eq!(floats(&memory[offset..]), x, "{mode}: the host's memory has changed");
                let before = memory.clone();
                memory[offset..].fill(0xff);
                for (output, want) in want.iter().enumerate() {
                    let mut found = vec![0; want.len() * 4];
                    executable.read_output(output, 0, &mut found).unwrap();
                    assert_eq!(
                        &floats(&found),
                        want,
                        "{mode}, offset {offset}, output {output}, delivered {delivered}"
                    );
                }
                memory = before;
            }
        }
    }
}

#[test]
fn a_view_of_an_input_can_be_fed_to_it() {
    let x: Vec<f32> = (0..ROWS * COLUMNS).map(|i| i as f32).collect();
    for mode in MODES {
        let mut executable = compile_text(VIEWS, mode).unwrap();
        executable.feed(0, Some(0)).unwrap();
        let mut memory = bytes(&x);
        executable.run(&[&memory], &mut [None, None, None, None, None]).unwrap();
        memory.fill(0);
        for _ in 0..3 {
            let outputs = executable.run_to_vec(&[&[]]).unwrap();
            assert_eq!(floats(&outputs[3]), x, "{mode}");
        }
    }
}
