//! Forwards the plugin's `log` records to the host: the `log` crate inside the plugin is a copy of its own.

use crate::abi::*;
use std::sync::OnceLock;

struct Forwarder {
    services: OnceLock<RlxHostServices>,
}

// SAFETY: the services are immutable once set, and the ABI lets the plugin call them from any thread.
unsafe impl Sync for Forwarder {}
// SAFETY: as above.
unsafe impl Send for Forwarder {}

static FORWARDER: Forwarder = Forwarder { services: OnceLock::new() };

/// Sends every record of this library's `log` crate to `services`. The first caller wins; a logger that the plugin
/// installed itself is kept.
pub(super) fn forward_to(services: RlxHostServices) {
    if FORWARDER.services.set(services).is_ok() && log::set_logger(&FORWARDER).is_ok() {
        // The host's level can change at any time, so it is asked for every record instead of copied here.
        log::set_max_level(log::LevelFilter::Trace);
    }
}

impl log::Log for Forwarder {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        self.services.get().is_some_and(|s| match s.log_enabled {
            // SAFETY: slot and context came from the host, which keeps them for the life of the process.
            Some(enabled) => unsafe {
                enabled(s.context, level(metadata.level()), RlxStr::new(metadata.target())) != 0
            },
            None => s.log.is_some(),
        })
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if let Some(services) = self.services.get()
            && let Some(log) = services.log
        {
            let message = record.args().to_string();
            // SAFETY: as in `enabled`; the views live for the call.
            unsafe {
                log(services.context, level(record.level()), RlxStr::new(record.target()), RlxStr::new(&message))
            };
        }
    }

    fn flush(&self) {}
}

/// Sends the text of panics to the log: the thunks turn them into errors, so the plugin's copy of the standard library
/// must not print them on the host's stderr as well.
pub(super) fn silence_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| log::debug!("{panic}"))));
}

fn level(level: log::Level) -> u32 {
    match level {
        log::Level::Error => RLX_LOG_ERROR,
        log::Level::Warn => RLX_LOG_WARN,
        log::Level::Info => RLX_LOG_INFO,
        log::Level::Debug => RLX_LOG_DEBUG,
        log::Level::Trace => RLX_LOG_TRACE,
    }
}
