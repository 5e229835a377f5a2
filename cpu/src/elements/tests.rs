use super::*;
use crate::unary::Function;
use crate::vector;

/// Numbers of all kinds: signed zeros, infinities, NaN, small and large ones.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let special =
        [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0, -1.0, f32::MIN_POSITIVE / 4.0, f32::MAX, 2.0];
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..count)
        .map(|_| match next() % 8 {
            0 => special[next() as usize % special.len()],
            1 => f32::from_bits(next()),
            _ => (next() as f32 / u32::MAX as f32 - 0.5) * 8.0,
        })
        .collect()
}

fn one(step: &Step, [a, b, c]: [f32; 3]) -> f32 {
    let bool = |value: bool| f32::from(u8::from(value));
    match *step {
        Step::Map(Map::Relu, _) => {
            if a <= 0.0 {
                0.0
            } else {
                a
            }
        }
        Step::Map(Map::Neg, _) => -a,
        Step::Map(Map::Abs, _) => a.abs(),
        Step::Map(Map::Recip, _) => 1.0 / a,
        Step::Map(Map::Round, _) => a.round_ties_even(),
        Step::Map(Map::Floor, _) => a.floor(),
        Step::Map(Map::Ceil, _) => a.ceil(),
        Step::Map(Map::ToBool, _) => bool(a != 0.0),
        Step::Map(Map::Function(function), _) => {
            let (mut y, x) = ([a], [a]);
            match vector::Function::of(function) {
                Some(function) => vector::map(function, &mut y),
                None => unary::map(function, &x, &mut y),
            }
            y[0]
        }
        Step::Binary(Binary::Add, _) => a + b,
        Step::Binary(Binary::Sub, _) => a - b,
        Step::Binary(Binary::Mul, _) => a * b,
        Step::Binary(Binary::Div, _) => a / b,
        Step::Binary(Binary::Max, _) if a.is_nan() || b.is_nan() => f32::NAN,
        Step::Binary(Binary::Min, _) if a.is_nan() || b.is_nan() => f32::NAN,
        Step::Binary(Binary::Max, _) => {
            if a > b {
                a
            } else {
                b
            }
        }
        Step::Binary(Binary::Min, _) => {
            if a < b {
                a
            } else {
                b
            }
        }
        Step::Binary(Binary::Pow, _) => {
            if b == 2.0 {
                a * a
            } else {
                a.powf(b)
            }
        }
        Step::Compare(Compare::Eq, _) => bool(a == b),
        Step::Compare(Compare::Ne, _) => bool(a != b),
        Step::Compare(Compare::Lt, _) => bool(a < b),
        Step::Compare(Compare::Le, _) => bool(a <= b),
        Step::Compare(Compare::Gt, _) => bool(a > b),
        Step::Compare(Compare::Ge, _) => bool(a >= b),
        Step::Select(_) => {
            if a != 0.0 {
                b
            } else {
                c
            }
        }
    }
}

/// The chain element by element.
fn expected(steps: &[Step], inputs: &[Input<'_>], dims: &[usize]) -> Vec<f32> {
    let element = |input: &Input<'_>, mut at: usize| {
        let (mut index, mut stride) = (0, 1);
        for axis in (0..dims.len()).rev() {
            let own = (axis + input.dims.len()).checked_sub(dims.len()).map(|own| input.dims[own]);
            index += if own == Some(dims[axis]) { at % dims[axis] * stride } else { 0 };
            stride *= own.unwrap_or(1);
            at /= dims[axis];
        }
        match input.data {
            Data::Floats(x) => x[index],
            Data::Bools(x) => f32::from(u8::from(x[index] != 0)),
        }
    };
    (0..dims.iter().product())
        .map(|at| {
            let mut done: Vec<f32> = Vec::new();
            for step in steps {
                let read = |source: &Source| match *source {
                    Source::Input(i) => element(&inputs[i], at),
                    Source::Step(i) => done[i],
                    Source::Number(value) => value,
                };
                let sources: Vec<f32> = step.sources().iter().map(read).collect();
                let value = one(step, std::array::from_fn(|i| sources.get(i).copied().unwrap_or_default()));
                done.push(value);
            }
            done[steps.len() - 1]
        })
        .collect()
}

fn check(steps: &[Step], inputs: &[Input<'_>], dims: &[usize]) {
    let want = expected(steps, inputs, dims);
    let chain = Chain::new(steps, inputs.len()).unwrap();
    let is_same = |a: f32, b: f32| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    for limit in [1, 2, 3, 8] {
        let (mut y, mut bools) = (vec![9f32; want.len()], vec![9u8; want.len()]);
        threads::with_limit(limit, || {
            chain.run(inputs, dims, Places::Floats(&mut y)).unwrap();
            chain.run(inputs, dims, Places::Bools(&mut bools)).unwrap();
        });
        for (at, (&y, &want)) in y.iter().zip(&want).enumerate() {
            assert!(is_same(y, want), "{steps:?} of {dims:?} on {limit} threads: element {at} is {y}, not {want}");
            assert_eq!(bools[at], u8::from(want != 0.0), "{steps:?} of {dims:?}: element {at}");
        }
    }
}

fn whole<'a>(x: &'a [f32], dims: &'a [usize]) -> Input<'a> {
    Input { data: Data::Floats(x), dims }
}

const ALL_BINARY: [Binary; 7] =
    [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min, Binary::Pow];
const ALL_COMPARE: [Compare; 6] = [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];

#[test]
fn every_step_is_its_operation() {
    let source = [Source::Input(0), Source::Input(1)];
    let mut steps: Vec<Step> = ALL_BINARY.map(|op| Step::Binary(op, source)).to_vec();
    steps.extend(ALL_COMPARE.map(|op| Step::Compare(op, source)));
    steps.extend(
        [Map::Relu, Map::Neg, Map::Abs, Map::Recip, Map::Round, Map::Floor, Map::Ceil, Map::ToBool]
            .map(|map| Step::Map(map, source[0])),
    );
    let functions = [
        Function::Exp,
        Function::Log,
        Function::Sqrt,
        Function::Rsqrt,
        Function::Sin,
        Function::Tanh,
        Function::Gelu,
        Function::Silu,
        Function::Softplus,
        Function::Sign,
    ];
    steps.extend(functions.map(|function| Step::Map(Map::Function(function), source[0])));
    steps.push(Step::Select([source[0], source[1], Source::Number(-0.0)]));
    for count in [0, 1, 5, 16, 1023, 1025, 40_000] {
        let (x, y, dims) = (values(count, 3), values(count, 17), [count]);
        for step in &steps {
            check(std::slice::from_ref(step), &[whole(&x, &dims), whole(&y, &dims)], &dims);
        }
    }
}

#[test]
fn inputs_broadcast_along_any_axes() {
    let cases: [(&[usize], &[&[usize]]); 14] = [
        (&[], &[&[], &[]]),
        (&[1], &[&[], &[1]]),
        (&[7], &[&[1], &[7]]),
        (&[3, 5], &[&[3, 1], &[5]]),
        (&[3, 5], &[&[1, 5], &[1, 1]]),
        (&[70, 384], &[&[70, 384], &[384]]),
        (&[70, 384], &[&[70, 1], &[384]]),
        (&[3, 5000], &[&[5000], &[3, 1]]),
        (&[2, 3, 17], &[&[1, 3, 1], &[2, 1, 17]]),
        (&[2, 3, 4, 5], &[&[2, 1, 4, 1], &[3, 1, 5]]),
        (&[4, 64, 33], &[&[64, 1], &[4, 64, 33]]),
        (&[2, 1, 3, 2, 2, 3], &[&[2, 1, 1, 2, 1, 3], &[3, 1, 2, 1]]),
        (&[2, 0, 3], &[&[2, 1, 3], &[0, 3]]),
        (&[40_000, 2], &[&[40_000, 1], &[2]]),
    ];
    for (dims, [first, second]) in cases.map(|(dims, own)| (dims, [own[0], own[1]])) {
        let data = [first, second].map(|own| values(own.iter().product(), 5));
        let flags: Vec<u8> = data[1].iter().map(|&v| u8::from(v > 0.0) * 3).collect();
        let [a, b] = [whole(&data[0], first), whole(&data[1], second)];
        check(&[Step::Binary(Binary::Sub, [Source::Input(0), Source::Input(1)])], &[a, b], dims);
        let flags = Input { data: Data::Bools(&flags), dims: second };
        check(&[Step::Select([Source::Input(1), Source::Input(0), Source::Number(4.0)])], &[a, flags], dims);
    }
}

#[test]
fn steps_read_all_that_is_before_them() {
    use Source::{Input as In, Number, Step as Of};
    let steps = [
        Step::Binary(Binary::Add, [In(0), In(1)]),
        Step::Map(Map::Function(Function::Sigmoid), Of(0)),
        Step::Binary(Binary::Mul, [Of(0), Of(1)]),
        Step::Compare(Compare::Gt, [Of(2), Number(0.25)]),
        Step::Binary(Binary::Max, [Of(2), Number(-1.0)]),
        Step::Binary(Binary::Min, [Of(4), Number(1.0)]),
        Step::Select([Of(3), Of(5), Of(0)]),
        Step::Binary(Binary::Pow, [Of(6), Number(2.0)]),
        Step::Binary(Binary::Sub, [Of(7), Of(7)]),
        Step::Binary(Binary::Div, [Of(8), Of(1)]),
        Step::Binary(Binary::Add, [Of(9), Of(2)]),
    ];
    for dims in [vec![1], vec![3, 1000], vec![129, 513]] {
        let (x, bias) = (values(dims.iter().product(), 11), values(*dims.last().unwrap(), 13));
        check(&steps, &[whole(&x, &dims), whole(&bias, &dims[dims.len() - 1..])], &dims);
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let add = Step::Binary(Binary::Add, [Source::Input(0), Source::Input(1)]);
    assert!(Chain::new(&[], 0).is_none());
    assert!(Chain::new(&[add], 1).is_none());
    assert!(Chain::new(&[Step::Map(Map::Neg, Source::Step(0))], 1).is_none());
    let chain = Chain::new(&[add], 2).unwrap();
    let (x, mut y) = ([1f32; 6], [0f32; 6]);
    for (own, dims) in [(&[3usize][..], &[6usize][..]), (&[6], &[5]), (&[1, 6], &[6]), (&[2, 3], &[3, 2])] {
        let found = chain.run(&[whole(&x, own), whole(&x, own)], dims, Places::Floats(&mut y));
        assert!(found.is_err(), "{own:?} {dims:?}");
    }
}
