//! Operations of the family `nn`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::Mask;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise).
    pub(crate) fn softmax(&self, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_softmax(self.raw(), axis, out) })
    }

    /// Layer norm over the last axis; gamma and beta are 1-D of its size, or `None` for 1 and 0 (MLX:
    /// fast::layer_norm).
    pub(crate) fn layernorm(&self, gamma: Option<&Array>, beta: Option<&Array>, eps: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_layernorm(self.raw(), handle_or_null(gamma), handle_or_null(beta), eps, out)
        })
    }

    /// RMS norm over the last axis; gamma as above (MLX: fast::rms_norm).
    pub(crate) fn rmsnorm(&self, gamma: Option<&Array>, eps: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_rmsnorm(self.raw(), handle_or_null(gamma), eps, out) })
    }

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

    /// Rotary embedding of the first `dims` (even) features of x \[B,...,T,D\]; position t of the second last axis
    /// turns by scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs \[dims/2\] where it is given; then `base`
    /// is not used. `traditional` true pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope).
    pub(crate) fn rope(
        &self,
        dims: c_int,
        traditional: bool,
        base: f32,
        scale: f32,
        offset: c_int,
        freqs: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_rope(
                self.raw(),
                dims,
                c_int::from(traditional),
                base,
                scale,
                offset,
                handle_or_null(freqs),
                out,
            )
        })
    }

    /// The same with an integer array of offsets: a scalar, or one for each of the B batches.
    pub(crate) fn rope_offsets(
        &self,
        dims: c_int,
        traditional: bool,
        base: f32,
        scale: f32,
        offsets: &Array,
        freqs: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_rope_offsets(
                self.raw(),
                dims,
                c_int::from(traditional),
                base,
                scale,
                offsets.raw(),
                handle_or_null(freqs),
                out,
            )
        })
    }

    /// logsumexp(logits) - logits\[target\] over the last axis of logits \[...,C\], for integer targets \[...\]; the
    /// result has the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy).
    pub(crate) fn cross_entropy(&self, targets: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cross_entropy(self.raw(), targets.raw(), out) })
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

    /// scale * H x over the last axis, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28; an error for f64
    /// (MLX: hadamard_transform).
    pub(crate) fn hadamard(&self, scale: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_hadamard(self.raw(), scale, out) })
    }
}
