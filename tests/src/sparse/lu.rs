//! LU factors of a sparse matrix, column by column, with partial pivoting.

use super::{Csr, check_len};
use rlx_host_api::Error;

/// The factors: one step for each column, in the order of elimination.
#[derive(Debug)]
pub struct Lu {
    steps: Vec<Step>,
}

/// A column of both factors. Entries name rows of the matrix, which keep their places.
#[derive(Debug)]
struct Step {
    /// The pivot's row and column.
    row: usize,
    column: usize,
    pivot: f64,
    /// Entries of U in rows of earlier steps.
    upper: Vec<(usize, f64)>,
    /// Entries of L in rows of later steps.
    lower: Vec<(usize, f64)>,
}

impl Lu {
    /// Factors of `matrix`, whose columns are eliminated in the order of `order`.
    ///
    /// # Errors
    /// Invalid argument for a singular matrix.
    pub fn factor(matrix: &Csr<'_>, order: &[usize]) -> Result<Self, Error> {
        let columns = columns(matrix);
        let mut steps: Vec<Step> = Vec::with_capacity(order.len());
        // The step that a row is the pivot of.
        let mut step_of = vec![None; matrix.rows()];
        // The column at work, and the rows where it may have a value.
        let mut work = vec![0.0; matrix.rows()];
        let mut touched = Vec::new();
        let mut touched_by = vec![usize::MAX; matrix.rows()];
        for &column in order {
            touched.clear();
            let mut touch = |row: usize, touched: &mut Vec<usize>| {
                if touched_by[row] != column {
                    touched_by[row] = column;
                    touched.push(row);
                }
            };
            for &(row, value) in &columns[column] {
                touch(row, &mut touched);
                work[row] += value;
            }
            // A step changes rows of later steps only: those before the first one that the column meets do nothing.
            let first = touched.iter().filter_map(|&row| step_of[row]).min().unwrap_or(steps.len());
            let mut upper = Vec::new();
            for step in &steps[first..] {
                let factor = std::mem::take(&mut work[step.row]);
                if factor == 0.0 {
                    continue;
                }
                upper.push((step.row, factor));
                for &(row, multiplier) in &step.lower {
                    touch(row, &mut touched);
                    work[row] -= multiplier * factor;
                }
            }
            touched.retain(|&row| step_of[row].is_none());
            let row = touched.iter().copied().max_by(|&a, &b| work[a].abs().total_cmp(&work[b].abs()));
            let Some(row) = row.filter(|&row| work[row] != 0.0 && work[row].is_finite()) else {
                return Err(Error::invalid(format!("the matrix is singular: no pivot for column {column}")));
            };
            let pivot = std::mem::take(&mut work[row]);
            let rest = touched.iter().map(|&row| (row, std::mem::take(&mut work[row]) / pivot));
            let lower = rest.filter(|&(_, value)| value != 0.0).collect();
            step_of[row] = Some(steps.len());
            steps.push(Step { row, column, pivot, upper, lower });
        }
        Ok(Self { steps })
    }

    /// Entries of both factors.
    pub fn entries(&self) -> usize {
        self.steps.iter().map(|step| step.upper.len() + step.lower.len() + 1).sum()
    }

    /// `x` with `A x = b`, both of shape [rows, width].
    ///
    /// # Errors
    /// Invalid argument for other shapes than those of `matrix`, which the factors belong to.
    pub fn solve(&self, matrix: &Csr<'_>, b: &[f64], width: usize, x: &mut [f64]) -> Result<(), Error> {
        check_len(matrix, b, width)?;
        check_len(matrix, x, width)?;
        let mut work = b.to_vec();
        let mut own = vec![0.0; width];
        for step in &self.steps {
            own.copy_from_slice(&work[step.row * width..][..width]);
            subtract(&mut work, &step.lower, &own);
        }
        for step in self.steps.iter().rev() {
            own.copy_from_slice(&work[step.row * width..][..width]);
            own.iter_mut().for_each(|value| *value /= step.pivot);
            subtract(&mut work, &step.upper, &own);
            x[step.column * width..][..width].copy_from_slice(&own);
        }
        Ok(())
    }
}

/// Subtracts multiples of `row` from the rows of `work`.
fn subtract(work: &mut [f64], multiples: &[(usize, f64)], row: &[f64]) {
    for &(target, multiple) in multiples {
        for (target, value) in work[target * row.len()..].iter_mut().zip(row) {
            *target -= multiple * value;
        }
    }
}

/// Rows and values of each column.
fn columns(matrix: &Csr<'_>) -> Vec<Vec<(usize, f64)>> {
    let mut columns = vec![Vec::new(); matrix.rows()];
    for row in 0..matrix.rows() {
        for (column, value) in matrix.row(row) {
            columns[column].push((row, value));
        }
    }
    columns
}
