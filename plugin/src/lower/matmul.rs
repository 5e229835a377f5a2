//! Matrix products with an epilogue. `Op::MatMul` itself is MLX's matmul.

use super::activation;
use crate::array::Array;
use rlx_host_api::Error;
use rlx_ir::op::Activation;

/// `Op::FusedMatMulBiasAct`: `act(x @ w + bias)`.
pub(super) fn bias_act(x: &Array, w: &Array, bias: &Array, act: Option<Activation>) -> Result<Array, Error> {
    let y = x.matmul_add(w, bias)?;
    match act {
        Some(kind) => activation::lower(&y, kind),
        None => Ok(y),
    }
}
