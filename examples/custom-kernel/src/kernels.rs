//! The kernels: one of each kind. `Kernel` and the rules for kernels are described in `rlx_host_api::kernel`.

use rlx_host_api::kernel::{Kernel, KernelCall, Language, Launch, SourceCode, Unary};
use rlx_host_api::{Error, Value};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// max(x, 0)², composed of operations of the engine.
pub(crate) const SQUARED_RELU: &str = "example.squared_relu";
/// y\[i\] = x\[i\] + a · y\[i - 1\] along every row, on the host; the attribute is a, an f32.
pub(crate) const RECURRENCE: &str = "example.recurrence";
/// a · sigmoid(b), from source.
pub(crate) const GATE: &str = "example.gate";

/// A kernel of each kind. Closures are the short form; types that implement `HostKernel` or `ComposedKernel` do as well.
pub(crate) fn all() -> [Kernel; 3] {
    [squared_relu(), recurrence(), gate()]
}

/// Checks that a node has `inputs` operands and that its only result is like each of them. The graph is whatever somebody
/// wrote: a kernel that trusts its sizes reads or writes past the end, or leaves a part of its result as it was.
fn elementwise(call: &KernelCall<'_>, inputs: usize) -> Result<(), Error> {
    let [result] = call.outputs else {
        return Err(Error::invalid(format!("it has 1 result, not {}", call.outputs.len())));
    };
    if call.inputs.len() != inputs {
        return Err(Error::invalid(format!("it takes {inputs} operands, not {}", call.inputs.len())));
    }
    match call.inputs.iter().find(|input| (input.dtype, &input.dims) != (result.dtype, &result.dims)) {
        Some(input) => Err(Error::invalid(format!("its result is like its operands, but {input} gives {result}"))),
        None => Ok(()),
    }
}

/// Called when the engine's graph is built, not when it is evaluated: the result is lazy, and optimised with the rest.
fn squared_relu() -> Kernel {
    Kernel::composed_fn(SQUARED_RELU, |call, ops, inputs| {
        note(SQUARED_RELU, "composed");
        elementwise(call, 1)?;
        let relu = ops.unary(inputs[0], Unary::Relu)?;
        ops.mul(&relu, &relu)
    })
}

/// Called at every evaluation, from whichever thread, with operands and results in host memory. Their dtypes and
/// shapes are those of the node.
fn recurrence() -> Kernel {
    Kernel::host_fn(RECURRENCE, |call, inputs, outputs| {
        note(RECURRENCE, "host");
        elementwise(call, 1)?;
        let a = <[u8; 4]>::try_from(call.attrs).map(f32::from_le_bytes);
        let a = a.map_err(|_| Error::invalid("the attributes are not one f32"))?;
        let row = call.inputs[0].dims.last().map_or(1, |&extent| extent.max(1) as usize);
        // `values` checks the dtype.
        let rows = inputs[0].values::<f32>()?.chunks(row).zip(outputs[0].values::<f32>()?.chunks_mut(row));
        for (x, y) in rows {
            let mut last = 0.0;
            for (x, y) in x.iter().zip(y) {
                last = x + a * last;
                *y = last;
            }
        }
        Ok(())
    })
}

/// The engine writes the function's signature around the body and compiles it for its device at first use. A device that
/// runs none of the languages, as a CPU, gets the fallback.
fn gate() -> Kernel {
    let code = |thread: &str| {
        let body = format!("unsigned int i = {thread};\nif (i < N) out[i] = a[i] / (1.0f + exp(-b[i]));\n");
        SourceCode::new(&["a", "b"], &["out"], &body)
    };
    Kernel::source(GATE, |call| {
        note(GATE, "source");
        elementwise(call, 2)?;
        let n = u32::try_from(call.outputs[0].elements()).map_err(|_| Error::invalid("too many elements"))?;
        let template_args = vec![("N".to_owned(), Value::Int(n.into()))];
        Ok(Launch { grid: [n.max(1), 1, 1], threadgroup: [n.clamp(1, 256), 1, 1], template_args, init: None })
    })
    .code(Language::Metal, code("thread_position_in_grid.x"))
    .code(Language::Cuda, code("blockIdx.x * blockDim.x + threadIdx.x"))
    .fallback(Kernel::composed_fn(GATE, |call, ops, inputs| {
        note(GATE, "fallback, composed");
        elementwise(call, 2)?;
        ops.mul(inputs[0], &ops.unary(inputs[1], Unary::Sigmoid)?)
    }))
    .into()
}

/// What was called for each op, for the table. Kernels need nothing like it.
static CALLED: Mutex<BTreeMap<&str, &str>> = Mutex::new(BTreeMap::new());

fn note(op: &'static str, kind: &'static str) {
    CALLED.lock().unwrap_or_else(PoisonError::into_inner).insert(op, kind);
}

/// The kind of kernel that computed an op; the engine, if none.
pub(crate) fn computed_by(op: &str) -> &'static str {
    CALLED.lock().unwrap_or_else(PoisonError::into_inner).get(op).copied().unwrap_or("engine")
}
