//! Custom ops that no kernel is registered for.

use crate::Backend;
#[cfg(feature = "rlx-cpu")]
use crate::kernel::{Kernel, KernelCall};
#[cfg(feature = "rlx-cpu")]
use crate::{DType, Error, ErrorKind, TensorInfo, TensorView};
use rlx_ir::{Graph, Node, Op};

/// Makes sure that something computes a custom op: a kernel of the host's, a rule of the op's own by which the runtime
/// rewrites it, or (feature `rlx-cpu`) a kernel of rlx-cpu, which is then registered with `backend`. `alone` is a graph
/// of the node.
///
/// # Errors
/// What is missing and what to do.
pub(super) fn provide(backend: &Backend, node: &Node, alone: impl FnOnce() -> Graph) -> Result<(), String> {
    let Op::Custom { name, .. } = &node.op else { return Ok(()) };
    // A plugin without kernels says so itself.
    if !matches!(backend.kernel(name), Ok(None)) || has_rule(name, alone) {
        return Ok(());
    }
    #[cfg(feature = "rlx-cpu")]
    if let Some(kernel) = of_rlx_cpu(name) {
        return backend.register_kernel(kernel).map(|_| ()).map_err(|e| e.to_string());
    }
    let other = if cfg!(feature = "rlx-cpu") {
        "rlx-cpu itself has none"
    } else {
        "those that rlx-cpu has itself, for onnx.* say, serve here with the feature `rlx-cpu` of rlx-host-api"
    };
    Err(format!(
        "no kernel for custom op `{name}`: register one with rlx_host_api::runtime::register_kernel before the program \
         is compiled; {other}"
    ))
}

/// Whether the op is registered with a rule that rewrites the node.
fn has_rule(name: &str, alone: impl FnOnce() -> Graph) -> bool {
    let is_it = |node: &Node| matches!(&node.op, Op::Custom { name: other, .. } if other == name);
    rlx_ir::lookup_op(name).is_some() && !rlx_opt::rlx_compile::lower_custom_ops(alone()).nodes().iter().any(is_it)
}

/// rlx-cpu's kernel for the op, as a kernel in host memory.
#[cfg(feature = "rlx-cpu")]
fn of_rlx_cpu(op: &str) -> Option<Kernel> {
    use rlx_cpu::op_registry::{lookup_cpu_kernel, run_custom_op_host};
    use rlx_ir::Shape;
    use std::sync::Once;

    // What a host registers with rlx-cpu under other names is meant for that.
    if !op.starts_with("onnx.") && !op.starts_with("spd.") {
        return None;
    }
    static SHIPPED: Once = Once::new();
    if lookup_cpu_kernel(op).is_none() {
        // rlx-cpu registers its own when it first compiles a program.
        SHIPPED.call_once(|| {
            rlx_cpu::onnx_ref::register_onnx_reference_kernels();
            rlx_cpu::spd_batched::register();
        });
        lookup_cpu_kernel(op)?;
    }
    Some(Kernel::host_fn(op, |call, inputs, outputs| {
        let shape = |dtype: DType, dims: &[i64]| {
            Shape::new(&dims.iter().map(|&extent| extent as usize).collect::<Vec<_>>(), dtype.into())
        };
        sound(call, inputs)?;
        let [output] = outputs else { return Err(Error::fault("rlx-cpu's kernels have one result")) };
        // Some leave what has no value.
        output.data.fill(0);
        let shapes: Vec<Shape> = inputs.iter().map(|input| shape(input.dtype, input.dims)).collect();
        let operands: Vec<(&[u8], &Shape)> = inputs.iter().map(|input| input.data).zip(&shapes).collect();
        let result = shape(output.dtype, output.dims);
        run_custom_op_host(call.op, &operands, (&mut *output.data, &result), call.attrs)
            .map_err(|e| Error::new(ErrorKind::ExecutionFailed, format!("rlx-cpu: {e}")))
    }))
}

/// Refuses what rlx-cpu's kernels (0.2.19) compute wrongly without a word.
#[cfg(feature = "rlx-cpu")]
fn sound(call: &KernelCall<'_>, inputs: &[TensorView<'_>]) -> Result<(), Error> {
    let elements = |info: &TensorInfo| info.dims.iter().product::<i64>();
    let result = call.outputs.first();
    let wrong = match (call.op, inputs) {
        ("onnx.Mod", [..]) if call.inputs.iter().any(|info| result.is_some_and(|r| elements(info) != elements(r))) => {
            "does not broadcast: expand the operands before it"
        }
        // The result has the sign of the divisor in ONNX, that of the dividend in the kernel.
        ("onnx.Mod", [a, b]) if a.dtype == DType::I64 && call.attrs.first().is_none_or(|fmod| *fmod == 0) => {
            let negative = |x: &TensorView<'_>| x.values::<i64>().map(|values| values.iter().any(|v| *v < 0));
            if !(negative(a)? || negative(b)?) {
                return Ok(());
            }
            "takes the sign of the dividend where fmod is 0: register a kernel for negative integers"
        }
        ("onnx.OneHot", [_, _, values]) if result.is_some_and(|r| r.dtype != values.dtype) => {
            "reads values of the result's dtype alone: cast them"
        }
        _ => return Ok(()),
    };
    Err(Error::unsupported(format!("rlx-cpu's kernel for {} {wrong}", call.op)))
}
