//! Rotary position embedding: `Op::Rope` from cosine and sine tables, `Op::AxialRope2d` from places in a grid.

use super::floats::{floats as all_floats, for_declared};
use super::rule::{Case, rules};
use super::steps::wide;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::{int, joined};
use rlx_host_api::{DType, Error};
use rlx_ir::Op;
use rlx_ir::op::RopeStyle;
use std::ffi::c_int;

rules! {
    Rope { head_dim, n_rot, style }    [x, cos, sin; _, node]    all_floats    => {
        lower(&for_declared(node, x)?, cos, sin, *head_dim, *n_rot, *style)
    };
    AxialRope2d { .. }                 [x; _, node]     floats        => axial(x, &node.op);
}

fn floats(case: &Case<'_>) -> Result<(), Error> {
    let dtype = DType::from(case.node.shape.dtype());
    if is_float(dtype) { Ok(()) } else { Err(Error::unsupported(format!("{dtype} cannot be turned: cast it to f32"))) }
}

/// Rotates the first `n_rot` of each head's `head_dim` values; the last axis may pack several heads, the axis before it
/// is the sequence. Tables are `[>= S, >= n_rot/2]`, or flat runs of `n_rot/2` per position. NeoX pairs
/// `(i, i + n_rot/2)`, GptJ pairs `(2i, 2i+1)`. Halves are turned in f32.
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
    let (cos, sin) = (wide(&table(cos, seq, n_rot / 2)?)?, wide(&table(sin, seq, n_rot / 2)?)?);
    // [.., S, heads, head_dim]
    let mut split = dims[..dims.len() - 1].to_vec();
    split.extend([width / head_dim, head_dim]);
    let last = split.len() - 1;
    let axis = int(last)?;
    let heads = wide(x)?.reshape(&split)?;
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

/// `Op::AxialRope2d` of `[batch, sequence, num_heads * head_dim]`: a token is a cell of a grid of `end_y` rows and `end_x`
/// columns, and `repeat_factor` tokens in a row are of the same cell. Pairs `(2i, 2i+1)` of the first half of a head turn by
/// the column, those of the second half by the row, times `theta ^ (-4i / head_dim)`. Halves are turned in f32.
fn axial(x: &Array, op: &Op) -> Result<Array, Error> {
    let &Op::AxialRope2d { end_x, end_y, head_dim, num_heads, theta, repeat_factor } = op else {
        return Err(Error::fault("no axial rope"));
    };
    let dims = x.dims()?;
    let &[_, seq, width] = dims.as_slice() else {
        return Err(Error::invalid(format!("axial rope over an array of shape {dims:?}; expected rank 3")));
    };
    let (columns, repeat) = (int(end_x)?, int(repeat_factor.max(1))?);
    if head_dim == 0 || head_dim % 4 != 0 || joined(&[int(head_dim)?, int(num_heads)?])? != width {
        return Err(Error::invalid(format!(
            "axial rope of {num_heads} heads of {head_dim} values in rows of {width}: a head is a multiple of 4"
        )));
    }
    if joined(&[columns, int(end_y)?, repeat])? != seq {
        return Err(Error::invalid(format!(
            "axial rope of {seq} tokens over {end_y} rows of {end_x} columns with {repeat} tokens each"
        )));
    }
    if !(theta > 0.0 && theta.is_finite()) {
        return Err(Error::invalid(format!("axial rope of base {theta}")));
    }
    if dims.contains(&0) {
        return x.duplicate();
    }
    let dtype = if x.dtype()? == DType::F64 { DType::F64 } else { DType::F32 };
    let quarter = head_dim / 4;
    let angles: Vec<f64> = (0..seq)
        .flat_map(|token| {
            let cell = token / repeat;
            [cell % columns, cell / columns].map(f64::from)
        })
        .flat_map(|place| {
            let frequency = move |i| f64::from(theta).powf(-((4 * i) as f64) / head_dim as f64);
            (0..quarter).map(move |i| place * frequency(i))
        })
        .collect();
    let shape = [seq, int(2 * quarter)?];
    let table = |of: fn(f64) -> f64| {
        let values = angles.iter().map(|&angle| of(angle));
        let bytes: Vec<u8> = if dtype == DType::F64 {
            values.flat_map(f64::to_le_bytes).collect()
        } else {
            values.flat_map(|value| (value as f32).to_le_bytes()).collect()
        };
        Array::from_bytes(&shape, dtype, &bytes)
    };
    lower(&x.cast(dtype)?, &table(f64::cos)?, &table(f64::sin)?, head_dim, head_dim, RopeStyle::GptJ)
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
