//! Kernels inside the bodies of `If`, `While`, `Scan` and `CustomFn`.

use crate::op;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Error, TensorView};
use rlx_ir::op::CmpOp;
use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, run_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

/// A nested graph of inputs of shape `[2]` whose outputs are all of shape `[2]`.
fn body(inputs: usize, build: impl FnOnce(&mut Graph, &[NodeId]) -> Vec<NodeId>) -> Box<Graph> {
    let mut graph = Graph::new("body");
    let ids: Vec<NodeId> = (0..inputs).map(|i| graph.input(format!("v{i}"), f32s(&[2]))).collect();
    let outputs = build(&mut graph, &ids);
    graph.set_outputs(outputs);
    Box::new(graph)
}

fn node(graph: &mut Graph, name: &str, inputs: &[NodeId]) -> NodeId {
    graph.add_node(op(name, inputs.len()), inputs.to_vec(), f32s(&[2]))
}

/// `2 x + 1` in `nested.host` and `x * x` in `nested.composed`; both are exact here.
fn kernels() -> [Kernel; 2] {
    let host = Kernel::host_fn("nested.host", |_, inputs: &[TensorView<'_>], outputs| {
        let x = inputs[0].values::<f32>()?;
        outputs[0].values::<f32>()?.iter_mut().zip(x).for_each(|(y, x)| *y = 2.0 * x + 1.0);
        Ok(())
    });
    [host, Kernel::composed_fn("nested.composed", |_, ops, inputs| ops.mul(inputs[0], inputs[0]))]
}

/// One step with both: `2 x² + 1`.
fn step(graph: &mut Graph, x: NodeId) -> NodeId {
    let square = node(graph, "nested.composed", &[x]);
    node(graph, "nested.host", &[square])
}

fn stepped(x: f64, times: usize) -> f64 {
    (0..times).fold(x, |x, _| 2.0 * x * x + 1.0)
}

const X: [f64; 2] = [0.5, -1.0];

/// A graph over `x` of shape `[2]`, and what it gives for `X`.
fn cases() -> Vec<(&'static str, Case, [f64; 2])> {
    let over_x = |build: &dyn Fn(&mut Case, NodeId) -> NodeId| {
        let mut case = Case::new();
        let x = case.input(&Tensor::f32(&[2], X));
        let y = build(&mut case, x);
        case.outputs(&[y])
    };
    let choice = |holds: f64| {
        over_x(&move |case, x| {
            let holds = case.input(&Tensor::of(DType::Bool, &[1], [holds]));
            let then_branch = body(1, |g, v| vec![step(g, v[0])]);
            let else_branch = body(1, |g, v| vec![node(g, "nested.composed", v)]);
            case.add(Op::If { then_branch, else_branch }, &[holds, x], &[2], DType::F32)
        })
    };
    let function = over_x(&|case, x| {
        let forward = body(1, |g, v| vec![step(g, v[0])]);
        let inner = Op::CustomFn { fwd_body: forward, vjp_body: None, jvp_body: None, num_inputs: 1 };
        let outer = body(1, |g, v| {
            let once = g.add_node(inner.clone(), vec![v[0]], f32s(&[2]));
            vec![step(g, once)]
        });
        let outer = Op::CustomFn { fwd_body: outer, vjp_body: None, jvp_body: None, num_inputs: 1 };
        case.add(outer, &[x], &[2], DType::F32)
    });
    let scan = over_x(&|case, x| case.graph.scan(x, *body(1, |g, v| vec![step(g, v[0])]), 3));
    // Until the first element exceeds 5: 0.5, 1.5, 5.5. The second goes -1, 3, 19.
    let looping = over_x(&|case, x| {
        let cond = body(1, |g, v| {
            let first = g.add_node(Op::Narrow { axis: 0, start: 0, len: 1 }, vec![v[0]], f32s(&[1]));
            let five = g.add_node(Op::Constant { data: 5f32.to_le_bytes().to_vec() }, vec![], f32s(&[1]));
            vec![g.add_node(Op::Compare(CmpOp::Lt), vec![first, five], Shape::new(&[1], DType::Bool))]
        });
        let step = body(1, |g, v| vec![step(g, v[0])]);
        case.add(Op::While { cond, body: step, max_iterations: None }, &[x], &[2], DType::F32)
    });
    vec![
        ("if", choice(1.0), X.map(|x| stepped(x, 1))),
        ("else", choice(0.0), X.map(|x| x * x)),
        ("function", function, X.map(|x| stepped(x, 2))),
        ("scan", scan, X.map(|x| stepped(x, 3))),
        ("while", looping, X.map(|x| stepped(x, 2))),
    ]
}

#[test]
fn they_run_inside_every_kind_of_body() {
    let backend = with_kernels(kernels());
    for (what, case, want) in cases() {
        assert_same(what, &run_on(&backend, &case)[0], &want);
    }
}

#[test]
fn a_kernel_that_is_missing_in_a_body_is_missed_at_compile() {
    let [host, _] = kernels();
    let backend = with_kernels([host]);
    for (what, case, _) in cases() {
        for mode in MODES {
            let error = compile_on(&backend, &case, mode).expect_err(what);
            assert!(error.message().contains("`nested.composed`"), "{what} {mode}: {error}");
        }
    }
}

/// The third turn of a loop fails, and the next run of the same executable does not.
#[test]
fn a_failure_in_a_loop_is_that_of_the_run() {
    let [_, composed] = kernels();
    let host = Kernel::host_fn("nested.host", |_, inputs: &[TensorView<'_>], outputs| {
        let x = inputs[0].values::<f32>()?;
        if x[0] > 100.0 {
            return Err(Error::invalid(format!("{} is out of range", x[0])));
        }
        outputs[0].values::<f32>()?.iter_mut().zip(x).for_each(|(y, x)| *y = 2.0 * x + 1.0);
        Ok(())
    });
    let backend = with_kernels([host, composed]);
    let (_, case, _) = cases().swap_remove(3);
    for mode in MODES {
        let mut executable = compile_on(&backend, &case, mode).unwrap();
        let mut run = |x: [f64; 2]| executable.run_to_vec(&[&Tensor::f32(&[2], x).bytes()]);
        for _ in 0..2 {
            let error = run([5.0, 0.0]).unwrap_err();
            assert!(error.message().contains("2601 is out of range"), "{mode}: {error}");
            let got = Tensor::from_bytes(DType::F32, &[2], &run(X).unwrap()[0]);
            assert_same(mode, &got, &X.map(|x| stepped(x, 3)));
        }
    }
}
