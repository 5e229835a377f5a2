//! Sums, means, products and extremes along an axis, whole and running.

use super::code::{HostCode, Rows};
use super::elements::{self, of_float, of_integer};
use crate::mlx::dtypes::is_integer;
use bytemuck::Pod;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};
use rlx_mlx_cpu::reduce::{self, Reduction};
use rlx_mlx_cpu::scan::{self, Scan};
use rlx_mlx_cpu::{Along, Float, Integer};

/// An axis as the kernels take it, of which the array's first axis may be shorter than declared if it is before that axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) along: Along,
    /// Whether the array's first axis is before it.
    pub(crate) is_behind_first: bool,
}

impl Axis {
    fn rows(self) -> Rows {
        if self.is_behind_first { Rows::First } else { Rows::Mixed }
    }

    /// For so many elements.
    fn of(self, elements: usize) -> Along {
        let Along { outer, extent, inner } = self.along;
        Along { outer: elements.checked_div(extent * inner).unwrap_or(outer), extent, inner }
    }
}

/// A reduction along one axis: of floats in their dtype; of integers an integer, modulo two to the number of its bits, or in
/// f64.
pub(crate) struct Reduce {
    pub(crate) reduction: Reduction,
    pub(crate) axis: Axis,
}

impl HostCode for Reduce {
    fn rows(&self) -> Rows {
        self.axis.rows()
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("a reduction of one operand")) };
        match is_integer(x.dtype) {
            true => of_integer!(x.dtype, reduce_integers(self, x, y)),
            false => of_float!(x.dtype, reduce_floats(self, x, y)),
        }
    }
}

fn reduce_floats<T: Float + Pod>(code: &Reduce, x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
    let x = elements::of::<T>(x)?;
    reduce::floats(code.reduction, x, code.axis.of(x.len()), elements::places(y)?);
    Ok(())
}

fn reduce_integers<T: Integer + Pod>(
    code: &Reduce,
    x: &TensorView<'_>,
    y: &mut TensorViewMut<'_>,
) -> Result<(), Error> {
    let x = elements::of::<T>(x)?;
    if y.dtype == DType::F64 {
        let divisor = |count: usize| if code.reduction == Reduction::Mean { count as f64 } else { 1.0 };
        let finish = |sum: i128, count| sum as f64 / divisor(count);
        reduce::integers(code.reduction, x, code.axis.of(x.len()), elements::places(y)?, finish);
        return Ok(());
    }
    of_integer!(y.dtype, reduce_to(code, x, y))
}

fn reduce_to<R: Integer + Pod>(code: &Reduce, x: &[impl Integer], y: &mut TensorViewMut<'_>) -> Result<(), Error> {
    let finish = |sum: i128, count| match code.reduction {
        Reduction::Mean => R::wrap(reduce::integer_mean(sum, count)),
        _ => R::wrap(sum as i64),
    };
    reduce::integers(code.reduction, x, code.axis.of(x.len()), elements::places(y)?, finish);
    Ok(())
}

/// A running sum, product or maximum along one axis, in the operand's dtype.
pub(crate) struct Running {
    pub(crate) scan: Scan,
    pub(crate) axis: Axis,
    pub(crate) exclusive: bool,
}

impl HostCode for Running {
    fn rows(&self) -> Rows {
        self.axis.rows()
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("a scan of one operand")) };
        match is_integer(x.dtype) {
            true => of_integer!(x.dtype, scan_integers(self, x, y)),
            false => of_float!(x.dtype, scan_floats(self, x, y)),
        }
    }
}

fn scan_floats<T: Float + Pod>(code: &Running, x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
    let x = elements::of::<T>(x)?;
    scan::floats(code.scan, x, code.axis.of(x.len()), code.exclusive, elements::places(y)?);
    Ok(())
}

fn scan_integers<T: Integer + Pod>(code: &Running, x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
    let x = elements::of::<T>(x)?;
    scan::integers(code.scan, x, code.axis.of(x.len()), code.exclusive, elements::places(y)?);
    Ok(())
}
