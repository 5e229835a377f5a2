//! Factorisations, solves and determinants of matrices that are far from singular.

use crate::compare::Expected;
use crate::tensor::{Tensor, Values};
use crate::tolerance::SOLVE;
use rlx_ir::DType;

fn expected(dtype: DType, dims: &[usize], values: Vec<f64>, n: usize) -> Expected {
    let largest = values.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let scale = vec![largest; values.len()];
    Expected::real(dtype, dims, values, SOLVE).scaled(scale).of_terms(n)
}

/// The lower factor of a positive definite matrix.
pub fn cholesky(a: &Tensor) -> Expected {
    let n = a.dims[1];
    let values = a.reals();
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let rest = values[i * n + j] - (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum::<f64>();
            l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
        }
    }
    expected(a.dtype, &a.dims, l, n)
}

/// `x` of `op(a) x = b` by elimination with pivots, where `a` is what `part` leaves of the matrix.
pub fn solve(a: &Tensor, b: &Tensor, part: impl Fn(usize, usize) -> Option<(usize, usize)>) -> Expected {
    let n = a.dims[1];
    let columns = b.dims.iter().skip(1).product::<usize>();
    let (given, mut x) = (a.reals(), b.reals());
    let entry = |at: usize| part(at / n, at % n).map_or(0.0, |(i, j)| given[i * n + j]);
    let mut m: Vec<f64> = (0..n * n).map(entry).collect();
    eliminate(&mut m, n, |pivot, row, factor| {
        for c in 0..columns {
            match factor {
                Some(factor) => x[row * columns + c] -= factor * x[pivot * columns + c],
                None => x.swap(row * columns + c, pivot * columns + c),
            }
        }
    });
    for i in (0..n).rev() {
        for c in 0..columns {
            let known: f64 = (i + 1..n).map(|k| m[i * n + k] * x[k * columns + c]).sum();
            x[i * columns + c] = (x[i * columns + c] - known) / m[i * n + i];
        }
    }
    expected(b.dtype, &b.dims, x, n)
}

/// The same for each matrix of a batch, `[batch, n, n]`, with its part of `b`.
pub fn solve_each(a: &Tensor, b: &Tensor) -> Expected {
    let (batch, own) = (a.dims[0], &b.dims[1..]);
    let part = |x: &Tensor, dims: &[usize], at: usize| {
        let len: usize = dims.iter().product();
        Tensor { dims: dims.to_vec(), dtype: x.dtype, values: Values::Real(x.reals()[at * len..][..len].to_vec()) }
    };
    let (mut found, mut scale) = (Vec::new(), Vec::new());
    for at in 0..batch {
        let each = solve(&part(a, &a.dims[1..], at), &part(b, own, at), |i, j| Some((i, j)));
        if let Values::Real(values) = each.values {
            found.extend(values);
        }
        scale.extend(each.scale.unwrap_or_default());
    }
    Expected::real(b.dtype, &b.dims, found, SOLVE).scaled(scale).of_terms(a.dims[1])
}

/// The determinant, or the logarithm of its size.
pub fn determinant(a: &Tensor, log: bool) -> Expected {
    let n = a.dims[1];
    let mut m = a.reals();
    let mut sign = 1.0;
    eliminate(&mut m, n, |_, _, factor| {
        if factor.is_none() {
            sign = -sign
        }
    });
    let diagonal = (0..n).map(|i| m[i * n + i]);
    let value = if log { diagonal.map(|d| d.abs().ln()).sum() } else { diagonal.product::<f64>() * sign };
    expected(a.dtype, &[], vec![value], n)
}

/// To an upper triangle. `also` is told of each swap of two rows (no factor), and of each row that has a multiple of another
/// taken off.
fn eliminate(m: &mut [f64], n: usize, mut also: impl FnMut(usize, usize, Option<f64>)) {
    for pivot in 0..n {
        let size = |row: &usize| m[row * n + pivot].abs();
        let best = (pivot..n).fold(pivot, |best, row| if size(&row) > size(&best) { row } else { best });
        if best != pivot {
            (0..n).for_each(|k| m.swap(best * n + k, pivot * n + k));
            also(pivot, best, None);
        }
        for row in pivot + 1..n {
            let factor = m[row * n + pivot] / m[pivot * n + pivot];
            (pivot..n).for_each(|k| m[row * n + k] -= factor * m[pivot * n + k]);
            also(pivot, row, Some(factor));
        }
    }
}
