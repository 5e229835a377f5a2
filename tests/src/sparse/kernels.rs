//! The product and the solution as ops of a graph, and as host kernels for them.

use super::{Csr, Lu, Matrix, Ordering};
use crate::graph::Case;
use crate::tensor::Tensor;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Backend, Error, TensorView};
use rlx_ir::{DType, NodeId, OpExtension, Shape};
use std::sync::{Arc, Once};

/// `A x`: starts, columns, values, x of [rows, width].
pub const PRODUCT: &str = "sparse.product";

/// `x` with `A x = b`: starts, columns, values, b of [rows, width]. The attributes name an [`Ordering`].
pub const SOLVE: &str = "sparse.lu_solve";

/// `x` with `A x = b`.
///
/// # Errors
/// Invalid argument for a singular matrix and for shapes that do not fit.
pub fn solve(matrix: &Csr<'_>, ordering: Ordering, b: &[f64], width: usize, x: &mut [f64]) -> Result<(), Error> {
    Lu::factor(matrix, &ordering.of(matrix))?.solve(matrix, b, width, x)
}

/// Computes `A x`; operands as of [`PRODUCT`].
///
/// # Errors
/// Invalid argument for operands that do not fit.
pub fn product(operands: &[TensorView<'_>], y: &mut [f64]) -> Result<(), Error> {
    let (matrix, x, width) = read(operands)?;
    matrix.multiply(x, width, y)
}

/// Computes `x` with `A x = b`; operands as of [`SOLVE`].
///
/// # Errors
/// Invalid argument for a singular matrix and for operands that do not fit.
pub fn solution(ordering: Ordering, operands: &[TensorView<'_>], x: &mut [f64]) -> Result<(), Error> {
    let (matrix, b, width) = read(operands)?;
    solve(&matrix, ordering, b, width, x)
}

/// Registers both kernels.
///
/// # Errors
/// What the plugin says.
pub fn register(backend: &Backend) -> Result<(), Error> {
    backend.register_kernel(Kernel::host_fn(PRODUCT, |_, inputs, outputs| product(inputs, outputs[0].values()?)))?;
    backend.register_kernel(Kernel::host_fn(SOLVE, |call, inputs, outputs| {
        solution(Ordering::from_attrs(call.attrs)?, inputs, outputs[0].values()?)
    }))?;
    Ok(())
}

fn read<'a>(inputs: &[TensorView<'a>]) -> Result<(Csr<'a>, &'a [f64], usize), Error> {
    let [starts, columns, values, vectors] = inputs else { return Err(Error::invalid("not four operands")) };
    let &[_, width] = vectors.dims else { return Err(Error::invalid("the vectors are not of [rows, width]")) };
    let matrix = Csr::new(starts.values()?, columns.values()?, values.values()?)?;
    Ok((matrix, vectors.values()?, width as usize))
}

/// What RLX must know of either op.
struct Op(&'static str);

impl OpExtension for Op {
    fn name(&self) -> &str {
        self.0
    }

    fn num_inputs(&self) -> usize {
        4
    }

    fn infer_shape(&self, inputs: &[&Shape], _attrs: &[u8]) -> Shape {
        inputs[3].clone()
    }
}

/// Adds a matrix to a case: its starts, columns and values.
pub fn input(case: &mut Case, matrix: &Matrix) -> [NodeId; 3] {
    let list = |dtype, values: Vec<f64>| Tensor::of(dtype, &[values.len()], values);
    let integers = |list: &[i32]| list.iter().copied().map(f64::from).collect();
    [
        case.input(&list(DType::I32, integers(&matrix.starts))),
        case.input(&list(DType::I32, integers(&matrix.columns))),
        case.input(&list(DType::F64, matrix.values.clone())),
    ]
}

/// Adds `A x`.
pub fn add_product(case: &mut Case, [starts, columns, values]: [NodeId; 3], x: NodeId) -> NodeId {
    declare();
    case.graph.custom_op(PRODUCT, Vec::new(), vec![starts, columns, values, x])
}

/// Adds `x` with `A x = b`.
pub fn add_solve(case: &mut Case, [starts, columns, values]: [NodeId; 3], ordering: Ordering, b: NodeId) -> NodeId {
    declare();
    case.graph.custom_op(SOLVE, ordering.attrs(), vec![starts, columns, values, b])
}

fn declare() {
    static DECLARED: Once = Once::new();
    DECLARED.call_once(|| [PRODUCT, SOLVE].into_iter().for_each(|name| rlx_ir::register_op(Arc::new(Op(name)))));
}
