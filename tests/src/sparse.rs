//! Sparse systems of equations, as a host without MLX would bring them: a matrix, its product, its LU factors, and the
//! kernels that put both into a graph.

pub mod kernels;
mod lu;
mod order;

pub use lu::Lu;
pub use order::Ordering;

use rlx_host_api::Error;

/// Vectors that a row is multiplied with at once: their sums fit into registers.
const BLOCK: usize = 8;

/// A square matrix in compressed sparse rows: row `i` has the entries `starts[i]..starts[i + 1]`.
#[derive(Debug, Clone, Copy)]
pub struct Csr<'a> {
    starts: &'a [i32],
    columns: &'a [i32],
    values: &'a [f64],
}

impl<'a> Csr<'a> {
    /// Checks the lists.
    ///
    /// # Errors
    /// Invalid argument for lists that are no square matrix.
    pub fn new(starts: &'a [i32], columns: &'a [i32], values: &'a [f64]) -> Result<Self, Error> {
        let rows = starts.len().saturating_sub(1);
        let complete = starts.first() == Some(&0) && starts.last().is_some_and(|&end| end as usize == values.len());
        if !complete || !starts.is_sorted() || columns.len() != values.len() {
            return Err(Error::invalid(format!("the starts of {rows} rows do not fit {} entries", values.len())));
        }
        match columns.iter().find(|&&column| column < 0 || column as usize >= rows) {
            Some(column) => Err(Error::invalid(format!("column {column} of a matrix of {rows} columns"))),
            None => Ok(Self { starts, columns, values }),
        }
    }

    /// Number of rows and columns.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Columns and values of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + use<'a> {
        let entries = self.starts[row] as usize..self.starts[row + 1] as usize;
        self.columns[entries.clone()]
            .iter()
            .zip(&self.values[entries])
            .map(|(&column, &value)| (column as usize, value))
    }

    /// `y = A x`, both of shape [rows, width].
    ///
    /// # Errors
    /// Invalid argument for other shapes.
    pub fn multiply(&self, x: &[f64], width: usize, y: &mut [f64]) -> Result<(), Error> {
        check_len(self, x, width)?;
        check_len(self, y, width)?;
        for (row, y) in y.chunks_exact_mut(width).enumerate() {
            let (blocks, rest) = y.as_chunks_mut();
            let done = blocks.len() * BLOCK;
            for (i, y) in blocks.iter_mut().enumerate() {
                *y = self.times::<BLOCK>(row, &x[i * BLOCK..], width);
            }
            for (i, y) in rest.iter_mut().enumerate() {
                [*y] = self.times(row, &x[done + i..], width);
            }
        }
        Ok(())
    }

    /// A row times the first `N` of the vectors in `x`, whose rows are `width` apart.
    fn times<const N: usize>(&self, row: usize, x: &[f64], width: usize) -> [f64; N] {
        let mut sums = [0.0; N];
        for (column, value) in self.row(row) {
            for (sum, x) in sums.iter_mut().zip(&x[column * width..][..N]) {
                *sum += value * x;
            }
        }
        sums
    }
}

fn check_len(matrix: &Csr<'_>, vectors: &[f64], width: usize) -> Result<(), Error> {
    if width > 0 && vectors.len() == matrix.rows() * width {
        return Ok(());
    }
    Err(Error::invalid(format!("{} numbers are not {width} vectors of {}", vectors.len(), matrix.rows())))
}

/// A matrix that owns its lists.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub starts: Vec<i32>,
    pub columns: Vec<i32>,
    pub values: Vec<f64>,
}

impl Matrix {
    /// A matrix of the entries of its rows.
    pub fn of(rows: impl IntoIterator<Item = Vec<(usize, f64)>>) -> Self {
        let mut matrix = Self { starts: vec![0], columns: Vec::new(), values: Vec::new() };
        for row in rows {
            matrix.columns.extend(row.iter().map(|&(column, _)| column as i32));
            matrix.values.extend(row.iter().map(|&(_, value)| value));
            matrix.starts.push(matrix.values.len() as i32);
        }
        matrix
    }

    /// Diffusion and a wind on a grid of `side` by `side` points (upwind differences, hence not symmetric), with every two
    /// equations exchanged, so that factors without pivoting would be useless.
    pub fn wind(side: usize) -> Self {
        const WIND: [f64; 2] = [0.7, 0.3];
        Self::of((0..side * side).map(|equation| {
            let point = if equation ^ 1 < side * side { equation ^ 1 } else { equation };
            let (x, y) = (point % side, point / side);
            let neighbours = [
                (y > 0, point.wrapping_sub(side), -1.0 - WIND[1]),
                (x > 0, point.wrapping_sub(1), -1.0 - WIND[0]),
                (true, point, 4.0 + WIND[0] + WIND[1]),
                (x + 1 < side, point + 1, -1.0),
                (y + 1 < side, point + side, -1.0),
            ];
            neighbours.into_iter().filter(|(inside, ..)| *inside).map(|(_, at, value)| (at, value)).collect()
        }))
    }

    /// The matrix, borrowed.
    pub fn view(&self) -> Csr<'_> {
        Csr::new(&self.starts, &self.columns, &self.values).expect("lists of one matrix")
    }
}
