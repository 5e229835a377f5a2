//! What each rank sends and receives in the collectives.
//!
//! All ranks are joined to all, so a rank's elements go straight to those who need them: in `all_reduce` of more than a few
//! each rank reduces one part, gets that part of all others, and sends the result to all (a reduce-scatter, then an
//! all-gather, each direct). That moves as many bytes over each rank's link as a ring does, in two steps instead of twice the
//! number of ranks, and lets the elements be reduced in the order of the ranks and rounded once: the result does not
//! depend on how it was cut.

use std::net::TcpStream;
use std::ops::Range;

use crate::exchange::{self, Lane, Memory, Place, Segment, Stop};
use crate::reduce::Operands;
use crate::state::State;
use crate::wait::Deadline;
use crate::wire::Call;

/// Operands up to this size go whole to everybody: one step.
const SHORT: usize = 16 << 10;

/// Bytes that are received, reduced and sent on at a time: few wakes, and they stay in the second-level cache.
const PIECE: usize = 512 << 10;

/// How many pieces a rank that is ahead may have sent that are not reduced.
const AHEAD: usize = 2;

/// Bytes for a call in the scratch memory; what follows is aligned.
const CALL: usize = 64;

/// Everything that a collective works with.
pub(crate) struct Room<'r> {
    pub(crate) state: &'r State,
    /// By rank; the own one has none.
    pub(crate) streams: &'r [Option<TcpStream>],
    pub(crate) scratch: &'r mut Vec<u8>,
    pub(crate) deadline: Deadline,
}

/// What a rank of `size` gets of `length` bytes: whole elements, as even as can be.
pub(crate) fn part(length: usize, element: usize, rank: usize, size: usize) -> Range<usize> {
    let elements = (length / element) as u128;
    let at = |rank: usize| (elements * rank as u128 / size as u128) as usize * element;
    at(rank)..at(rank + 1)
}

/// How many pieces `range` has.
fn pieces(range: &Range<usize>) -> usize {
    range.len().div_ceil(PIECE)
}

/// One of them.
fn nth(range: &Range<usize>, index: usize) -> Range<usize> {
    let start = range.start + index * PIECE;
    start..range.end.min(start + PIECE)
}

/// In which order a rank sends `first` pieces of operands and `second` pieces of results: a result takes its turn when the
/// operands of the pieces that are reduced next are on their way. `true` for an operand.
fn order(first: usize, second: usize) -> impl Iterator<Item = (bool, usize)> {
    (0..first.max(second + AHEAD)).flat_map(move |step| {
        let operand = (step < first).then_some((true, step));
        let result = step.checked_sub(AHEAD).filter(|&result| result < second).map(|result| (false, result));
        operand.into_iter().chain(result)
    })
}

/// Makes room for `length` bytes.
fn reserve(scratch: &mut Vec<u8>, length: usize) -> Result<&mut [u8], Stop> {
    if scratch.len() < length {
        let more = length - scratch.len();
        scratch.try_reserve_exact(more).map_err(|_| Stop::Memory(length))?;
        scratch.resize(length, 0);
    }
    Ok(&mut scratch[..length])
}

impl<'r> Room<'r> {
    /// The other ranks, beginning with the next one, so that not all write to the same first.
    fn others(&self) -> impl Iterator<Item = (usize, &'r TcpStream)> + use<'r> {
        let (me, size, streams) = (self.state.rank, self.state.size(), self.streams);
        (1..size).filter_map(move |step| {
            let rank = (me + step) % size;
            Some((rank, streams.get(rank)?.as_ref()?))
        })
    }

    /// Each rank's `data[parts(rank)]` to all others.
    pub(crate) fn gather(
        self,
        call: &Call,
        data: &mut [u8],
        parts: impl Fn(usize) -> Range<usize>,
    ) -> Result<(), Stop> {
        let call = call.encode();
        let others = self.others();
        let mine = parts(self.state.rank);
        // What is short goes with the call.
        let (first, rest) = if mine.len() <= SHORT { (mine.clone(), mine.end..mine.end) } else { (0..0, mine.clone()) };
        let own = (Call::LEN + first.len()).next_multiple_of(CALL);
        let scratch = reserve(self.scratch, own + CALL * self.state.size())?;
        scratch[..Call::LEN].copy_from_slice(&call);
        scratch[Call::LEN..][..first.len()].copy_from_slice(&data[first.clone()]);
        let mut lanes = Vec::with_capacity(self.state.size());
        for (slot, (rank, stream)) in others.enumerate() {
            let mut lane = Lane::new(rank, stream, own + slot * CALL);
            lane.out.push(Segment::new(Place::Scratch, 0..Call::LEN + first.len()));
            lane.out.push(Segment::new(Place::Data, rest.clone()));
            lane.back.push(Segment::new(Place::Scratch, lane.call..lane.call + Call::LEN));
            lane.back.push(Segment::new(Place::Data, parts(rank)));
            lanes.push(lane);
        }
        let mut memory = Memory { source: &[], data, scratch };
        exchange::run(self.state, &mut lanes, &mut memory, &call, 0, self.deadline, |_, _| {})
    }

    /// All ranks' `data`, reduced, into `data`.
    pub(crate) fn all_reduce(self, call: &Call, data: &mut [u8]) -> Result<(), Stop> {
        if data.len() <= SHORT { self.reduce_whole(call, data) } else { self.reduce_parts(call, &[], data, true) }
    }

    /// Everybody's operand to everybody.
    fn reduce_whole(self, call: &Call, data: &mut [u8]) -> Result<(), Stop> {
        let (reduction, element, me) = (call.reduction, call.element, self.state.rank);
        let call = call.encode();
        let others = self.others();
        let message = Call::LEN + data.len();
        let stride = message.next_multiple_of(CALL);
        let scratch = reserve(self.scratch, stride * self.state.size())?;
        scratch[..Call::LEN].copy_from_slice(&call);
        scratch[Call::LEN..message].copy_from_slice(data);
        let mut lanes = Vec::with_capacity(self.state.size());
        let mut places = vec![0; self.state.size()];
        for (slot, (rank, stream)) in (1..).zip(others) {
            let mut lane = Lane::new(rank, stream, slot * stride);
            lane.out.push(Segment::new(Place::Scratch, 0..message));
            let operand = Segment::new(Place::Scratch, lane.call..lane.call + message);
            lane.back.push(Segment { is_operand: true, ..operand });
            places[rank] = lane.call + Call::LEN;
            lanes.push(lane);
        }
        let mut memory = Memory { source: &[], data, scratch };
        exchange::run(self.state, &mut lanes, &mut memory, &call, 1, self.deadline, |_, memory| {
            let length = memory.data.len();
            let scratch = &*memory.scratch;
            let operands: Vec<&[u8]> = places.iter().map(|&place| &scratch[place..][..length]).collect();
            let (before, behind) = (&operands[..me], &operands[me + 1..]);
            Operands { before, own: memory.data, behind }.reduce(reduction, element);
        })
    }

    /// Each rank's part of all ranks' `source`, reduced, into `part`.
    pub(crate) fn reduce_scatter(self, call: &Call, source: &[u8], part: &mut [u8]) -> Result<(), Stop> {
        self.reduce_parts(call, source, part, false)
    }

    /// Each rank reduces its part, which stays there, or goes `to_all`: then `data` is the source as well.
    fn reduce_parts(self, call: &Call, source: &[u8], data: &mut [u8], to_all: bool) -> Result<(), Stop> {
        let (reduction, element, me, size) = (call.reduction, call.element, self.state.rank, self.state.size());
        let length = if to_all { data.len() } else { source.len() };
        let part_of = |rank: usize| part(length, element.size(), rank, size);
        let (from, mine) = (if to_all { Place::Data } else { Place::Source }, part_of(me));
        let call = call.encode();
        let others = self.others();
        let piece = PIECE.min(mine.len().next_multiple_of(CALL));
        let slots = CALL * size;
        let scratch = reserve(self.scratch, slots + (size - 1) * AHEAD * piece)?;
        scratch[..Call::LEN].copy_from_slice(&call);
        let mut lanes = Vec::with_capacity(size);
        let mut bases = vec![0; size];
        for (slot, (rank, stream)) in (1..).zip(others) {
            let base = slots + (slot - 1) * AHEAD * piece;
            bases[rank] = base;
            let mut lane = Lane::new(rank, stream, slot * CALL);
            lane.out.push(Segment::new(Place::Scratch, 0..Call::LEN));
            let results = |of: usize| if to_all { pieces(&part_of(of)) } else { 0 };
            for (is_operand, index) in order(pieces(&part_of(rank)), results(me)) {
                let range = nth(&part_of(if is_operand { rank } else { me }), index);
                let (place, after) = if is_operand { (from, 0) } else { (Place::Data, index + 1) };
                lane.out.push(Segment { place, range, after, is_operand: false });
            }
            lane.back.push(Segment::new(Place::Scratch, lane.call..lane.call + Call::LEN));
            for (is_operand, index) in order(pieces(&mine), results(rank)) {
                lane.back.push(if is_operand {
                    let at = base + index % AHEAD * piece;
                    let range = at..at + nth(&mine, index).len();
                    Segment { place: Place::Scratch, range, after: (index + 1).saturating_sub(AHEAD), is_operand }
                } else {
                    Segment::new(Place::Data, nth(&part_of(rank), index))
                });
            }
            lanes.push(lane);
        }
        let mut memory = Memory { source, data, scratch };
        let count = pieces(&mine);
        exchange::run(self.state, &mut lanes, &mut memory, &call, count, self.deadline, |index, memory| {
            let of_source = nth(&mine, index);
            let own = if to_all {
                &mut memory.data[of_source]
            } else {
                let own = &mut memory.data[of_source.start - mine.start..of_source.end - mine.start];
                own.copy_from_slice(&memory.source[of_source]);
                own
            };
            let scratch = &*memory.scratch;
            let start = index % AHEAD * piece;
            // This rank has no place in the scratch memory; alone it would have none to read from.
            let operands = |ranks: Range<usize>| -> Vec<&[u8]> {
                bases[ranks].iter().map(|&base| &scratch[base + start..][..own.len()]).collect()
            };
            let (before, behind) = (operands(0..me), operands(me + 1..size));
            Operands { before: &before, own, behind: &behind }.reduce(reduction, element);
        })
    }
}
