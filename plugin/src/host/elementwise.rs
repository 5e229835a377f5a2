//! Chains of elementwise ops over f32 and bool.

use super::code::{HostCode, Rows};
use super::elements;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};
use rlx_mlx_cpu::elements::{Chain, Data, Input, Places};

/// A chain over operands that broadcast to the result, in one pass.
pub(crate) struct Elementwise {
    pub(crate) chain: Chain,
    /// How many operands, the first ones, have the result's first axis.
    pub(crate) rows: usize,
    /// Whether all have its shape.
    pub(crate) is_aligned: bool,
}

impl HostCode for Elementwise {
    fn why(&self) -> &'static str {
        "elementwise steps are one pass over memory on all cores; MLX's for the processor are a pass each on one"
    }

    fn rows(&self) -> Rows {
        match self.rows {
            _ if self.is_aligned => Rows::Places,
            0 => Rows::Mixed,
            rows => Rows::Leading(rows),
        }
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let [y] = results else { return Err(Error::fault("elementwise steps with one result")) };
        let extents = |dims: &[i64]| dims.iter().map(|&extent| extent as usize).collect::<Vec<_>>();
        let own: Vec<Vec<usize>> = operands.iter().map(|x| extents(x.dims)).collect();
        let mut inputs = Vec::with_capacity(operands.len());
        for (x, dims) in operands.iter().zip(&own) {
            let data = match x.dtype {
                DType::F32 => Data::Floats(elements::of(x)?),
                DType::Bool => Data::Bools(x.data),
                other => return Err(Error::fault(format!("elementwise steps over {other}"))),
            };
            inputs.push(Input { data, dims });
        }
        let dims = extents(y.dims);
        let places = match y.dtype {
            DType::F32 => Places::Floats(elements::places(y)?),
            DType::Bool => Places::Bools(&mut *y.data),
            other => return Err(Error::fault(format!("elementwise steps to {other}"))),
        };
        self.chain.run(&inputs, &dims, places).map_err(Error::fault)
    }
}
