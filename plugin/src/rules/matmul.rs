//! Matrix products.

use super::floats::{computed_in, float_operand, float_result, floats, is_wider};
use super::linear::linear;
use super::rule::{Case, any, rules};
use super::scope::{Scope, declared_dtype};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_integer;
use crate::mlx::extents::{int, joined};
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use std::ffi::c_int;

rules! {
    MatMul                  [a, b; scope, node]         any              => matmul(scope, node, a, b);
    DotGeneral { .. }       [2..=2; scope, node]        floats           => dot_general(scope, node);
    LoraMatMul { scale }    [x, w, a, b; _, node]       floats           => lora([x, w, a, b], *scale, node);
    GroupedMatMul           [x, w, expert; _, node]     floats_by_expert => grouped(x, w, expert, node);
}

/// `Op::MatMul`. Halves are added in f32; where more digits are declared than both operands have, they get those first.
fn matmul(scope: &Scope<'_>, node: &Node, a: &Array, b: &Array) -> Result<Array, Error> {
    let declared = declared_dtype(node);
    if is_wider(declared, a.dtype()?) && is_wider(declared, b.dtype()?) {
        return a.cast(declared)?.matmul(&b.cast(declared)?);
    }
    match linear(scope, node, a, 1, &[])? {
        Some(y) => Ok(y),
        None => a.matmul(b),
    }
}

/// Which axis of one operand of `Op::DotGeneral` is what.
struct Axes<'a> {
    name: &'a str,
    dims: Vec<c_int>,
    batch: &'a [usize],
    contracted: &'a [usize],
    free: Vec<usize>,
}

impl<'a> Axes<'a> {
    fn new(name: &'a str, dims: Vec<c_int>, batch: &'a [usize], contracted: &'a [usize]) -> Result<Self, Error> {
        let mut taken = vec![false; dims.len()];
        for &axis in batch.iter().chain(contracted) {
            match taken.get_mut(axis) {
                Some(taken) if !*taken => *taken = true,
                Some(_) => return Err(Error::invalid(format!("axis {axis} of {name} is listed twice"))),
                None => return Err(Error::invalid(format!("axis {axis} of {name}, which is {dims:?}"))),
            }
        }
        let free = (0..dims.len()).filter(|&axis| !taken[axis]).collect();
        Ok(Self { name, dims, batch, contracted, free })
    }

    fn extents(&self, axes: &[usize]) -> Vec<c_int> {
        axes.iter().map(|&axis| self.dims[axis]).collect()
    }

    /// The operand as matrices: `[batch, rows, columns]`, which are these axes.
    fn matrices(&self, x: &Array, rows: &[usize], columns: &[usize]) -> Result<Array, Error> {
        let order = [self.batch, rows, columns].concat();
        let order = order.iter().map(|&axis| int(axis)).collect::<Result<Vec<_>, _>>()?;
        let dims = [self.batch, rows, columns].map(|axes| joined(&self.extents(axes)));
        let [batch, rows, columns] = dims;
        x.transpose(&order)?.reshape(&[batch?, rows?, columns?])
    }
}

/// `Op::DotGeneral`: the product over pairs of contracted axes for each index of pairs of batch axes. The result has the
/// batch axes, those that are left of the first operand, and those of the second one. Half types are summed in f32.
fn dot_general(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::DotGeneral { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = &node.op else {
        return Err(Error::fault("not a general product"));
    };
    let (a, b) = (scope.input(node, 0)?, scope.input(node, 1)?);
    let lhs = Axes::new("the first operand", a.dims()?, lhs_batch, lhs_contracting)?;
    let rhs = Axes::new("the second operand", b.dims()?, rhs_batch, rhs_contracting)?;
    let pair = |what: &str, left: &[usize], right: &[usize]| {
        let (l, r) = (lhs.extents(left), rhs.extents(right));
        if l == r {
            return Ok(());
        }
        let (first, second) = (lhs.name, rhs.name);
        Err(Error::invalid(format!("the {what} axes are {l:?} in {first} and {r:?} in {second}")))
    };
    pair("batch", lhs_batch, rhs_batch)?;
    pair("contracted", lhs_contracting, rhs_contracting)?;
    let dtype = computed_in(node, &[a, b])?;
    let left = lhs.matrices(&a.cast(dtype)?, &lhs.free, lhs.contracted)?;
    let right = rhs.matrices(&b.cast(dtype)?, rhs.contracted, &rhs.free)?;
    let dims = [lhs.extents(lhs.batch), lhs.extents(&lhs.free), rhs.extents(&rhs.free)].concat();
    left.matmul(&right)?.reshape(&dims)
}

/// `Op::LoraMatMul`: `x @ w + scale * (x @ a) @ b`, rounded once at the end.
fn lora([x, w, a, b]: [&Array; 4], scale: f32, node: &Node) -> Result<Array, Error> {
    let dtype = computed_in(node, &[x, w, a, b])?;
    let x = x.cast(dtype)?;
    let narrow = x.matmul(&a.cast(dtype)?)?.matmul(&b.cast(dtype)?)?;
    x.matmul(&w.cast(dtype)?)?.add(&narrow.mul(&Array::scalar(scale.into(), dtype)?)?)
}

/// The operands are real floats, save for the experts' numbers, which may be integers too.
fn floats_by_expert(case: &Case<'_>) -> Result<(), Error> {
    float_operand(case, 0)?;
    float_operand(case, 1)?;
    let expert = case.node.inputs.get(2).map(|&id| DType::from(case.graph.shape(id).dtype()));
    match expert {
        Some(dtype) if !is_integer(dtype) => float_operand(case, 2)?,
        _ => {}
    }
    float_result(case)
}

/// `Op::GroupedMatMul`: row i of x `[m, k]` times matrix `expert[i]` of w `[e, k, n]`, `[m, n]` (MLX: gather_mm).
///
/// Numbers of experts are truncated; negative ones count from the end, and those outside are the nearest inside.
fn grouped(x: &Array, w: &Array, expert: &Array, node: &Node) -> Result<Array, Error> {
    let (x_dims, w_dims, experts, declared) = (x.dims()?, w.dims()?, expert.dims()?, dims_of(node)?);
    let (&[ref outer @ .., m, k], &[e, inner, n]) = (x_dims.as_slice(), w_dims.as_slice()) else {
        return Err(Error::invalid(format!(
            "x is {x_dims:?} and the experts are {w_dims:?}: give [m, k] and [e, k, n]"
        )));
    };
    if inner != k || joined(outer)? != 1 || joined(&experts)? != m {
        return Err(Error::invalid(format!(
            "x is {x_dims:?}, the experts are {w_dims:?} and their numbers {experts:?}"
        )));
    }
    // Those of one dtype stay in it: MLX adds halves in f32, and a bank of experts is large.
    let dtype = match x.dtype()? {
        same if same == w.dtype()? && same == declared_dtype(node) => same,
        _ => computed_in(node, &[x, w])?,
    };
    let matrix = [outer, &[m, n]].concat();
    let dims = if joined(&declared)? == joined(&matrix)? && declared.last() == Some(&n) { declared } else { matrix };
    if m == 0 || n == 0 || k == 0 {
        return Array::scalar(0.0, dtype)?.broadcast_to(&dims);
    }
    if e == 0 {
        return Err(Error::invalid("there are no experts"));
    }
    let x = x.cast(dtype)?.reshape(&[m, k])?;
    x.gather_mm(&w.cast(dtype)?, &expert.reshape(&[m])?)?.reshape(&dims)
}
