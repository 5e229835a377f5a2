//! `Op::Rope`: rotary position embedding from cosine and sine tables.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::int;
use rlx_host_api::Error;
use rlx_ir::op::RopeStyle;
use std::ffi::c_int;

rules! {
    Rope { head_dim, n_rot, style }    [x, cos, sin]    any    => lower(x, cos, sin, *head_dim, *n_rot, *style);
}

/// Rotates the first `n_rot` of each head's `head_dim` values; the last axis may pack several heads, the axis before it
/// is the sequence. Tables are `[>= S, >= n_rot/2]`, or flat runs of `n_rot/2` per position. NeoX pairs
/// `(i, i + n_rot/2)`, GptJ pairs `(2i, 2i+1)`.
pub(super) fn lower(
    x: &Array,
    cos: &Array,
    sin: &Array,
    head_dim: usize,
    n_rot: usize,
    style: RopeStyle,
) -> Result<Array, Error> {
    let dims = x.dims()?;
    let (head_dim, n_rot) = (int(head_dim)?, int(n_rot)?);
    let [.., seq, width] = *dims else {
        return Err(Error::invalid(format!("rope over an array of shape {dims:?}; expected rank 2 or more")));
    };
    if n_rot % 2 != 0 || n_rot > head_dim || head_dim <= 0 || width % head_dim != 0 {
        return Err(Error::invalid(format!("rope of {n_rot} out of {head_dim} values per head in rows of {width}")));
    }
    let (cos, sin) = (table(cos, seq, n_rot / 2)?, table(sin, seq, n_rot / 2)?);
    // [.., S, heads, head_dim]
    let mut split = dims[..dims.len() - 1].to_vec();
    split.extend([width / head_dim, head_dim]);
    let last = split.len() - 1;
    let axis = int(last)?;
    let heads = x.reshape(&split)?;
    let turned = heads.slice_axis(last, 0, Some(n_rot), 1)?;
    let (a, b) = match style {
        RopeStyle::NeoX => {
            (turned.slice_axis(last, 0, Some(n_rot / 2), 1)?, turned.slice_axis(last, n_rot / 2, None, 1)?)
        }
        RopeStyle::GptJ => (turned.slice_axis(last, 0, None, 2)?, turned.slice_axis(last, 1, None, 2)?),
    };
    let first = a.mul(&cos)?.sub(&b.mul(&sin)?)?;
    let second = b.mul(&cos)?.add(&a.mul(&sin)?)?;
    let rotated = match style {
        RopeStyle::NeoX => Array::concat(&[&first, &second], axis)?,
        RopeStyle::GptJ => {
            // Interleave: pairs on a new last axis, then flattened.
            let mut column = first.dims()?;
            column.push(1);
            let pairs = Array::concat(&[&first.reshape(&column)?, &second.reshape(&column)?], axis + 1)?;
            pairs.reshape(&turned.dims()?)?
        }
    };
    let whole = if n_rot == head_dim {
        rotated
    } else {
        Array::concat(&[&rotated, &heads.slice_axis(last, n_rot, None, 1)?], axis)?
    };
    whole.reshape(&dims)
}

/// The table's first `seq` rows and `half` columns as `[S, 1, half]`.
fn table(table: &Array, seq: c_int, half: c_int) -> Result<Array, Error> {
    let dims = table.dims()?;
    let rows = match *dims {
        [n] if half > 0 && n % half == 0 => table.reshape(&[n / half, half])?,
        [_, _] => table.duplicate()?,
        _ => return Err(Error::invalid(format!("rope table of shape {dims:?}; expected [S, {half}] or a flat run"))),
    };
    let found = rows.dims()?;
    if found[0] < seq || found[1] < half {
        return Err(Error::invalid(format!("rope table of shape {dims:?} for {seq} positions of {half} angles")));
    }
    rows.slice_axis(0, 0, Some(seq), 1)?.slice_axis(1, 0, Some(half), 1)?.reshape(&[seq, 1, half])
}
