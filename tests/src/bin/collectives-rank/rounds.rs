//! Sums of gradients, round after round, with runs of other programs between them.

use rlx_host_api::collectives::{Group, Reduction};
use rlx_host_api::{Error, Executable};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::compile_text;

/// Elements of the gradients of a small encoder: biases, norms, embeddings, matrices.
const SHAPES: [usize; 40] = [
    1, 2, 3, 7, 16, 31, 64, 64, 64, 65, 127, 128, 256, 384, 384, 384, 384, 512, 768, 768, 1000, 1024, 1536, 1536, 2048,
    2304, 3072, 4095, 4096, 4097, 6144, 8192, 9216, 12_288, 16_384, 16_385, 24_576, 36_864, 65_537, 147_456,
];

/// After so many sums another program runs.
const BETWEEN: usize = 8;

const STEP: &str = "rlxmodel 1
opset 1
graph @step {
  %x = input : f32[8, 64]
  %w = input : f32[64, 8]
  %product = MatMul %x, %w : f32[8, 8]
  %y = Activation(Relu) %product : f32[8, 8]
  return %y as y
}
";

/// Every element of every sum is compared, and every run's value.
pub(super) fn all(group: &Group, rounds: u32) {
    let (rank, ranks) = (group.rank() as u32, group.size() as u32);
    let mut step = compile_text(STEP, "compiled").unwrap();
    let mut data: Vec<f32> = Vec::new();
    for round in 0..rounds {
        for (shape, &length) in SHAPES.iter().enumerate() {
            // Small integers, whose sums f32 holds.
            let first = round % 89 + shape as u32;
            data.clear();
            data.resize(length, (first + rank) as f32);
            let wanted = (first * ranks + ranks * (ranks - 1) / 2) as f32;
            group.all_reduce(Reduction::Sum, &mut data).unwrap_or_else(|e| panic!("round {round}: {e}"));
            assert!(data.iter().all(|&found| found == wanted), "round {round}, {length} elements: {:?}", data.first());
            if shape % BETWEEN == 0 {
                run(&mut step, round + shape as u32).unwrap_or_else(|e| panic!("round {round}: {e}"));
            }
        }
    }
    group.barrier().unwrap();
}

/// A run of the other program, waited for, or started before the next sum and read after it.
fn run(step: &mut Executable, number: u32) -> Result<(), Error> {
    let inputs = [bytes(&[(number % 7) as f32; 512]), bytes(&[0.5; 512])];
    let inputs = [inputs[0].as_slice(), &inputs[1]];
    let found = if number.is_multiple_of(2) {
        step.run_to_vec(&inputs)?.remove(0)
    } else {
        step.submit(&inputs)?;
        let mut found = vec![0; 8 * 8 * 4];
        step.read_output(0, 0, &mut found)?;
        found
    };
    assert_eq!(floats(&found), [32.0 * (number % 7) as f32; 64]);
    Ok(())
}
