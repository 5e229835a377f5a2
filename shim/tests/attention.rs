//! Attention and the gated delta rule against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use std::ptr::null_mut;
use support::*;

const Q: [i32; 4] = [2, 4, 3, 8];
const K: [i32; 4] = [2, 2, 5, 8];
const V: [i32; 4] = [2, 2, 5, 6];
const O: [i32; 4] = [2, 4, 3, 6];

/// Attention by its definition; `mask(i, j)` is added to the score of query i and key j, `sink` is a score per head.
fn attend(
    q: &[f64],
    k: &[f64],
    v: &[f64],
    mask: impl Fn(usize, usize) -> f64,
    sink: impl Fn(usize) -> Option<f64>,
) -> Vec<f64> {
    fill(&O, |c| {
        let (b, h, i, d) = (c[0], c[1], c[2], c[3]);
        let score = |j: usize| {
            let dot: f64 = (0..8).map(|e| at(q, &Q, &[b, h, i, e]) * at(k, &K, &[b, h / 2, j, e])).sum();
            (0.5 * dot + mask(i, j)).exp()
        };
        let total: f64 = (0..5).map(score).sum::<f64>() + sink(h).map_or(0.0, f64::exp);
        (0..5).map(|j| score(j) * at(v, &V, &[b, h / 2, j, d])).sum::<f64>() / total
    })
}

#[test]
fn attention_follows_its_definition_under_every_mask() {
    let (q, k, v) = (quarters(&Q, 1), quarters(&K, 2), quarters(&V, 3));
    let window = |i: usize, j: usize| if i + 2 >= j && j + 1 >= i { 0.0 } else { f64::NEG_INFINITY };
    let causal = |i: usize, j: usize| if j <= i + 2 { 0.0 } else { f64::NEG_INFINITY };
    let bias = |i: usize, j: usize| (i as f64 - j as f64) / 4.0;
    let none = |_: usize, _: usize| 0.0;
    let sink_values = [0.5, -0.5, 1.0, 0.0];
    for dtype in NARROW {
        let mask_bool =
            array(&fill(&[3, 5], |c| f64::from(u8::from(window(c[0], c[1]) == 0.0))), &[3, 5], RLX_MLX_DTYPE_BOOL);
        let mask_add = array(&fill(&[3, 5], |c| bias(c[0], c[1])), &[3, 5], dtype);
        let sinks = array(&sink_values, &[4], dtype);
        // Scores reach 8, where exp turns an absolute error into a relative one of the weights.
        let t = 24.0 * eps(dtype);
        for ((qa, ka), va) in twins(&q, &Q, dtype).iter().zip(&twins(&k, &K, dtype)).zip(&twins(&v, &V, dtype)) {
            let run = |kind, mask: *mut rlx_mlx_array_t| {
                // SAFETY: live handles.
                ok(|out| unsafe { rlx_mlx_op_attention(qa.0, ka.0, va.0, 0.5, kind, mask, out) })
            };
            close(&run(RLX_MLX_MASK_NONE, null_mut()), &attend(&q, &k, &v, none, |_| None), t, t);
            close(&run(RLX_MLX_MASK_CAUSAL, null_mut()), &attend(&q, &k, &v, causal, |_| None), t, t);
            close(&run(RLX_MLX_MASK_SLIDING, mask_bool.0), &attend(&q, &k, &v, window, |_| None), t, t);
            close(&run(RLX_MLX_MASK_CUSTOM, mask_add.0), &attend(&q, &k, &v, bias, |_| None), t, t);
            // SAFETY: live handles.
            let sunk = ok(|out| unsafe {
                rlx_mlx_op_attention_sinks(qa.0, ka.0, va.0, 0.5, RLX_MLX_MASK_NONE, null_mut(), sinks.0, out)
            });
            close(&sunk, &attend(&q, &k, &v, none, |h| Some(sink_values[h])), t, t);
        }
    }
}

/// y and the last state of the gated delta rule for one head of one batch.
struct Delta {
    y: Vec<f64>,
    state: Vec<f64>,
}

const BATCH: usize = 2;
const STEPS: usize = 4;
const HEADS: usize = 2;
const DK: usize = 3;
const DV: usize = 5;

struct Rule<'a> {
    q: &'a [f64],
    k: &'a [f64],
    v: &'a [f64],
    gate: &'a dyn Fn(usize, usize, usize, usize) -> f64,
    beta: &'a [f64],
    start: &'a [f64],
    on: &'a [f64],
}

fn delta(r: &Rule<'_>) -> Delta {
    let mut out = Delta { y: vec![0.0; BATCH * STEPS * HEADS * DV], state: r.start.to_vec() };
    for b in 0..BATCH {
        for h in 0..HEADS {
            for t in 0..STEPS {
                // One head of q and k serves both of v.
                let key = &r.k[(b * STEPS + t) * DK..][..DK];
                let query = &r.q[(b * STEPS + t) * DK..][..DK];
                let beta = r.beta[(b * STEPS + t) * HEADS + h];
                for d in 0..DV {
                    let s = &mut out.state[((b * HEADS + h) * DV + d) * DK..][..DK];
                    if r.on[b * STEPS + t] != 0.0 {
                        for (j, x) in s.iter_mut().enumerate() {
                            *x *= (r.gate)(b, t, h, j);
                        }
                        let seen: f64 = s.iter().zip(key).map(|(x, k)| x * k).sum();
                        let error = beta * (r.v[((b * STEPS + t) * HEADS + h) * DV + d] - seen);
                        for (x, k) in s.iter_mut().zip(key) {
                            *x += error * k;
                        }
                        out.y[((b * STEPS + t) * HEADS + h) * DV + d] = s.iter().zip(query).map(|(x, q)| x * q).sum();
                    }
                }
            }
        }
    }
    out
}

#[test]
fn gated_delta_update_follows_its_recurrence() {
    let dims = |list: &[usize]| list.iter().map(|&d| d as i32).collect::<Vec<_>>();
    let (qk, v) = (dims(&[BATCH, STEPS, 1, DK]), dims(&[BATCH, STEPS, HEADS, DV]));
    let (per_head, per_column) = (dims(&[BATCH, STEPS, HEADS]), dims(&[BATCH, STEPS, HEADS, DK]));
    let (state, on) = (dims(&[BATCH, HEADS, DV, DK]), dims(&[BATCH, STEPS]));
    let (q_data, k_data, v_data) = (quarters(&qk, 1), quarters(&qk, 2), quarters(&v, 3));
    let gates = fill(&per_head, |c| [0.5, 0.75, 1.0][(c[0] + c[1] + c[2]) % 3]);
    let columns = fill(&per_column, |c| [0.5, 0.75, 1.0, 0.25][(c[0] + c[1] + c[2] + 2 * c[3]) % 4]);
    let beta = fill(&per_head, |c| [0.25, 0.5, 0.125][(2 * c[0] + c[1] + c[2]) % 3]);
    let (start, zero) = (quarters(&state, 4), vec![0.0; BATCH * HEADS * DV * DK]);
    let (all, some) = (vec![1.0; BATCH * STEPS], vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    for dtype in NARROW {
        let variants = [(false, false, false), (true, true, false), (false, true, true), (true, false, true)];
        for (wide_gate, with_start, with_mask) in variants {
            let head_gate = |b: usize, t: usize, h: usize, _: usize| at(&gates, &per_head, &[b, t, h]);
            let column_gate = |b: usize, t: usize, h: usize, j: usize| at(&columns, &per_column, &[b, t, h, j]);
            let expected = delta(&Rule {
                q: &q_data,
                k: &k_data,
                v: &v_data,
                gate: if wide_gate { &column_gate } else { &head_gate },
                beta: &beta,
                start: if with_start { &start } else { &zero },
                on: if with_mask { &some } else { &all },
            });
            for layout in [array, strided] {
                let (q, k, v) = (layout(&q_data, &qk, dtype), layout(&k_data, &qk, dtype), layout(&v_data, &v, dtype));
                let g = if wide_gate { layout(&columns, &per_column, dtype) } else { layout(&gates, &per_head, dtype) };
                let b = layout(&beta, &per_head, dtype);
                let s = layout(&start, &state, RLX_MLX_DTYPE_F32);
                let m = layout(&some, &on, RLX_MLX_DTYPE_BOOL);
                let mut y = null_mut();
                // SAFETY: live handles or NULL, writable outs.
                let last = ok(|out| unsafe {
                    rlx_mlx_op_gated_delta_update(
                        q.0,
                        k.0,
                        v.0,
                        g.0,
                        b.0,
                        if with_start { s.0 } else { null_mut() },
                        if with_mask { m.0 } else { null_mut() },
                        &mut y,
                        out,
                    )
                });
                // Four steps with sums of three products of magnitude 4.
                let t = 32.0 * eps(dtype);
                close(&last, &expected.state, t, t);
                let y = A(y);
                let found = values(&y);
                for (i, (f, e)) in found.iter().zip(&expected.y).enumerate() {
                    let masked = with_mask && some[i / (HEADS * DV)] == 0.0;
                    assert!(masked || (f - e).abs() <= t + t * e.abs(), "y {i}: {f} instead of {e}");
                }
            }
        }
    }
}
