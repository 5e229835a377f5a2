//! The warnings of this test program, kept for the tests to read.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::sync::{Mutex, Once};

struct Capture(Mutex<Vec<String>>);

static CAPTURE: Capture = Capture(Mutex::new(Vec::new()));

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Keeps warnings from now on.
pub(crate) fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&CAPTURE).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
}

/// The warnings that contain `part`. Tests run side by side, so it should name an op of the test's own.
pub(crate) fn warnings_with(part: &str) -> Vec<String> {
    CAPTURE.0.lock().unwrap().iter().filter(|message| message.contains(part)).cloned().collect()
}
