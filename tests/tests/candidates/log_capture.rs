//! The log of this test program, kept for the tests to read.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::sync::{Mutex, Once};

/// A record: level, target, message.
pub(crate) type Line = (Level, String, String);

struct Capture(Mutex<Vec<Line>>);

static CAPTURE: Capture = Capture(Mutex::new(Vec::new()));

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Debug
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = (record.level(), record.target().to_owned(), record.args().to_string());
            self.0.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

/// Keeps the log from now on, up to the level `debug`.
pub(crate) fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&CAPTURE).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// The records whose message contains `part`. Tests run side by side, so it should name a file of the test's own.
pub(crate) fn lines_with(part: &str) -> Vec<Line> {
    CAPTURE.0.lock().unwrap().iter().filter(|(.., message)| message.contains(part)).cloned().collect()
}
