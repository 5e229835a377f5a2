//! Custom ops that rlx-cpu itself has kernels for, as its importer writes them, and those that nobody computes.

use rlx_host_api::kernel::{Kernel, KernelKind};
use rlx_host_api::runtime::{kernels, register_kernel, unregister_kernel};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, LowerContext, Node, NodeId, Op, OpExtension, Shape, register_op};
use rlx_mlx_tests::runtime::{mlx, panic_text};
use rlx_mlx_tests::tensor::Tensor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

fn graph(name: &str, attrs: &[u8], operands: &[&Tensor], result: Shape) -> Graph {
    let mut g = Graph::new("custom");
    let inputs: Vec<NodeId> = operands.iter().enumerate().map(|(i, x)| g.input(format!("x{i}"), x.shape())).collect();
    let op = Op::Custom { name: name.to_owned(), num_inputs: inputs.len() as u32, attrs: attrs.to_vec() };
    let y = g.append_node(op, inputs, result, Some("it".into()));
    g.set_outputs(vec![y]);
    g
}

fn run(g: Graph, operands: &[&Tensor]) -> Tensor {
    let shape = g.shape(g.outputs[0]).clone();
    let dims: Vec<usize> = shape.dims().iter().map(|d| d.unwrap_static()).collect();
    let mut compiled = mlx().compile(g);
    let data: Vec<(String, Vec<u8>)> = operands.iter().enumerate().map(|(i, x)| (format!("x{i}"), x.bytes())).collect();
    let inputs: Vec<(&str, &[u8], DType)> =
        data.iter().zip(operands).map(|((name, data), x)| (name.as_str(), data.as_slice(), x.dtype)).collect();
    let (data, dtype) = compiled.run_typed(&inputs).remove(0);
    assert_eq!(dtype, shape.dtype());
    Tensor::from_bytes(dtype, &dims, &data)
}

fn i64s(dims: &[usize], values: &[f64]) -> Tensor {
    Tensor::of(DType::I64, dims, values)
}

fn one(name: &str, attrs: &[u8], operands: &[&Tensor], dims: &[usize], dtype: DType) -> Vec<f64> {
    run(graph(name, attrs, operands, Shape::new(dims, dtype)), operands).values
}

/// Axis, exclusive, reverse.
fn cum_prod(axis: i32, exclusive: bool, reverse: bool) -> Vec<u8> {
    [axis.to_le_bytes().as_slice(), &[exclusive.into(), reverse.into()]].concat()
}

#[test]
fn onnx_cum_prod_runs_through_the_kernel_of_rlx_cpu() {
    let x = Tensor::f32(&[2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let y = one("onnx.CumProd", &cum_prod(1, false, false), &[&x], &[2, 3], DType::F32);
    assert_eq!(y, [1.0, 2.0, 6.0, 4.0, 20.0, 120.0]);
    let y = one("onnx.CumProd", &cum_prod(0, true, false), &[&x], &[2, 3], DType::F32);
    assert_eq!(y, [1.0, 1.0, 1.0, 1.0, 2.0, 3.0]);
    let kernels = kernels().unwrap();
    assert!(kernels.iter().any(|(op, kind)| op == "onnx.CumProd" && *kind == KernelKind::Host), "{kernels:?}");
}

#[test]
fn onnx_mod_runs_through_the_kernel_of_rlx_cpu() {
    let (a, b) = (Tensor::f32(&[3], [7.5, -7.0, 9.0]), Tensor::f32(&[3], [2.0, 4.0, -4.0]));
    assert_eq!(one("onnx.Mod", &[1], &[&a, &b], &[3], DType::F32), [1.5, -3.0, 1.0]);
    let (a, b) = (i64s(&[3], &[7.0, 9.0, 8.0]), i64s(&[3], &[4.0, 5.0, 8.0]));
    assert_eq!(one("onnx.Mod", &[0], &[&a, &b], &[3], DType::I64), [3.0, 4.0, 0.0]);
}

#[test]
fn onnx_mod_that_rlx_cpu_computes_wrongly_is_refused() {
    let (a, b, few) = (i64s(&[2], &[-7.0, 7.0]), i64s(&[2], &[4.0, 4.0]), i64s(&[1], &[4.0]));
    let text = panic_text(|| one("onnx.Mod", &[0], &[&a, &b], &[2], DType::I64));
    assert!(text.contains("onnx.Mod") && text.contains("sign"), "{text}");
    let text = panic_text(|| one("onnx.Mod", &[1], &[&a, &few], &[2], DType::I64));
    assert!(text.contains("onnx.Mod") && text.contains("broadcast"), "{text}");
}

#[test]
fn onnx_one_hot_runs_through_the_kernel_of_rlx_cpu() {
    let (indices, depth, values) = (i64s(&[3], &[0.0, 2.0, -1.0]), i64s(&[1], &[3.0]), Tensor::f32(&[2], [-1.0, 5.0]));
    let attrs = (-1i32).to_le_bytes();
    let y = one("onnx.OneHot", &attrs, &[&indices, &depth, &values], &[3, 3], DType::F32);
    assert_eq!(y, [5.0, -1.0, -1.0, -1.0, -1.0, 5.0, -1.0, -1.0, 5.0]);
    let other = Tensor::of(DType::I32, &[2], [0.0, 5.0]);
    let text = panic_text(|| one("onnx.OneHot", &attrs, &[&indices, &depth, &other], &[3, 3], DType::F32));
    assert!(text.contains("onnx.OneHot") && text.contains("cast"), "{text}");
}

#[test]
fn onnx_non_zero_runs_through_the_kernel_of_rlx_cpu() {
    let want = [0.0, 0.0, 1.0, 0.0, 2.0, 1.0];
    for dtype in [DType::F32, DType::I64, DType::Bool] {
        let x = Tensor::of(dtype, &[2, 3], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(one("onnx.NonZero", &[], &[&x], &[2, 3], DType::I64), want, "{dtype:?}");
    }
}

#[test]
fn onnx_einsum_runs_through_the_kernel_of_rlx_cpu() {
    let (a, b) = (Tensor::f32(&[2, 2], [1.0, 2.0, 3.0, 4.0]), Tensor::f32(&[2, 2], [5.0, 6.0, 7.0, 8.0]));
    assert_eq!(one("onnx.Einsum", b"ij,jk->ik", &[&a, &b], &[2, 2], DType::F32), [19.0, 22.0, 43.0, 50.0]);
    let text = panic_text(|| one("onnx.Einsum", b"...i->i", &[&a], &[2], DType::F32));
    assert!(text.contains("ellipsis") && text.contains("onnx.Einsum"), "{text}");
}

#[test]
fn spd_matfn_batched_runs_through_the_kernel_of_rlx_cpu() {
    use rlx_cpu::spd_batched::{BatchedSpectral, spectral_batched};
    let mut g = Graph::new("spd");
    let x = g.input("x0", Shape::new(&[2, 2, 2], DType::F64));
    let y = spectral_batched(&mut g, x, 2, 2, 1e-9, BatchedSpectral::Sqrt);
    g.set_outputs(vec![y]);
    // Diagonal matrices, and one with the eigenvalues 1 and 9.
    let x = Tensor::of(DType::F64, &[2, 2, 2], [4.0, 0.0, 0.0, 9.0, 5.0, 4.0, 4.0, 5.0]);
    let got = run(g, &[&x]).values;
    for (got, want) in got.iter().zip([2.0, 0.0, 0.0, 3.0, 2.0, 1.0, 1.0, 2.0]) {
        assert!((got - want).abs() < 1e-6, "{got} {want}");
    }
}

#[test]
fn a_kernel_of_the_hosts_own_comes_before_that_of_rlx_cpu() {
    let seven = |op: &str| {
        Kernel::host_fn(op, |_, _, outputs| {
            outputs[0].values::<f32>()?.fill(7.0);
            Ok(())
        })
    };
    let x = Tensor::f32(&[2], [0.0, f64::NAN]);
    mlx();
    register_kernel(seven("onnx.IsNaN")).unwrap();
    assert_eq!(one("onnx.IsNaN", &[], &[&x], &[2], DType::F32), [7.0, 7.0]);
    unregister_kernel("onnx.IsNaN").unwrap();
}

#[test]
fn a_custom_op_that_nobody_computes_is_refused_by_name() {
    let x = Tensor::f32(&[2], [1.0, 2.0]);
    let text = panic_text(|| one("nobody.has.it", &[], &[&x], &[2], DType::F32));
    for part in
        ["`it` (Custom)", "no kernel for custom op `nobody.has.it`", "register_kernel", "rlx-cpu itself has none"]
    {
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
    }
}

/// Is x + x.
struct Double;

impl OpExtension for Double {
    fn name(&self) -> &str {
        "rewrites.double"
    }

    fn num_inputs(&self) -> usize {
        1
    }

    fn infer_shape(&self, inputs: &[&Shape], _: &[u8]) -> Shape {
        inputs[0].clone()
    }

    fn lower(&self, node: &Node, ctx: &mut LowerContext<'_>) -> Option<NodeId> {
        let x = ctx.inputs[0];
        Some(ctx.out.add_node(Op::Binary(BinaryOp::Add), vec![x, x], node.shape.clone()))
    }
}

#[test]
fn a_custom_op_with_a_rule_of_its_own_needs_no_kernel() {
    // The registry is the process's, and this test its only user of the name.
    let _ = catch_unwind(AssertUnwindSafe(|| register_op(Arc::new(Double))));
    let x = Tensor::f32(&[2], [1.0, 2.0]);
    assert_eq!(one("rewrites.double", &[], &[&x], &[2], DType::F32), [2.0, 4.0]);
}
