//! Properties that hold for any shape, dtype and data, over random ones, in every mode.
//!
//! What moves elements without computing is in `ops::laws`. Here are operands in another order and layout ([`operands`]),
//! rows of a batch ([`batch`]), dtypes ([`dtypes`]), and a graph beside what the runtime's passes make of it ([`passes`]).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod batch;
mod dtypes;
mod operands;
mod passes;

use proptest::prelude::*;
use rlx_ir::DType;
use rlx_mlx_tests::tensor::Tensor;

const FLOATS: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

const INTEGERS: [DType; 6] = [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U32];

/// Each case runs in three modes. Failures are printed whole, so no file of seeds is kept.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Extents of an array of rank 1 to 4, each from `least`.
fn extents(least: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(least..6, 1..5)
}

/// One of the floating dtypes.
fn float() -> impl Strategy<Value = DType> {
    prop::sample::select(&FLOATS[..])
}

/// One of the dtypes of numbers.
fn number() -> impl Strategy<Value = DType> {
    prop::sample::select([&FLOATS[..], &INTEGERS[..]].concat())
}

/// Values that every dtype of numbers holds exactly: integers from 0 to 7.
fn small(dims: &[usize], seed: u64, dtype: DType) -> Tensor {
    Tensor::random(dims, seed).map(|v| ((v + 2.0) * 2.0).floor()).to(dtype)
}

/// Values of the dtype: integers, or floats between -2 and 2.
fn any_values(dims: &[usize], seed: u64, dtype: DType) -> Tensor {
    if FLOATS.contains(&dtype) { Tensor::random(dims, seed).to(dtype) } else { small(dims, seed, dtype) }
}
