//! Operations of the family `nn`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::Mask;
use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Fused neural-network ops (mlx::core::fast) and softmax. Operands are real floats unless said otherwise.
impl<'a> ArrayOps<'a> {
    /// Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise).
    pub fn softmax(&self, a: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("softmax", "1ai")?;
            let [out] = self.call(|out| call(out, a, axis))?;
            given(out)
        }
    }

    /// Layer norm over the last axis; gamma and beta are 1-D of its size, or `None` for 1 and 0 (MLX:
    /// fast::layer_norm).
    pub fn layernorm(
        &self,
        x: &Array<'_>,
        gamma: Option<&Array<'_>>,
        beta: Option<&Array<'_>>,
        eps: f32,
    ) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray, f32) -> *mut RlxError;
        let x = self.handle(x)?;
        let gamma = self.optional_handle(gamma)?;
        let beta = self.optional_handle(beta)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("layernorm", "1aoof")?;
            let [out] = self.call(|out| call(out, x, gamma, beta, eps))?;
            given(out)
        }
    }

    /// RMS norm over the last axis; gamma as above (MLX: fast::rms_norm).
    pub fn rmsnorm(&self, x: &Array<'_>, gamma: Option<&Array<'_>>, eps: f32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, f32) -> *mut RlxError;
        let x = self.handle(x)?;
        let gamma = self.optional_handle(gamma)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rmsnorm", "1aof")?;
            let [out] = self.call(|out| call(out, x, gamma, eps))?;
            given(out)
        }
    }

    /// softmax(scale * q k^T + mask) v for q \[B,Hq,Lq,D\], k \[B,Hkv,Lk,D\], v \[B,Hkv,Lk,Dv\], Hq a multiple of Hkv;
    /// the result is \[B,Hq,Lq,Dv\]. CAUSAL is aligned to the end of the keys: query i sees keys up to i + Lk - Lq.
    /// SLIDING and CUSTOM take a mask that broadcasts to \[B,Hq,Lq,Lk\]: bool (true attends), or a float that is added
    /// and promotes to q's dtype. A row that attends to nothing is unspecified (MLX:
    /// fast::scaled_dot_product_attention).
    pub fn attention(
        &self,
        q: &Array<'_>,
        k: &Array<'_>,
        v: &Array<'_>,
        scale: f32,
        mask_kind: Mask,
        mask: Option<&Array<'_>>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            f32,
            u32,
            *mut RlxArray,
        ) -> *mut RlxError;
        let q = self.handle(q)?;
        let k = self.handle(k)?;
        let v = self.handle(v)?;
        let mask = self.optional_handle(mask)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("attention", "1aaafeo")?;
            let [out] = self.call(|out| call(out, q, k, v, scale, mask_kind as u32, mask))?;
            given(out)
        }
    }

    /// The same with attention sinks \[Hq\]: one more score per head, which takes part in the softmax and carries no
    /// value.
    #[expect(clippy::too_many_arguments)]
    pub fn attention_sinks(
        &self,
        q: &Array<'_>,
        k: &Array<'_>,
        v: &Array<'_>,
        scale: f32,
        mask_kind: Mask,
        mask: Option<&Array<'_>>,
        sinks: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            f32,
            u32,
            *mut RlxArray,
            *mut RlxArray,
        ) -> *mut RlxError;
        let q = self.handle(q)?;
        let k = self.handle(k)?;
        let v = self.handle(v)?;
        let mask = self.optional_handle(mask)?;
        let sinks = self.handle(sinks)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("attention_sinks", "1aaafeoa")?;
            let [out] = self.call(|out| call(out, q, k, v, scale, mask_kind as u32, mask, sinks))?;
            given(out)
        }
    }

    /// Rotary embedding of the first `dims` (even) features of x \[B,...,T,D\]; position t of the second last axis
    /// turns by scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs \[dims/2\] where it is given; then `base`
    /// is not used. `traditional` true pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope).
    #[expect(clippy::too_many_arguments)]
    pub fn rope(
        &self,
        x: &Array<'_>,
        dims: i32,
        traditional: bool,
        base: f32,
        scale: f32,
        offset: i32,
        freqs: Option<&Array<'_>>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            f32,
            f32,
            i32,
            *mut RlxArray,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let freqs = self.optional_handle(freqs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rope", "1aibffio")?;
            let [out] = self.call(|out| call(out, x, dims, traditional.into(), base, scale, offset, freqs))?;
            given(out)
        }
    }

    /// The same with an integer array of offsets: a scalar, or one for each of the B batches.
    #[expect(clippy::too_many_arguments)]
    pub fn rope_offsets(
        &self,
        x: &Array<'_>,
        dims: i32,
        traditional: bool,
        base: f32,
        scale: f32,
        offsets: &Array<'_>,
        freqs: Option<&Array<'_>>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            f32,
            f32,
            *mut RlxArray,
            *mut RlxArray,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let offsets = self.handle(offsets)?;
        let freqs = self.optional_handle(freqs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rope_offsets", "1aibffao")?;
            let [out] = self.call(|out| call(out, x, dims, traditional.into(), base, scale, offsets, freqs))?;
            given(out)
        }
    }

    /// logsumexp(logits) - logits\[target\] over the last axis of logits \[...,C\], for integer targets \[...\]; the
    /// result has the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy).
    pub fn cross_entropy(&self, logits: &Array<'_>, targets: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let logits = self.handle(logits)?;
        let targets = self.handle(targets)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cross_entropy", "1aa")?;
            let [out] = self.call(|out| call(out, logits, targets))?;
            given(out)
        }
    }

    /// The gated delta rule over T steps: with state S \[Dv,Dk\] of each head, S = gate * S; S += beta * (v - S k) k^T;
    /// y = S q. q and k are \[B,T,Hk,Dk\], v \[B,T,Hv,Dv\], Hv a multiple of Hk; gates \[B,T,Hv\], or \[B,T,Hv,Dk\] for
    /// one gate a column; beta \[B,T,Hv\]; state \[B,Hv,Dv,Dk\] or `None` for 0; mask bool \[B,T\] or `None`, false
    /// leaves the state alone. `*out_y` is \[B,T,Hv,Dv\], `*out_state` the last state (MLX: fast::gated_delta_update).
    ///
    /// Gives (y, state).
    #[expect(clippy::too_many_arguments)]
    pub fn gated_delta_update(
        &self,
        q: &Array<'_>,
        k: &Array<'_>,
        v: &Array<'_>,
        gates: &Array<'_>,
        beta: &Array<'_>,
        state: Option<&Array<'_>>,
        mask: Option<&Array<'_>>,
    ) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
        ) -> *mut RlxError;
        let q = self.handle(q)?;
        let k = self.handle(k)?;
        let v = self.handle(v)?;
        let gates = self.handle(gates)?;
        let beta = self.handle(beta)?;
        let state = self.optional_handle(state)?;
        let mask = self.optional_handle(mask)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gated_delta_update", "2aaaaaoo")?;
            let [y, state] = self.call(|out| call(out, q, k, v, gates, beta, state, mask))?;
            Ok((given(y)?, given(state)?))
        }
    }

    /// scale * H x over the last axis, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28; an error for f64
    /// (MLX: hadamard_transform).
    pub fn hadamard(&self, x: &Array<'_>, scale: f32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, f32) -> *mut RlxError;
        let x = self.handle(x)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("hadamard", "1af")?;
            let [out] = self.call(|out| call(out, x, scale))?;
            given(out)
        }
    }
}
