//! A progress line on standard error, shown once a command has taken a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

const DELAY: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Shows itself after [`DELAY`], and only on a terminal; disappears when dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    // Dropping the sender ends the timer's wait.
    stop: Option<mpsc::Sender<()>>,
    timer: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts to count `steps` steps.
    pub(crate) fn start(steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let shown = bar.clone();
        let timer = std::thread::Builder::new().spawn(move || {
            if stopped.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr());
                while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    shown.tick();
                }
            }
        });
        // Where there is no thread to be had, a command does without the line.
        Self { bar, stop: Some(stop), timer: timer.ok() }
    }

    /// Says how many steps there are, once that is known.
    pub(crate) fn expect(&self, steps: u64) {
        self.bar.set_length(steps);
    }

    /// Says what is going on now.
    pub(crate) fn message(&self, text: &'static str) {
        self.bar.set_message(text);
    }

    /// One step is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(timer) = self.timer.take() {
            // Its only failure would be a panic in drawing, which is no reason to fail the command.
            let _ = timer.join();
        }
        self.bar.finish_and_clear();
    }
}
