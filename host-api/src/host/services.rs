//! What this host offers plugins: its logger.

use crate::Growable;
use crate::abi::*;
use std::ffi::c_void;
use std::panic::catch_unwind;
use std::sync::LazyLock;

struct Shared(RlxHostServices);

// SAFETY: the table holds no context and only static text; its slots may be called from any thread.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

static SERVICES: LazyLock<Shared> = LazyLock::new(|| {
    Shared(RlxHostServices {
        name: RlxStr::new(env!("CARGO_PKG_NAME")),
        version: RlxStr::new(env!("CARGO_PKG_VERSION")),
        log_enabled: Some(log_enabled),
        log: Some(log),
        ..RlxHostServices::sized()
    })
});

/// The table that every plugin gets.
pub(super) fn services() -> &'static RlxHostServices {
    &SERVICES.0
}

fn level(code: u32) -> log::Level {
    match code {
        RLX_LOG_ERROR => log::Level::Error,
        RLX_LOG_WARN => log::Level::Warn,
        RLX_LOG_INFO => log::Level::Info,
        RLX_LOG_DEBUG => log::Level::Debug,
        _ => log::Level::Trace,
    }
}

unsafe extern "C" fn log_enabled(_context: *mut c_void, code: u32, target: RlxStr) -> u32 {
    // A logger may panic; nothing may unwind into the plugin.
    catch_unwind(|| {
        // SAFETY: the plugin's promise about its view.
        let target = unsafe { target.as_str() }.unwrap_or_default();
        u32::from(log::log_enabled!(target: target, level(code)))
    })
    .unwrap_or(0)
}

unsafe extern "C" fn log(_context: *mut c_void, code: u32, target: RlxStr, message: RlxStr) {
    // The result is a panic of the host's logger, which has nowhere to be reported.
    let _ = catch_unwind(|| {
        // SAFETY: the plugin's promise about its views.
        let (target, message) = unsafe { (target.as_str().unwrap_or_default(), message.as_str().unwrap_or_default()) };
        log::log!(target: target, level(code), "{message}");
    });
}
