//! Dense linear algebra over the last two axes; axes before them are a batch. MLX has it on the processor alone, so each op
//! is placed there, on every device. Half types are computed in f32 and rounded once, f64 in f64.
//!
//! NaN and infinity in an operand give a result that is not specified, or end the run with an error.

use super::floats::{computed_in, floats};
use super::rule::rules;
use super::scope::Scope;
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;
use rlx_ir::op::{QrPart, SvdPart};
use std::ffi::c_int;

rules! {
    Cholesky                               [1..=1; scope, node]    floats    => cholesky(scope, node);
    TriangularSolve { lower, transpose }   [2..=2; scope, node]    floats    => triangular_solve(scope, node, *lower, *transpose);
    DenseSolve                             [2..=2; scope, node]    floats    => dense_solve(scope, node);
    BatchedDenseSolve                      [2..=2; scope, node]    floats    => dense_solve(scope, node);
    Det                                    [1..=1; scope, node]    floats    => determinant(scope, node, false);
    LogDet                                 [1..=1; scope, node]    floats    => determinant(scope, node, true);
    Qr { part }                            [1..=1; scope, node]    floats    => qr(scope, node, *part);
    Svd { part }                           [1..=1; scope, node]    floats    => svd(scope, node, *part);
}

/// A batch of matrices, in the dtype that their node is computed in.
struct Matrices {
    all: Array,
    dtype: DType,
    batch: Vec<c_int>,
    rows: c_int,
    columns: c_int,
}

impl Matrices {
    /// Operand 0 of a node.
    fn of(scope: &Scope<'_>, node: &Node) -> Result<Self, Error> {
        let operands = scope.inputs(node)?;
        let dtype = computed_in(node, &operands)?;
        let a = scope.input(node, 0)?;
        let dims = a.dims()?;
        match dims.as_slice() {
            &[ref batch @ .., rows, columns] => {
                Ok(Self { all: a.cast(dtype)?, dtype, batch: batch.to_vec(), rows, columns })
            }
            _ => Err(Error::invalid(format!("a is {dims:?}: it has two axes or more"))),
        }
    }

    /// The same of square matrices.
    fn square(scope: &Scope<'_>, node: &Node) -> Result<Self, Error> {
        let a = Self::of(scope, node)?;
        if a.rows != a.columns {
            return Err(Error::invalid(format!("the matrices are {} by {}: not square", a.rows, a.columns)));
        }
        Ok(a)
    }

    /// What MLX, which takes no empty matrices, has nothing to make of: `value` for each element.
    fn nothing(&self, value: f64, last: &[c_int]) -> Result<Option<Array>, Error> {
        if self.rows != 0 && self.columns != 0 && !self.batch.contains(&0) {
            return Ok(None);
        }
        Array::scalar(value, self.dtype)?.broadcast_to(&[&self.batch, last].concat()).map(Some)
    }
}

/// The transposes of matrices.
fn turned(a: &Array) -> Result<Array, Error> {
    a.swapaxes(-2, -1)
}

/// `Op::Cholesky`: the lower triangular l of `a = l l^T`, of whose symmetric matrices the lower triangle is read. One that is
/// not positive definite gives NaN (MLX: linalg::cholesky).
fn cholesky(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let a = Matrices::square(scope, node)?;
    match a.nothing(0.0, &[a.rows, a.columns])? {
        Some(nothing) => Ok(nothing),
        None => a.all.cholesky(false),
    }
}

/// The right side of a system, in the dtype that its node is computed in: `[.., n, k]`, or `[.., n]` where it has one axis
/// less than `a`.
fn right_side(scope: &Scope<'_>, node: &Node, a: &Matrices) -> Result<Array, Error> {
    let b = scope.input(node, 1)?;
    let (dims, rows) = (b.dims()?, [&a.batch, &[a.rows][..]].concat());
    if !dims.starts_with(&rows) || dims.len() > rows.len() + 1 {
        let wanted = format!("{rows:?} or the same with one more axis");
        return Err(Error::invalid(format!("b is {dims:?}, and a wants {wanted}")));
    }
    b.cast(a.dtype)
}

/// `Op::DenseSolve` and `Op::BatchedDenseSolve`: x of `a x = b`, of b's shape. A singular matrix ends the run with an error, as
/// rlx-cpu and NumPy have it (MLX: linalg::solve).
fn dense_solve(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let a = Matrices::square(scope, node)?;
    let b = right_side(scope, node, &a)?;
    if b.dims()?.contains(&0) { Ok(b) } else { a.all.solve(&b) }
}

/// `Op::TriangularSolve`: the same for one triangle of a, or of its transpose; the other one is not read. A zero on the
/// diagonal ends the run with an error, as SciPy has it (MLX: linalg::solve_triangular).
fn triangular_solve(scope: &Scope<'_>, node: &Node, lower: bool, transpose: bool) -> Result<Array, Error> {
    let a = Matrices::square(scope, node)?;
    let b = right_side(scope, node, &a)?;
    match (b.dims()?.contains(&0), transpose) {
        (true, _) => Ok(b),
        (false, false) => a.all.solve_triangular(&b, !lower),
        // Transposed, the lower triangle is the upper one.
        (false, true) => turned(&a.all)?.solve_triangular(&b, lower),
    }
}

/// `Op::Det` and, with `log`, `Op::LogDet`, which is the logarithm of its absolute value. A singular matrix gives 0 and
/// -infinity; one without rows gives 1 and 0 (MLX: linalg::lu_factor, slogdet).
fn determinant(scope: &Scope<'_>, node: &Node, log: bool) -> Result<Array, Error> {
    let a = Matrices::square(scope, node)?;
    match a.nothing(if log { 0.0 } else { 1.0 }, &[])? {
        Some(nothing) => Ok(nothing),
        None if log => Ok(a.all.slogdet()?.1),
        None => a.all.det(),
    }
}

/// `Op::Qr` of matrices `[m, n]`: q `[m, k]` with orthonormal columns, or r `[k, n]`, upper triangular, of `a = q r`; k is the
/// smaller of m and n. The diagonal of r has any signs (MLX: linalg::qr).
fn qr(scope: &Scope<'_>, node: &Node, part: QrPart) -> Result<Array, Error> {
    let a = Matrices::of(scope, node)?;
    let k = a.rows.min(a.columns);
    let last = match part {
        QrPart::Q => [a.rows, k],
        QrPart::R => [k, a.columns],
    };
    if let Some(nothing) = a.nothing(0.0, &last)? {
        return Ok(nothing);
    }
    let (q, r) = a.all.qr()?;
    Ok(match part {
        QrPart::Q => q,
        QrPart::R => r,
    })
}

/// `Op::Svd` of matrices `[m, n]`: u `[m, k]`, s `[k]`, descending, or vt `[k, n]` of `a = u diag(s) vt`; k is the smaller of m
/// and n. Vectors have any signs, the same ones in u as in vt (MLX: linalg::svd).
fn svd(scope: &Scope<'_>, node: &Node, part: SvdPart) -> Result<Array, Error> {
    let a = Matrices::of(scope, node)?;
    let k = a.rows.min(a.columns);
    let last: &[c_int] = match part {
        SvdPart::U => &[a.rows, k],
        SvdPart::S => &[k],
        SvdPart::Vt => &[k, a.columns],
    };
    if let Some(nothing) = a.nothing(0.0, last)? {
        return Ok(nothing);
    }
    if part == SvdPart::S {
        return a.all.svdvals();
    }
    if a.rows >= a.columns {
        return of_tall(&a, &a.all, part == SvdPart::U);
    }
    // a^T = v diag(s) u^T
    turned(&of_tall(&a, &turned(&a.all)?, part == SvdPart::Vt)?)
}

/// u, or else vt, of matrices with at least as many rows as columns. MLX gives all of a square u, as many columns as there
/// are rows; so where those are more, it gets the square factor of `q r` alone.
fn of_tall(a: &Matrices, tall: &Array, wants_u: bool) -> Result<Array, Error> {
    let (q, square) = if a.rows == a.columns {
        (None, tall.duplicate()?)
    } else {
        let (q, r) = tall.qr()?;
        (Some(q), r)
    };
    let (u, _, vt) = square.svd()?;
    match q {
        _ if !wants_u => Ok(vt),
        Some(q) => q.matmul(&u),
        None => Ok(u),
    }
}
