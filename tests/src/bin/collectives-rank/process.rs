//! A process with a group: at rest, and forked.

use rlx_host_api::Error;
use rlx_host_api::collectives::{Group, Reduction};
use std::time::Duration;

/// The processor's time that this process has taken.
fn taken() -> Duration {
    // SAFETY: a zeroed `rusage` is one; the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    let time = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Nobody calls, or one rank waits for another: neither takes the processor.
pub(super) fn rest(group: &Group) {
    const REST: Duration = Duration::from_secs(3);
    group.barrier().unwrap();
    let before = taken();
    if group.rank() == 0 {
        std::thread::sleep(REST);
        group.send(1, 0, b"go on").unwrap();
    } else if group.rank() == 1 {
        group.recv(0, 0).unwrap();
    }
    group.barrier().unwrap();
    let took = taken() - before;
    println!("rank {}: {took:?} in {REST:?}", group.rank());
    assert!(took < REST / 100, "rank {} took {took:?} of the processor in {REST:?} of rest", group.rank());
}

/// In a fork the group is refused, and the process that has it keeps it.
pub(super) fn fork(group: &Group) {
    group.barrier().unwrap();
    // SAFETY: the child calls what is refused, and ends at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        type Call = fn(&Group) -> Result<(), Error>;
        let calls: [Call; 4] = [
            |group| group.barrier(),
            |group| group.all_reduce(Reduction::Sum, &mut [1.0_f32]),
            |group| group.send(0, 0, b"from a fork"),
            |group| group.recv(0, 0).map(drop),
        ];
        let refused = calls.iter().all(|call| call(group).is_err_and(|error| error.message().contains("fork")));
        // SAFETY: ends the child without the handlers of the process that it was forked off.
        unsafe { libc::_exit(if refused { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the own child.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the fork was not refused");
    let mut sum = [group.rank() as i32];
    group.all_reduce(Reduction::Sum, &mut sum).unwrap();
    assert_eq!(sum[0] as usize, group.size() * (group.size() - 1) / 2);
}
