//! Which nodes of a program the plugin takes.

use crate::abi::*;
use crate::growable::read;
use crate::host::load::slot;
use crate::types::{Claim, How};
use crate::views::{MAX_TEXT, text};
use crate::{Backend, CompileOptions, Error};
use std::ffi::c_void;

impl Backend {
    /// What [`compile`](Self::compile) would do with each node of a `.rlxmodel` text, with the kernels that are registered
    /// now: one entry for every node in the order of the graph, and behind a node those of the graphs nested in it, in the
    /// order of the IR's `Op::subgraphs`. A node that is taken may still be refused for what it is together with others.
    ///
    /// # Errors
    /// Unsupported without extension `claims/1`; what is wrong with the program as a whole.
    pub fn claims(&self, program: &[u8], options: &CompileOptions) -> Result<Vec<Claim>, Error> {
        let table = self.plugin().table::<RlxClaimsApi>()?;
        let mut found = Found { claims: Vec::new(), wrong: None };
        let sink = RlxClaimSink { context: (&raw mut found).cast(), emit: Some(emit) };
        options.lend(program, |args| {
            let _turn = self.instance().turn();
            // SAFETY: live handle; the arguments state their size, and they, their views, and the sink with the list behind
            // it outlive the call.
            unsafe { Error::check(slot!(table, claim(self.instance().handle(), args, &sink))) }
        })?;
        match found.wrong {
            Some(error) => Err(Error::fault(format!("the plugin's claims: {}", error.message()))),
            None => Ok(found.claims),
        }
    }
}

/// What has been emitted so far, and what is wrong with the first entry that is.
struct Found {
    claims: Vec<Claim>,
    wrong: Option<Error>,
}

unsafe extern "C" fn emit(context: *mut c_void, claim: *const RlxClaim) {
    // SAFETY: the list above, which nobody else uses during the call; the plugin's promise about the claim.
    let (found, claim) = unsafe { (&mut *context.cast::<Found>(), owned(claim)) };
    match claim {
        Ok(claim) => found.claims.push(claim),
        Err(error) => found.wrong = found.wrong.take().or(Some(error)),
    }
}

/// # Safety
/// `claim` is NULL, or of the size that it states and with valid views.
unsafe fn owned(claim: *const RlxClaim) -> Result<Claim, Error> {
    // SAFETY: promised by the caller.
    let (raw, op, reason) = unsafe {
        let raw = read(claim, "an entry")?;
        (raw, text(raw.op, MAX_TEXT, "an op")?, text(raw.reason, MAX_TEXT, "a reason")?)
    };
    let answer = How::from_code(raw.how).ok_or_else(|| match reason {
        "" => "the plugin gives no reason".to_owned(),
        reason => reason.to_owned(),
    });
    let by = if answer.is_ok() { reason.to_owned() } else { String::new() };
    Ok(Claim { op: op.to_owned(), depth: raw.depth, answer, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Growable;

    /// What is made of one entry.
    fn emitted(claim: *const RlxClaim) -> Result<Claim, Error> {
        let mut found = Found { claims: Vec::new(), wrong: None };
        // SAFETY: the list outlives the call; the claim is NULL, or larger than it states and with views of static text.
        unsafe { emit((&raw mut found).cast(), claim) };
        match found.wrong {
            Some(wrong) => Err(wrong),
            None => Ok(found.claims.remove(0)),
        }
    }

    #[test]
    fn entries_of_newer_plugins_are_read() {
        let newer = RlxClaim { how: 99, depth: 2, op: RlxStr::new("Sort"), ..RlxClaim::sized() };
        assert_eq!(
            emitted(&newer),
            Ok(Claim { op: "Sort".into(), depth: 2, answer: Ok(How::Other), by: String::new() })
        );
        let by = RlxClaim { how: RLX_CLAIM_HOST, reason: RlxStr::new("no kernel"), ..newer };
        assert_eq!(emitted(&by).map(|claim| (claim.answer, claim.by)), Ok((Ok(How::Host), "no kernel".to_owned())));
        let refused = RlxClaim { how: RLX_CLAIM_REFUSED, ..newer };
        assert_eq!(emitted(&refused).unwrap().answer, Err("the plugin gives no reason".to_owned()));
        let why = RlxClaim { reason: RlxStr::new("too long"), ..refused };
        assert_eq!(emitted(&why).unwrap().answer, Err("too long".to_owned()));
    }

    #[test]
    fn entries_that_cannot_be_read_are_told() {
        let whole = RlxClaim { op: RlxStr::new("Sort"), ..RlxClaim::sized() };
        let not_utf8 = [0xFFu8];
        let wrong = [
            (RlxClaim { struct_size: 24, ..whole }, "struct_size 24"),
            (RlxClaim { op: RlxStr { data: not_utf8.as_ptr(), len: 1 }, ..whole }, "an op"),
            (RlxClaim { reason: RlxStr { data: std::ptr::null(), len: 5 }, ..whole }, "a reason"),
            (RlxClaim { reason: RlxStr { len: 1 << 40, ..whole.op }, ..whole }, "a reason"),
        ];
        for (claim, part) in wrong {
            let error = emitted(&claim).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        assert!(emitted(std::ptr::null()).unwrap_err().message().contains("NULL"));
    }
}
