//! Extension `claims/1`.

use crate::Error;
use crate::abi::*;
use crate::author::thunks::{compile_request, guard, type_layout};
use crate::author::{Backend, CompileRequest, Exported, Plugin};
use crate::growable::Growable;
use crate::types::Claim;
use std::ffi::c_void;

/// Backends that say node by node what they take.
pub trait Claims: Backend {
    /// What [`compile`](Backend::compile) would do with each node of the program, those that nothing reads included, in the
    /// order of the graph; behind a node come those of the graphs nested in it, in the order of the IR's `Op::subgraphs`.
    /// With the feature `rlx-ir`, [`CompileRequest::read_graph`] and [`Claim::of_graph`] do all but the answers.
    ///
    /// # Errors
    /// For what is wrong with the program as a whole.
    fn claims(&self, request: CompileRequest<'_>) -> Result<Vec<Claim>, Error>;
}

/// The table of extension `claims/1` for plugin `P`.
pub fn claims_table<P: Exported>() -> *const c_void
where
    P::Backend: Claims,
{
    let table: &'static RlxClaimsApi = const {
        &RlxClaimsApi {
            struct_size: size_of::<RlxClaimsApi>() as u64,
            type_layout: Some(type_layout::<RlxClaimsApi>),
            claim: Some(claim::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

unsafe extern "C" fn claim<P: Plugin>(
    backend: *mut RlxBackend,
    args: *const RlxCompileArgs,
    sink: *const RlxClaimSink,
) -> *mut RlxError
where
    P::Backend: Claims,
{
    // SAFETY: the host's promises about the handle, the arguments with their views, and the sink.
    guard(|| unsafe {
        let sink = sink.as_ref().and_then(|sink| Some((sink.context, sink.emit?)));
        let (context, emit) = sink.ok_or_else(|| Error::invalid("claims: sink must not be NULL"))?;
        let backend = backend.cast::<P::Backend>().as_ref();
        let backend = backend.ok_or_else(|| Error::invalid("claims: backend must not be NULL"))?;
        for claim in backend.claims(compile_request(args)?)? {
            let (how, reason) = match &claim.answer {
                Ok(how) => (how.code(), RlxStr::new(&claim.by)),
                Err(reason) => (RLX_CLAIM_REFUSED, RlxStr::new(reason)),
            };
            let raw = RlxClaim { how, depth: claim.depth, op: RlxStr::new(&claim.op), reason, ..RlxClaim::sized() };
            emit(context, &raw);
        }
        Ok(())
    })
}
