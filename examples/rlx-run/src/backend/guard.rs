//! Turns the panics of rlx-runtime, whose calls mostly have no other way to fail, into errors.

use anyhow::{Result, anyhow};
use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// Runs `work`; a panic becomes an error that starts with `what`, and prints nothing.
///
/// The panic hook is the process's, so it is replaced only while `work` runs.
pub(crate) fn guarded<T>(what: &str, work: impl FnOnce() -> T) -> Result<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    // What `work` leaves half done is not used again: the caller ends on the error.
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    outcome.map_err(|payload| anyhow!("{what}: {}", message(payload.as_ref())))
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("rlx-runtime panicked without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        let error = guarded("compile", || panic!("node {} is odd", 3)).unwrap_err();
        assert_eq!(error.to_string(), "compile: node 3 is odd");
        assert_eq!(guarded("compile", || 7).unwrap(), 7);
    }
}
