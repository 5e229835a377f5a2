//! The passage of an error over the boundary.

use super::{Error, ErrorKind};
use crate::Value;
use crate::abi::*;
use crate::views::{MAX_TEXT, key_values, pairs, text};

impl Error {
    /// Moves the error into a wire object that owns itself; the receiver calls its `release`.
    pub fn into_raw(self) -> *mut RlxError {
        let mut owned = Box::new(OwnedError {
            raw: RlxError {
                struct_size: size_of::<RlxError>() as u64,
                code: self.kind.code(),
                reserved: 0,
                message: RlxStr::EMPTY,
                details: std::ptr::null(),
                detail_count: 0,
                release: Some(release_owned),
            },
            message: self.message,
            views: Vec::new(),
            details: self.details,
        });
        // The views point into the heap blocks of the fields beside them, which do not move with the box.
        owned.views = key_values(&owned.details);
        owned.raw.message = RlxStr::new(&owned.message);
        owned.raw.details = owned.views.as_ptr();
        owned.raw.detail_count = owned.views.len() as u64;
        Box::into_raw(owned).cast()
    }

    /// Takes a wire object over: `Ok` for NULL, otherwise the error, after its release.
    ///
    /// # Safety
    /// `raw` is NULL or an unreleased error object.
    pub unsafe fn check(raw: *mut RlxError) -> Result<(), Self> {
        if raw.is_null() {
            return Ok(());
        }
        // SAFETY: not NULL, so by the caller's promise an error object, whose views are valid until its release.
        let error = unsafe {
            let seen = &*raw;
            let message = match text(seen.message, MAX_TEXT, "message") {
                Ok(text) if !text.is_empty() => text.to_owned(),
                _ => format!("the plugin gave error code {} without a readable message", seen.code),
            };
            let details = pairs(seen.details, seen.detail_count, "error details").unwrap_or_default();
            let error = Self { details, ..Self::new(ErrorKind::from_code(seen.code), message) };
            if let Some(release) = seen.release {
                release(raw);
            }
            error
        };
        Err(error)
    }
}

/// A wire error with the memory its views point to. `raw` is first, so a pointer to it is a pointer to the whole.
#[repr(C)]
struct OwnedError {
    raw: RlxError,
    message: String,
    views: Vec<RlxKeyValue>,
    details: Vec<(String, Value)>,
}

unsafe extern "C" fn release_owned(error: *mut RlxError) {
    if !error.is_null() {
        // SAFETY: `into_raw` is the only maker of objects with this release function; it leaked this box.
        drop(unsafe { Box::from_raw(error.cast::<OwnedError>()) });
    }
}
