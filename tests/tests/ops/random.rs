//! Random numbers: those of the IR's own generators, bit for bit.

use rlx_ir::{DType, Op, RngOptions};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{compile_text, run};
use rlx_mlx_tests::tensor::Tensor;

fn normal(len: usize, key: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    rlx_ir::fill_normal_like(&mut numbers, -0.5, 3.0, RngOptions::default(), key, None);
    numbers.into_iter().map(f64::from).collect()
}

fn uniform(len: usize, key: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    rlx_ir::fill_uniform_like(&mut numbers, -2.0, 7.0, RngOptions::default(), key, None);
    numbers.into_iter().map(f64::from).collect()
}

#[test]
fn numbers_are_those_of_the_ir() {
    for (dims, key) in [(vec![], 0), (vec![0, 3], 1), (vec![1], u64::MAX), (vec![3, 5, 7], 2), (vec![100_000], 3)] {
        let len = dims.iter().product();
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
            let mut case = Case::new();
            let first = case.add(Op::RngNormal { mean: -0.5, scale: 3.0, key, op_seed: Some(9.0) }, &[], &dims, dtype);
            let second = case.add(Op::RngUniform { low: -2.0, high: 7.0, key, op_seed: None }, &[], &dims, dtype);
            let outputs = run(&case.outputs(&[first, second]));
            let rounded = |numbers| Tensor::of(dtype, &dims, numbers);
            for (output, numbers) in outputs.iter().zip([normal(len, key), uniform(len, key)]) {
                for (i, (found, want)) in output.values.iter().zip(&rounded(numbers.clone()).values).enumerate() {
                    assert_eq!(found, want, "{dims:?} {dtype:?}, number {i}, {}", numbers[i]);
                }
                assert_eq!(output.values.len(), len);
            }
        }
    }
}

/// An operand tells a shape, and is not read.
#[test]
fn a_template_is_not_read() {
    let template = Tensor::f32(&[2, 3], [f64::NAN; 6]);
    let op = Op::RngNormal { mean: -0.5, scale: 3.0, key: 8, op_seed: None };
    let outputs = run(&one_op(op, &[&template], Layout::Dense, &[2, 3], DType::F32));
    assert_eq!(outputs[0].values, normal(6, 8));
}

#[test]
fn numbers_that_are_no_floats_are_refused() {
    let mut case = Case::new();
    let op = Op::RngUniform { low: 0.0, high: 9.0, key: 1, op_seed: None };
    let node = case.add(op, &[], &[2], DType::I32);
    let text = rlx_ir::rlxmodel::to_text(&case.outputs(&[node]).graph).unwrap();
    let error = compile_text(&text, "compiled").unwrap_err();
    assert!(error.message().contains("i32") && error.message().contains("RngUniform"), "{error}");
}
