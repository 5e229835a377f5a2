//! Waits for the processes, passes signals on to them, and ends all when one has failed.

use super::process::Process;
use crate::ending::Ending;
use anyhow::{Context, Result};
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::{Handle, Signals};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What happens while the processes run.
enum Event {
    /// The process of this index has ended.
    Ended(usize, Ending),
    /// This process was sent a signal, which is for all of them.
    Signal(Signal, Meaning),
}

/// What a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// To end.
    End,
    /// Whatever the ranks make of it.
    Theirs,
}

/// Signals that go to the processes.
const PASSED_ON: [(i32, Signal, Meaning); 6] = [
    (SIGHUP, Signal::HUP, Meaning::End),
    (SIGINT, Signal::INT, Meaning::End),
    (SIGQUIT, Signal::QUIT, Meaning::End),
    (SIGTERM, Signal::TERM, Meaning::End),
    (SIGUSR1, Signal::USR1, Meaning::Theirs),
    (SIGUSR2, Signal::USR2, Meaning::Theirs),
];

/// How far the end has come. Each step lasts for the grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nothing has failed.
    Running,
    /// One has failed, and the others may notice.
    Failed,
    /// They have been asked to end.
    Asked,
    /// They have been sent SIGKILL, those on other machines through their ssh.
    Killed,
    /// ssh as well.
    CutOff,
}

/// Takes this process's signals from the moment it is made, so that none ends it before the processes that it is to end.
pub(super) struct Supervisor {
    events: mpsc::Receiver<Event>,
    found: mpsc::Sender<Event>,
    signals: Handle,
    listener: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// # Errors
    /// When the system gives no thread, or no handler for a signal.
    pub(super) fn new() -> Result<Self> {
        let (found, events) = mpsc::channel();
        let mut signals = Signals::new(PASSED_ON.map(|(number, ..)| number)).context("listening for signals")?;
        let handle = signals.handle();
        let passed = found.clone();
        let listen = move || {
            for number in signals.forever() {
                let known = PASSED_ON.into_iter().find(|&(known, ..)| known == number);
                if known.is_some_and(|(_, signal, meaning)| passed.send(Event::Signal(signal, meaning)).is_err()) {
                    return;
                }
            }
        };
        let listener = thread::Builder::new().name("signals".to_owned()).spawn(listen).context("starting a thread")?;
        Ok(Self { events, found, signals: handle, listener: Some(listener) })
    }

    /// Waits until all of them have ended; how each did, in that order. Nothing is left of them on this machine.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn wait(&self, mut processes: Vec<Process>, grace: Duration) -> Result<Vec<(String, Ending)>> {
        for (index, process) in processes.iter().enumerate() {
            let found = self.found.clone();
            // The receiver outlives all processes, unless another error ends this.
            let tell = move |ending| drop(found.send(Event::Ended(index, ending)));
            process.watch(tell).context("starting a thread")?;
        }
        let mut ended: Vec<(usize, Ending)> = Vec::new();
        let (mut stage, mut since) = (Stage::Running, Instant::now());
        while ended.len() < processes.len() {
            let next = match stage {
                Stage::Running | Stage::CutOff => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                _ => self.events.recv_timeout(grace.saturating_sub(since.elapsed())),
            };
            let reached = match next {
                Ok(Event::Ended(index, ending)) => {
                    ended.push((index, ending));
                    if ending != Ending::Code(0) { stage.max(Stage::Failed) } else { stage }
                }
                Ok(Event::Signal(signal, Meaning::Theirs)) => {
                    processes.iter_mut().for_each(|process| process.signal(signal));
                    stage
                }
                // Whoever asks again does not want to wait.
                Ok(Event::Signal(..)) if stage >= Stage::Asked => kill(&mut processes),
                Ok(Event::Signal(signal, Meaning::End)) => ask(&mut processes, signal),
                Err(_) => match stage {
                    Stage::Running | Stage::Failed => ask(&mut processes, Signal::TERM),
                    Stage::Asked => kill(&mut processes),
                    Stage::Killed | Stage::CutOff => {
                        processes.iter().for_each(|process| process.signal_here(Signal::KILL));
                        Stage::CutOff
                    }
                },
            };
            if reached != stage {
                (stage, since) = (reached, Instant::now());
            }
        }
        let name = |index: usize| processes.get(index).map_or_else(String::new, |process| process.name.clone());
        Ok(ended.into_iter().map(|(index, ending)| (name(index), ending)).collect())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(listener) = self.listener.take() {
            // It fails only in a panic, of which there is none.
            let _ = listener.join();
        }
    }
}

/// Has all of them end. One that is stopped has to go on to hear of it.
fn ask(processes: &mut [Process], signal: Signal) -> Stage {
    for process in processes {
        process.signal(signal);
        process.signal(Signal::CONT);
    }
    Stage::Asked
}

fn kill(processes: &mut [Process]) -> Stage {
    processes.iter_mut().for_each(|process| process.signal(Signal::KILL));
    Stage::Killed
}
