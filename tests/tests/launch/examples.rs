//! `examples/tensor-parallel` as a user runs it.

use crate::{launch, lines};

#[test]
fn tensor_parallel_layers_are_those_of_one_process() {
    let Some(program) = std::env::var_os("RLX_TEST_TENSOR_PARALLEL") else {
        panic!("RLX_TEST_TENSOR_PARALLEL is not set: run `cargo xtask test`, which builds the example")
    };
    for (ranks, wide) in [(1, 256), (2, 128), (4, 64)] {
        let mut group = launch(&["-n", &ranks.to_string(), "--"]);
        let output = group.arg(&program).assert().success().get_output().clone();
        let expected = (0..ranks).map(|rank| {
            let weights = format!("w1 [64, {wide}], w2 [{wide}, 64]");
            format!("[{rank}] rank {rank} of {ranks}: {weights}; 1 all-reduce; within 1e-5 of one process")
        });
        assert_eq!(lines(&output.stdout), expected.collect::<Vec<_>>());
    }
}
