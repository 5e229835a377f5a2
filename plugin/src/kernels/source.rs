//! Kernels from source, which MLX compiles at first use (the shim's `kernel.h`).

use crate::mlx::array::Array;
use crate::mlx::dtypes::dtype_code;
use crate::mlx::errors::check;
use crate::mlx::extents::extents;
use rlx_host_api::author::{CustomNode, RegisteredKernel};
use rlx_host_api::kernel::{Language, Launch, SourceCode};
use rlx_host_api::{DType, Error, Value};
use rlx_mlx_shim as ffi;
use std::ffi::{CString, c_char, c_int};

/// The lazy results of one node.
pub(super) fn build(
    kernel: &RegisteredKernel,
    node: &CustomNode,
    inputs: &[&Array],
    language: Option<Language>,
) -> Result<Vec<Array>, Error> {
    let wrong = |e: Error| e.context(format_args!("kernel `{}`", kernel.op()));
    let code = language.and_then(|language| Some((language, kernel.source(language)?)));
    let (language, code) = code.ok_or_else(|| wrong(Error::fault("there is no source for this device")))?;
    let launch = kernel.launch(node)?;
    launch_on(language, kernel.op(), code, &launch, node, inputs).map_err(wrong)
}

fn launch_on(
    language: Language,
    op: &str,
    code: &SourceCode,
    launch: &Launch,
    node: &CustomNode,
    inputs: &[&Array],
) -> Result<Vec<Array>, Error> {
    if (code.input_names.len(), code.output_names.len()) != (inputs.len(), node.outputs().len()) {
        return Err(Error::invalid(format!(
            "its {language} source names {} operands and {} results, the node has {} and {}",
            code.input_names.len(),
            code.output_names.len(),
            inputs.len(),
            node.outputs().len()
        )));
    }
    let name: String = op.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let (name, header, body) = (text(&name)?, text(&code.header)?, text(&code.body)?);
    let (input_names, output_names) = (Texts::new(&code.input_names)?, Texts::new(&code.output_names)?);
    let raw_kernel = ffi::rlx_mlx_kernel_t {
        name: name.as_ptr(),
        source: body.as_ptr(),
        header: header.as_ptr(),
        input_names: input_names.pointers.as_ptr(),
        n_inputs: inputs.len(),
        output_names: output_names.pointers.as_ptr(),
        n_outputs: node.outputs().len(),
        ensure_row_contiguous: c_int::from(!code.strided_inputs),
        atomic_outputs: c_int::from(code.atomic_outputs),
        shared_memory: c_int::try_from(code.shared_memory)
            .map_err(|_| Error::invalid(format!("{} bytes of shared memory", code.shared_memory)))?,
    };
    let names = launch.template_args.iter().map(|(name, _)| text(name)).collect::<Result<Vec<_>, _>>()?;
    let args = launch.template_args.iter().zip(&names);
    let args = args.map(|((name, value), c_name)| template_arg(name, c_name, value)).collect::<Result<Vec<_>, _>>()?;
    let raw_launch = ffi::rlx_mlx_launch_t {
        grid: counts(launch.grid)?,
        threadgroup: counts(launch.threadgroup)?,
        template_args: args.as_ptr(),
        n_template_args: args.len(),
        has_init: c_int::from(launch.init.is_some()),
        init: launch.init.unwrap_or_default(),
    };
    let dims = node.outputs().iter().map(extents).collect::<Result<Vec<_>, _>>()?;
    let dtypes = node.outputs().iter().map(|output| dtype_code(output.dtype)).collect::<Result<Vec<_>, _>>()?;
    let shapes: Vec<*const c_int> = dims.iter().map(|dims| dims.as_ptr()).collect();
    let ranks: Vec<usize> = dims.iter().map(Vec::len).collect();
    let raw: Vec<_> = inputs.iter().map(|array| array.raw()).collect();
    let mut made = vec![std::ptr::null_mut(); dims.len()];
    let function = match language {
        Language::Metal => ffi::rlx_mlx_kernel_metal,
        Language::Cuda => ffi::rlx_mlx_kernel_cuda,
    };
    // SAFETY: live handles; texts and lists outlive the call; counts are those that the kernel states.
    check(unsafe {
        let (shapes, ranks, dtypes) = (shapes.as_ptr(), ranks.as_ptr(), dtypes.as_ptr());
        function(&raw_kernel, &raw_launch, raw.as_ptr(), shapes, ranks, dtypes, made.as_mut_ptr())
    })?;
    // SAFETY: fresh handles, owned by nobody else.
    made.into_iter().map(|raw| unsafe { Array::from_raw(raw) }).collect()
}

/// Texts and the pointers to them.
struct Texts {
    pointers: Vec<*const c_char>,
    _texts: Vec<CString>,
}

impl Texts {
    fn new(texts: &[String]) -> Result<Self, Error> {
        let texts = texts.iter().map(|name| text(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { pointers: texts.iter().map(|text| text.as_ptr()).collect(), _texts: texts })
    }
}

fn text(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::invalid("a text of its source has a NUL character"))
}

fn counts(threads: [u32; 3]) -> Result<[c_int; 3], Error> {
    let mut counts = [0; 3];
    for (count, &n) in counts.iter_mut().zip(&threads) {
        *count = c_int::try_from(n).map_err(|_| Error::invalid(format!("a launch of {n} threads")))?;
    }
    Ok(counts)
}

fn template_arg(name: &str, c_name: &CString, value: &Value) -> Result<ffi::rlx_mlx_template_arg_t, Error> {
    let wrong = || Error::invalid(format!("template argument `{name}` is {value}: give an i32, a truth or a dtype"));
    let (kind, value) = match value {
        Value::Int(value) => (ffi::RLX_MLX_TEMPLATE_INT, c_int::try_from(*value).map_err(|_| wrong())?),
        Value::Bool(value) => (ffi::RLX_MLX_TEMPLATE_BOOL, c_int::from(*value)),
        Value::Str(value) => {
            let dtype = DType::ALL.into_iter().find(|dtype| dtype.name() == value).ok_or_else(wrong)?;
            (ffi::RLX_MLX_TEMPLATE_DTYPE, dtype_code(dtype)? as c_int)
        }
        Value::Float(_) => return Err(wrong()),
    };
    Ok(ffi::rlx_mlx_template_arg_t { name: c_name.as_ptr(), kind, value })
}
