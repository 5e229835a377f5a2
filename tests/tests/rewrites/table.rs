//! The table of distrusted rewrites, held against closed forms: a rewrite that a newer runtime has mended is noticed.
//!
//! Each is run as the runtime would make it for a plugin that has all ops of this one but the op in question.

use rlx_host_api::runtime::{DISTRUSTED_REWRITES, DistrustedRewrite};
use rlx_ir::logical_kernel::KernelDispatchConfig;
use rlx_ir::op::{Activation, SteKind};
use rlx_ir::{DType, Graph, NodeId, Op, OpKind};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{backend, compile, input_bytes};
use rlx_mlx_tests::tensor::Tensor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A program of the op, and what the second of two runs gives.
struct Witness {
    case: Case,
    want: Vec<f64>,
}

fn witness(op: Op, operands: &[&Tensor], dims: &[usize], want: impl Into<Vec<f64>>) -> Witness {
    Witness { case: one_op(op, operands, Layout::Dense, dims, DType::F32), want: want.into() }
}

/// The op of the case.
fn node(case: &Case) -> NodeId {
    case.graph.outputs[0]
}

/// The values of two runs of what the runtime makes of the case; the second's.
fn rewritten(case: &Case) -> Result<Vec<f64>, String> {
    let op = case.graph.node(node(case)).op.kind();
    let claimed = &backend().plugin().info().ops;
    let known = OpKind::ALL.into_iter().filter(|kind| claimed.iter().any(|name| *name == format!("{kind:?}")));
    let ops: Vec<OpKind> = known.filter(|kind| *kind != op).collect();
    let graph = case.graph.clone();
    let rewrite =
        || rlx_opt::prepare_graph_for_backend_with_report(graph, "mlx", &ops, KernelDispatchConfig::default());
    let (graph, report) = catch_unwind(AssertUnwindSafe(rewrite)).map_err(|_| "a panic".to_owned())?;
    if !report.compile_ready {
        return Err(format!("{:?} is left", report.still_unsupported));
    }
    let case = Case { graph, inputs: case.inputs.clone() };
    let mut executable = compile(&case, "compiled").map_err(|e| e.to_string())?;
    let inputs = input_bytes(&case, &executable);
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    executable.run_to_vec(&inputs).map_err(|e| e.to_string())?;
    let output = executable.run_to_vec(&inputs).map_err(|e| e.to_string())?.remove(0);
    let shape = case.graph.shape(case.graph.outputs[0]);
    let dims: Vec<usize> = shape.dims().iter().map(|d| d.unwrap_static()).collect();
    Ok(Tensor::from_bytes(shape.dtype(), &dims, &output).values)
}

fn is_right(got: &[f64], want: &[f64]) -> bool {
    got.len() == want.len() && got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 1e-4 * w.abs().max(1.0))
}

fn ones(dims: &[usize]) -> Tensor {
    Tensor::f32(dims, vec![1.0; dims.iter().product()])
}

fn zeros(dims: &[usize]) -> Tensor {
    Tensor::f32(dims, vec![0.0; dims.iter().product()])
}

/// A recurrent op of one step and one unit, with weights of 0: each run halves its state, which begins as 4, or does
/// something of that kind.
fn recurrent(op: Op, gates: usize, biases: usize, states: usize, want: f64) -> Witness {
    let (x, w) = (ones(&[1, 1, 1]), zeros(&[gates, 1]));
    let (bias, state) = (zeros(&[gates]), Tensor::f32(&[1, 1, 1], [4.0]));
    let mut operands = vec![&x, &w, &w];
    operands.extend(vec![&bias; biases]);
    operands.extend(vec![&state; states]);
    witness(op, &operands, &[1, 1, 1], [want])
}

/// The program that shows a row's fault.
fn witness_of(row: &DistrustedRewrite) -> Witness {
    let (hidden_size, num_layers, bidirectional, carry) = (1, 1, false, true);
    match (row.op, row.form) {
        (OpKind::ResizeNearest2x, "") => {
            let x = Tensor::f32(&[1, 1, 1, 2], [1.0, 2.0]);
            witness(Op::ResizeNearest2x, &[&x], &[1, 1, 2, 4], [[1.0, 1.0, 2.0, 2.0]; 2].concat())
        }
        (OpKind::GroupNormBackwardGamma, "of a batch above 1") => group_norm_gamma(&[2, 2, 1, 2]),
        (OpKind::GroupNormBackwardBeta, "of a batch above 1") => {
            let dy = Tensor::f32(&[2, 2, 1, 1], [1.0, 10.0, 100.0, 1000.0]);
            let op = Op::GroupNormBackwardBeta { num_groups: 1, eps: 1e-5 };
            witness(op, &[&ones(&dy.dims), &dy], &[2], [101.0, 1010.0])
        }
        (OpKind::Lstm, "with carry") => {
            // Halves c, and gives half of its tanh.
            let op = Op::Lstm { hidden_size, num_layers, bidirectional, carry };
            recurrent(op, 4, 1, 2, 0.5 * 1f64.tanh())
        }
        (OpKind::Gru, "with carry") => {
            recurrent(Op::Gru { hidden_size, num_layers, bidirectional, carry }, 3, 2, 1, 1.0)
        }
        (OpKind::Rnn, "with carry") => {
            // h' = relu(h / 2 + x); x is 1.
            let op = Op::Rnn { hidden_size, num_layers, bidirectional, carry, relu: true };
            let half = Tensor::f32(&[1, 1], [0.5]);
            let operands = [&ones(&[1, 1, 1]), &ones(&[1, 1]), &half, &zeros(&[1]), &Tensor::f32(&[1, 1, 1], [4.0])];
            witness(op, &operands, &[1, 1, 1], [2.5])
        }
        (OpKind::GatedDeltaNet, "with a state that nothing reads") => gated_delta_net(),
        (OpKind::FakeQuantizeBackward, "with an axis") => {
            // Far from 0 the gradient is small: dy is large, so that it shows.
            let (x, dy) = (Tensor::f32(&[2, 2], [0.5, 1.0, 50.0, 100.0]), Tensor::f32(&[2, 2], [1e4; 4]));
            let steps = x.values.iter().zip([1.0, 1.0, 100.0, 100.0]).map(|(x, size)| 7.0 * x / size);
            let want: Vec<f64> = steps.map(|steps| 1e4 * steps.cosh().powi(-2)).collect();
            let op = Op::FakeQuantizeBackward { bits: 4, axis: Some(0), ste: SteKind::Tanh };
            witness(op, &[&x, &dy], &[2, 2], want)
        }
        (OpKind::FakeQuantizeBackward, "of another kind than Identity") => {
            let op = Op::FakeQuantizeBackward { bits: 4, axis: None, ste: SteKind::HardTanh };
            let x = Tensor::f32(&[4], [0.0, 1.0, -2.0, 4.0]);
            witness(op, &[&x, &ones(&[4])], &[4], [1.0, 0.75, 0.5, 0.0])
        }
        (OpKind::ActivationBackward, "of Round") => {
            let op = Op::ActivationBackward { kind: Activation::Round };
            witness(op, &[&Tensor::f32(&[2], [0.2, 1.7]), &Tensor::f32(&[2], [3.0, 5.0])], &[2], [3.0, 5.0])
        }
        (OpKind::ActivationBackward, "of Gelu") => {
            let op = Op::ActivationBackward { kind: Activation::Gelu };
            let x = [-2.3f64, 2.3];
            let want = x.map(|x| {
                let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
                0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2) + x * density
            });
            witness(op, &[&Tensor::f32(&[2], x), &ones(&[2])], &[2], want)
        }
        (OpKind::Conv2dBackwardWeight, "") => conv_weight([2, 1, 3, 3]),
        other => panic!("no program shows what is wrong with the rewrite of {other:?}: write one here"),
    }
}

/// The gradient by the only weight of a convolution with a kernel of one element: the sum of x times dy.
fn conv_weight(dims: [usize; 4]) -> Witness {
    let op = Op::Conv2dBackwardWeight {
        kernel_size: vec![1, 1],
        stride: vec![1, 1],
        padding: vec![0, 0],
        dilation: vec![1, 1],
        groups: 1,
    };
    let (x, dy) = (Tensor::random(&dims, 1), Tensor::random(&dims, 2));
    let want = x.values.iter().zip(&dy.values).map(|(x, dy)| x * dy).sum::<f64>();
    witness(op, &[&x, &dy], &[1, 1, 1, 1], [want])
}

/// x alternates between -1 and 1, so that normalized it is itself.
fn group_norm_gamma(dims: &[usize; 4]) -> Witness {
    let count: usize = dims.iter().product();
    let x = Tensor::f32(dims, (0..count).map(|i| if i % 2 == 0 { -1.0 } else { 1.0 }).collect::<Vec<_>>());
    let dy = Tensor::f32(dims, (0..count).map(|i| 10f64.powi(i as i32 % 5)).collect::<Vec<_>>());
    let mut want = vec![0.0; dims[1]];
    for (i, (x, dy)) in x.values.iter().zip(&dy.values).enumerate() {
        want[i / (dims[2] * dims[3]) % dims[1]] += x * dy;
    }
    witness(Op::GroupNormBackwardGamma { num_groups: 1, eps: 1e-9 }, &[&x, &dy], &dims[1..2], want)
}

/// With q = 1, keys of 0 and a gate of ln(1/2), each run halves the state, which begins as 4, and gives it.
fn gated_delta_net() -> Witness {
    let op = Op::GatedDeltaNet { state_size: 1, carry_state: true, gate_per_channel: false };
    let (one, none) = (ones(&[1, 1, 1, 1]), zeros(&[1, 1, 1, 1]));
    let gate = Tensor::f32(&[1, 1, 1], [0.5f64.ln()]);
    let operands = [&one, &none, &none, &gate, &ones(&[1, 1, 1]), &Tensor::f32(&[1, 1, 1, 1], [4.0])];
    witness(op, &operands, &[1, 1, 1, 1], [1.0])
}

#[test]
fn each_row_of_the_table_is_still_wrong() {
    for row in DISTRUSTED_REWRITES {
        let Witness { case, want } = witness_of(row);
        let what = format!("{:?} {} (seen in {})", row.op, row.form, row.seen);
        assert!(
            row.applies(&case.graph, case.graph.node(node(&case))),
            "{what}: the row does not apply\n{}",
            case.graph
        );
        if let Ok(got) = rewritten(&case) {
            assert!(!is_right(&got, &want), "{what}: trust regained: delete the row");
            println!("{what}: {got:?} in place of {want:?}");
        }
    }
}

/// Forms of the same ops that are rewritten rightly, without which the test above could not tell wrong from broken.
#[test]
fn what_the_table_leaves_to_the_runtime_is_right() {
    let tanh = Op::ActivationBackward { kind: Activation::Tanh };
    let x = [-1.5, 0.0, 2.0];
    let quantize = Op::FakeQuantizeBackward { bits: 4, axis: Some(0), ste: SteKind::Identity };
    let rows = [
        group_norm_gamma(&[1, 2, 1, 2]),
        witness(tanh, &[&Tensor::f32(&[3], x), &ones(&[3])], &[3], x.map(|x: f64| x.cosh().powi(-2))),
        witness(quantize, &[&Tensor::f32(&[3], x), &ones(&[3])], &[3], [1.0; 3]),
        recurrent(Op::Lstm { hidden_size: 1, num_layers: 1, bidirectional: false, carry: false }, 4, 1, 0, 0.0),
        recurrent(Op::Gru { hidden_size: 1, num_layers: 1, bidirectional: false, carry: false }, 3, 2, 0, 0.0),
    ];
    for Witness { case, want } in rows {
        let node = case.graph.node(node(&case));
        assert!(DISTRUSTED_REWRITES.iter().all(|row| !row.applies(&case.graph, node)), "{}", case.graph);
        let got = rewritten(&case).unwrap();
        assert!(is_right(&got, &want), "{got:?} in place of {want:?}\n{}", case.graph);
    }
}

/// The rewrite of a convolution's gradient makes nodes for each element.
#[test]
fn the_rewrite_of_conv2d_backward_weight_explodes() {
    let nodes = |extent: usize| {
        let case = conv_weight([1, 1, extent, extent]).case;
        let ops = [OpKind::Input];
        let rewrite = |graph: Graph| {
            rlx_opt::prepare_graph_for_backend_with_report(graph, "mlx", &ops, KernelDispatchConfig::default()).0.len()
        };
        catch_unwind(AssertUnwindSafe(|| rewrite(case.graph))).ok()
    };
    if let (Some(small), Some(large)) = (nodes(4), nodes(16)) {
        assert!(
            large > 8 * small,
            "{small} nodes, then {large}: trust regained: delete the row of Conv2dBackwardWeight"
        );
    }
}
