//! The group that the collective ops of programs use.

use super::group::MlxGroup;
use std::sync::{Mutex, PoisonError};

/// The group behind the collective ops of a backend instance.
#[derive(Debug, Default)]
pub(crate) struct Installed(Mutex<Option<MlxGroup>>);

impl Installed {
    pub(crate) fn get(&self) -> Option<MlxGroup> {
        // One value, set as a whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, group: Option<MlxGroup>) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), group);
        // The lock is free again: the last reference to a group says farewell to the others.
        drop(before);
    }
}
