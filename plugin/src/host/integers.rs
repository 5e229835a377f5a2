//! Products of small integers.

use super::code::HostCode;
use super::elements;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_cpu::gemm::integers;

/// Matrices `[g, k, n]` of i16 in the form that [`Product`] takes.
pub(crate) struct Pack {
    pub(crate) k: usize,
    pub(crate) n: usize,
}

impl HostCode for Pack {
    fn why(&self) -> &'static str {
        "MLX has no products of integers"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([w], [packed]) = (operands, results) else { return Err(Error::fault("a packed form of one operand")) };
        let (k, n) = (self.k, self.n);
        let matrices = elements::of(w)?.chunks_exact((k * n).max(1));
        let places = elements::places(packed)?.chunks_exact_mut(integers::packed_len(k, n).max(1));
        matrices.zip(places).for_each(|(w, packed)| integers::pack([k, n], w, packed));
        Ok(())
    }
}

/// The products of x `[g, m, k]`, of i16, and packed matrices, in i64. Operands are at most [`integers::MOST`] in size.
pub(crate) struct Product {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
}

impl HostCode for Product {
    fn why(&self) -> &'static str {
        "MLX has no products of integers"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([x, w], [y]) = (operands, results) else { return Err(Error::fault("a product of two operands")) };
        let (m, k, n) = (self.m, self.k, self.n);
        let x = elements::of(x)?.chunks_exact((m * k).max(1));
        let w = elements::of(w)?.chunks_exact(integers::packed_len(k, n).max(1));
        let y = elements::places(y)?.chunks_exact_mut((m * n).max(1));
        x.zip(w).zip(y).for_each(|((x, w), y)| integers::product([m, k, n], x, w, y));
        Ok(())
    }
}
