//! Which programs a command starts, itself included: its exec calls, and those of all its children, traced by the kernel.

use libc::{c_int, c_long, pid_t};
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

const OPTIONS: c_int = libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_EXITKILL;

fn ptrace(request: libc::c_uint, pid: pid_t, data: c_long) -> Result<()> {
    // SAFETY: the requests used here take and give no memory of this process.
    let code = unsafe { libc::ptrace(request, pid, 0 as c_long, data) };
    if code == -1 { Err(Error::last_os_error()) } else { Ok(()) }
}

/// Runs `command` to its end; gives its exit status, as `waitpid` tells it, and the program of each exec call.
///
/// # Errors
/// When it cannot be started or traced.
pub(crate) fn execs(command: &mut Command) -> Result<(c_int, Vec<PathBuf>)> {
    command.process_group(0);
    // SAFETY: between fork and exec, a single system call.
    unsafe { command.pre_exec(|| ptrace(libc::PTRACE_TRACEME, 0, 0)) };
    let child = command.spawn()?;
    let main = child.id() as pid_t;
    let mut programs = Vec::new();
    loop {
        let mut status = 0;
        // SAFETY: `status` is writable. The group is the command's own, so no child of another thread is taken.
        let pid = unsafe { libc::waitpid(-main, &mut status, libc::__WALL) };
        if pid == -1 {
            return Err(Error::last_os_error());
        }
        if !libc::WIFSTOPPED(status) {
            if pid == main {
                return Ok((status, programs));
            }
            continue;
        }
        let signal = match (libc::WSTOPSIG(status), status >> 16) {
            // The exec of the command itself, which comes before the options are set.
            (libc::SIGTRAP, 0) if programs.is_empty() => {
                ptrace(libc::PTRACE_SETOPTIONS, pid, OPTIONS.into())?;
                programs.push(program(pid));
                0
            }
            (libc::SIGTRAP, libc::PTRACE_EVENT_EXEC) => {
                programs.push(program(pid));
                0
            }
            // Other events; a new thread or child starts with a stop.
            (libc::SIGTRAP | libc::SIGSTOP, _) => 0,
            (signal, _) => signal,
        };
        // It may have been killed meanwhile, which the next wait tells.
        let _ = ptrace(libc::PTRACE_CONT, pid, signal.into());
    }
}

fn program(pid: pid_t) -> PathBuf {
    std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default()
}
