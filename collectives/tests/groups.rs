//! How groups come about, what breaks them and what does not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use common::{LONG, broken_within, peers, ranks};
use rlx_mlx_collectives::{Element, Failure, Group, Peers, Reduction};

const SHORT: Duration = Duration::from_millis(500);

fn sum(group: &Group, mine: u32) -> Result<u32, Failure> {
    let mut data = mine.to_ne_bytes();
    group.all_reduce(Reduction::Sum, Element::U32, &mut data, LONG)?;
    Ok(u32::from_ne_bytes(data))
}

#[test]
fn a_split_makes_groups_by_colour_in_the_order_of_keys() {
    ranks(6, |group| {
        let origin = group.rank() as u32;
        let half = group.split(origin % 2, 10 - origin, LONG).unwrap();
        assert_eq!((half.size(), half.rank()), (3, 2 - group.rank() / 2));
        assert_eq!(sum(&half, origin).unwrap(), if origin.is_multiple_of(2) { 6 } else { 9 });
        let mut all = [0; 12];
        half.all_gather(&origin.to_ne_bytes(), &mut all, LONG).unwrap();
        let all: Vec<u32> = all.as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect();
        assert_eq!(all, [4 + origin % 2, 2 + origin % 2, origin % 2]);
        let next = (half.rank() + 1) % 3;
        half.send(next, 5, &[group.rank() as u8], LONG).unwrap();
        let from = (half.rank() + 2) % 3;
        assert_eq!(half.recv(from, 5, LONG).unwrap(), [all[from] as u8]);
        let alone = half.split(half.rank() as u32, 0, LONG).unwrap();
        assert_eq!((alone.size(), sum(&alone, 8).unwrap()), (1, 8));
        // Groups do not get into each other's way.
        assert_eq!(sum(&group, 1).unwrap(), 6);
        assert_eq!(sum(&half, 1).unwrap(), 3);
    });
}

#[test]
fn a_broken_part_leaves_the_whole_as_it_was() {
    ranks(4, |group| {
        let half = group.split(group.rank() as u32 / 2, 0, LONG).unwrap();
        if group.rank() == 2 {
            let failure = half.barrier(SHORT).unwrap_err();
            assert_eq!(failure.rank(), Some(1));
            assert!(failure.to_string().contains("rank 1 (rank 3 before the split) did not call it"), "{failure}");
        }
        assert_eq!(sum(&group, 1).unwrap(), 4);
        // Rank 3 is told on another connection than that of the sum.
        let broken = if group.rank() == 3 { broken_within(&half, LONG) } else { half.broken() };
        assert_eq!(broken.is_some(), group.rank() >= 2);
    });
}

#[test]
fn ranks_agree_or_hear_who_does_not() {
    ranks(3, |group| {
        group.agree("program", 77, LONG).unwrap();
        let failure = group.agree("program", if group.rank() == 1 { 5 } else { 6 }, LONG).unwrap_err();
        assert!(matches!(failure, Failure::Differs { .. }) && failure.rank() == Some(1), "{failure}");
        group.agree("program", 78, LONG).unwrap();
    });
}

#[test]
fn a_rank_that_calls_something_else_is_named_by_all() {
    type Call = fn(&Group) -> Result<(), Failure>;
    let others: [Call; 4] = [
        |group| group.all_reduce(Reduction::Sum, Element::F32, &mut [0; 40], LONG),
        |group| group.all_reduce(Reduction::Sum, Element::I32, &mut [0; 44], LONG),
        |group| group.all_reduce(Reduction::Max, Element::F32, &mut [0; 44], LONG),
        |group| group.all_reduce(Reduction::Sum, Element::F32, &mut vec![0; 4_000_000], LONG),
    ];
    for other in others {
        ranks(3, |group| {
            let usual: Call = |group| group.all_reduce(Reduction::Sum, Element::F32, &mut [0; 44], LONG);
            let failure = if group.rank() == 2 { other(&group) } else { usual(&group) }.unwrap_err();
            assert!(matches!(failure, Failure::Differs { .. }) && failure.rank() == Some(2), "{failure}");
            let failure = group.barrier(LONG).unwrap_err();
            assert!(matches!(failure, Failure::Broken { .. }) && failure.rank() == Some(2), "{failure}");
        });
    }
}

#[test]
fn a_rank_that_does_not_call_is_named_by_all() {
    ranks(4, |group| {
        let late = group.rank() == 3;
        if late {
            thread::sleep(SHORT * 2);
        }
        let failure = group.barrier(SHORT).unwrap_err();
        assert_eq!(failure.rank(), Some(3), "{failure}");
        assert!(failure.to_string().contains("did not call it within 500ms"), "{failure}");
    });
}

#[test]
fn one_that_leaves_is_named_and_what_it_sent_is_there() {
    ranks(3, |group| {
        if group.rank() == 1 {
            group.send(0, 3, b"farewell", LONG).unwrap();
            return;
        }
        let failure = group.barrier(LONG).unwrap_err();
        assert!(matches!(failure, Failure::Lost { .. }) && failure.rank() == Some(1), "{failure}");
        if group.rank() == 0 {
            assert_eq!(group.recv(1, 3, LONG).unwrap(), b"farewell");
            assert_eq!(group.recv(1, 3, LONG).unwrap_err().rank(), Some(1));
        }
    });
}

#[test]
fn a_message_that_does_not_come_breaks_nothing_if_asked_so() {
    ranks(2, |group| {
        let other = 1 - group.rank();
        assert_eq!(group.recv_within(other, 1, Duration::from_millis(20)), Ok(None));
        group.barrier(LONG).unwrap();
        group.send(other, 1, b"now", LONG).unwrap();
        assert_eq!(group.recv_within(other, 1, LONG), Ok(Some(b"now".to_vec())));
        group.barrier(LONG).unwrap();
        // The other one does not send what is awaited; it hears that it should have.
        let failure = if group.rank() == 0 { group.recv(1, 2, SHORT) } else { group.recv(0, 2, LONG) }.unwrap_err();
        assert!(matches!(failure, Failure::Timeout { .. }) && failure.rank() == Some(1), "{failure}");
    });
}

#[test]
fn one_that_takes_nothing_is_named_by_one_that_sends() {
    ranks(2, |group| {
        if group.rank() == 0 {
            let failure = group.send(1, 0, &vec![0; 64 << 20], SHORT).unwrap_err();
            assert!(matches!(failure, Failure::Timeout { .. }) && failure.rank() == Some(1), "{failure}");
        } else {
            assert_eq!(broken_within(&group, LONG).unwrap().rank(), Some(1));
        }
    });
}

#[test]
fn strangers_are_dropped() {
    let peers = peers(2);
    let address = peers[0].addresses[0][0];
    thread::scope(|scope| {
        scope.spawn(|| Group::connect(&peers[0], LONG).unwrap().barrier(LONG).unwrap());
        let reach = || loop {
            match TcpStream::connect(address) {
                Ok(stream) => return stream,
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        let silent = reach();
        let mut talkative = reach();
        talkative.write_all(b"GET / HTTP/1.1\r\nHost: a machine that looks around\r\n\r\n").unwrap();
        let _ = talkative.read(&mut [0; 100]);
        drop(reach());
        let group = Group::connect(&peers[1], LONG).unwrap();
        group.barrier(LONG).unwrap();
        drop(silent);
    });
}

#[test]
fn ranks_with_other_lists_of_addresses_do_not_join() {
    let peers = peers(3);
    let mut other = peers[1].clone();
    other.addresses.pop();
    thread::scope(|scope| {
        let lower =
            scope.spawn(|| Group::connect(&Peers { addresses: peers[0].addresses[..3].to_vec(), rank: 0 }, SHORT));
        let failure = Group::connect(&other, LONG).unwrap_err();
        assert!(matches!(failure, Failure::Differs { .. }) && failure.rank() == Some(0), "{failure}");
        let failure = lower.join().unwrap().unwrap_err();
        assert!(matches!(failure, Failure::Timeout { .. }) && failure.rank() == Some(1), "{failure}");
    });
}

#[test]
fn one_that_never_comes_is_named_by_lower_and_higher_ranks() {
    let peers = peers(3);
    for rank in [0, 2] {
        let (start, missing) = (Instant::now(), if rank == 0 { 1 } else { 0 });
        let failure = Group::connect(&peers[rank], SHORT).unwrap_err();
        assert!(matches!(failure, Failure::Timeout { .. }) && failure.rank() == Some(missing), "{failure}");
        assert!(start.elapsed() < SHORT + Duration::from_secs(2));
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = vec![vec![taken.local_addr().unwrap()], vec!["127.0.0.1:1".parse().unwrap()]];
    let failure = Group::connect(&Peers { rank: 0, addresses }, SHORT).unwrap_err();
    assert!(matches!(failure, Failure::System { .. }) && failure.to_string().contains("cannot listen on"), "{failure}");
    let invalid = |result: Result<(), Failure>, word: &str| {
        let failure = result.unwrap_err();
        assert!(matches!(failure, Failure::Invalid(_)) && failure.to_string().contains(word), "{failure}");
    };
    for rank in [1, 7] {
        invalid(Group::connect(&Peers { rank, addresses: vec![vec![]] }, LONG).map(|_| ()), "needs an address");
    }
    ranks(2, |group| {
        invalid(group.all_reduce(Reduction::Sum, Element::F32, &mut [0; 5], LONG), "no whole number of f32");
        invalid(group.all_gather(&[0; 5], &mut [0; 9], LONG), "into 9 bytes");
        invalid(group.reduce_scatter(Reduction::Sum, Element::U8, &[0; 5], &mut [0; 5], LONG), "reduce_scatter");
        invalid(group.send(2, 0, &[], LONG), "ranks 0 to 1");
        invalid(group.recv(2, 0, LONG).map(|_| ()), "ranks 0 to 1");
        invalid(group.recv(group.rank(), 0, LONG).map(|_| ()), "no such message");
        group.barrier(LONG).unwrap();
    });
}

#[test]
fn one_rank_alone_gets_back_what_it_gives() {
    let group = Group::alone().unwrap();
    assert_eq!((group.rank(), group.size()), (0, 1));
    assert_eq!(sum(&group, 5).unwrap(), 5);
    let (mut all, mut part) = ([0; 3], [0; 3]);
    group.all_gather(&[1, 2, 3], &mut all, LONG).unwrap();
    group.reduce_scatter(Reduction::Max, Element::U8, &[4, 5, 6], &mut part, LONG).unwrap();
    assert_eq!((all, part), ([1, 2, 3], [4, 5, 6]));
    // Of several pieces.
    let long: Vec<u8> = (0..1_300_000).map(|index| (index % 251) as u8).collect();
    let (mut reduced, mut part) = (long.clone(), vec![0; long.len()]);
    group.all_reduce(Reduction::Sum, Element::U8, &mut reduced, LONG).unwrap();
    group.reduce_scatter(Reduction::Sum, Element::U8, &long, &mut part, LONG).unwrap();
    assert!(reduced == long && part == long);
    group.send(0, 1, b"to myself", LONG).unwrap();
    assert_eq!(group.recv(0, 1, LONG).unwrap(), b"to myself");
    group.barrier(LONG).unwrap();
    group.agree("program", 1, LONG).unwrap();
    assert_eq!(group.split(3, 4, LONG).unwrap().size(), 1);
}
