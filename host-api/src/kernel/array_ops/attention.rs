//! Operations of the family `attention`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::Mask;
use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Attention, and the gated delta rule, which attends through a state in place of keys. Operands are real floats unless
/// said otherwise.
impl<'a> ArrayOps<'a> {
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
}
