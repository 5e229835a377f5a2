//! The entry: version negotiation, then the host's services.

use super::logging;
use super::thunks::guard;
use crate::abi::{
    ABI_OLDEST, ABI_VERSION, RlxBackendApi, RlxEntryRequest, RlxEntryResponse, RlxError, RlxHostServices, RlxVersion,
};
use crate::negotiate::{VersionRange, select};
use crate::{Error, ErrorKind};
use std::mem::offset_of;

/// What the exported entry symbol does: states the plugin's range, picks a version, hands out `api`.
///
/// # Safety
/// `request` and `response` point to structs of the size that their `struct_size` states; see
/// [`RlxBackendEntry`](crate::abi::RlxBackendEntry).
#[doc(hidden)]
pub unsafe fn entry(
    api: &'static RlxBackendApi,
    request: *const RlxEntryRequest,
    response: *mut RlxEntryResponse,
) -> *mut RlxError {
    guard(|| {
        if request.is_null() || response.is_null() {
            return Err(Error::invalid("rlx_backend_entry: request and response must not be NULL"));
        }
        // SAFETY: not NULL; both start with `struct_size` in every version of the ABI.
        let (request_size, response_size) = unsafe { ((*request).struct_size, (*response).struct_size) };
        // The two ranges keep their place in every version, so even a refusal for the sizes names the plugin's.
        if response_size >= (offset_of!(RlxEntryResponse, abi_max) + size_of::<RlxVersion>()) as u64 {
            // SAFETY: the struct reaches beyond both fields.
            unsafe {
                (&raw mut (*response).abi_min).write(ABI_OLDEST);
                (&raw mut (*response).abi_max).write(ABI_VERSION);
            }
        }
        if request_size < size_of::<RlxEntryRequest>() as u64 || response_size < size_of::<RlxEntryResponse>() as u64 {
            return Err(Error::new(
                ErrorKind::VersionMismatch,
                format!(
                    "rlx_backend_entry: request of {request_size} or response of {response_size} bytes is too small"
                ),
            ));
        }
        // SAFETY: both are at least as large as the structs known here.
        let (request, response) = unsafe { (&*request, &mut *response) };
        response.api = std::ptr::null();
        let host = VersionRange { oldest: request.abi_min, newest: request.abi_max };
        response.abi_selected = select(host, VersionRange::OURS).ok_or_else(|| {
            Error::new(
                ErrorKind::VersionMismatch,
                format!("host speaks ABI {host}, plugin speaks ABI {}: update the older side", VersionRange::OURS),
            )
        })?;
        // SAFETY: NULL, or services that start with their size and that the host keeps for the life of the process. A
        // table shorter than the one known here lacks the logger.
        unsafe {
            let services = request.services;
            if !services.is_null() && (*services).struct_size >= size_of::<RlxHostServices>() as u64 {
                logging::forward_to(*services);
            }
        }
        logging::silence_panics();
        response.api = api;
        Ok(())
    })
}
