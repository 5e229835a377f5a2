//! What came of unpacking or copying a bundle.

use crate::origin::Origin;
use rlx_host_api::discovery::Manifest;

/// What was unpacked, and from what.
pub(crate) struct Unpacked {
    pub(crate) manifest: Manifest,
    pub(crate) origin: Origin,
}
