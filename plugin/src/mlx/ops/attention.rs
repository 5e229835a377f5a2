//! Operations of the family `attention`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::Mask;
use rlx_mlx_shim as ffi;

impl Array {
    /// softmax(scale * q k^T + mask) v for q \[B,Hq,Lq,D\], k \[B,Hkv,Lk,D\], v \[B,Hkv,Lk,Dv\], Hq a multiple of Hkv;
    /// the result is \[B,Hq,Lq,Dv\]. CAUSAL is aligned to the end of the keys: query i sees keys up to i + Lk - Lq.
    /// SLIDING and CUSTOM take a mask that broadcasts to \[B,Hq,Lq,Lk\]: bool (true attends), or a float that is added
    /// and promotes to q's dtype. A row that attends to nothing is unspecified (MLX:
    /// fast::scaled_dot_product_attention).
    pub(crate) fn attention(
        &self,
        k: &Array,
        v: &Array,
        scale: f32,
        mask_kind: Mask,
        mask: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_attention(self.raw(), k.raw(), v.raw(), scale, mask_kind as u32, handle_or_null(mask), out)
        })
    }

    /// The same with attention sinks \[Hq\]: one more score per head, which takes part in the softmax and carries no
    /// value.
    pub(crate) fn attention_sinks(
        &self,
        k: &Array,
        v: &Array,
        scale: f32,
        mask_kind: Mask,
        mask: Option<&Array>,
        sinks: &Array,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_attention_sinks(
                self.raw(),
                k.raw(),
                v.raw(),
                scale,
                mask_kind as u32,
                handle_or_null(mask),
                sinks.raw(),
                out,
            )
        })
    }

    /// The gated delta rule over T steps: with state S \[Dv,Dk\] of each head, S = gate * S; S += beta * (v - S k) k^T;
    /// y = S q. q and k are \[B,T,Hk,Dk\], v \[B,T,Hv,Dv\], Hv a multiple of Hk; gates \[B,T,Hv\], or \[B,T,Hv,Dk\] for
    /// one gate a column; beta \[B,T,Hv\]; state \[B,Hv,Dv,Dk\] or `None` for 0; mask bool \[B,T\] or `None`, false
    /// leaves the state alone. `*out_y` is \[B,T,Hv,Dv\], `*out_state` the last state (MLX: fast::gated_delta_update).
    ///
    /// Gives (y, state).
    pub(crate) fn gated_delta_update(
        &self,
        k: &Array,
        v: &Array,
        gates: &Array,
        beta: &Array,
        state: Option<&Array>,
        mask: Option<&Array>,
    ) -> Result<(Array, Array), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [y, state] = Array::produce_several(|out| unsafe {
            ffi::rlx_mlx_op_gated_delta_update(
                self.raw(),
                k.raw(),
                v.raw(),
                gates.raw(),
                beta.raw(),
                handle_or_null(state),
                handle_or_null(mask),
                out.add(0),
                out.add(1),
            )
        })?;
        Ok((Array::given(y)?, Array::given(state)?))
    }
}
