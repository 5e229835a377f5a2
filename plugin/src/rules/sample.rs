//! `Op::Sample`: a token for each row of logits.

use super::rule::{Case, rules};
use super::scope::Scope;
use super::steps::wide;
use crate::host::sample::{Sample, Seed};
use crate::ir::effects::draws_anew;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::joined;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;

rules! {
    Sample { top_k, top_p, temperature, seed } [logits; scope, node] numbers_hold, Host => {
        let seed = match *seed {
            0 => Seed::Fresh { nodes_before: scope.count_before(node, draws_anew) },
            seed => Seed::Fixed(seed),
        };
        let code = Sample { top_k: *top_k, top_p: (*top_p).into(), temperature: (*temperature).into(), seed };
        sample(scope, node, logits, code)
    };
}

/// Tokens are numbers from 0; the declared dtype holds the greatest of them.
fn numbers_hold(case: &Case<'_>) -> Result<(), Error> {
    let Some(&logits) = case.node.inputs.first() else { return Ok(()) };
    let shape = case.graph.shape(logits);
    let from = DType::from(shape.dtype());
    if !is_float(from) {
        return Err(Error::unsupported(format!("logits of dtype {from}: cast them to f32")));
    }
    let dtype = DType::from(case.node.shape.dtype());
    let most: u64 = match dtype {
        DType::F16 => 1 << 11,
        DType::BF16 => 1 << 8,
        DType::F32 => 1 << 24,
        DType::I8 => i8::MAX as u64,
        DType::U8 => u8::MAX.into(),
        DType::I16 => i16::MAX as u64,
        DType::I32 | DType::I64 | DType::U32 | DType::F64 => u64::MAX,
        _ => 0,
    };
    let tokens = shape.dims().last().filter(|dim| dim.is_static()).map_or(0, |dim| dim.unwrap_static());
    if (tokens as u64).saturating_sub(1) <= most {
        return Ok(());
    }
    Err(Error::unsupported(format!("tokens up to {} in {dtype}: declare them i32", tokens - 1)))
}

/// One number for each row along the last axis, in the rows' order. With seed 0 other ones in each run.
fn sample(scope: &Scope<'_>, node: &Node, logits: &Array, code: Sample) -> Result<Array, Error> {
    let (dims, out) = (logits.dims()?, dims_of(node)?);
    let Some((&tokens, rows)) = dims.split_last() else { return Err(Error::invalid("logits without an axis")) };
    let (rows, draws) = (joined(rows)?, joined(&out)?);
    if rows != draws {
        return Err(Error::invalid(format!("logits of shape {dims:?} have {rows} rows, for shape {out:?}")));
    }
    if tokens == 0 && rows > 0 {
        return Err(Error::invalid(format!("logits of shape {dims:?} have no token to choose")));
    }
    let logits = wide(logits)?;
    match code.seed {
        Seed::Fixed(_) => scope.host(node, DType::I32, &[&logits], code),
        Seed::Fresh { .. } => scope.host(node, DType::I32, &[&logits, scope.rng()?], code),
    }
}
