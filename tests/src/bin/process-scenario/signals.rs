//! A host that takes its signals with `sigtimedwait`.

use crate::{executable, run};
use std::fs;
use std::mem::MaybeUninit;

/// Signals that no thread can block, that glibc keeps for itself, or that tell a thread what it did itself.
const UNBLOCKED: [i32; 10] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    32,
    33,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Every thread that loading, compiling and running have started has all signals blocked, and a signal that the host waits
/// for reaches the host.
pub(crate) fn all() {
    let own = threads();
    let mut executable = executable("compiled");
    run(&mut executable).unwrap();
    executable.submit(&[crate::input()]).unwrap();
    executable.wait().unwrap();
    let started: Vec<String> = threads().into_iter().filter(|thread| !own.contains(thread)).collect();
    assert!(started.len() >= 2, "MLX's thread and one for products at least: {started:?}");
    for thread in started {
        let status = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("SigBlk");
        let blocked = u64::from_str_radix(blocked.trim(), 16).unwrap();
        let open: Vec<i32> =
            (1..=64).filter(|signal| blocked >> (signal - 1) & 1 == 0 && !UNBLOCKED.contains(signal)).collect();
        assert!(open.is_empty(), "thread {thread} takes signals {open:?}\n{status}");
    }
    take_sigterm();
    run(&mut executable).unwrap();
}

fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.map(|task| task.unwrap().file_name().into_string().unwrap()).collect()
}

fn take_sigterm() {
    for _ in 0..100 {
        // SAFETY: sets that are filled before they are read; a signal to this process, which its one own thread blocks.
        let taken = unsafe {
            let mut set = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGTERM);
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            libc::kill(libc::getpid(), libc::SIGTERM);
            let patience = libc::timespec { tv_sec: 30, tv_nsec: 0 };
            libc::sigtimedwait(set.as_ptr(), std::ptr::null_mut(), &patience)
        };
        assert_eq!(taken, libc::SIGTERM);
    }
}
