//! Children that are forked off without exec.

use crate::{compile, create, executable, find, input, run};
use rlx_host_api::{Error, ErrorKind};
use std::time::{Duration, Instant};

/// Far longer than anything here takes.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Runs `child` in a forked child, which must end well, by `exit`.
fn in_child(what: &str, child: impl FnOnce()) {
    // SAFETY: the child runs code of the test alone and ends.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork");
    if pid == 0 {
        child();
        std::process::exit(0);
    }
    let start = Instant::now();
    let mut status = 0;
    // SAFETY: a child of this process; `status` is writable.
    while unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > WATCHDOG {
            // SAFETY: as above.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            panic!("{what}: the child hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status, 0, "{what}: wait status of the child");
}

fn assert_refused<T>(what: &str, result: Result<T, Error>) {
    let error = result.err().unwrap_or_else(|| panic!("{what} succeeded in the child"));
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{what}: {error}");
    assert!(error.message().contains("forked"), "{what}: {error}");
}

/// In a child of a process that uses MLX every call is told so at once, and destroying and ending work.
pub(crate) fn after_run() {
    let plugin = find().unwrap();
    let backend = create(&plugin).unwrap();
    for mode in ["eager", "lazy", "compiled"] {
        let mut executable = compile(&backend, mode).unwrap();
        run(&mut executable).unwrap();
        in_child("exit alone", || ());
        in_child("every call", || {
            assert_refused("run", run(&mut executable));
            assert_refused("submit", executable.submit(&[input()]));
            assert_refused("wait", executable.wait());
            assert_refused("bind_resident", executable.bind_resident(0, None));
            assert_refused("read_output", executable.read_output(0, 0, &mut [0; 4]));
            assert_refused("compile", compile(&backend, mode));
            assert_refused("create", create(&plugin));
            assert_refused("memory_stats", backend.memory_stats());
            assert_refused("clear_memory_cache", backend.clear_memory_cache());
        });
        // While a run is under way that nobody has waited for.
        executable.submit(&[input()]).unwrap();
        in_child("destroy", || {
            assert_refused("run", run(&mut executable));
            drop(executable);
        });
        let mut again = compile(&backend, mode).unwrap();
        run(&mut again).expect("the parent goes on");
    }
    in_child("destroy the instance", || drop(backend));
    run(&mut executable("compiled")).unwrap();
}

/// A plugin that is loaded but has no instance works in a child, and in the parent afterwards.
pub(crate) fn before_create() {
    let plugin = find().unwrap();
    in_child("a child of its own", || {
        let backend = create(&plugin).unwrap();
        run(&mut compile(&backend, "compiled").unwrap()).unwrap();
    });
    run(&mut executable("compiled")).unwrap();
}
