//! What tells that a kernel calls the plugin. It runs on a stream's own thread, or inside a call that has a turn on a lane:
//! to wait for either there would be to wait for ever.

use rlx_host_api::{Error, ErrorKind};
use std::cell::RefCell;

thread_local! {
    /// Ops of the kernels that this thread is in.
    static INSIDE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, this thread is inside a kernel.
pub(crate) struct Running(());

impl Running {
    pub(crate) fn enter(op: &str) -> Self {
        INSIDE.with_borrow_mut(|inside| inside.push(op.to_owned()));
        Self(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(Vec::pop);
    }
}

/// Fails on a thread that is inside a kernel.
pub(crate) fn refuse_reentry() -> Result<(), Error> {
    // A thread whose own data has been destroyed, as when the process ends, is in no kernel.
    let inside = INSIDE.try_with(|inside| inside.borrow().last().cloned()).ok().flatten();
    match inside {
        None => Ok(()),
        Some(op) => {
            let message = format!("kernel `{op}` called the backend that is running it; a kernel may not");
            Err(Error::new(ErrorKind::FailedPrecondition, message))
        }
    }
}
