//! Tensor-parallel layers: each rank's part of a graph gives what the whole gives in one process.

use super::programs::compile;
use rlx_host_api::collectives::{Group, shard};
use rlx_host_api::{Executable, TensorInfo, TensorView};
use rlx_ir::{Graph, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::plugin::MODES;

const MLP: &str = "rlxmodel 1
opset 1
graph @mlp {
  %x = input : f32[5, 16]
  %w1 = param : f32[16, 32]
  %b1 = param : f32[32]
  %w2 = param : f32[32, 16]
  %b2 = param : f32[16]
  %wide = MatMul %x, %w1 : f32[5, 32]
  %biased = Binary(Add) %wide, %b1 : f32[5, 32]
  %active = Activation(Gelu) %biased : f32[5, 32]
  %narrow = MatMul %active, %w2 : f32[5, 16]
  %y = Binary(Add) %narrow, %b2 : f32[5, 16]
  return %y as y
}
";

const ENCODER: &str = "rlxmodel 1
opset 1
graph @encoder {
  %x = input : f32[2, 6, 16]
  %wq = param : f32[16, 16]
  %bq = param : f32[16]
  %wk = param : f32[16, 16]
  %wv = param : f32[16, 16]
  %wo = param : f32[16, 16]
  %gamma = param : f32[16]
  %beta = param : f32[16]
  %w1 = param : f32[16, 32]
  %b1 = param : f32[32]
  %w2 = param : f32[32, 16]
  %b2 = param : f32[16]
  %q0 = MatMul %x, %wq : f32[2, 6, 16]
  %q = Binary(Add) %q0, %bq : f32[2, 6, 16]
  %k = MatMul %x, %wk : f32[2, 6, 16]
  %v = MatMul %x, %wv : f32[2, 6, 16]
  %heads = Attention{num_heads: 4, head_dim: 4, v_head_dim: none, mask_kind: None, score_scale: none,
                     attn_logit_softcap: none} %q, %k, %v : f32[2, 6, 16]
  %attended = MatMul %heads, %wo : f32[2, 6, 16]
  %residual1 = Binary(Add) %x, %attended : f32[2, 6, 16]
  %norm1 = LayerNorm{axis: -1, eps: 0.00001} %residual1, %gamma, %beta : f32[2, 6, 16]
  %wide = MatMul %norm1, %w1 : f32[2, 6, 32]
  %biased = Binary(Add) %wide, %b1 : f32[2, 6, 32]
  %active = Activation(Gelu) %biased : f32[2, 6, 32]
  %narrow = MatMul %active, %w2 : f32[2, 6, 16]
  %whole = Binary(Add) %narrow, %b2 : f32[2, 6, 16]
  %residual2 = Binary(Add) %norm1, %whole : f32[2, 6, 16]
  %y = LayerNorm{axis: -1, eps: 0.00001} %residual2, %gamma, %beta : f32[2, 6, 16]
  return %y as y
}
";

pub(super) fn all(group: &Group) {
    group.register().unwrap();
    check(group, MLP, &["w1"], 1);
    check(group, ENCODER, &["wq", "wk", "wv", "w1"], 2);
    group.barrier().unwrap();
}

/// Numbers between -0.5 and 0.5, the same on every rank.
fn values(count: usize, seed: usize) -> Vec<f32> {
    let at = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5;
    (0..count).map(at).collect()
}

fn set(executable: &mut Executable, name: &str, dims: &[i64], data: &[u8]) {
    executable.set_param(name, TensorView { dtype: rlx_host_api::DType::F32, dims, data }).unwrap();
}

fn check(group: &Group, text: &str, columns: &[&str], reductions: usize) {
    let graph: Graph = rlxmodel::from_text(text).unwrap();
    let sharded = shard(&graph, columns, group.rank(), group.size()).unwrap();
    let customs = sharded.graph().nodes().iter().filter(|node| matches!(node.op, rlx_ir::Op::Custom { .. }));
    assert_eq!(customs.count(), reductions, "all-reduces");
    for mode in MODES {
        let mut whole = compile(&graph, mode).unwrap();
        let mut own = compile(sharded.graph(), mode).unwrap();
        for (seed, TensorInfo { name, dims, .. }) in whole.params().to_vec().iter().enumerate() {
            let data = bytes(&values(dims.iter().product::<i64>() as usize, seed + 1));
            set(&mut whole, name, dims, &data);
            let view = TensorView { dtype: rlx_host_api::DType::F32, dims, data: &data };
            let (dims, part) = sharded.part(name, view).unwrap();
            set(&mut own, name, &dims, &part);
        }
        for run in 0..3 {
            let x = bytes(&values(whole.inputs()[0].elements(), 100 + run));
            let wanted = floats(&whole.run_to_vec(&[&x]).unwrap()[0]);
            let found = floats(&own.run_to_vec(&[&x]).unwrap()[0]);
            let worst = wanted.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5 && wanted.len() == found.len(), "{mode}, run {run}: {worst} off");
        }
        if mode == "compiled" {
            assert_eq!(own.counters().unwrap().traces, 1, "traced once");
        }
    }
}
