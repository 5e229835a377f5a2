//! Factors of matrices. Signs of columns are free, so what is compared is made of the factor and the matrix: products that
//! the definition says the values of.

use crate::compare::Expected;
use crate::tensor::{Tensor, Values};
use crate::tolerance::LAW;
use rlx_ir::DType;
use rlx_ir::op::{QrPart, SvdPart};

/// A matrix in f64.
#[derive(Clone)]
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    fn of(x: &Tensor) -> Self {
        Self { rows: x.dims[0], columns: x.dims[1], values: x.reals() }
    }

    fn new(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..rows * columns).map(|at| value(at / columns, at % columns)).collect();
        Self { rows, columns, values }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.columns + j]
    }

    fn turned(&self) -> Self {
        Self::new(self.columns, self.rows, |i, j| self.at(j, i))
    }

    fn times(&self, other: &Self) -> Self {
        Self::new(self.rows, other.columns, |i, j| (0..self.columns).map(|k| self.at(i, k) * other.at(k, j)).sum())
    }

    /// What lies below the diagonal; 0 elsewhere.
    fn below(&self) -> Self {
        Self::new(self.rows, self.columns, |i, j| if j < i { self.at(i, j) } else { 0.0 })
    }

    fn diagonal(values: &[f64]) -> Self {
        Self::new(values.len(), values.len(), |i, j| if i == j { values[i] } else { 0.0 })
    }

    fn largest(&self) -> f64 {
        self.values.iter().fold(0.0, |a, b| a.max(b.abs()))
    }

    /// Not rounded to the dtype, which is that of the factor.
    fn tensor(self, dtype: DType) -> Tensor {
        Tensor { dims: vec![self.rows, self.columns], dtype, values: Values::Real(self.values) }
    }

    fn expected(self, dtype: DType, size: f64, terms: usize) -> Expected {
        law(dtype, &[self.rows, self.columns], self.values, size, terms)
    }
}

/// In units of `size`. A factor of halves is one whose elements are rounded to them, so their unit is that of the halves.
fn law(dtype: DType, dims: &[usize], values: Vec<f64>, size: f64, terms: usize) -> Expected {
    let unit = match dtype {
        DType::F16 => f64::from(1 << 13),
        DType::BF16 => f64::from(1 << 16),
        _ => 1.0,
    };
    let scale = vec![size * unit; values.len()];
    Expected::real(dtype, dims, values, LAW).scaled(scale).of_terms(terms)
}

/// What [`qr_laws`] make of a right factor of `a = q r`.
pub fn of_qr(part: QrPart, a: &Tensor) -> Vec<Expected> {
    let (matrix, dtype) = (Matrix::of(a), a.dtype);
    let (m, n, size) = (matrix.rows, matrix.columns, matrix.largest());
    let k = m.min(n);
    let terms = m.max(n);
    let zeros = Matrix::new(k, n, |_, _| 0.0).expected(dtype, size * m as f64, terms);
    match part {
        QrPart::Q => {
            let identity = Matrix::diagonal(&vec![1.0; k]);
            vec![identity.expected(dtype, 1.0, terms), matrix.expected(dtype, size * m as f64, terms), zeros]
        }
        QrPart::R => {
            let gram = matrix.turned().times(&matrix);
            let size = gram.largest();
            vec![zeros, gram.expected(dtype, size, terms)]
        }
    }
}

/// Of q: `qᵀ q`, which is 1; `q qᵀ a`, which is a; what lies below the diagonal of `qᵀ a`. Of r: that of r; `rᵀ r`, which is
/// `aᵀ a`.
pub fn qr_laws(part: QrPart, a: &Tensor, found: &Tensor) -> Vec<Tensor> {
    let (a, factor, dtype) = (Matrix::of(a), Matrix::of(found), found.dtype);
    let laws = match part {
        QrPart::Q => {
            let inner = factor.turned().times(&a);
            vec![factor.turned().times(&factor), factor.times(&inner), inner.below()]
        }
        QrPart::R => vec![factor.below(), factor.turned().times(&factor)],
    };
    laws.into_iter().map(|law| law.tensor(dtype)).collect()
}

/// What [`svd_laws`] make of right vectors of `a = u diag(s) vt`: 1, and the squares of s, the largest first.
pub fn of_svd(a: &Tensor) -> Vec<Expected> {
    let values = jacobi(&Matrix::of(a));
    let (terms, squares): (usize, Vec<f64>) = (a.dims[0].max(a.dims[1]), values.iter().map(|s| s * s).collect());
    let identity = Matrix::diagonal(&vec![1.0; values.len()]);
    let size = squares[0];
    vec![identity.expected(a.dtype, 1.0, terms), Matrix::diagonal(&squares).expected(a.dtype, size, terms)]
}

/// Of u: `uᵀ u`, and `(uᵀ a) (uᵀ a)ᵀ`, which is diagonal for these vectors alone; of vt the same of `aᵀ`.
pub fn svd_laws(part: SvdPart, a: &Tensor, found: &Tensor) -> Vec<Tensor> {
    let (a, factor, dtype) = (Matrix::of(a), Matrix::of(found), found.dtype);
    let (rows, a) = if part == SvdPart::Vt { (factor, a.turned()) } else { (factor.turned(), a) };
    let inner = rows.times(&a);
    [rows.times(&rows.turned()), inner.times(&inner.turned())].map(|law| law.tensor(dtype)).to_vec()
}

/// Singular values, the largest first.
pub fn singular_values(a: &Tensor) -> Expected {
    let values = jacobi(&Matrix::of(a));
    let scale = vec![values[0]; values.len()];
    Expected::real(a.dtype, &[values.len()], values, LAW).scaled(scale).of_terms(a.dims[0].max(a.dims[1]))
}

/// One-sided Jacobi rotations (Hestenes 1958): the columns, turned until each two are orthogonal, have the singular values as
/// their lengths, small ones as exact as large ones.
fn jacobi(a: &Matrix) -> Vec<f64> {
    let tall = if a.rows < a.columns { a.turned() } else { a.clone() };
    let mut columns: Vec<Vec<f64>> =
        (0..tall.columns).map(|j| (0..tall.rows).map(|i| tall.at(i, j)).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for _ in 0..60 {
        let mut turned = false;
        for p in 0..columns.len() {
            for q in p + 1..columns.len() {
                let (left, right) = columns.split_at_mut(q);
                let (x, y) = (&mut left[p], &mut right[0]);
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xy.abs() <= 1e-16 * (xx * yy).sqrt() {
                    continue;
                }
                turned = true;
                let zeta = (yy - xx) / (2.0 * xy);
                let t = 1f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                for (x, y) in x.iter_mut().zip(y) {
                    (*x, *y) = (c * (*x - t * *y), c * (t * *x + *y));
                }
            }
        }
        if !turned {
            break;
        }
    }
    let mut values: Vec<f64> = columns.iter().map(|column| dot(column, column).sqrt()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;

    /// A turn by the angle of 3, 4 and 5, stretched to 10 and 2.
    fn stretched() -> Tensor {
        Tensor::real(DType::F64, &[2, 2], vec![6.0, -1.6, 8.0, 1.2])
    }

    fn hold(expected: &[Expected], laws: &[Tensor]) -> bool {
        expected.iter().zip(laws).all(|(expected, law)| compare(law, expected).unwrap().wrong == 0)
    }

    #[test]
    fn right_factors_follow_the_laws_and_wrong_ones_do_not() {
        let a = stretched();
        let matrix = |values: [f64; 4]| Tensor::real(DType::F64, &[2, 2], values.to_vec());
        assert_eq!(compare(&Tensor::real(DType::F64, &[2], vec![10.0, 2.0]), &singular_values(&a)).unwrap().wrong, 0);
        for (u, right) in [
            ([0.6, -0.8, 0.8, 0.6], true),
            ([-0.6, -0.8, -0.8, 0.6], true),
            // The order of the columns; another basis; no basis.
            ([-0.8, 0.6, 0.6, 0.8], false),
            ([1.0, 0.0, 0.0, 1.0], false),
            ([0.6, -0.8, 0.8, 0.5], false),
        ] {
            assert_eq!(hold(&of_svd(&a), &svd_laws(SvdPart::U, &a, &matrix(u))), right, "u {u:?}");
            assert_eq!(hold(&of_qr(QrPart::Q, &a), &qr_laws(QrPart::Q, &a, &matrix(u))), right, "q {u:?}");
        }
        for (vt, right) in [([1.0, 0.0, 0.0, -1.0], true), ([0.0, 1.0, 1.0, 0.0], false), ([1.0, 0.0, 0.1, 1.0], false)]
        {
            assert_eq!(hold(&of_svd(&a), &svd_laws(SvdPart::Vt, &a, &matrix(vt))), right, "vt {vt:?}");
        }
        for (r, right) in
            [([10.0, 0.0, 0.0, -2.0], true), ([10.0, 0.0, 0.1, 2.0], false), ([9.0, 0.0, 0.0, 2.0], false)]
        {
            assert_eq!(hold(&of_qr(QrPart::R, &a), &qr_laws(QrPart::R, &a, &matrix(r))), right, "r {r:?}");
        }
    }
}
