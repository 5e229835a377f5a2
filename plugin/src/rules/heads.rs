//! How the heads of attention lie in operands and results.

use crate::mlx::array::Array;
use rlx_host_api::Error;
use std::ffi::c_int;

/// How the heads lie in an operand.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    Bhsd,
    Bshd,
    Packed,
    Unbatched,
}

impl Layout {
    pub(super) fn of(q: &[c_int], heads: c_int) -> Result<Self, Error> {
        match q.len() {
            4 if q[1] == heads => Ok(Self::Bhsd),
            4 => Ok(Self::Bshd),
            3 => Ok(Self::Packed),
            2 => Ok(Self::Unbatched),
            rank => Err(other_rank(rank)),
        }
    }

    pub(super) fn to_bhsd(self, x: &Array, head_dim: c_int) -> Result<Array, Error> {
        let dims = x.dims()?;
        let (batch, rest) = match (self, dims.as_slice()) {
            (Self::Bhsd, [_, _, _, _]) => return x.duplicate(),
            (Self::Bshd, [_, _, _, _]) => return x.transpose(&[0, 2, 1, 3]),
            (Self::Packed, [batch, rest @ ..]) if rest.len() == 2 => (*batch, rest),
            (Self::Unbatched, rest) if rest.len() == 2 => (1, rest),
            _ => return Err(Error::invalid(format!("attention operand of shape {dims:?} beside another rank of q"))),
        };
        if head_dim <= 0 || rest[1] % head_dim != 0 {
            return Err(Error::invalid(format!("width {} is no multiple of the head size {head_dim}", rest[1])));
        }
        x.reshape(&[batch, rest[0], rest[1] / head_dim, head_dim])?.transpose(&[0, 2, 1, 3])
    }

    pub(super) fn restore(self, out: &Array) -> Result<Array, Error> {
        if matches!(self, Self::Bhsd) {
            return out.duplicate();
        }
        let bshd = out.transpose(&[0, 2, 1, 3])?;
        let dims = bshd.dims()?;
        match self {
            Self::Packed => bshd.reshape(&[dims[0], dims[1], dims[2] * dims[3]]),
            Self::Unbatched => bshd.reshape(&[dims[1], dims[2] * dims[3]]),
            Self::Bhsd | Self::Bshd => Ok(bshd),
        }
    }
}

pub(super) fn other_rank(rank: usize) -> Error {
    Error::unsupported(format!("attention over operands of rank {rank}; expected 2, 3 or 4"))
}
