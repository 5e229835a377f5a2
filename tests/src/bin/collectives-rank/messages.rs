//! Messages between any two ranks, and groups of some of them.

use rlx_host_api::ErrorKind;
use rlx_host_api::collectives::{Group, Reduction};
use std::time::Duration;

/// What one rank sends another with a tag.
fn message(from: usize, to: usize, tag: u64) -> Vec<u8> {
    let length = [0, 1, 3, 4097, 300_001][(tag % 5) as usize];
    (0..length).map(|i| (i * 31 + from * 7 + to * 3) as u8 ^ tag as u8).collect()
}

/// Tags beyond those that fit into 32 bits.
const TAGS: [u64; 4] = [0, 1, 7, u64::MAX];

pub(super) fn all(group: &Group) {
    let (rank, ranks) = (group.rank(), group.size());
    let others = || (0..ranks).filter(|&other| other != rank);
    for to in others() {
        for tag in TAGS {
            group.send(to, tag, &message(rank, to, tag)).unwrap();
            group.send(to, tag, b"second").unwrap();
        }
    }
    for from in others() {
        // Tags that were sent last are asked for first.
        for tag in TAGS.into_iter().rev() {
            let first = group.recv(from, tag).unwrap();
            assert!(first == message(from, rank, tag), "tag {tag} from {from}: {} bytes", first.len());
            assert_eq!(group.recv(from, tag).unwrap(), b"second");
        }
    }
    group.send(rank, 5, b"to myself").unwrap();
    assert_eq!(group.recv(rank, 5).unwrap(), b"to myself");
    let error = group.send(ranks, 0, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    group.barrier().unwrap();

    let next = (rank + 1) % ranks;
    let before = (rank + ranks - 1) % ranks;
    let nothing = group.recv_within(before, 9, Duration::from_millis(20)).unwrap();
    assert_eq!(nothing, None);
    group.barrier().unwrap();
    group.send(next, 9, b"late").unwrap();
    assert_eq!(group.recv_within(before, 9, super::LONG).unwrap().as_deref(), Some(&b"late"[..]));
    assert_eq!(group.broken(), None);

    // One that waits for a message leaves the group to others.
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| group.recv(before, 11).unwrap());
        group.barrier().unwrap();
        group.send(next, 11, b"at last").unwrap();
        assert_eq!(waiting.join().unwrap(), b"at last");
    });

    group.agree("the weather", 7).unwrap();
    let error = group.agree("the weather", if rank == ranks - 1 { 8 } else { 7 }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert!(error.message().contains("the weather"), "{error}");
    group.barrier().unwrap();
}

/// Each rank to each other, one after the other, where one that sends may wait for the other to receive.
pub(super) fn in_turn(group: &Group) {
    let (rank, ranks) = (group.rank(), group.size());
    for (from, to) in (0..ranks).flat_map(|from| (0..ranks).map(move |to| (from, to))) {
        for tag in TAGS {
            if rank == from {
                group.send(to, tag, &message(from, to, tag)).unwrap();
            }
            if rank == to {
                assert!(group.recv(from, tag).unwrap() == message(from, to, tag), "tag {tag} from {from} to {to}");
            }
        }
    }
    group.barrier().unwrap();
}

/// Even and odd ranks, each in turned order.
pub(super) fn split(group: &Group) {
    let (rank, ranks) = (group.rank(), group.size());
    let colour = rank % 2;
    let of_colour: Vec<usize> = (0..ranks).filter(|other| other % 2 == colour).rev().collect();
    let part = group.split(colour as u32, (ranks - rank) as u32).unwrap();
    assert_eq!(part.size(), of_colour.len());
    assert_eq!(of_colour[part.rank()], rank);
    let gathered = part.all_gather(&[rank as i64]).unwrap();
    assert_eq!(gathered, of_colour.iter().map(|&rank| rank as i64).collect::<Vec<_>>());
    let mut sum = [rank as i32];
    group.all_reduce(Reduction::Sum, &mut sum).unwrap();
    assert_eq!(sum[0] as usize, ranks * (ranks - 1) / 2);
    let mut sum = [rank as i32];
    part.all_reduce(Reduction::Sum, &mut sum).unwrap();
    assert_eq!(sum[0] as usize, of_colour.iter().sum::<usize>());
    group.barrier().unwrap();
}
