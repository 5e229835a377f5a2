//! Ranks as threads of the test, and where they meet.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

pub(crate) mod namespace;

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use rlx_mlx_collectives::{Failure, Group, Peers};

/// Long enough for a machine that has much else to do.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Peers on ports of the loopback interface that were free a moment ago.
pub(crate) fn peers(size: usize) -> Vec<Peers> {
    let listeners: Vec<TcpListener> = (0..size).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<_> = listeners.iter().map(|listener| vec![listener.local_addr().unwrap()]).collect();
    (0..size).map(|rank| Peers { rank, addresses: addresses.clone() }).collect()
}

/// What breaks a group, as soon as this rank is told.
pub(crate) fn broken_within(group: &Group, limit: Duration) -> Option<Failure> {
    let until = Instant::now() + limit;
    while group.broken().is_none() && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    group.broken()
}

/// Calls `run` on every rank of a group; what each gives.
pub(crate) fn ranks<R: Send>(size: usize, run: impl Fn(Group) -> R + Sync) -> Vec<R> {
    let peers = peers(size);
    thread::scope(|scope| {
        let run = &run;
        let start = |peers| scope.spawn(move || run(Group::connect(peers, LONG).unwrap()));
        let threads: Vec<_> = peers.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
