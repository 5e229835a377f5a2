//! `Op::Attention`: layouts, masks, grouped and asymmetric heads, scale and soft cap, against loops in f64.

use rlx_ir::op::MaskKind;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

/// What the loops compute over `[B,H,S,D]` operands; masks are functions of (batch, head, query, key).
pub(crate) struct Reference<'a> {
    pub(crate) scale: f64,
    pub(crate) cap: Option<f64>,
    pub(crate) attends: &'a dyn Fn([usize; 4]) -> bool,
    pub(crate) bias: &'a dyn Fn([usize; 4]) -> f64,
}

impl Reference<'_> {
    pub(crate) fn run(&self, q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
        let (heads, kv_heads, keys) = (q.dims[1], k.dims[1], k.dims[2]);
        let dims = [q.dims[0], heads, q.dims[2], v.dims[3]];
        let values = indices(&dims).map(|at| {
            let [b, h, i, c] = at[..] else { unreachable!() };
            let kv = h / (heads / kv_heads);
            let scores: Vec<f64> = (0..keys)
                .map(|j| {
                    let dot: f64 = (0..q.dims[3]).map(|d| q.at(&[b, h, i, d]) * k.at(&[b, kv, j, d])).sum();
                    let score = self.cap.map_or(dot * self.scale, |cap| cap * (dot * self.scale / cap).tanh());
                    // A row in which nothing attends is an even average, as with any equal scores.
                    if (self.attends)([b, h, i, j]) { score + (self.bias)([b, h, i, j]) } else { -1e9 }
                })
                .collect();
            let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().enumerate().map(|(j, w)| w / sum * v.at(&[b, kv, j, c])).sum::<f64>()
        });
        Tensor::of(DType::F64, &dims, values.collect::<Vec<_>>())
    }
}

/// Scores of d products of values below 2 are sums of at most 4d, scaled; rounding them moves each weight by twice
/// their error, relatively; the weighted values are below 2. Half types round scores, weights and result once more.
pub(crate) fn assert_attention(what: &str, got: &Tensor, want: &Tensor, d: usize, scale: f64) {
    let size = 4.0 * d as f64 * scale;
    let half = if got.dtype == DType::F32 { 0.0 } else { epsilon(got.dtype) };
    let scores = size * (d as f64 + 4.0) * epsilon(DType::F32) + size * half;
    assert_within(what, got, &want.values, |_, _| 2.0 * (2.0 * scores + 16.0 * epsilon(DType::F32) + 2.0 * half));
}

/// Where the heads lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bhsd,
    Bshd,
    Packed,
    Unbatched,
}

impl Form {
    const ALL: [Self; 4] = [Self::Bhsd, Self::Bshd, Self::Packed, Self::Unbatched];

    /// A `[B,H,S,D]` tensor in this form.
    fn of(self, x: &Tensor) -> Tensor {
        let [b, h, s, d] = x.dims[..] else { unreachable!() };
        match self {
            Self::Bhsd => x.clone(),
            Self::Bshd => x.permuted(&[0, 2, 1, 3]),
            Self::Packed => x.permuted(&[0, 2, 1, 3]).reshaped(&[b, s, h * d]),
            Self::Unbatched => x.permuted(&[0, 2, 1, 3]).reshaped(&[s, h * d]),
        }
    }

    fn batch(self) -> usize {
        if self == Self::Unbatched { 1 } else { 2 }
    }
}

/// Sizes and attributes of one case; the batch comes from the form.
#[derive(Debug, Clone, Copy)]
struct Setup {
    heads: usize,
    kv_heads: usize,
    queries: usize,
    keys: usize,
    d: usize,
    dv: Option<usize>,
    scale: Option<f32>,
    cap: Option<f32>,
}

const PLAIN: Setup = Setup { heads: 2, kv_heads: 2, queries: 5, keys: 5, d: 8, dv: None, scale: None, cap: None };

/// The plain case, and each feature alone, then all at once.
const SETUPS: [Setup; 10] = [
    PLAIN,
    Setup { heads: 1, kv_heads: 1, queries: 1, keys: 1, d: 2, ..PLAIN },
    Setup { queries: 3, keys: 7, ..PLAIN },
    Setup { queries: 1, keys: 9, ..PLAIN },
    // As many keys as heads: nothing may take the key axis for the heads.
    Setup { heads: 4, kv_heads: 4, queries: 3, keys: 4, ..PLAIN },
    Setup { heads: 4, kv_heads: 2, queries: 3, keys: 6, ..PLAIN },
    Setup { heads: 6, kv_heads: 1, ..PLAIN },
    Setup { dv: Some(5), ..PLAIN },
    Setup { scale: Some(0.7), cap: Some(1.5), ..PLAIN },
    Setup { heads: 4, kv_heads: 2, queries: 3, keys: 7, d: 6, dv: Some(4), scale: Some(0.3), cap: Some(2.0) },
];

struct Operands {
    q: Tensor,
    k: Tensor,
    v: Tensor,
}

impl Setup {
    fn operands(&self, batch: usize) -> Operands {
        let dv = self.dv.unwrap_or(self.d);
        Operands {
            q: Tensor::random(&[batch, self.heads, self.queries, self.d], 1),
            k: Tensor::random(&[batch, self.kv_heads, self.keys, self.d], 2),
            v: Tensor::random(&[batch, self.kv_heads, self.keys, dv], 3),
        }
    }

    fn scale(&self) -> f64 {
        self.scale.map_or(1.0 / (self.d as f64).sqrt(), f64::from)
    }

    fn op(&self, mask_kind: MaskKind) -> Op {
        Op::Attention {
            num_heads: self.heads,
            head_dim: self.d,
            v_head_dim: self.dv,
            mask_kind,
            score_scale: self.scale,
            attn_logit_softcap: self.cap,
        }
    }

    /// Checks one mask; `mask` is the fourth operand where the kind has one.
    fn check(&self, form: Form, layout: Layout, kind: MaskKind, mask: Option<&Tensor>, reference: &Reference<'_>) {
        let Operands { q, k, v } = self.operands(form.batch());
        let want = form.of(&reference.run(&q, &k, &v));
        let op = self.op(kind);
        let (q, k, v) = (form.of(&q), form.of(&k), form.of(&v));
        let operands: Vec<&Tensor> = [&q, &k, &v].into_iter().chain(mask).collect();
        let got = run_one(&one_op(op, &operands, layout, &want.dims, DType::F32));
        let what = format!("{kind:?} {:?} {form:?} {layout:?} {self:?}", mask.map(|m| &m.dims));
        assert_attention(&what, &got, &want, self.d, self.scale());
    }

    fn reference<'a>(&self, attends: &'a dyn Fn([usize; 4]) -> bool) -> Reference<'a> {
        Reference { scale: self.scale(), cap: self.cap.map(f64::from), attends, bias: &|_| 0.0 }
    }
}

/// Every setup in every form; rank-2 and rank-3 operands cannot say `[B,S,H,D]` with S equal to H.
fn for_each(mut check: impl FnMut(Setup, Form)) {
    for setup in SETUPS {
        for form in Form::ALL {
            check(setup, form);
        }
    }
}

#[test]
fn without_a_mask() {
    for_each(|setup, form| {
        for layout in Layout::ALL {
            setup.check(form, layout, MaskKind::None, None, &setup.reference(&|_| true));
        }
    });
}

#[test]
fn causal_queries_stand_at_the_end_of_the_keys() {
    for_each(|setup, form| {
        let offset = setup.keys - setup.queries;
        let attends = |[_, _, i, j]: [usize; 4]| j <= i + offset;
        setup.check(form, Layout::Dense, MaskKind::Causal, None, &setup.reference(&attends));
    });
}

/// More queries than keys: then they begin together.
#[test]
fn more_queries_than_keys() {
    let setup = Setup { queries: 6, keys: 3, ..PLAIN };
    for setup in [setup, Setup { cap: Some(1.5), ..setup }] {
        for form in Form::ALL {
            let attends = |[_, _, i, j]: [usize; 4]| j <= i;
            setup.check(form, Layout::Dense, MaskKind::Causal, None, &setup.reference(&attends));
            for window in [2, 3, 100] {
                let attends = |[_, _, i, j]: [usize; 4]| j <= i && j + window >= i;
                // Of later rows no key is left in the window: they are even averages.
                setup.check(form, Layout::Dense, MaskKind::SlidingWindow(window), None, &setup.reference(&attends));
            }
        }
    }
}

/// Scores that reach 1e6 before the cap and stay below it: what stands for a hidden key has to be far below them.
#[test]
fn masks_hide_keys_below_any_cap() {
    let setup = Setup { scale: Some(1e5), cap: Some(1e6), ..PLAIN };
    let Operands { q, k, v } = setup.operands(2);
    let attends = |[_, _, i, j]: [usize; 4]| j <= i;
    let want = setup.reference(&attends).run(&q, &k, &v);
    let op = setup.op(MaskKind::Causal);
    let got = run_one(&one_op(op, &[&q, &k, &v], Layout::Dense, &want.dims, DType::F32));
    // The first row has one key, whatever its score.
    for (b, h, c) in [(0, 0, 0), (1, 1, 7)] {
        assert_eq!(got.at(&[b, h, 0, c]), v.at(&[b, h, 0, c]), "{:?}", got.values);
    }
}

/// The IR's other backends take a cap of 0 for none.
#[test]
fn a_cap_of_zero_is_none() {
    let setup = Setup { cap: None, ..PLAIN };
    let reference = setup.reference(&|_| true);
    let want = reference.run(&setup.operands(2).q, &setup.operands(2).k, &setup.operands(2).v);
    let Operands { q, k, v } = setup.operands(2);
    let op = Setup { cap: Some(0.0), ..PLAIN }.op(MaskKind::None);
    let got = run_one(&one_op(op, &[&q, &k, &v], Layout::Dense, &want.dims, DType::F32));
    assert_attention("cap 0", &got, &want, setup.d, setup.scale());
}

#[test]
fn sliding_windows() {
    for_each(|setup, form| {
        let offset = setup.keys - setup.queries;
        for window in [0, 1, 3, 100] {
            let attends = |[_, _, i, j]: [usize; 4]| j <= i + offset && j + window >= i + offset;
            setup.check(form, Layout::Dense, MaskKind::SlidingWindow(window), None, &setup.reference(&attends));
        }
    });
}

/// Values around the threshold of 0.5; the first key is always kept.
fn custom_mask(dims: &[usize]) -> Tensor {
    let mask = Tensor::random(dims, 17).map(|v| if v > 0.0 { 0.6 } else { 0.4 });
    let values = indices(dims).map(|i| if i[dims.len() - 1] == 0 { 0.5 } else { mask.at(&i) });
    Tensor::f32(dims, values.collect::<Vec<_>>())
}

#[test]
fn custom_masks_of_every_rank() {
    for_each(|setup, form| {
        let (b, h, s, k) = (form.batch(), setup.heads, setup.queries, setup.keys);
        let full = [b, h, s, k];
        // Shape, and the axes of (b, h, i, j) that it has.
        let spellings: [(&[usize], &[usize]); 8] = [
            (&[b, k], &[0, 3]),
            (&[1, k], &[0, 3]),
            (&[b, s, k], &[0, 2, 3]),
            (&[b, 1, k], &[0, 2, 3]),
            (&full, &[0, 1, 2, 3]),
            (&[b, 1, 1, k], &[0, 1, 2, 3]),
            (&[1, h, 1, k], &[0, 1, 2, 3]),
            (&[1, 1, s, k], &[0, 1, 2, 3]),
        ];
        for (dims, axes) in spellings {
            let mask = custom_mask(dims);
            let attends = |at: [usize; 4]| {
                let index: Vec<usize> = axes.iter().map(|&a| at[a]).collect();
                mask.broadcast_at(&index) >= 0.5
            };
            setup.check(form, Layout::Dense, MaskKind::Custom, Some(&mask), &setup.reference(&attends));
        }
    });
}

#[test]
fn custom_masks_of_every_dtype() {
    let mask = Tensor::f32(&[2, 5], [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    let attends = |[b, _, _, j]: [usize; 4]| mask.at(&[b, j]) != 0.0;
    for dtype in [DType::F32, DType::F16, DType::Bool, DType::I32, DType::I64] {
        PLAIN.check(Form::Bhsd, Layout::Dense, MaskKind::Custom, Some(&mask.to(dtype)), &PLAIN.reference(&attends));
    }
}

/// Padding rows attend to nothing; their result must be finite, or NaN would spread from them.
#[test]
fn a_row_without_keys_is_an_even_average() {
    let mask = Tensor::f32(&[2, 5], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
    let attends = |[b, _, _, j]: [usize; 4]| mask.at(&[b, j]) != 0.0;
    for setup in [PLAIN, Setup { cap: Some(2.0), ..PLAIN }] {
        setup.check(Form::Packed, Layout::Dense, MaskKind::Custom, Some(&mask), &setup.reference(&attends));
    }
}

#[test]
fn additive_bias() {
    for_each(|setup, form| {
        let (b, h, s, k) = (form.batch(), setup.heads, setup.queries, setup.keys);
        for dims in [[b, h, s, k], [1, h, s, k], [b, 1, 1, k], [1, 1, s, 1]] {
            let bias = Tensor::random(&dims, 23);
            // The cap is Gemma 2's: of the scores alone, before anything is added.
            let reference = Reference { bias: &|at| bias.broadcast_at(&at), ..setup.reference(&|_| true) };
            setup.check(form, Layout::Dense, MaskKind::Bias, Some(&bias), &reference);
        }
    });
}

#[test]
fn minus_infinity_in_a_bias_masks() {
    let bias = Tensor::f32(
        &[1, 1, 5, 5],
        (0..25).map(|i| if i % 5 > i / 5 { f64::NEG_INFINITY } else { 0.0 }).collect::<Vec<_>>(),
    );
    let attends = |[_, _, i, j]: [usize; 4]| j <= i;
    PLAIN.check(Form::Bhsd, Layout::Dense, MaskKind::Bias, Some(&bias), &PLAIN.reference(&attends));
}

#[test]
fn half_types() {
    let Operands { q, k, v } = PLAIN.operands(2);
    for dtype in [DType::F16, DType::BF16] {
        let (q, k, v) = (q.to(dtype), k.to(dtype), v.to(dtype));
        let mask = custom_mask(&[2, 5]);
        let attends = |[b, _, _, j]: [usize; 4]| mask.at(&[b, j]) >= 0.5;
        let want = PLAIN.reference(&attends).run(&q, &k, &v);
        let op = Op::Attention {
            num_heads: 2,
            head_dim: 8,
            v_head_dim: None,
            mask_kind: MaskKind::Custom,
            score_scale: None,
            attn_logit_softcap: None,
        };
        // An f32 mask beside half operands is what the runtime passes on.
        let got = run_one(&one_op(op, &[&q, &k, &v, &mask], Layout::Dense, &want.dims, dtype));
        assert_attention(&format!("{dtype:?}"), &got, &want, 8, PLAIN.scale());
    }
}

#[test]
fn heads_that_do_not_divide_are_refused() {
    let (q, kv) = (Tensor::random(&[1, 2, 12], 1), Tensor::random(&[1, 2, 10], 2));
    let op = Op::Attention {
        num_heads: 3,
        head_dim: 4,
        v_head_dim: None,
        mask_kind: MaskKind::None,
        score_scale: None,
        attn_logit_softcap: None,
    };
    let error = refusal(&one_op(op, &[&q, &kv, &kv], Layout::Dense, &[1, 2, 12], DType::F32));
    assert!(error.message().contains("Attention") && error.message().contains("10"), "{error}");
}

/// A node that says other heads than its operands have would scale the scores by those.
#[test]
fn other_heads_than_the_node_says_are_refused() {
    let op = PLAIN.op(MaskKind::None);
    for (q, k, v, part) in [
        (&[2, 5, 3, 8][..], &[2, 5, 3, 8][..], &[2, 5, 3, 8][..], "q has 3 heads of 8"),
        (&[2, 5, 16], &[2, 5, 16], &[2, 5, 12], "width 12"),
        (&[2, 2, 5, 8], &[2, 2, 5, 4], &[2, 2, 5, 8], "k has 2 heads of 4"),
        (&[2, 2, 5, 8], &[2, 2, 5, 8], &[2, 2, 5, 6], "v has 2 heads of 6"),
        (&[2, 2, 5, 8], &[2, 2, 5, 8], &[2, 1, 5, 8], "do not go together"),
        (&[2, 2, 5, 8], &[2, 2, 0, 8], &[2, 2, 0, 8], "no keys"),
        (&[2, 2, 5, 8], &[2, 10, 8], &[2, 10, 8], "beside another rank"),
    ] {
        let (q, k, v) = (Tensor::random(q, 1), Tensor::random(k, 2), Tensor::random(v, 3));
        let error = refusal(&one_op(op.clone(), &[&q, &k, &v], Layout::Dense, &q.dims, DType::F32));
        assert!(error.message().contains("Attention") && error.message().contains(part), "{error}");
    }
    for cap in [-1.0, f32::NAN, f32::INFINITY] {
        let Operands { q, k, v } = PLAIN.operands(2);
        let op = Setup { cap: Some(cap), ..PLAIN }.op(MaskKind::None);
        let error = refusal(&one_op(op, &[&q, &k, &v], Layout::Dense, &q.dims, DType::F32));
        assert!(error.message().contains("soft cap") && error.message().contains("Attention"), "{error}");
    }
}

/// Nothing to attend from.
#[test]
fn no_queries_and_no_batches() {
    for (q, k) in [([2, 2, 0, 8], [2, 2, 5, 8]), ([0, 2, 3, 8], [0, 2, 5, 8])] {
        let (q, k) = (Tensor::random(&q, 1), Tensor::random(&k, 2));
        for setup in [PLAIN, Setup { cap: Some(1.5), ..PLAIN }] {
            for kind in [MaskKind::None, MaskKind::Causal, MaskKind::SlidingWindow(1)] {
                let got = run_one(&one_op(setup.op(kind), &[&q, &k, &k], Layout::Dense, &q.dims, DType::F32));
                assert!(got.values.is_empty());
            }
        }
    }
}

/// A bias of every dtype and of fewer axes, down to what other backends hide keys with.
#[test]
fn biases_of_every_dtype_and_rank() {
    for (dims, axes) in
        [(&[5, 5][..], &[2, 3][..]), (&[2, 5, 5], &[1, 2, 3]), (&[5], &[3]), (&[2, 1, 1, 5], &[0, 1, 2, 3])]
    {
        for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64, DType::I32] {
            let bias = Tensor::random(dims, 31).map(|v| if v > 1.0 { -1e4 } else { v.round() });
            let bias = bias.to(dtype);
            let at = |at: [usize; 4]| {
                let index: Vec<usize> = axes.iter().map(|&axis| at[axis]).collect();
                bias.broadcast_at(&index)
            };
            let reference = Reference { bias: &at, ..PLAIN.reference(&|_| true) };
            for form in [Form::Bhsd, Form::Bshd, Form::Packed] {
                PLAIN.check(form, Layout::Dense, MaskKind::Bias, Some(&bias), &reference);
            }
        }
    }
}

/// -1e9 over a whole row leaves the differences of its scores beside it, in f32; beside halves too.
#[test]
fn a_row_that_a_bias_hides_whole_is_finite() {
    let bias = Tensor::f32(&[1, 1, 5, 5], (0..25).map(|i| if i < 10 { -1e9 } else { 0.0 }).collect::<Vec<_>>());
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        for (setup, dtype) in [(PLAIN, dtype), (Setup { cap: Some(2.0), ..PLAIN }, dtype)] {
            let Operands { q, k, v } = setup.operands(2);
            let (q, k, v) = (q.to(dtype), k.to(dtype), v.to(dtype));
            let got = run_one(&one_op(setup.op(MaskKind::Bias), &[&q, &k, &v, &bias], Layout::Dense, &q.dims, dtype));
            assert!(got.values.iter().all(|v| v.is_finite() && v.abs() <= 2.0), "{dtype:?} {:?}", got.values);
        }
    }
}

/// Each of the operands may be of another dtype than the others and than the result.
#[test]
fn operands_of_several_dtypes_compute_in_the_declared_one() {
    let dtypes = [DType::F32, DType::F16, DType::BF16];
    for first in 0..3 {
        for shift in 1..3 {
            let Operands { q, k, v } = PLAIN.operands(2);
            let of = |at: usize| dtypes[(first + at * shift) % 3];
            let (q, k, v) = (q.to(of(0)), k.to(of(1)), v.to(of(2)));
            let want = PLAIN.reference(&|_| true).run(&q, &k, &v);
            for declared in dtypes {
                let case = one_op(PLAIN.op(MaskKind::None), &[&q, &k, &v], Layout::Dense, &want.dims, declared);
                let what = format!("{:?} {:?} {:?} as {declared:?}", q.dtype, k.dtype, v.dtype);
                assert_attention(&what, &run_one(&case), &want, PLAIN.d, PLAIN.scale());
            }
        }
    }
}
