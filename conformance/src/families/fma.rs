//! A product and a sum, rounded once.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::binary::fma;
use rlx_ir::{DType, Op};

const SPECIAL: &[f64] = &[1.0, f64::INFINITY, -2.0, f64::NAN, 0.0, f64::NEG_INFINITY, -0.0, 0.5, 3.0, -1.0, 2.0];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        let mut add = |layout, dims: &[usize], fills: [Fill; 3]| {
            let operands = fills.map(|fill| Operand::new(dtype, dims, fill)).to_vec();
            cases.add_in(layout, "fma", Op::Fma, operands, (dtype, dims), fma);
        };
        let spread = || [Fill::Spread, Fill::Spread, Fill::Spread];
        for dims in [&[][..], &[0], &[1], &[2, 3, 5], &[1027]] {
            add(Layout::Dense, dims, spread());
        }
        for layout in [Layout::Transposed, Layout::Narrowed, Layout::Params] {
            add(layout, &[3, 5], spread());
        }
        add(Layout::Dense, &[110], [Fill::Special, Fill::These(SPECIAL), Fill::Spread]);
        add(Layout::Dense, &[143], [Fill::Extremes, Fill::These(SPECIAL), Fill::Extremes]);
        let [factor, square] = remainder(dtype);
        add(Layout::Dense, &[2], [Fill::These(factor), Fill::These(factor), Fill::These(square)]);
    }
}

/// A number, and its rounded square with a minus: with one rounding their sum is what the rounding of the square loses, and
/// with two it is 0.
fn remainder(dtype: DType) -> [&'static [f64]; 2] {
    const fn of(tiny: f64) -> ([f64; 1], [f64; 1]) {
        ([1.0 + tiny], [-(1.0 + 2.0 * tiny)])
    }
    const F16: ([f64; 1], [f64; 1]) = of(1.0 / (1u64 << 6) as f64);
    const BF16: ([f64; 1], [f64; 1]) = of(1.0 / (1u64 << 4) as f64);
    const F32: ([f64; 1], [f64; 1]) = of(1.0 / (1u64 << 12) as f64);
    const F64: ([f64; 1], [f64; 1]) = of(1.0 / (1u64 << 27) as f64);
    match dtype {
        DType::F16 => [&F16.0, &F16.1],
        DType::BF16 => [&BF16.0, &BF16.1],
        DType::F32 => [&F32.0, &F32.1],
        _ => [&F64.0, &F64.1],
    }
}
