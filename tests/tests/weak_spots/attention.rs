//! Attention, against closed forms so small that they are written out.

use ndarray::Array4;
use ndarray_npy::{read_npy, write_npy};
use rlx_ir::op::MaskKind;
use rlx_ir::{DType, Graph, Op, Shape, rlxmodel};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::rlx_run;
use rlx_mlx_tests::tensor::{Tensor, indices};

fn op(num_heads: usize, head_dim: usize, mask_kind: MaskKind, attn_logit_softcap: Option<f32>) -> Op {
    Op::Attention { num_heads, head_dim, v_head_dim: None, mask_kind, score_scale: Some(1.0), attn_logit_softcap }
}

/// The average of values with weights `e^score`.
fn average(scores: &[f64], values: &[f64]) -> f64 {
    let weights = scores.iter().map(|score| score.exp());
    let sum: f64 = weights.clone().sum();
    weights.zip(values).map(|(weight, value)| weight / sum * value).sum()
}

fn assert_near(what: &str, got: &Tensor, want: &[f64]) {
    assert_within(what, got, want, |_, _| 16.0 * epsilon(got.dtype));
}

/// Weak spot 14: `attn_logit_softcap` was ignored.
pub(crate) fn a_soft_cap_is_applied() {
    let (q, k) = (Tensor::f32(&[1, 1, 1, 1], [1.0]), Tensor::f32(&[1, 1, 2, 1], [8.0, 0.0]));
    let v = Tensor::f32(&[1, 1, 2, 1], [1.0, 0.0]);
    let of = |cap| run_one(&one_op(op(1, 1, MaskKind::None, cap), &[&q, &k, &v], Layout::Dense, &[1; 4], DType::F32));
    assert_near("capped", &of(Some(2.0)), &[average(&[2.0 * 4f64.tanh(), 0.0], &[1.0, 0.0])]);
    assert_near("not capped", &of(None), &[average(&[8.0, 0.0], &[1.0, 0.0])]);
}

/// Which keys a query sees, with equal scores: the average of their numbers.
fn seen(keys: std::ops::RangeInclusive<usize>) -> f64 {
    let count = keys.clone().count() as f64;
    keys.map(|key| key as f64).sum::<f64>() / count
}

/// Weak spot 15: the window was counted along the heads in [B, S, H, D], from the start of the keys.
pub(crate) fn windows_count_along_the_sequence_with_the_queries_at_its_end() {
    // Two queries at the end of six keys, three heads.
    let (q, k) = (Tensor::f32(&[1, 2, 3, 2], [0.0; 12]), Tensor::random(&[1, 6, 3, 2], 1));
    let v = Tensor::f32(&[1, 6, 3, 2], (0..36).map(|i| f64::from(i / 6)).collect::<Vec<_>>());
    let op = op(3, 2, MaskKind::SlidingWindow(2), None);
    let got = run_one(&one_op(op, &[&q, &k, &v], Layout::Dense, &[1, 2, 3, 2], DType::F32));
    let want: Vec<f64> = [[seen(2..=4); 6], [seen(3..=5); 6]].concat();
    assert_near("windows", &got, &want);
}

/// Weak spot 16: each operand's layout was guessed from its own axes, so as many keys as heads, or fewer key heads than query
/// heads, were misread.
pub(crate) fn the_layout_is_that_of_the_queries() {
    // [B, S, H, D] of four heads over four keys, and of two key heads.
    for kv_heads in [4, 2] {
        let q = Tensor::f32(&[1, 3, 4, 1], [1.0, 2.0, -1.0, 0.5, 0.0, 1.0, 1.0, -2.0, 2.0, -1.0, 0.5, 1.0]);
        let (k, v) = (Tensor::random(&[1, 4, kv_heads, 1], 2), Tensor::random(&[1, 4, kv_heads, 1], 3));
        let want: Vec<f64> = indices(&[1, 3, 4, 1])
            .map(|at| {
                let head = at[2] / (4 / kv_heads);
                let scores = [0, 1, 2, 3].map(|key| q.at(&at) * k.at(&[0, key, head, 0]));
                average(&scores, &[0, 1, 2, 3].map(|key| v.at(&[0, key, head, 0])))
            })
            .collect();
        let got = run_one(&one_op(op(4, 1, MaskKind::None, None), &[&q, &k, &v], Layout::Dense, &q.dims, DType::F32));
        assert_near(&format!("{kv_heads} key heads"), &got, &want);
    }
}

/// Weak spot 17: a key counted in part instead of by a threshold of 0.5, and beside halves the mask made NaN.
pub(crate) fn a_key_mask_has_a_threshold_and_halves_do_not_overflow() {
    let mask = [0.49, 0.5, 0.7, 0.0];
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        let (q, k) = (Tensor::of(dtype, &[1, 1, 1, 1], [1.0]), Tensor::of(dtype, &[1, 1, 4, 1], [3.0, 1.0, 1.0, 3.0]));
        let v = Tensor::of(dtype, &[1, 1, 4, 1], [7.0, 1.0, 2.0, -5.0]);
        for mask in [Tensor::f32(&[1, 4], mask), Tensor::f32(&[1, 1, 4], mask), Tensor::f32(&[1, 1, 1, 4], mask)] {
            let op = op(1, 1, MaskKind::Custom, None);
            let got = run_one(&one_op(op, &[&q, &k, &v, &mask], Layout::Dense, &[1; 4], dtype));
            assert_same(&format!("{dtype:?}, mask {:?}", mask.dims), &got, &[1.5]);
        }
    }
}

/// Weak spot 18: an environment variable of the other backend made it leave the causal mask out.
pub(crate) fn no_setting_drops_the_causal_mask() {
    let mut graph = Graph::new("causal");
    let [q, k, v] = ["q", "k", "v"].map(|name| graph.input(name, Shape::new(&[1, 1, 3, 2], DType::F32)));
    let y = graph.add_node(op(1, 2, MaskKind::Causal, None), vec![q, k, v], Shape::new(&[1, 1, 3, 2], DType::F32));
    graph.set_outputs(vec![y]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("causal.rlxmodel"), rlxmodel::to_text(&graph).unwrap()).unwrap();
    let inputs = [("q", [0.0; 6]), ("k", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), ("v", [1.0f32, 10.0, 2.0, 20.0, 6.0, 60.0])];
    let mut command = rlx_run::command(["run", "--backend", "mlx", "--json", "--output-dir"]);
    command.arg(folder.path()).env("RLX_MLX_SDPA_REFERENCE", "1").env("RLX_PLUGIN_ALLOW_UNTRUSTED", "1");
    for (name, values) in inputs {
        let file = path(&format!("{name}.npy"));
        let value = Array4::from_shape_vec((1, 1, 3, 2), values.to_vec()).unwrap();
        write_npy(&file, &value).unwrap();
        command.arg("--input").arg(format!("{name}={}", file.display()));
    }
    rlx_run::json(command.arg(path("causal.rlxmodel")));
    let got: Array4<f32> = read_npy(path("output_0.npy")).unwrap();
    let want = [1.0, 10.0, 1.5, 15.0, 3.0, 30.0];
    assert!(got.iter().zip(want).all(|(g, w): (&f32, f32)| (g - w).abs() <= 1e-5 * w), "{got:?}");
}
