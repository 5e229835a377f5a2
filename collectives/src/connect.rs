//! How groups come about.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::blame;
use crate::dial::{self, Unreached};
use crate::failure::{Cause, Kind, Member};
use crate::state::State;
use crate::wait::Deadline;
use crate::wire::{Channel, Operation};
use crate::world::{Watched, World};
use crate::{Failure, Group, Peers};

/// What the group of all ranks is called among groups.
const ROOT: u64 = 0;

impl Group {
    /// Joins all ranks. Returns when all have come.
    ///
    /// This rank listens on its addresses, and on no other, until the group is left. Connections that are not of a rank with
    /// the same list of addresses are dropped.
    ///
    /// # Errors
    /// [`Failure::Invalid`] for peers that make no group, [`Failure::System`] when an address cannot be listened on or
    /// there are no sockets or threads, [`Failure::Differs`] when a rank has another list of addresses,
    /// [`Failure::Timeout`] and [`Failure::Lost`] as everywhere.
    pub fn connect(peers: &Peers, deadline: Duration) -> Result<Self, Failure> {
        let deadline = Deadline::new(deadline);
        let Peers { rank, addresses } = peers;
        let (rank, size) = (*rank, addresses.len());
        if rank >= size || addresses.iter().any(Vec::is_empty) || size > u32::MAX as usize {
            return Err(Failure::Invalid(format!(
                "connect: rank {rank} of {size} ranks, each of which needs an address"
            )));
        }
        if size == 1 {
            return Self::alone();
        }
        let at = Member { rank, origin: rank };
        let system = |what: String| Failure::System { operation: "connect".to_owned(), at, what };
        let listeners = dial::listen(&addresses[rank], deadline).map_err(system)?;
        let start = || {
            let state = Arc::new(State::new(ROOT, (0..size).collect(), rank)?);
            let watched = Watched::start(rank, addresses.clone(), peers.fingerprint(), listeners)?;
            Ok((state, watched))
        };
        let (state, watched) = start().map_err(|error: std::io::Error| {
            system(format!("cannot start to watch the other ranks: {error}; raise the limits on files and threads"))
        })?;
        let watched = Arc::new(watched);
        let world = &watched.world;
        world.register(&state);
        let joined = call_lower(world, &state, deadline).and_then(|()| await_higher(world, &state, deadline));
        finish(&watched, state, joined, Operation::Connect, deadline)
    }

    /// A group of this process alone, in which collectives give back what they are given.
    ///
    /// # Errors
    /// [`Failure::System`] when there is no socket left.
    pub fn alone() -> Result<Self, Failure> {
        let state = State::new(ROOT, vec![0], 0).map_err(|error| Failure::System {
            operation: "connect".to_owned(),
            at: Member { rank: 0, origin: 0 },
            what: format!("there is no socket left: {error}"),
        })?;
        Ok(Self::assemble(None, Arc::new(state), vec![None], vec![None]))
    }

    /// Makes groups of the ranks that give the same `colour`, ranked by `key` and, where that is the same, by their rank in
    /// this one. All ranks have to call it. MLX: `distributed::Group::split`, which its ring lacks.
    ///
    /// # Errors
    /// See [`Failure`]; where it is the new group that fails, this one stays whole.
    pub fn split(&self, colour: u32, key: u32, deadline: Duration) -> Result<Self, Failure> {
        let deadline = Deadline::new(deadline);
        let (all, sequence) = self.colours(colour, key, deadline)?;
        let parent = &self.inner.state;
        let mut ranks: Vec<usize> = (0..all.len()).filter(|&rank| all[rank].0 == colour).collect();
        ranks.sort_by_key(|&rank| (all[rank].1, rank));
        let members: Vec<usize> = ranks.iter().map(|&rank| parent.member(rank).origin).collect();
        let rank = ranks.iter().position(|&rank| rank == parent.rank).unwrap_or(0);
        let mut hash = Sha256::new();
        for number in [parent.id, sequence, u64::from(colour)] {
            hash.update(number.to_le_bytes());
        }
        let id = hash.finalize().iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte));
        let state = State::new(id, members, rank)
            .map_err(|error| parent.system("split", format!("there is no socket left: {error}")))?;
        let state = Arc::new(state);
        let Some(watched) = self.inner.watched.as_ref().filter(|_| state.size() > 1) else {
            return Ok(Self::assemble(None, state, vec![None], vec![None]));
        };
        watched.world.register(&state);
        finish(watched, state, Ok(()), Operation::Split, deadline)
    }
}

/// Opens the group's streams, once control connections are `joined`, and waits for all members.
fn finish(
    watched: &Arc<Watched>,
    state: Arc<State>,
    joined: Result<(), Option<Cause>>,
    operation: Operation,
    deadline: Deadline,
) -> Result<Group, Failure> {
    let world = &watched.world;
    let name = if operation == Operation::Connect { "connect" } else { "split" };
    let streams = joined.and_then(|()| {
        let collective = streams(world, &state, Channel::Collective, deadline)?;
        Ok((collective, streams(world, &state, Channel::Messages, deadline)?))
    });
    match streams {
        Ok((collective, messages)) => {
            let group = Group::assemble(Some(Arc::clone(watched)), state, collective, messages);
            group.meet(operation, deadline)?;
            Ok(group)
        }
        Err(cause) => {
            let failure = blame::settle(world, &state, cause, name);
            await_late(world, deadline);
            Err(failure)
        }
    }
}

/// How long a rank that could not join stays for those that come later: to them it would seem to be the one that is missing.
const STAYS: Duration = Duration::from_secs(5);

/// Waits for the control connections of higher ranks, which are told of the failure when they come.
fn await_late(world: &World, deadline: Deadline) {
    let until = Deadline::new(deadline.left(STAYS));
    while !until.is_over() && world.missing().is_some() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Opens the control connections to lower ranks; higher ones open theirs to this one.
///
/// Every rank does this in the order of the ranks, before it opens anything else, so that the lowest rank that does not
/// come is the one that all others name.
fn call_lower(world: &World, state: &State, deadline: Deadline) -> Result<(), Option<Cause>> {
    for to in 0..world.origin {
        let stream = open(world, state, to, Channel::Control, deadline)?;
        world.add_line(to, stream);
        world.wake();
    }
    Ok(())
}

/// Waits for the control connections of higher ranks.
fn await_higher(world: &World, state: &State, deadline: Deadline) -> Result<(), Option<Cause>> {
    let all = world.meet(state, deadline, |_| world.missing().is_none().then_some(()));
    all.ok_or_else(|| blame::absent(world, state, world.missing(), deadline))
}

/// A stream to every other member of a group: opened to those that were lower before any split, awaited from others.
fn streams(
    world: &World,
    state: &State,
    channel: Channel,
    deadline: Deadline,
) -> Result<Vec<Option<TcpStream>>, Option<Cause>> {
    let mut streams: Vec<Option<TcpStream>> = state.members.iter().map(|_| None).collect();
    let mut by_origin: Vec<(usize, &mut Option<TcpStream>)> =
        state.members.iter().copied().zip(&mut streams).filter(|(origin, _)| *origin != world.origin).collect();
    by_origin.sort_by_key(|(origin, _)| *origin);
    for (origin, stream) in by_origin {
        *stream = if origin < world.origin {
            Some(open(world, state, origin, channel, deadline)?)
        } else {
            let seat = (state.id, origin, channel);
            let came = world.meet(state, deadline, |lobby| lobby.remove(&seat));
            Some(came.ok_or_else(|| blame::absent(world, state, Some(origin), deadline))?)
        };
    }
    Ok(streams)
}

fn open(
    world: &World,
    state: &State,
    to: usize,
    channel: Channel,
    deadline: Deadline,
) -> Result<TcpStream, Option<Cause>> {
    let addresses = world.addresses.get(to).map_or(&[][..], Vec::as_slice);
    dial::dial(addresses, &world.hello(state.id, to, channel), state, deadline).map_err(|unreached| match unreached {
        Unreached::Broken => None,
        Unreached::Late(why) => {
            let what = format!("could not be reached ({why})");
            Some(Cause { kind: Kind::Timeout(deadline.after), origin: to, what })
        }
        Unreached::OtherList(address) => {
            let what = format!("at {address} has another list of addresses");
            Some(Cause { kind: Kind::Differs, origin: to, what })
        }
    })
}
