//! Moving the bytes of one collective between all ranks, with everything that can overlap overlapping.
//!
//! Each pair of ranks has a stream of its own for it. What a rank writes on a stream, and what it expects, is a list of
//! segments that both sides know from the call alone. One thread, the caller's, moves whatever a socket takes or has, and
//! sleeps in poll when there is nothing to move.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use crate::state::State;
use crate::wait::{self, Deadline};
use crate::wire::Call;

/// How long a rank that finds another call waits for those of all others.
const MIXED: Duration = Duration::from_millis(200);

/// Where the bytes of a segment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// What the caller gave to read.
    Source,
    /// What the caller gave to write; also read where it was written before.
    Data,
    /// The group's own memory.
    Scratch,
}

/// Bytes that follow each other on a stream.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) place: Place,
    pub(crate) range: Range<usize>,
    /// How many pieces have to be reduced before it can be moved.
    pub(crate) after: usize,
    /// Whether it is an operand of the next piece.
    pub(crate) is_operand: bool,
}

impl Segment {
    pub(crate) fn new(place: Place, range: Range<usize>) -> Self {
        Self { place, range, after: 0, is_operand: false }
    }
}

/// Where one direction of a stream is.
#[derive(Debug, Default)]
pub(crate) struct Track {
    segments: Vec<Segment>,
    /// The segment that is being moved, and how much of it has been.
    at: usize,
    done: usize,
    /// Whether the socket may take, or have, something.
    is_ready: bool,
}

impl Track {
    pub(crate) fn push(&mut self, segment: Segment) {
        if !segment.range.is_empty() {
            self.segments.push(segment);
        }
    }

    /// What can be moved next.
    fn next(&self, reduced: usize) -> Option<(Place, Range<usize>)> {
        let segment = self.segments.get(self.at).filter(|segment| segment.after <= reduced)?;
        Some((segment.place, segment.range.start + self.done..segment.range.end))
    }

    /// Counts bytes that were moved; whether an operand is complete by them.
    fn advance(&mut self, moved: usize) -> bool {
        self.done += moved;
        let Some(segment) = self.segments.get(self.at) else { return false };
        if self.done < segment.range.len() {
            return false;
        }
        (self.at, self.done) = (self.at + 1, 0);
        segment.is_operand
    }

    fn is_done(&self) -> bool {
        self.at == self.segments.len()
    }
}

/// The stream to one other rank.
#[derive(Debug)]
pub(crate) struct Lane<'s> {
    pub(crate) rank: usize,
    pub(crate) stream: &'s TcpStream,
    pub(crate) out: Track,
    pub(crate) back: Track,
    /// Where the other rank's call comes in, in the scratch memory; its elements may follow.
    pub(crate) call: usize,
    is_call_checked: bool,
    /// Operands of pieces that are complete.
    operands: usize,
}

impl<'s> Lane<'s> {
    pub(crate) fn new(rank: usize, stream: &'s TcpStream, call: usize) -> Self {
        // A fresh socket takes something; whether it has something the first poll tells.
        let out = Track { is_ready: true, ..Track::default() };
        Self { rank, stream, out, back: Track::default(), call, is_call_checked: false, operands: 0 }
    }

    fn is_done(&self) -> bool {
        self.out.is_done() && self.back.is_done()
    }

    /// Whether the other rank's call is there. It comes first.
    fn has_call(&self) -> bool {
        self.back.at > 0 || self.back.done >= Call::LEN
    }
}

/// Memory that segments are in.
pub(crate) struct Memory<'m> {
    pub(crate) source: &'m [u8],
    pub(crate) data: &'m mut [u8],
    pub(crate) scratch: &'m mut [u8],
}

impl Memory<'_> {
    fn outgoing(&self, place: Place, range: Range<usize>) -> &[u8] {
        match place {
            Place::Source => &self.source[range],
            Place::Data => &self.data[range],
            Place::Scratch => &self.scratch[range],
        }
    }

    fn incoming(&mut self, place: Place, range: Range<usize>) -> &mut [u8] {
        match place {
            Place::Data => &mut self.data[range],
            Place::Source | Place::Scratch => &mut self.scratch[range],
        }
    }
}

/// Why a collective stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The group is broken.
    Broken,
    /// The deadline has passed; the first rank that something is missing from, or that takes nothing.
    Late { rank: usize },
    /// A stream has ended.
    Closed { rank: usize },
    /// A rank, which may be this one, calls something else than most.
    Differs { rank: usize, call: String },
    /// Some rank calls something else than this one.
    Mixed,
    /// The system call poll failed.
    System(io::Error),
    /// There is no memory for so many bytes.
    Memory(usize),
    /// This rank has sent itself nothing that it could receive.
    Empty,
}

/// Moves all segments. `reduce` is called for each of `pieces` in turn, when the operands of all ranks are there.
pub(crate) fn run(
    state: &State,
    lanes: &mut [Lane<'_>],
    memory: &mut Memory<'_>,
    call: &[u8; Call::LEN],
    pieces: usize,
    deadline: Deadline,
    reduce: impl FnMut(usize, &mut Memory<'_>),
) -> Result<(), Stop> {
    match move_all(state, lanes, memory, call, pieces, deadline, reduce) {
        Err(Stop::Mixed) => Err(odd_one(state, lanes, memory, call)),
        other => other,
    }
}

fn move_all(
    state: &State,
    lanes: &mut [Lane<'_>],
    memory: &mut Memory<'_>,
    call: &[u8; Call::LEN],
    pieces: usize,
    deadline: Deadline,
    mut reduce: impl FnMut(usize, &mut Memory<'_>),
) -> Result<(), Stop> {
    let mut reduced = 0;
    loop {
        let mut moved = false;
        for lane in lanes.iter_mut() {
            moved |= write(lane, memory, reduced)?;
        }
        for lane in lanes.iter_mut() {
            moved |= read(lane, memory, reduced, call)?;
        }
        while reduced < pieces && lanes.iter().all(|lane| lane.operands > reduced) {
            reduce(reduced, memory);
            reduced += 1;
            moved = true;
        }
        if reduced == pieces && lanes.iter().all(Lane::is_done) {
            return Ok(());
        }
        if !moved {
            sleep(state, lanes, reduced, deadline)?;
        } else if deadline.is_over() {
            return Err(late(lanes));
        }
    }
}

/// Writes what the socket takes; whether it took something.
fn write(lane: &mut Lane<'_>, memory: &Memory<'_>, reduced: usize) -> Result<bool, Stop> {
    let mut moved = false;
    while lane.out.is_ready
        && let Some((place, range)) = lane.out.next(reduced)
    {
        let bytes = memory.outgoing(place, range);
        match lane.stream.write(bytes) {
            Ok(written) => {
                lane.out.is_ready = written == bytes.len();
                lane.out.advance(written);
                moved = true;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => lane.out.is_ready = false,
            Err(_) => return Err(Stop::Closed { rank: lane.rank }),
        }
    }
    Ok(moved)
}

/// Reads one segment or what there is of it; whether there was something.
fn read(lane: &mut Lane<'_>, memory: &mut Memory<'_>, reduced: usize, call: &[u8; Call::LEN]) -> Result<bool, Stop> {
    let mut moved = false;
    while lane.back.is_ready
        && let Some((place, range)) = lane.back.next(reduced)
    {
        let bytes = memory.incoming(place, range);
        let wanted = bytes.len();
        match lane.stream.read(bytes) {
            Ok(0) => return Err(Stop::Closed { rank: lane.rank }),
            Ok(read) => {
                lane.back.is_ready = read == wanted;
                let is_operand = lane.back.advance(read);
                check(lane, memory, call)?;
                moved = true;
                if is_operand {
                    lane.operands += 1;
                    // Reduced while it is in the cache.
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => lane.back.is_ready = false,
            Err(_) => return Err(Stop::Closed { rank: lane.rank }),
        }
    }
    Ok(moved)
}

/// Compares the other rank's call with this one's, once it is there.
fn check(lane: &mut Lane<'_>, memory: &Memory<'_>, call: &[u8; Call::LEN]) -> Result<(), Stop> {
    if lane.is_call_checked || !lane.has_call() {
        return Ok(());
    }
    lane.is_call_checked = true;
    if memory.scratch[lane.call..][..Call::LEN] == *call { Ok(()) } else { Err(Stop::Mixed) }
}

/// When calls differ: waits a moment for those of all ranks, and finds the first that is not what most call.
fn odd_one(state: &State, lanes: &mut [Lane<'_>], memory: &mut Memory<'_>, call: &[u8; Call::LEN]) -> Stop {
    let until = Deadline::new(MIXED);
    while !until.is_over() && lanes.iter().any(|lane| !lane.has_call()) {
        for lane in lanes.iter_mut().filter(|lane| !lane.has_call()) {
            let into = lane.call + lane.back.done..lane.call + Call::LEN;
            // Whatever is wrong with a stream, it has no call then.
            if let Ok(read) = lane.stream.read(&mut memory.scratch[into]) {
                lane.back.done += read;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut calls = vec![(state.rank, &call[..])];
    for lane in lanes.iter().filter(|lane| lane.has_call()) {
        calls.push((lane.rank, &memory.scratch[lane.call..][..Call::LEN]));
    }
    calls.sort_unstable();
    let votes = |call: &[u8]| calls.iter().filter(|(_, other)| *other == call).count();
    // Of several with as many votes, that of the lowest rank.
    let usual = calls.iter().rev().max_by_key(|(_, call)| votes(call)).map_or(&call[..], |(_, call)| call);
    match calls.iter().find(|(_, call)| *call != usual) {
        Some((rank, odd)) => Stop::Differs {
            rank: *rank,
            call: format!("{}, where most ranks call {}", Call::describe(odd), Call::describe(usual)),
        },
        None => Stop::Differs { rank: state.rank, call: Call::describe(call) },
    }
}

/// Sleeps until a socket that something is wanted from is ready.
fn sleep(state: &State, lanes: &mut [Lane<'_>], reduced: usize, deadline: Deadline) -> Result<(), Stop> {
    let mut fds = Vec::with_capacity(lanes.len() + 1);
    let mut polled = Vec::with_capacity(lanes.len());
    for (index, lane) in lanes.iter().enumerate() {
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::OUT, lane.out.next(reduced).is_some());
        wanted.set(PollFlags::IN, lane.back.next(reduced).is_some());
        if !wanted.is_empty() {
            fds.push(PollFd::new(lane.stream, wanted));
            polled.push(index);
        }
    }
    let mut limit = deadline.left(wait::LONGEST);
    match state.grace() {
        Some(grace) if grace.is_zero() => return Err(Stop::Broken),
        Some(grace) => limit = limit.min(grace),
        None => fds.push(PollFd::new(state.alarm(), PollFlags::IN)),
    }
    wait::ready(&mut fds, limit).map_err(Stop::System)?;
    let events: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
    let trouble = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    let mut any = false;
    for (&index, &events) in polled.iter().zip(&events) {
        let lane = &mut lanes[index];
        lane.out.is_ready |= events.intersects(PollFlags::OUT | trouble);
        lane.back.is_ready |= events.intersects(PollFlags::IN | trouble);
        any |= !events.is_empty();
    }
    // What has come is used first, even if the group broke meanwhile.
    if !any {
        if state.grace() == Some(Duration::ZERO) {
            return Err(Stop::Broken);
        }
        if deadline.is_over() {
            return Err(late(lanes));
        }
    }
    Ok(())
}

fn late(lanes: &[Lane<'_>]) -> Stop {
    let behind = lanes.iter().find(|lane| !lane.back.is_done()).or_else(|| lanes.iter().find(|lane| !lane.is_done()));
    Stop::Late { rank: behind.map_or(0, |lane| lane.rank) }
}
