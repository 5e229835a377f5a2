//! Running sums, products and maxima.

use super::reduce::{prefixes, sum};
use crate::compare::Expected;
use crate::format::whole_range;
use crate::tensor::{Tensor, Values};
use crate::tolerance::{EXACT, PRODUCT, RUNNING};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// `Op::Cumsum`, from 0.
    Sum,
    /// `Op::CumProd`, from 1.
    Product,
    /// `Op::CumMax`, from the lowest value.
    Max,
}

/// Along an axis, without the element itself where `exclusive`.
pub fn running(what: Running, x: &Tensor, axis: usize, exclusive: bool) -> Expected {
    let prefixes = prefixes(x, axis, exclusive);
    if let Values::Whole(values) = &x.values {
        let lowest = whole_range(x.dtype).map_or(0, |(first, _)| first);
        let fold = |prefix: &Vec<usize>| {
            let terms = prefix.iter().map(|&at| values[at]);
            match what {
                Running::Sum => terms.sum(),
                Running::Product => terms.fold(1, |product, value| product * value % (1 << 64)),
                Running::Max => terms.max().unwrap_or(lowest),
            }
        };
        return Expected::whole(x.dtype, &x.dims, prefixes.iter().map(fold).collect());
    }
    let values = x.reals();
    let fold = |prefix: &Vec<usize>| {
        let terms = prefix.iter().map(|&at| values[at]);
        match what {
            Running::Sum => (sum(terms.clone()), terms.map(f64::abs).sum()),
            Running::Product => (terms.product(), 0.0),
            Running::Max => {
                let larger = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) };
                (terms.fold(f64::NEG_INFINITY, larger), 0.0)
            }
        }
    };
    let (found, scale): (Vec<f64>, Vec<f64>) = prefixes.iter().map(fold).unzip();
    let tolerance = match what {
        Running::Sum => RUNNING,
        Running::Product => PRODUCT,
        Running::Max => EXACT,
    };
    Expected::real(x.dtype, &x.dims, found, tolerance).scaled(scale).of_terms(x.dims[axis])
}
