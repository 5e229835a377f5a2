//! What is left when the launcher itself is killed: a process that waits for that, and ends what the launcher has started.
//!
//! The system kills the launcher's own children then, where it can be told to, but not theirs. So the launcher tells this
//! process of each group of processes, through a pipe that is closed when there is no launcher any more.

use crate::wire::{read, send};
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::io::{self, BufRead};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

/// How long processes have between SIGTERM and SIGKILL once their launcher has gone.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked whether they have ended.
const LOOK: Duration = Duration::from_millis(10);

/// What the launcher says.
#[derive(Serialize, Deserialize)]
enum Word {
    /// This group of processes has been started.
    Group(i32),
    /// This file has been written.
    File(PathBuf),
    /// All of it has ended.
    Over,
}

/// The process that waits, from the launcher's side.
pub(super) struct Guard {
    process: Child,
    words: Option<ChildStdin>,
}

impl Guard {
    /// # Errors
    /// When there are no more processes to be had.
    pub(super) fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("the path of this program")?);
        // In a group of its own, a terminal's signals pass it by.
        command.arg("launch-guard").process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().context("starting the process that guards the ranks")?;
        let words = process.stdin.take();
        Ok(Self { process, words })
    }

    /// Has this file removed when the launcher is killed.
    pub(super) fn file(&mut self, path: &Path) {
        self.say(&Word::File(path.to_owned()));
    }

    /// Has this group of processes ended when the launcher is killed.
    pub(super) fn group(&mut self, group: Pid) {
        self.say(&Word::Group(group.as_raw_pid()));
    }

    /// A guard that somebody has killed is no reason to fail: it is there for the worst case alone.
    fn say(&mut self, word: &Word) {
        if let Some(words) = &mut self.words
            && send(words, word).is_err()
        {
            self.words = None;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.say(&Word::Over);
        drop(self.words.take());
        // It fails only where the process has been waited for.
        let _ = self.process.wait();
    }
}

/// Waits for the launcher to end.
pub(crate) fn execute() -> Result<()> {
    // Whoever ends the launcher with all of its group, or by name, is not to end this one first.
    let heard = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, heard.clone()).context("setting a signal aside")?;
    }
    let (mut groups, mut files) = (Vec::new(), Vec::new());
    // A pipe that cannot be read is closed for this purpose.
    for line in io::stdin().lock().split(b'\n').map_while(io::Result::ok) {
        match read::<Word>(&line).1 {
            Some(Ok(Word::Group(group))) => groups.extend(Pid::from_raw(group)),
            Some(Ok(Word::File(path))) => files.push(path),
            Some(Ok(Word::Over)) => return Ok(()),
            Some(Err(_)) | None => {}
        }
    }
    end(&groups);
    for file in files {
        // It may be gone already.
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}

/// Ends all processes of these groups. A process that is stopped has to go on to hear of it.
fn end(groups: &[Pid]) {
    let send_all = |signal| {
        for &group in groups {
            // It fails where the group has ended.
            let _ = kill_process_group(group, signal);
        }
    };
    send_all(Signal::TERM);
    send_all(Signal::CONT);
    let started = Instant::now();
    while started.elapsed() < GRACE && groups.iter().any(|&group| test_kill_process_group(group).is_ok()) {
        thread::sleep(LOOK);
    }
    send_all(Signal::KILL);
}
