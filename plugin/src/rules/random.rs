//! Random numbers. They follow from the seed that the host has set, an argument of the program, and from each node's key.

use super::rule::{Case, rules};
use super::scope::Scope;
use crate::host::random::{Distribution, Random};
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;

rules! {
    RngNormal { mean, scale, key, op_seed } [0..=1; scope, node] floats, Host => {
        draw(scope, node, Distribution::Normal { mean: *mean, scale: *scale }, *key, *op_seed)
    };
    RngUniform { low, high, key, op_seed } [0..=1; scope, node] floats, Host => {
        draw(scope, node, Distribution::Uniform { low: *low, high: *high }, *key, *op_seed)
    };
}

fn floats(case: &Case<'_>) -> Result<(), Error> {
    match DType::from(case.node.shape.dtype()) {
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => Ok(()),
        other => Err(Error::unsupported(format!("random numbers of dtype {other}: draw them in f32 and cast"))),
    }
}

/// The generators of the IR draw f32. An operand tells the shape, which the node declares anyway.
fn draw(
    scope: &Scope<'_>,
    node: &Node,
    distribution: Distribution,
    key: u64,
    op_seed: Option<f32>,
) -> Result<Array, Error> {
    scope.host(node, DType::F32, &[scope.rng()?], Random { distribution, key, op_seed })
}
