//! A process that takes part: a rank on this machine, the ssh of one on another, or mpirun.

use super::guard::Guard;
use super::output::{Output, Sink};
use crate::UsageError;
use crate::ending::Ending;
use anyhow::{Context, Result, bail};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::{io, thread};

/// A process with a group of its own. All of that is killed when it is dropped.
pub(super) struct Process {
    /// What messages call it.
    pub(super) name: String,
    child: Child,
    group: Pid,
    /// Where a rank on another machine reads signals.
    signals: Option<ChildStdin>,
}

/// What a process is, and what becomes of it when the launcher is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A rank of this machine.
    Rank,
    /// The ssh of a rank on another.
    Ssh,
    /// mpirun, which ends its ranks when it is told to end.
    Mpirun,
}

impl Process {
    /// Starts `command`, whose lines go out behind `prefix`.
    ///
    /// # Errors
    /// Usage where there is no such program; else the system's error.
    pub(super) fn start(
        name: String,
        kind: Kind,
        mut command: Command,
        prefix: &str,
        output: &mut Output,
        guard: &mut Guard,
    ) -> Result<Self> {
        let stdin = if kind == Kind::Ssh { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        end_with_launcher(&mut command, kind);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(UsageError(missing(&name, kind, &command))),
            Err(error) => return Err(error).context(format!("{name}: starting {}", shown(&command))),
        };
        let group = Pid::from_child(&child);
        guard.group(group);
        let signals = child.stdin.take();
        let pipes = (child.stdout.take(), child.stderr.take());
        let process = Self { name, child, group, signals };
        let (Some(stdout), Some(stderr)) = pipes else { bail!("{}: it has no pipes", process.name) };
        output.pass(stdout, prefix.to_owned(), Sink::Stdout).context("starting a thread")?;
        output.pass(stderr, prefix.to_owned(), Sink::Stderr).context("starting a thread")?;
        Ok(process)
    }

    /// Calls `ended` in a thread of its own when the process has ended. Its number stays taken until it is dropped, so that no
    /// signal reaches another one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn watch(&self, ended: impl FnOnce(Ending) + Send + 'static) -> io::Result<()> {
        let group = self.group;
        let wait = move || {
            let status = loop {
                match waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                    Err(Errno::INTR) => {}
                    status => break status.ok().flatten(),
                }
            };
            let signal = status.as_ref().and_then(WaitIdStatus::terminating_signal).map(Ending::Signal);
            let code = status.as_ref().and_then(WaitIdStatus::exit_status).map(Ending::Code);
            ended(signal.or(code).unwrap_or(Ending::Unknown));
        };
        thread::Builder::new().name("wait".to_owned()).spawn(wait).map(drop)
    }

    /// Sends a signal to the process and its children, on whichever machine they are.
    pub(super) fn signal(&mut self, signal: Signal) {
        match (&mut self.signals, name_of(signal)) {
            // ssh that has ended reads nothing.
            (Some(signals), Some(name)) => drop(signals.write_all(format!("{name}\n").as_bytes())),
            _ => self.signal_here(signal),
        }
    }

    /// Sends a signal to the processes of this machine.
    pub(super) fn signal_here(&self, signal: Signal) {
        // It fails where they have ended.
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What the process has left behind on this machine is in its group.
        self.signal_here(Signal::KILL);
        // It fails only for a child that has been waited for, and nobody else does that.
        let _ = self.child.wait();
    }
}

/// Linux ends children with their parent when it is told to; elsewhere the guard alone does.
#[cfg(target_os = "linux")]
fn end_with_launcher(command: &mut Command, kind: Kind) {
    use rustix::process::{getpid, getppid, set_parent_process_death_signal};
    let launcher = getpid();
    let signal = if kind == Kind::Mpirun { Signal::TERM } else { Signal::KILL };
    let prepare = move || {
        set_parent_process_death_signal(Some(signal))?;
        // The launcher may have been killed before.
        if getppid() == Some(launcher) { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    // SAFETY: between fork and exec, the closure makes two system calls and neither allocates nor takes a lock.
    unsafe { command.pre_exec(prepare) };
}

#[cfg(not(target_os = "linux"))]
fn end_with_launcher(_: &mut Command, _: Kind) {}

/// What is to do about a program that is not there.
fn missing(name: &str, kind: Kind, command: &Command) -> String {
    let program = shown(command);
    match kind {
        Kind::Rank if command.get_current_dir().is_some_and(|folder| !folder.is_dir()) => {
            format!("{name}: the folder of --cwd is not there")
        }
        Kind::Rank => format!("{name}: there is no program {program}"),
        Kind::Ssh => format!("{name}: there is no {program} to reach another machine with; install OpenSSH's client"),
        Kind::Mpirun => format!("there is no {program}; install Open MPI (Debian's package openmpi-bin)"),
    }
}

fn shown(command: &Command) -> String {
    format!("`{}`", command.get_program().display())
}

/// What a shell calls a signal.
fn name_of(signal: Signal) -> Option<&'static str> {
    let names = [
        (Signal::HUP, "HUP"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::TERM, "TERM"),
        (Signal::KILL, "KILL"),
        (Signal::CONT, "CONT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ];
    names.into_iter().find_map(|(known, name)| (known == signal).then_some(name))
}
