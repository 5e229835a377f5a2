//! What is done to the elements of a result while they are in the cache.

use crate::vector::{Function, map_in_place};
use pulp::Simd;

/// An operation of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
}

/// The other number of an operation.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// The same everywhere.
    Scalar(f32),
    /// One a channel.
    Channel(&'a [f32]),
    /// One an element: dense, of the result's shape.
    Array(&'a [f32]),
    /// What the result's memory held before.
    Result,
    /// What the last [`Step::Keep`] kept.
    Kept,
}

/// What is done to each element, rounded to f32 as an operation of its own.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// `value op other`; `other op value` where it is turned.
    Binary { op: Binary, other: Operand<'a>, turned: bool },
    /// The larger of it and `min`, then the smaller of that and `max`; NaN stays.
    Clamp { min: f32, max: f32 },
    /// A function of it.
    Map(Function),
    /// Nothing: a later step takes the value that it has here.
    Keep,
}

/// Steps that are done to a tile in registers: those of most convolutions, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Direct<'a> {
    pub(super) bias: Option<&'a [f32]>,
    pub(super) array: Option<Operand<'a>>,
    pub(super) is_relu: bool,
}

impl<'a> Direct<'a> {
    /// All of these steps, if they are such.
    pub(super) fn of(steps: &[Step<'a>]) -> Option<Self> {
        let mut rest = steps.iter().copied().peekable();
        let bias =
            rest.next_if(|step| matches!(step, Step::Binary { op: Binary::Add, other: Operand::Channel(_), .. }));
        let is_array = |step: &Step<'_>| {
            matches!(step, Step::Binary { op: Binary::Add, other: Operand::Array(_) | Operand::Result, .. })
        };
        let array = rest.next_if(is_array);
        let relu = rest.next_if(|step| matches!(step, Step::Map(Function::Relu)));
        let other = |step| match step {
            Some(Step::Binary { other, .. }) => Some(other),
            _ => None,
        };
        let bias = match other(bias) {
            Some(Operand::Channel(numbers)) => Some(numbers),
            _ => None,
        };
        let found = Self { bias, array: other(array), is_relu: relu.is_some() };
        rest.next().is_none().then_some(found)
    }
}

impl<'a> Step<'a> {
    /// Whether it reads what the result's memory held before.
    pub(super) fn reads_result(&self) -> bool {
        matches!(self, Self::Binary { other: Operand::Result, .. })
    }

    /// Whether it reads an element's own number.
    pub(super) fn reads_array(&self) -> bool {
        matches!(self, Self::Binary { other: Operand::Array(_) | Operand::Result, .. })
    }

    /// The step where that is in an array.
    pub(super) fn with_result(self, before: &'a [f32]) -> Self {
        match self {
            Self::Binary { op, other: Operand::Result, turned } => {
                Self::Binary { op, other: Operand::Array(before), turned }
            }
            step => step,
        }
    }
}

impl Operand<'_> {
    /// Where the number for the result's first element is, of an operand that has one for each; `y` is that element.
    pub(super) fn first(&self, y: *mut f32) -> *const f32 {
        match self {
            Self::Array(array) => array.as_ptr(),
            _ => y,
        }
    }
}

/// Elements of a block at most: they and those that are kept stay in the first-level cache.
pub(super) const BLOCK: usize = 512;

/// Some elements of a result: rows of `width` numbers in a block, of which the first `columns` are elements. `width` is a
/// multiple of a vector.
pub(super) struct Place {
    /// Where the first row's first element is in the result, and how far the next row's is behind it.
    pub(super) first: usize,
    pub(super) stride: usize,
    /// The channel of the first row; each row has the next one.
    pub(super) channel: usize,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) columns: usize,
    /// The result's first element. Those of the place are read if a step asks for them.
    pub(super) y: *mut f32,
}

/// Two blocks: values, and those that are kept.
pub(super) struct Blocks {
    pub(super) values: [f32; BLOCK],
    kept: [f32; BLOCK],
}

impl Blocks {
    pub(super) const fn new() -> Self {
        Self { values: [0.0; BLOCK], kept: [0.0; BLOCK] }
    }

    /// Does the steps to the elements of a place.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(&mut self, s: S, steps: &[Step<'_>], place: &Place) {
        let len = place.rows * place.width;
        let (values, kept) = (&mut self.values[..len], &mut self.kept[..len]);
        for step in steps {
            match *step {
                Step::Binary { op, other, turned } => {
                    macro_rules! each {
                        (|$x:ident, $y:ident| $value:expr) => {
                            with(
                                s,
                                values,
                                kept,
                                other,
                                place,
                                #[inline(always)]
                                |$x, $y| $value,
                            )
                        };
                    }
                    match (op, turned) {
                        (Binary::Add, _) => each!(|x, y| s.add_f32s(x, y)),
                        (Binary::Mul, _) => each!(|x, y| s.mul_f32s(x, y)),
                        (Binary::Sub, false) => each!(|x, y| s.sub_f32s(x, y)),
                        (Binary::Sub, true) => each!(|x, y| s.sub_f32s(y, x)),
                        (Binary::Div, false) => each!(|x, y| s.div_f32s(x, y)),
                        (Binary::Div, true) => each!(|x, y| s.div_f32s(y, x)),
                    }
                }
                Step::Clamp { min, max } => {
                    let (min, max) = (s.splat_f32s(min), s.splat_f32s(max));
                    for x in S::as_mut_simd_f32s(values).0 {
                        let both = s.min_f32s(s.max_f32s(*x, min), max);
                        *x = s.select_f32s(s.equal_f32s(*x, *x), both, *x);
                    }
                }
                Step::Map(function) => map_in_place(s, function, values),
                Step::Keep => kept.copy_from_slice(values),
            }
        }
    }
}

/// `f` of each value and its other number.
#[inline(always)]
fn with<S: Simd>(
    s: S,
    values: &mut [f32],
    kept: &[f32],
    other: Operand<'_>,
    place: &Place,
    f: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    match other {
        Operand::Scalar(number) => {
            let number = s.splat_f32s(number);
            for x in S::as_mut_simd_f32s(values).0 {
                *x = f(*x, number);
            }
        }
        Operand::Channel(numbers) => {
            let numbers = &numbers[place.channel..place.channel + place.rows];
            for (row, &number) in values.chunks_exact_mut(place.width).zip(numbers) {
                let number = s.splat_f32s(number);
                for x in S::as_mut_simd_f32s(row).0 {
                    *x = f(*x, number);
                }
            }
        }
        Operand::Array(_) | Operand::Result => {
            for (i, row) in values.chunks_exact_mut(place.width).enumerate() {
                let first = place.first + i * place.stride;
                let others = match other {
                    Operand::Array(array) => &array[first..],
                    // SAFETY: elements of the place, which nobody else writes or reads, and this writes later.
                    _ => unsafe { std::slice::from_raw_parts(place.y.add(first), place.columns) },
                };
                for (at, x) in S::as_mut_simd_f32s(row).0.iter_mut().enumerate() {
                    let others = others.get(at * S::F32_LANES..).unwrap_or_default();
                    let (head, _) = S::as_simd_f32s(others);
                    let y = match head.first() {
                        Some(&y) => y,
                        None => s.partial_load_f32s(others),
                    };
                    *x = f(*x, y);
                }
            }
        }
        Operand::Kept => {
            let (kept, _) = S::as_simd_f32s(kept);
            for (x, &y) in S::as_mut_simd_f32s(values).0.iter_mut().zip(kept) {
                *x = f(*x, y);
            }
        }
    }
}

/// Does the steps to the first elements of a channel's part of the result: `y` starts `first` elements behind the result's
/// start.
#[inline(always)]
pub(super) fn finish_row<S: Simd>(
    s: S,
    steps: &[Step<'_>],
    blocks: &mut Blocks,
    y: &mut [f32],
    first: usize,
    channel: usize,
) {
    if steps.is_empty() {
        return;
    }
    for (part, y) in y.chunks_mut(BLOCK).enumerate() {
        blocks.values[..y.len()].copy_from_slice(y);
        let place = Place {
            first: first + part * BLOCK,
            stride: 0,
            channel,
            rows: 1,
            width: y.len().next_multiple_of(S::F32_LANES),
            columns: y.len(),
            // No step reads the result where it is written before steps are done.
            y: std::ptr::null_mut(),
        };
        blocks.apply(s, steps, &place);
        y.copy_from_slice(&blocks.values[..y.len()]);
    }
}
