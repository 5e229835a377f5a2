//! Joining MLX's own group, which MLX cannot give up: rank 1 comes late.

use rlx_host_api::ErrorKind;
use rlx_host_api::collectives::{Group, GroupOptions};
use rlx_mlx_tests::plugin::backend;
use std::path::Path;
use std::time::{Duration, Instant};

/// How late calls may return.
const SLACK: Duration = Duration::from_secs(2);

fn join(timeout: Duration) -> Result<Group, rlx_host_api::Error> {
    backend().init_group(&GroupOptions::new().backend("mpi").strict().timeout(timeout))
}

/// Rank 0 gives up twice at once, after times of their own, and joins when rank 1 comes, as the file `come` tells it to.
pub(super) fn all(come: &Path) {
    let is_first = std::env::var("OMPI_COMM_WORLD_RANK").as_deref() == Ok("0");
    if is_first {
        std::thread::scope(|scope| {
            let patient = scope.spawn(|| gives_up(Duration::from_secs(4)));
            gives_up(Duration::from_millis(300));
            patient.join().unwrap();
        });
        std::fs::write(come, "").unwrap();
    }
    while !come.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let group = join(super::LONG).unwrap();
    assert_eq!((group.size(), group.backend()), (2, "mpi"));
    group.barrier().unwrap();
}

fn gives_up(timeout: Duration) {
    let start = Instant::now();
    let error = join(timeout).unwrap_err();
    assert!(start.elapsed() < timeout + SLACK, "{:?} after {timeout:?}", start.elapsed());
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.message().contains("mpi did not find all ranks within"), "{error}");
}
