//! Rows along the last axis: softmax, and normalization.

use super::code::{HostCode, Rows};
use super::elements::{self, of_float};
use bytemuck::Pod;
use half::{bf16, f16};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};
use rlx_mlx_cpu::gemm::Element;
use rlx_mlx_cpu::norm::{self, Norm};
use rlx_mlx_cpu::softmax::softmax;
use rlx_mlx_cpu::{Float, threads, vector};
use std::borrow::Cow;

/// How first rows depend on each other where arrays of this rank are worked on along their last axis.
fn rows(rank: usize) -> Rows {
    if rank > 1 { Rows::First } else { Rows::Mixed }
}

/// Elements of rows of this extent that one thread computes at once: whole rows.
fn part(extent: usize) -> usize {
    extent.max(1) * (PART / extent.max(1)).max(1)
}

/// Elements that are worth a thread's while.
const PART: usize = 16 << 10;

/// Softmax of x along its last axis, in its dtype.
pub(crate) struct Softmax {
    pub(crate) rank: usize,
}

impl HostCode for Softmax {
    fn rows(&self) -> Rows {
        rows(self.rank)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
            let extent = x.dims.last().map_or(1, |&extent| extent as usize);
            softmax::<T>(elements::of(x)?, elements::places(y)?, extent);
            Ok(())
        }
        fn half<T: Element<Sum = f32> + Pod>(x: &TensorView<'_>, y: &mut TensorViewMut<'_>) -> Result<(), Error> {
            let extent = x.dims.last().map_or(1, |&extent| extent as usize);
            let from = elements::of::<T>(x)?;
            threads::deal_parts(elements::places::<T>(y)?, part(extent), &|first, rows| {
                vector::stored::in_place(&from[first..first + rows.len()], rows, extent, vector::softmax);
            });
            Ok(())
        }
        let ([x], [y]) = (operands, results) else { return Err(Error::fault("softmax of one operand")) };
        if x.dtype == DType::F32 {
            let extent = x.dims.last().map_or(1, |&extent| extent as usize);
            let from = elements::of::<f32>(x)?;
            threads::deal_parts(elements::places::<f32>(y)?, part(extent), &|first, rows| {
                rows.copy_from_slice(&from[first..first + rows.len()]);
                rows.chunks_exact_mut(extent).for_each(vector::softmax);
            });
            return Ok(());
        }
        match x.dtype {
            DType::F16 => half::<f16>(x, y),
            DType::BF16 => half::<bf16>(x, y),
            _ => of_float!(x.dtype, typed(x, y)),
        }
    }
}

/// Weights of f64 or f32, in f64.
fn wide<'v>(weights: &TensorView<'v>) -> Result<Cow<'v, [f64]>, Error> {
    Ok(match weights.dtype {
        DType::F32 => elements::of::<f32>(weights)?.iter().map(|&weight| weight.into()).collect(),
        _ => elements::of(weights)?.into(),
    })
}

/// x normalized along its last axis, times the second operand plus the third, which are f64, or f32, and as long as a row. It
/// gives x's dtype, or of f32 a half type.
pub(crate) struct Normalize {
    pub(crate) norm: Norm,
    pub(crate) eps: f64,
    pub(crate) rank: usize,
}

impl HostCode for Normalize {
    fn rows(&self) -> Rows {
        rows(self.rank)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod, R: Float + Pod>(
            code: &Normalize,
            [x, scale, shift]: [&TensorView<'_>; 3],
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let (scale, shift) = (wide(scale)?, wide(shift)?);
            norm::rows::<T, R>(code.norm, elements::of(x)?, &scale, &shift, code.eps, elements::places(y)?);
            Ok(())
        }
        fn half<T: Element<Sum = f32> + Pod, R: Element<Sum = f32> + Pod>(
            code: &Normalize,
            [x, scale, shift]: [&TensorView<'_>; 3],
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let (from, weights) = (elements::of::<T>(x)?, [elements::of(scale)?, elements::of(shift)?]);
            let extent = weights[0].len();
            threads::deal_parts(elements::places::<R>(y)?, part(extent), &|first, rows| {
                vector::stored::row_by_row(&from[first..first + rows.len()], rows, extent, |x, y| {
                    vector::normalize(code.norm, x, weights, code.eps, y);
                });
            });
            Ok(())
        }
        let ([x, scale, shift], [y]) = (operands, results) else {
            return Err(Error::fault("a norm of x, scale, shift"));
        };
        let operands = [x, scale, shift];
        let has_singles = [scale, shift].iter().all(|weights| weights.dtype == DType::F32);
        match (x.dtype, y.dtype) {
            (DType::F16, DType::F16) if has_singles => half::<f16, f16>(self, operands, y),
            (DType::BF16, DType::BF16) if has_singles => half::<bf16, bf16>(self, operands, y),
            (DType::F32, DType::F16) if has_singles => half::<f32, f16>(self, operands, y),
            (DType::F32, DType::BF16) if has_singles => half::<f32, bf16>(self, operands, y),
            (DType::F32, DType::F32) if operands.iter().all(|operand| operand.dtype == DType::F32) => {
                let (from, weights) = (elements::of::<f32>(x)?, [elements::of(scale)?, elements::of(shift)?]);
                let part = part(weights[0].len());
                threads::deal_parts(elements::places::<f32>(y)?, part, &|first, rows| {
                    vector::normalize(self.norm, &from[first..first + rows.len()], weights, self.eps, rows);
                });
                Ok(())
            }
            (DType::F16, DType::F16) => typed::<f16, f16>(self, operands, y),
            (DType::BF16, DType::BF16) => typed::<bf16, bf16>(self, operands, y),
            (DType::F32, DType::F32) => typed::<f32, f32>(self, operands, y),
            (DType::F64, DType::F64) => typed::<f64, f64>(self, operands, y),
            (DType::F32, DType::F16) => typed::<f32, f16>(self, operands, y),
            (DType::F32, DType::BF16) => typed::<f32, bf16>(self, operands, y),
            (from, to) => Err(Error::fault(format!("a norm of {from} as {to}"))),
        }
    }
}

/// An array `[n, c, …]` normalized by groups of channels, times the second operand plus the third, which are f64 and have an
/// element for each channel.
pub(crate) struct Groups {
    /// Channels of a group.
    pub(crate) channels: usize,
    /// Elements of a channel.
    pub(crate) positions: usize,
    pub(crate) eps: f64,
}

impl HostCode for Groups {
    fn rows(&self) -> Rows {
        Rows::First
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(
            code: &Groups,
            [x, scale, shift]: [&TensorView<'_>; 3],
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let weights = [elements::of(scale)?, elements::of(shift)?];
            norm::groups::<T>(elements::of(x)?, code.channels, code.positions, weights, code.eps, elements::places(y)?);
            Ok(())
        }
        let ([x, scale, shift], [y]) = (operands, results) else {
            return Err(Error::fault("a norm of x, scale, shift"));
        };
        of_float!(x.dtype, typed(self, [x, scale, shift], y))
    }
}

/// x less the second operand, times the third, plus the fourth: f64, along the last axis.
pub(crate) struct Columns {
    pub(crate) rank: usize,
}

impl HostCode for Columns {
    fn rows(&self) -> Rows {
        rows(self.rank)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<T: Float + Pod>(
            x: &TensorView<'_>,
            [offset, factor, shift]: [&TensorView<'_>; 3],
            y: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let (offset, factor, shift) = (elements::of(offset)?, elements::of(factor)?, elements::of(shift)?);
            norm::columns::<T>(elements::of(x)?, offset, factor, shift, elements::places(y)?);
            Ok(())
        }
        let ([x, offset, factor, shift], [y]) = (operands, results) else {
            return Err(Error::fault("columns of x, offset, factor, shift"));
        };
        of_float!(x.dtype, typed(x, [offset, factor, shift], y))
    }
}
