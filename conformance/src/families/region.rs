//! Chains of elementwise steps in one node, and chains of resizes.

use super::dtypes::{FLOATS, INTEGERS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::region::{Reading, batch, region, resized};
use crate::tolerance::{COMPOSED, EXACT, Tolerance};
use ChainOperand::{Input, Step};
use rlx_ir::op::{Activation, BinaryOp, ChainOperand, ChainStep, CmpOp, RegionPrologue, TransformStep};
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        floats(cases, dtype);
        readings(cases, dtype);
        batches(cases, dtype);
        transforms(cases, dtype);
    }
    for dtype in INTEGERS {
        let wrapped = vec![
            ChainStep::Binary(BinaryOp::Add, Input(0), Input(1)),
            ChainStep::Binary(BinaryOp::Max, Step(0), Input(1)),
        ];
        for fill in [Fill::Spread, Fill::Extremes] {
            let operands = vec![Operand::new(dtype, &[4, 5], fill), Operand::new(dtype, &[4, 5], Fill::Spread)];
            let chain = Chain::new("integers", wrapped.clone(), EXACT);
            chain.add(cases, Layout::Dense, operands, (dtype, &[4, 5]));
        }
    }
}

/// A chain and how it reads its inputs.
struct Chain {
    name: String,
    steps: Vec<ChainStep>,
    reading: Reading,
    tolerance: Tolerance,
}

impl Chain {
    fn new(name: &str, steps: Vec<ChainStep>, tolerance: Tolerance) -> Self {
        Self { name: name.to_owned(), steps, reading: Reading::ALL, tolerance }
    }

    fn read_as(self, name: &str, reading: Reading) -> Self {
        Self { name: name.to_owned(), reading, ..self }
    }

    fn add(self, cases: &mut Cases, layout: Layout, operands: Vec<Operand>, (dtype, dims): (DType, &'static [usize])) {
        let Self { name, steps, reading, tolerance } = self;
        let op = Op::ElementwiseRegion {
            chain: steps.clone(),
            num_inputs: operands.len() as u32,
            scalar_input_mask: reading.scalars,
            input_modulus: reading.modulus,
            prologue: prologue(reading.resized),
            prologue_input: reading.resized.unwrap_or_default() as u32,
        };
        cases.add_in(layout, &format!("elementwise/{name}"), op, operands, (dtype, dims), move |x| {
            region(&steps, x, &reading, (dtype, dims), tolerance)
        });
    }
}

/// `tanh(x) * y + z`.
fn smooth() -> Chain {
    let steps = vec![
        ChainStep::Activation(Activation::Tanh, Input(0)),
        ChainStep::Binary(BinaryOp::Mul, Step(0), Input(1)),
        ChainStep::Binary(BinaryOp::Add, Step(1), Input(2)),
    ];
    Chain::new("smooth", steps, COMPOSED)
}

/// The larger of two, by a comparison and a choice.
fn larger() -> Chain {
    let steps = vec![ChainStep::Compare(CmpOp::Gt, Input(0), Input(1)), ChainStep::Where(Step(0), Input(0), Input(1))];
    Chain::new("larger", steps, EXACT)
}

/// Rounded to `to` between two steps.
fn rounded(to: DType, back: DType) -> Chain {
    let steps = vec![
        ChainStep::Cast(to, Input(0)),
        ChainStep::Cast(back, Step(0)),
        ChainStep::Binary(BinaryOp::Sub, Step(1), Input(0)),
    ];
    Chain::new("rounded", steps, EXACT)
}

fn floats(cases: &mut Cases, dtype: DType) {
    for dims in [&[][..], &[0, 3], &[1], &[2, 3, 5], &[1027]] {
        let operands = |count| vec![Operand::new(dtype, dims, Fill::Spread); count];
        smooth().add(cases, Layout::Dense, operands(3), (dtype, dims));
        larger().add(cases, Layout::Dense, operands(2), (dtype, dims));
    }
    for layout in [Layout::Transposed, Layout::Narrowed, Layout::Params] {
        let operands = vec![Operand::new(dtype, &[3, 5], Fill::Spread); 3];
        smooth().add(cases, layout, operands, (dtype, &[3, 5]));
    }
    if dtype != DType::BF16 {
        // What rounding to bf16 takes off, which is nothing where no value is rounded.
        let operands = vec![Operand::new(dtype, &[65], Fill::Within(1.0, 2.0))];
        rounded(DType::BF16, dtype).add(cases, Layout::Dense, operands, (dtype, &[65]));
    }
}

/// Inputs that are read over and over, whose first element is read alone, or which are resized first.
fn readings(cases: &mut Cases, dtype: DType) {
    let whole = |dims: &[usize]| Operand::new(dtype, dims, Fill::Spread);
    for (name, own, modulus, scalars) in [
        ("trailing", &[4][..], 4, 0),
        ("period", &[2], 2, 0),
        ("one", &[1], 1, 0),
        ("scalar", &[1], 0, 0b010),
        ("both", &[3, 4], 12, 0),
    ] {
        let mut reading = Reading { scalars, ..Reading::ALL };
        reading.modulus[1] = modulus;
        let operands = vec![whole(&[2, 3, 4]), whole(own), whole(&[2, 3, 4])];
        smooth().read_as(name, reading).add(cases, Layout::Dense, operands, (dtype, &[2, 3, 4]));
    }
    for of in [0, 2] {
        let small = |at| if at == of { whole(&[1, 2, 2, 3]) } else { whole(&[1, 2, 4, 6]) };
        let reading = Reading { resized: Some(of), ..Reading::ALL };
        let operands = (0..3).map(small).collect();
        let chain = smooth().read_as(&format!("resized{of}"), reading);
        chain.add(cases, Layout::Dense, operands, (dtype, &[1, 2, 4, 6]));
    }
}

fn prologue(resized: Option<usize>) -> RegionPrologue {
    if resized.is_some() { RegionPrologue::ResizeNearest2x } else { RegionPrologue::None }
}

/// One chain over several arrays.
fn batches(cases: &mut Cases, dtype: DType) {
    let chain =
        vec![ChainStep::Activation(Activation::Sigmoid, Input(0)), ChainStep::Binary(BinaryOp::Mul, Step(0), Input(0))];
    for (count, own, dims, resized) in [
        (1, &[2, 3][..], &[2, 3][..], None),
        (3, &[2, 3], &[6, 3], None),
        (2, &[0, 3], &[0, 3], None),
        (2, &[1, 2, 2, 3], &[2, 2, 4, 6], Some(0)),
    ] {
        let op = Op::BatchElementwiseRegion {
            chain: chain.clone(),
            num_batch_inputs: count as u32,
            scalar_input_mask: 0,
            input_modulus: [0; 16],
            prologue: prologue(resized),
            prologue_input: 0,
        };
        let operands = vec![Operand::new(dtype, own, Fill::Spread); count];
        let (name, chain) = (if resized.is_some() { "batch/resized" } else { "batch/plain" }, chain.clone());
        cases.add(name, op, operands, (dtype, dims), move |x| batch(&chain, x, resized.is_some(), (dtype, dims)));
    }
}

fn transforms(cases: &mut Cases, dtype: DType) {
    for (times, own, dims) in [
        (1, &[1, 2, 3, 1][..], &[1, 2, 6, 2][..]),
        (2, &[2, 1, 1, 3], &[2, 1, 4, 12]),
        (1, &[0, 2, 3, 1], &[0, 2, 6, 2]),
    ] {
        let from = |at: u32| if at == 0 { Input(0) } else { Step(at - 1) };
        let steps = (0..times).map(|at| TransformStep::ResizeNearest2x(from(at))).collect();
        let op = Op::TransformRegion { steps, num_inputs: 1 };
        let operand = Operand::new(dtype, own, Fill::Extremes);
        cases.add(&format!("transform/{times}"), op, vec![operand], (dtype, dims), move |x| {
            resized(&x[0], 1 << times, dims)
        });
    }
}
