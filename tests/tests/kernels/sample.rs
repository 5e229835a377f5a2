//! A kernel of each kind for the same graph, and the same ops for rlx-cpu, computed independently.

use crate::{Count, op_with};
use rlx_cpu::op_registry::{CpuKernel, CpuTensorMut, CpuTensorRef, register_cpu_kernel};
use rlx_host_api::kernel::{Array, ArrayOps, Kernel, KernelCall, Language, Launch, SourceCode};
use rlx_host_api::{Error, TensorView};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, OpExtension, Shape, register_op};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::tensor::Tensor;
use std::sync::{Arc, Once};

/// `scale * x + shift`, both from the attributes.
pub(crate) const AFFINE: &str = "test.affine";
/// Running sums along the last axis.
pub(crate) const SUMS: &str = "test.sums";
/// `x * x - y`.
pub(crate) const SQUARE_LESS: &str = "test.square_less";

/// What the fallback of the kernel from source is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fallback {
    Host,
    Composed,
}

/// Calls of the composed and of the host kernel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    pub(crate) composed: Count,
    pub(crate) host: Count,
}

fn pair(attrs: &[u8]) -> Result<[f32; 2], Error> {
    let (values, rest) = attrs.as_chunks::<4>();
    match values {
        [a, b] if rest.is_empty() => Ok([f32::from_le_bytes(*a), f32::from_le_bytes(*b)]),
        _ => Err(Error::invalid(format!("{} bytes of attributes, expected 8", attrs.len()))),
    }
}

fn scalar<'a>(ops: &ArrayOps<'a>, value: f32) -> Result<Array<'a>, Error> {
    ops.arange(value.into(), f64::from(value) + 1.0, 1.0, rlx_host_api::DType::F32)
}

/// The kernels; `calls` counts.
pub(crate) fn kernels(fallback: Fallback, calls: &Calls) -> Vec<Kernel> {
    let (composed, host) = (calls.composed.clone(), calls.host.clone());
    let affine = Kernel::composed_fn(AFFINE, move |call, ops, inputs| {
        composed.add();
        let [scale, shift] = pair(call.attrs)?;
        ops.add(&ops.mul(inputs[0], &scalar(&ops, scale)?)?, &scalar(&ops, shift)?)
    });
    let sums = Kernel::host_fn(SUMS, move |call, inputs, outputs| {
        host.add();
        let row = *call.inputs[0].dims.last().unwrap_or(&1) as usize;
        let (from, to) = (inputs[0].values::<f32>()?, outputs[0].values::<f32>()?);
        for (from, to) in from.chunks(row).zip(to.chunks_mut(row)) {
            let mut sum = 0.0;
            for (x, y) in from.iter().zip(to) {
                sum += x;
                *y = sum;
            }
        }
        Ok(())
    });
    let fallback = match fallback {
        Fallback::Host => Kernel::host_fn("square_less.host", |_, inputs, outputs| {
            let operand = |view: &TensorView<'_>| view.values::<f32>().map(<[f32]>::to_vec);
            let (x, y) = (operand(&inputs[0])?, operand(&inputs[1])?);
            for (i, out) in outputs[0].values::<f32>()?.iter_mut().enumerate() {
                *out = x[i] * x[i] - y[i];
            }
            Ok(())
        }),
        Fallback::Composed => Kernel::composed_fn("square_less.composed", |_, ops, inputs| {
            ops.sub(&ops.mul(inputs[0], inputs[0])?, inputs[1])
        }),
    };
    vec![affine, sums, source(SQUARE_LESS, |_| Ok(Launch::default())).fallback(fallback).into()]
}

/// A kernel in both languages for `x * x - y`.
pub(crate) fn source(
    op: &str,
    launch: impl Fn(&KernelCall<'_>) -> Result<Launch, Error> + Send + Sync + 'static,
) -> rlx_host_api::kernel::SourceKernel {
    let metal = "uint i = thread_position_in_grid.x; out[i] = x[i] * x[i] - y[i];";
    let cuda = "auto i = blockIdx.x * blockDim.x + threadIdx.x; out[i] = x[i] * x[i] - y[i];";
    let code = |body| SourceCode::new(&["x", "y"], &["out"], body);
    Kernel::source(op, launch).code(Language::Metal, code(metal)).code(Language::Cuda, code(cuda))
}

/// All three between ordinary ops, one after a transpose, with two outputs.
pub(crate) fn case() -> Case {
    register();
    let mut case = Case::new();
    let (x, y) = (case.input(&Tensor::random(&[3, 4], 1)), case.input(&Tensor::random(&[4, 3], 2)));
    let (wide, tall) = (Shape::new(&[3, 4], DType::F32), Shape::new(&[4, 3], DType::F32));
    let graph = &mut case.graph;
    let a = graph.activation(Activation::Tanh, x, wide.clone());
    let attrs = [2.5f32, -0.75].map(f32::to_le_bytes).concat();
    let b = graph.custom_op(AFFINE, attrs, vec![a]);
    let c = graph.add_node(rlx_ir::Op::Transpose { perm: vec![1, 0] }, vec![b], tall.clone());
    let d = graph.custom_op(SUMS, vec![], vec![c]);
    let e = graph.add_node(rlx_ir::Op::Binary(BinaryOp::Add), vec![d, y], tall.clone());
    let f = graph.custom_op(SQUARE_LESS, vec![], vec![e, d]);
    let g = graph.add_node(rlx_ir::Op::Binary(BinaryOp::Mul), vec![f, y], tall);
    assert_eq!(graph.node(b).op, op_with(AFFINE, 1, &[2.5f32, -0.75].map(f32::to_le_bytes).concat()));
    case.outputs(&[g, b])
}

/// Registers the ops with the IR and with rlx-cpu.
fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (name, inputs) in [(AFFINE, 1), (SUMS, 1), (SQUARE_LESS, 2)] {
            register_op(Arc::new(SameShape(name, inputs)));
        }
        register_cpu_kernel(Arc::new(OnCpu(AFFINE, |inputs, out, attrs| {
            let [scale, shift] = pair(attrs).expect("two floats");
            out.iter_mut().zip(inputs[0]).for_each(|(y, x)| *y = scale * x + shift);
        })));
        register_cpu_kernel(Arc::new(OnCpu(SUMS, |inputs, out, _| {
            for i in 0..out.len() {
                // Rows of 3.
                out[i] = inputs[0][i] + if i % 3 == 0 { 0.0 } else { out[i - 1] };
            }
        })));
        register_cpu_kernel(Arc::new(OnCpu(SQUARE_LESS, |inputs, out, _| {
            for (i, out) in out.iter_mut().enumerate() {
                *out = inputs[0][i].powi(2) - inputs[1][i];
            }
        })));
    });
}

/// An op of some operands whose value is like the first.
struct SameShape(&'static str, usize);

impl OpExtension for SameShape {
    fn name(&self) -> &str {
        self.0
    }

    fn num_inputs(&self) -> usize {
        self.1
    }

    fn infer_shape(&self, inputs: &[&Shape], _attrs: &[u8]) -> Shape {
        inputs[0].clone()
    }
}

struct OnCpu(&'static str, fn(&[&[f32]], &mut [f32], &[u8]));

impl CpuKernel for OnCpu {
    fn name(&self) -> &str {
        self.0
    }

    fn execute(&self, inputs: &[CpuTensorRef<'_>], output: CpuTensorMut<'_>, attrs: &[u8]) -> Result<(), String> {
        let inputs = inputs.iter().map(|x| x.expect_f32("operand")).collect::<Result<Vec<_>, _>>()?;
        self.1(&inputs, output.expect_f32_mut("result")?, attrs);
        Ok(())
    }
}
