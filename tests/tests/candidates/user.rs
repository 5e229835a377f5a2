//! Other users, as far as this process may be one.

use std::fs;
use std::os::unix::fs::MetadataExt;

/// A user and group that own nothing here.
pub(crate) const STRANGER: u32 = 12345;

/// This process's user.
pub(crate) fn own() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

/// Whether this process may give files away and be another user.
pub(crate) fn is_root() -> bool {
    own() == 0
}

/// Runs `body` as user and group `id`, on a thread of its own; only root may.
pub(crate) fn run_as<T: Send>(id: u32, body: impl FnOnce() -> T + Send) -> T {
    let change = || {
        // The system calls change the calling thread; the functions of the C library would change every thread.
        // SAFETY: both take three numbers, touch no memory and leave the other threads alone.
        let results =
            unsafe { [libc::syscall(libc::SYS_setresgid, id, id, id), libc::syscall(libc::SYS_setresuid, id, id, id)] };
        assert_eq!(results, [0, 0], "{}", std::io::Error::last_os_error());
        body()
    };
    std::thread::scope(|scope| scope.spawn(change).join()).unwrap()
}
