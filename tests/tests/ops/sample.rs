//! `Op::Sample` against the definition: of the tokens that are left, the first one at which the sum of their probabilities
//! reaches the generator's number.

use rlx_ir::{DType, Op, Philox4x32};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::oracle;
use rlx_mlx_tests::plugin::{MODES, refusal, run_bytes, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

#[derive(Debug, Clone, Copy)]
struct How {
    top_k: usize,
    top_p: f32,
    temperature: f32,
    seed: u64,
}

const PLAIN: How = How { top_k: 0, top_p: 1.0, temperature: 1.0, seed: 7 };

impl How {
    fn op(self) -> Op {
        let Self { top_k, top_p, temperature, seed } = self;
        Op::Sample { top_k, top_p, temperature, seed }
    }
}

/// The probabilities of a row, those of tokens that are cut off 0. A token is before another that has a lower logit, or
/// the same and a higher index.
fn probabilities(logits: &[f64], how: How) -> Vec<f64> {
    let count = logits.len();
    let before = |a: usize, b: usize| logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    let rank: Vec<usize> = (0..count).map(|t| (0..count).filter(|&other| before(other, t)).count()).collect();
    let temperature = f64::from(how.temperature).max(1e-6);
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let normalized = |keep: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let weight = |t| if keep(t) { ((logits[t] - greatest) / temperature).exp() } else { 0.0 };
        let weights: Vec<f64> = (0..count).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| w / sum).collect()
    };
    let by_k = normalized(&|t| how.top_k == 0 || rank[t] < how.top_k);
    // What the tokens before it do not make up yet.
    let sum_before = |t: usize| (0..count).filter(|&other| rank[other] < rank[t]).map(|other| by_k[other]).sum::<f64>();
    normalized(&|t| by_k[t] > 0.0 && (how.top_p >= 1.0 || rank[t] == 0 || sum_before(t) < f64::from(how.top_p)))
}

fn drawn(logits: &Tensor, how: How) -> Vec<f64> {
    let width = *logits.dims.last().unwrap();
    let mut generator = Philox4x32::new(if how.seed == 0 { 0xDEAD_BEEF } else { how.seed });
    logits
        .values
        .chunks_exact(width)
        .map(|row| {
            let (number, mut sum) = (f64::from(generator.next_f32()), 0.0);
            let found = probabilities(row, how).iter().position(|p| {
                sum += p;
                *p > 0.0 && sum >= number
            });
            found.unwrap() as f64
        })
        .collect()
}

fn case(logits: &Tensor, how: How, dtype: DType, layout: Layout) -> Case {
    one_op(how.op(), &[logits], layout, &logits.dims[..logits.dims.len() - 1], dtype)
}

const HOWS: [How; 9] = [
    PLAIN,
    How { temperature: 0.3, ..PLAIN },
    How { temperature: 4.0, seed: 0, ..PLAIN },
    How { top_k: 1, ..PLAIN },
    How { top_k: 5, ..PLAIN },
    How { top_k: 1000, seed: u64::MAX, ..PLAIN },
    How { top_p: 0.5, ..PLAIN },
    How { top_p: 0.0, ..PLAIN },
    How { top_k: 6, top_p: 0.8, temperature: 0.7, seed: 123_456_789_012 },
];

#[test]
fn the_tokens_that_the_generator_names() {
    for how in HOWS {
        for dims in [&[40, 11][..], &[3, 5, 17], &[1, 1], &[6, 1], &[0, 4]] {
            let logits = Tensor::random(dims, 1);
            let want = drawn(&logits, how);
            for layout in Layout::ALL {
                for dtype in [DType::F32, DType::I32, DType::I64] {
                    assert_eq!(run_one(&case(&logits, how, dtype, layout)).values, want, "{how:?} {dims:?} {layout:?}");
                }
            }
        }
    }
}

#[test]
fn rlx_cpu_draws_the_same() {
    for how in HOWS {
        let case = case(&Tensor::random(&[60, 23], 5), how, DType::F32, Layout::Dense);
        assert_eq!(run_one(&case).values, oracle::run(&case)[0], "{how:?}");
    }
}

#[test]
fn one_row_without_an_axis_of_rows() {
    let logits = Tensor::random(&[9], 2);
    for dims in [&[][..], &[1]] {
        let got = run_one(&one_op(PLAIN.op(), &[&logits], Layout::Dense, dims, DType::F32));
        assert_eq!(got.values, drawn(&logits, PLAIN));
    }
}

#[test]
fn logits_of_every_float() {
    for dtype in [DType::F16, DType::BF16, DType::F64] {
        let logits = Tensor::random(&[30, 12], 3).to(dtype);
        for how in HOWS {
            assert_eq!(
                run_one(&case(&logits, how, DType::I32, Layout::Dense)).values,
                drawn(&logits, how),
                "{dtype:?}"
            );
        }
    }
}

/// Five standard deviations from what is expected of 4000 rows.
#[test]
fn tokens_come_as_often_as_their_probabilities_say() {
    let (rows, row) = (4000, [0.5, -1.0, 2.0, 0.0, 1.0, -3.0]);
    let logits = Tensor::f32(&[rows, 6], row.repeat(rows));
    for how in [PLAIN, How { top_k: 3, ..PLAIN }, How { top_p: 0.9, temperature: 2.0, ..PLAIN }] {
        let got = run_one(&case(&logits, how, DType::I32, Layout::Dense)).values;
        for (token, p) in probabilities(&row, how).into_iter().enumerate() {
            let count = got.iter().filter(|&&t| t == token as f64).count() as f64;
            let (mean, deviation) = (rows as f64 * p, (rows as f64 * p * (1.0 - p)).sqrt());
            assert!((count - mean).abs() <= 5.0 * deviation, "{how:?}: token {token} {count} times, expected {mean}");
        }
    }
}

/// Of equal logits the lower indices are left, and no more than `top_k` of them.
#[test]
fn ties_go_to_the_lowest_index() {
    let rows = 200;
    let logits = Tensor::f32(&[rows, 6], [0.0, 3.0, 3.0, 3.0, 3.0, 0.0].repeat(rows));
    let tokens = |how: How| {
        let got = run_one(&case(&logits, how, DType::I32, Layout::Dense)).values;
        let mut found: Vec<i64> = got.iter().map(|&t| t as i64).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    assert_eq!(tokens(How { top_k: 1, ..PLAIN }), [1]);
    assert_eq!(tokens(How { top_k: 2, ..PLAIN }), [1, 2]);
    assert_eq!(tokens(How { top_p: 0.1, ..PLAIN }), [1]);
    assert_eq!(tokens(How { top_p: 0.4, ..PLAIN }), [1, 2]);
    assert_eq!(tokens(How { temperature: 0.0, ..PLAIN }), [1, 2, 3, 4]);
}

#[test]
fn a_run_draws_what_the_run_before_drew_and_another_seed_something_else() {
    let logits = Tensor::f32(&[50, 20], vec![0.0; 1000]);
    let draw = |seed| run_one(&case(&logits, How { seed, ..PLAIN }, DType::I32, Layout::Dense)).values;
    assert_eq!(draw(1), draw(1));
    assert_eq!(draw(0), draw(0xDEAD_BEEF));
    assert!(draw(1) != draw(2) && draw(1) != draw(1 + (1 << 40)));
}

#[test]
fn infinite_logits() {
    let inf = f64::INFINITY;
    let logits = Tensor::f32(&[60, 4], [-inf, 1.0, -inf, 1.0].repeat(60));
    let got = run_one(&case(&logits, PLAIN, DType::I32, Layout::Dense)).values;
    assert!([1.0, 3.0].iter().all(|t| got.contains(t)) && got.iter().all(|t| [1.0, 3.0].contains(t)), "{got:?}");
    let logits = Tensor::f32(&[60, 4], [1e30, inf, 0.0, inf].repeat(60));
    for how in [PLAIN, How { temperature: f32::INFINITY, ..PLAIN }, How { top_k: 2, ..PLAIN }] {
        let got = run_one(&case(&logits, how, DType::I32, Layout::Dense)).values;
        assert!(
            [1.0, 3.0].iter().all(|t| got.contains(t)) && got.iter().all(|t| [1.0, 3.0].contains(t)),
            "{how:?}: {got:?}"
        );
    }
    // Without a temperature to speak of all tokens are alike, but those of -inf.
    let logits = Tensor::f32(&[90, 3], [5.0, -inf, -20.0].repeat(90));
    let got = run_one(&case(&logits, How { temperature: f32::INFINITY, ..PLAIN }, DType::I32, Layout::Dense)).values;
    assert!([0.0, 2.0].iter().all(|t| got.contains(t)) && !got.contains(&1.0), "{got:?}");
}

#[test]
fn rows_that_have_no_distribution_end_the_run() {
    for (row, word) in [([1.0, f64::NAN], "NaN"), ([f64::NEG_INFINITY; 2], "-inf")] {
        let logits = Tensor::f32(&[2, 2], [[0.0, 0.0], row].concat());
        for mode in MODES {
            let error = run_bytes(&case(&logits, PLAIN, DType::I32, Layout::Dense), mode).unwrap_err();
            assert!(["Sample", "row 1", word].iter().all(|part| error.message().contains(part)), "{error}");
        }
    }
}

#[test]
fn what_a_dtype_cannot_name_is_refused() {
    for (dtype, tokens) in
        [(DType::BF16, 258), (DType::F16, 2050), (DType::I8, 129), (DType::U8, 257), (DType::Bool, 2)]
    {
        let logits = Tensor::random(&[1, tokens], 1);
        let error = refusal(&case(&logits, PLAIN, dtype, Layout::Dense));
        assert!(error.message().contains("Sample") && error.message().contains("i32"), "{error}");
    }
    let largest = indices(&[257]).map(|at| if at[0] == 256 { 0.0 } else { f64::NEG_INFINITY });
    let logits = Tensor::f32(&[1, 257], largest.collect::<Vec<_>>());
    assert_eq!(run_one(&case(&logits, PLAIN, DType::BF16, Layout::Dense)).values, [256.0]);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let refused =
        |logits: &Tensor, dims: &[usize]| refusal(&one_op(PLAIN.op(), &[logits], Layout::Dense, dims, DType::F32));
    assert!(refused(&Tensor::random(&[2, 3], 1), &[3]).message().contains("2 rows"));
    assert!(refused(&Tensor::random(&[2, 0], 1), &[2]).message().contains("no token"));
    assert!(refused(&Tensor::random(&[], 1), &[]).message().contains("without an axis"));
    assert!(refused(&Tensor::of(DType::I32, &[1, 2], [0.0, 1.0]), &[1]).message().contains("i32"));
}
