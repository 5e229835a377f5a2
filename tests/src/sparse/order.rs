//! The order in which columns are eliminated, which decides how many entries the factors have.

use super::Csr;
use rlx_host_api::Error;
use std::collections::VecDeque;

/// An order of columns, as a kernel's attributes name it in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// As the columns are numbered.
    Natural,
    /// Reverse Cuthill-McKee: columns that meet in a row come close to each other.
    Banded,
}

impl Ordering {
    /// The attributes that name it.
    pub fn attrs(self) -> Vec<u8> {
        vec![u8::from(self == Self::Banded)]
    }

    /// What attributes name.
    ///
    /// # Errors
    /// Invalid argument for attributes that name none.
    pub fn from_attrs(attrs: &[u8]) -> Result<Self, Error> {
        match attrs {
            [0] => Ok(Self::Natural),
            [1] => Ok(Self::Banded),
            other => Err(Error::invalid(format!("attributes {other:?} name no order, [0] and [1] do"))),
        }
    }

    /// The columns of `matrix` in this order.
    pub fn of(self, matrix: &Csr<'_>) -> Vec<usize> {
        match self {
            Self::Natural => (0..matrix.rows()).collect(),
            Self::Banded => reverse_cuthill_mckee(&neighbours(matrix)),
        }
    }
}

/// For each column the others that meet it in a row. Rows may be exchanged without changing that, as pivoting does.
fn neighbours(matrix: &Csr<'_>) -> Vec<Vec<usize>> {
    let mut neighbours = vec![Vec::new(); matrix.rows()];
    for row in 0..matrix.rows() {
        for (column, _) in matrix.row(row) {
            neighbours[column].extend(matrix.row(row).map(|(other, _)| other).filter(|&other| other != column));
        }
    }
    for list in &mut neighbours {
        list.sort_unstable();
        list.dedup();
    }
    neighbours
}

/// Breadth first from a column with few neighbours, those with fewer first; then all of it reversed.
fn reverse_cuthill_mckee(neighbours: &[Vec<usize>]) -> Vec<usize> {
    let degree = |&column: &usize| neighbours[column].len();
    let mut starts: Vec<usize> = (0..neighbours.len()).collect();
    starts.sort_by_key(degree);
    let mut seen = vec![false; neighbours.len()];
    let mut order = Vec::with_capacity(neighbours.len());
    for start in starts {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut queue = VecDeque::from([start]);
        while let Some(column) = queue.pop_front() {
            order.push(column);
            let new = neighbours[column].iter().copied().filter(|&next| !std::mem::replace(&mut seen[next], true));
            let mut new: Vec<usize> = new.collect();
            new.sort_by_key(degree);
            queue.extend(new);
        }
    }
    order.reverse();
    order
}
