//! `Op::Conv` and `Op::ConvTranspose2d` with what follows them, as importers write it: affine steps, `x * clamp(x + 3) / 6`, residuals. The values are
//! those of one node after the other, and the modes, of which one computes nodes one by one, agree to the last bit.

use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::assert_within;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::run;
use rlx_mlx_tests::tensor::{Tensor, indices};

/// A convolution of ones: each element is the sum of the channels of its group, so that what follows is plain to compute.
struct Chain {
    case: Case,
    dims: [usize; 4],
    last: NodeId,
    values: Vec<f64>,
}

/// What is done with the last value and another one.
type Of = fn(f64, f64) -> f64;

impl Chain {
    /// From `[n, c, h, w]` to as many filters, in groups of one channel or in one group.
    fn new(dims: [usize; 4], groups: usize) -> Self {
        let [n, c, h, w] = dims;
        let mut case = Case::new();
        let x = Tensor::random(&dims, 1);
        let ones = Tensor::f32(&[c, c / groups, 1, 1], vec![1.0; c * c / groups]);
        let operands = [case.input(&x), case.input(&ones)];
        let [kernel_size, stride, dilation] = [1, 1, 1].map(|one| vec![one; 2]);
        let op = Op::Conv { kernel_size, stride, padding: vec![0; 2], dilation, groups };
        let last = case.add(op, &operands, &dims, DType::F32);
        let per_group = c / groups;
        let sum = |i: &[usize]| -> f64 {
            let first = i[1] / per_group * per_group;
            (first..first + per_group).map(|channel| x.at(&[i[0], channel, i[2], i[3]])).sum()
        };
        let values = indices(&[n, c, h, w]).map(|i| sum(&i)).collect();
        Self { case, dims, last, values }
    }

    /// From `[n, c, h / 2, w / 2]`, each element four times.
    fn transposed(dims: [usize; 4]) -> Self {
        let [n, c, h, w] = dims;
        let mut case = Case::new();
        let x = Tensor::random(&[n, c, h / 2, w / 2], 1);
        let operands = [case.input(&x), case.input(&Tensor::f32(&[c, c, 2, 2], vec![1.0; c * c * 4]))];
        let [kernel_size, stride] = [2, 2].map(|two| vec![two; 2]);
        let [padding, output_padding, dilation] = [0, 0, 1].map(|number| vec![number; 2]);
        let op = Op::ConvTranspose2d { kernel_size, stride, padding, dilation, output_padding, groups: 1 };
        let last = case.add(op, &operands, &dims, DType::F32);
        let sum = |i: &[usize]| -> f64 { (0..c).map(|channel| x.at(&[i[0], channel, i[2] / 2, i[3] / 2])).sum() };
        let values = indices(&dims).map(|i| sum(&i)).collect();
        Self { case, dims, last, values }
    }

    fn node(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.case.add(op, inputs, &self.dims, DType::F32)
    }

    /// The last value and another one, or the other way around.
    fn with(&mut self, op: BinaryOp, other: &Tensor, turned: bool, of: Of) {
        let id = self.case.input(other);
        let inputs = if turned { [id, self.last] } else { [self.last, id] };
        self.last = self.node(Op::Binary(op), &inputs);
        let missing = 4 - other.dims.len();
        for (value, i) in self.values.iter_mut().zip(indices(&self.dims)) {
            let at: Vec<usize> = other.dims.iter().zip(&i[missing..]).map(|(&extent, &i)| i.min(extent - 1)).collect();
            *value = if turned { of(other.at(&at), *value) } else { of(*value, other.at(&at)) };
        }
    }

    fn scalar(&mut self, op: BinaryOp, number: f64, turned: bool, of: Of) {
        self.with(op, &Tensor::f32(&[1], [number]), turned, of);
    }

    fn clamp(&mut self, min: f32, max: f32) {
        self.last = self.node(Op::Clamp { min, max }, &[self.last]);
        self.values.iter_mut().for_each(|value| *value = value.max(min.into()).min(max.into()));
    }

    /// x times a clamped x + 3, over 6: of a value that two nodes read.
    fn gate(&mut self) {
        let (kept, values) = (self.last, self.values.clone());
        self.scalar(BinaryOp::Add, 3.0, false, |x, y| x + y);
        self.clamp(0.0, 6.0);
        self.last = self.node(Op::Binary(BinaryOp::Mul), &[kept, self.last]);
        self.values.iter_mut().zip(values).for_each(|(value, kept)| *value *= kept);
        self.scalar(BinaryOp::Div, 6.0, false, |x, y| x / y);
    }

    fn relu(&mut self) {
        self.last = self.node(Op::Activation(Activation::Relu), &[self.last]);
        self.values.iter_mut().for_each(|value| *value = value.max(0.0));
    }

    /// Compares the last value, and `others`.
    fn check(self, what: &str, others: &[(NodeId, Vec<f64>)]) {
        let outputs: Vec<NodeId> = std::iter::once(self.last).chain(others.iter().map(|(id, _)| *id)).collect();
        let found = run(&self.case.outputs(&outputs));
        let wanted = std::iter::once(&self.values).chain(others.iter().map(|(_, values)| values));
        for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            assert_within(&format!("{what}, output {i}"), found, wanted, |_, value| 1e-5 * (1.0 + value.abs()));
        }
    }
}

/// By windows, by filters, by channels; transposed.
fn every_way() -> Vec<(&'static str, Chain)> {
    vec![
        ("windows", Chain::new([2, 6, 9, 11], 1)),
        ("filters", Chain::new([2, 40, 1, 3], 1)),
        ("one window", Chain::new([3, 40, 1, 1], 1)),
        ("groups", Chain::new([2, 12, 6, 7], 3)),
        ("channels", Chain::new([2, 5, 24, 25], 5)),
        ("one channel", Chain::new([2, 1, 5, 5], 1)),
        ("transposed", Chain::transposed([2, 3, 10, 14])),
    ]
}

#[test]
fn affine_steps_gates_and_residuals() {
    for (what, mut chain) in every_way() {
        let (dims, c) = (chain.dims, chain.dims[1]);
        chain.with(BinaryOp::Add, &Tensor::random(&[1, c, 1, 1], 2), false, |x, y| x + y);
        chain.scalar(BinaryOp::Mul, 1.7, true, |x, y| x * y);
        chain.with(BinaryOp::Sub, &Tensor::random(&[c, 1, 1], 3), true, |x, y| x - y);
        chain.gate();
        chain.with(BinaryOp::Sub, &Tensor::random(&dims, 4), false, |x, y| x - y);
        chain.gate();
        chain.relu();
        chain.scalar(BinaryOp::Add, 2.0, false, |x, y| x + y);
        chain.scalar(BinaryOp::Div, 3.0, true, |x, y| x / y);
        chain.check(what, &[]);
    }
}

/// A value from the middle is an output, or read by a node that is no part of the chain.
#[test]
fn values_that_others_read_are_there() {
    for (what, mut chain) in every_way() {
        chain.scalar(BinaryOp::Mul, 0.5, false, |x, y| x * y);
        let (inside, values) = (chain.last, chain.values.clone());
        chain.gate();
        chain.check(what, &[(inside, values)]);
    }
    for (what, mut chain) in every_way() {
        chain.scalar(BinaryOp::Mul, 0.5, false, |x, y| x * y);
        let (inside, values) = (chain.last, chain.values.clone());
        chain.relu();
        let other = chain.node(Op::Activation(Activation::Abs), &[inside]);
        chain.check(what, &[(other, values.iter().map(|value| value.abs()).collect())]);
    }
}

/// Two values are read again, the first one behind the second.
#[test]
fn values_that_are_kept_at_once() {
    for (what, mut chain) in every_way() {
        let (first, of_first) = (chain.last, chain.values.clone());
        chain.scalar(BinaryOp::Add, 1.0, false, |x, y| x + y);
        let (second, of_second) = (chain.last, chain.values.clone());
        chain.clamp(-0.5, 0.5);
        for (kept, values) in [(second, of_second), (first, of_first)] {
            chain.last = chain.node(Op::Binary(BinaryOp::Sub), &[kept, chain.last]);
            chain.values.iter_mut().zip(values).for_each(|(value, kept)| *value = kept - *value);
        }
        let twice = chain.last;
        chain.last = chain.node(Op::Binary(BinaryOp::Mul), &[twice, twice]);
        chain.values.iter_mut().for_each(|value| *value *= *value);
        chain.check(what, &[]);
    }
}

/// The other operand of a sum is a chain's end too.
#[test]
fn two_chains_that_meet() {
    let mut chain = Chain::new([1, 6, 7, 8], 1);
    chain.scalar(BinaryOp::Mul, 0.5, false, |x, y| x * y);
    let (first, values) = (chain.last, chain.values.clone());
    let w = chain.case.input(&Tensor::f32(&[6, 1, 1, 1], vec![2.0; 6]));
    let x = chain.case.input(&Tensor::f32(&[1, 6, 7, 8], vec![0.25; 6 * 7 * 8]));
    let [kernel_size, stride, dilation] = [1, 1, 1].map(|one| vec![one; 2]);
    let op = Op::Conv { kernel_size, stride, padding: vec![0; 2], dilation, groups: 6 };
    let second = chain.node(op, &[x, w]);
    let second = chain.node(Op::Activation(Activation::Relu), &[second]);
    chain.last = chain.node(Op::Binary(BinaryOp::Sub), &[second, first]);
    chain.values = values.iter().map(|value| 0.5 - value).collect();
    chain.check("two", &[]);
}
