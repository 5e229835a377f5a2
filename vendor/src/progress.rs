//! How a caller hears what takes time.

/// Told what is going on while something is provisioned. Called from the calling thread.
pub trait Progress {
    /// A new step begins, e.g. `downloading mlx-cpu 0.32.4 (10 MB)`. Not called when there is nothing to do.
    fn step(&self, message: &str);

    /// The download has reached `done` of `total` bytes.
    fn bytes(&self, done: u64, total: u64) {
        let _ = (done, total);
    }
}

/// No progress, for build scripts, whose output cargo hides anyway.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _message: &str) {}
}
