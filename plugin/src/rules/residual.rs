//! `Op::FusedMatMulResidual`: a matrix product and what is added to it.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use rlx_host_api::Error;

rules! {
    FusedMatMulResidual    [a, b, residual]    any    => product_and_sum(a, b, residual);
}

/// `a @ b + residual`. The residual has the product's shape; one that only broadcasts to it is an error, as in the IR, and
/// one with more axes would give another shape than the declared one.
fn product_and_sum(a: &Array, b: &Array, residual: &Array) -> Result<Array, Error> {
    let product = a.matmul(b)?;
    let (dims, found) = (product.dims()?, residual.dims()?);
    if found != dims {
        return Err(Error::invalid(format!("the product is {dims:?} and the residual {found:?}")));
    }
    residual.addmm(a, b, 1.0, 1.0)
}
