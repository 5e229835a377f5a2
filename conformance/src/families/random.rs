//! Random numbers: those of the IR's own generator for the seed that runs have by default.

use super::dtypes::FLOATS;
use crate::case::Cases;
use crate::compare::Expected;
use crate::tolerance::ROUNDED;
use rlx_ir::{DType, Op, RngOptions, fill_normal_like, fill_uniform_like};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for (dims, key) in [(&[][..], 0), (&[0, 3], 1), (&[1], u64::MAX), (&[3, 5, 7], 2), (&[1027], 3)] {
            let normal = Op::RngNormal { mean: -0.5, scale: 3.0, key, op_seed: None };
            cases.add(&format!("normal/key{key}"), normal, vec![], (dtype, dims), move |_| {
                drawn(dtype, dims, |numbers| fill_normal_like(numbers, -0.5, 3.0, RngOptions::default(), key, None))
            });
            let uniform = Op::RngUniform { low: -2.0, high: 7.0, key, op_seed: None };
            cases.add(&format!("uniform/key{key}"), uniform, vec![], (dtype, dims), move |_| {
                drawn(dtype, dims, |numbers| fill_uniform_like(numbers, -2.0, 7.0, RngOptions::default(), key, None))
            });
        }
    }
}

fn drawn(dtype: DType, dims: &[usize], draw: impl FnOnce(&mut [f32])) -> Expected {
    let mut numbers = vec![0.0; dims.iter().product()];
    draw(&mut numbers);
    Expected::real(dtype, dims, numbers.into_iter().map(f64::from).collect(), ROUNDED)
}
