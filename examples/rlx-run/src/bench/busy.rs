//! Processes that are always busy, as on a machine that has other work.

use anyhow::{Context, Result};
use std::io::Read;
use std::process::{Child, Command, Stdio};

/// Such processes, until this is dropped. They end with the pipe to them, too: however this process ends.
pub(super) struct Busy(Vec<Child>);

impl Busy {
    pub(super) fn start(count: usize) -> Result<Self> {
        let this = std::env::current_exe().context("the path of this program")?;
        let mut busy = Self(Vec::new());
        for _ in 0..count {
            let mut command = Command::new(&this);
            command.arg("bench-busy").stdin(Stdio::piped()).stdout(Stdio::null());
            busy.0.push(command.spawn().context("starting a busy process")?);
        }
        Ok(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Both fail only where it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Is busy until standard input ends.
pub(crate) fn execute() -> Result<()> {
    std::thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).map(drop).context("standard input")
}
