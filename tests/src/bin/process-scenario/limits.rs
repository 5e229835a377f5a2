//! Systems that give no more threads or memory. Each step may be refused with an error, which is printed; none may end the
//! process.

use crate::{compile, create, find, input, run};
use rlx_host_api::Error;

fn try_everything() {
    let steps = || -> Result<(), Error> {
        let plugin = find()?;
        println!("loaded");
        let backend = create(&plugin)?;
        println!("created");
        for mode in ["eager", "lazy", "compiled"] {
            run(&mut compile(&backend, mode)?)?;
        }
        println!("ran");
        Ok(())
    };
    if let Err(error) = steps() {
        println!("refused: {error}");
        // Not only once.
        if let Err(again) = steps() {
            println!("refused: {again}");
        }
    }
}

/// Has the kernel refuse new threads, as it does an ordinary user who has too many: that limit does not hold for root.
pub(crate) fn no_threads() {
    refuse_threads();
    assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "threads are refused");
    try_everything();
}

fn refuse_threads() {
    const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        step(LOAD_NUMBER, 0, 0, 0),
        step(IF_EQUAL, 2, 0, libc::SYS_clone as u32),
        step(IF_EQUAL, 1, 0, libc::SYS_clone3 as u32),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EAGAIN as u32),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a filter of the stated length, which the kernel copies.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(done, "a filter of system calls");
}

/// Limits the address space to so much.
pub(crate) fn address_space(mebibytes: u64) {
    input();
    let limit = libc::rlimit { rlim_cur: mebibytes << 20, rlim_max: mebibytes << 20 };
    // SAFETY: a limit of this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0, "setrlimit");
    try_everything();
}
