//! What host code has to tell beside its results.

use super::failures::Failures;
use crate::profile::Profile;

/// Where the host code of a program reports to. Duplicates of an executable share it.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// Where errors wait for the run.
    pub(crate) failures: Failures,
    /// Where times are noted, if they are.
    pub(crate) profile: Option<Profile>,
}
