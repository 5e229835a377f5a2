//! The entry: version negotiation, then the host's services.

use super::logging;
use super::thunks::guard;
use crate::abi::{ABI_OLDEST, ABI_VERSION, RlxBackendApi, RlxEntryRequest, RlxEntryResponse, RlxError, RlxVersion};
use crate::growable::read;
use crate::negotiate::{VersionRange, select};
use crate::{Error, ErrorKind, Growable};
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
        if request_size < RlxEntryRequest::BASELINE as u64 || response_size < RlxEntryResponse::BASELINE as u64 {
            return Err(Error::new(
                ErrorKind::VersionMismatch,
                format!(
                    "rlx_backend_entry: request of {request_size} or response of {response_size} bytes is too small"
                ),
            ));
        }
        // SAFETY: the host's promise about `request`; `response` reaches beyond the fields of version 1.0, which are the
        // ones written here.
        let (request, api_out, selected) =
            unsafe { (read(request, "request")?, &mut (*response).api, &mut (*response).abi_selected) };
        *api_out = std::ptr::null();
        let host = VersionRange { oldest: request.abi_min, newest: request.abi_max };
        *selected = select(host, VersionRange::OURS).ok_or_else(|| {
            Error::new(
                ErrorKind::VersionMismatch,
                format!("host speaks ABI {host}, plugin speaks ABI {}: update the older side", VersionRange::OURS),
            )
        })?;
        if !request.services.is_null() {
            // SAFETY: services that start with their size and that the host keeps for the life of the process.
            logging::forward_to(unsafe { read(request.services, "host services")? });
        }
        logging::silence_panics();
        *api_out = api;
        Ok(())
    })
}
