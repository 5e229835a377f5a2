//! Masks of attention: what the graph gives, as what is added to scores or tells which attend.

use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use rlx_host_api::{DType, Error};

/// A binary mask, at least 0.5 attends: `[B,Sk]` over keys, `[B,Sq,Sk]`, or `[B,H,Sq,Sk]`, axes of extent 1 broadcast.
pub(super) fn key_mask(mask: &Array) -> Result<Array, Error> {
    let dims = mask.dims()?;
    let attends = match mask.dtype()? {
        DType::Bool => mask.duplicate()?,
        // Integers first become floats: 0.5 as an integer is 0.
        dtype => {
            let float = if is_float(dtype) { dtype } else { DType::F32 };
            mask.cast(float)?.ge(&Array::scalar(0.5, float)?)?
        }
    };
    match *dims {
        [b, k] => attends.reshape(&[b, 1, 1, k]),
        [b, q, k] => attends.reshape(&[b, 1, q, k]),
        [_, _, _, _] => Ok(attends),
        _ => Err(Error::invalid(format!("attention mask of shape {dims:?}; expected rank 2, 3 or 4"))),
    }
}

/// The lowest finite values of the half types.
pub(super) const F16_LOWEST: f64 = -65504.0;
pub(super) const BF16_LOWEST: f64 = -3.389_531_389_251_535_5e38;

/// A bias in the dtype of the scores; what is below all numbers of that is its lowest, so that a row of such stays finite.
pub(super) fn bias(mask: &Array, dtype: DType) -> Result<Array, Error> {
    let lowest = match (mask.dtype()?, dtype) {
        (DType::F64 | DType::F32 | DType::BF16, DType::F16) => F16_LOWEST,
        (DType::F64, DType::F32) => f64::from(f32::MIN),
        (DType::F64 | DType::F32, DType::BF16) => BF16_LOWEST,
        _ => return mask.cast(dtype),
    };
    let floor = Array::scalar(lowest, mask.dtype()?)?;
    // What is infinite hides a key for good.
    let is_finite = mask.ne(&Array::scalar(f64::NEG_INFINITY, mask.dtype()?)?)?;
    is_finite.where_(&mask.max(&floor)?, mask)?.cast(dtype)
}
