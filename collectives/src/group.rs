//! A group and its operations.

use std::net::TcpStream;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::blame;
use crate::collective::{self, Room};
use crate::exchange::Stop;
use crate::messages::Messages;
use crate::state::State;
use crate::wait::Deadline;
use crate::wire::{Call, Operation};
use crate::world::{Watched, locked};
use crate::{Element, Failure, Reduction};

/// Ranks that work together. Clones are the same group; it is left when the last one is dropped.
///
/// All members have to call the same collectives in the same order. Calls of several threads take turns. Messages go beside
/// the collectives, on connections of their own.
///
/// Every operation ends within its deadline, or, where the others are asked which rank is at fault, a second later. See
/// [`Failure`] for what it leaves behind.
#[derive(Debug, Clone)]
pub struct Group {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// `None` for a group of one. Dropped first: the others are told before the streams are closed.
    pub(crate) watched: Option<Arc<Watched>>,
    pub(crate) state: Arc<State>,
    collective: Mutex<Collective>,
    messages: Messages,
}

/// What one collective at a time works with.
#[derive(Debug)]
struct Collective {
    /// By rank; the own one has none.
    streams: Vec<Option<TcpStream>>,
    scratch: Vec<u8>,
}

/// Memory for pieces that a group keeps from one collective to the next.
const KEPT: usize = 16 << 20;

impl Group {
    pub(crate) fn assemble(
        watched: Option<Arc<Watched>>,
        state: Arc<State>,
        streams: Vec<Option<TcpStream>>,
        messages: Vec<Option<TcpStream>>,
    ) -> Self {
        let collective = Mutex::new(Collective { streams, scratch: Vec::new() });
        Self { inner: Arc::new(Inner { watched, state, collective, messages: Messages::new(messages) }) }
    }

    /// This process's rank, from 0.
    pub fn rank(&self) -> usize {
        self.inner.state.rank
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.inner.state.size()
    }

    /// What broke the group, if something did.
    pub fn broken(&self) -> Option<Failure> {
        let state = &self.inner.state;
        state.cause().map(|cause| state.failure("watching the group", cause))
    }

    /// Which part of `length` elements is rank `rank`'s in [`reduce_scatter`](Self::reduce_scatter): all parts together are
    /// all elements, and differ by one at most.
    pub fn part(&self, length: usize, rank: usize) -> Range<usize> {
        collective::part(length, 1, rank.min(self.size() - 1), self.size())
    }

    /// Waits until every rank has come here.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn barrier(&self, deadline: Duration) -> Result<(), Failure> {
        self.meet(Operation::Barrier, Deadline::new(deadline))
    }

    /// A barrier by another name.
    pub(crate) fn meet(&self, operation: Operation, deadline: Deadline) -> Result<(), Failure> {
        let call = plain(operation, 0);
        self.collective(call, deadline, |room, call| room.gather(call, &mut [], |_| 0..0)).map(|_| ())
    }

    /// Reduces `data` elementwise over all ranks, in place; every rank gets the same bits. MLX: `distributed::all_sum`,
    /// `all_max`, `all_min`.
    ///
    /// Elements are reduced in the order of the ranks, halves in f32, f32 of more than two ranks in f64 and other dtypes in
    /// themselves, and rounded once, so the result depends on nothing but the operands.
    ///
    /// # Errors
    /// [`Failure::Invalid`] when `data` is no whole number of elements; see [`Failure`] for others. `data` is undefined
    /// then.
    pub fn all_reduce(
        &self,
        reduction: Reduction,
        element: Element,
        data: &mut [u8],
        deadline: Duration,
    ) -> Result<(), Failure> {
        whole("all_reduce", element, data.len())?;
        let call = Call { operation: Operation::AllReduce, reduction, element, sequence: 0, length: data.len() as u64 };
        self.collective(call, Deadline::new(deadline), |room, call| room.all_reduce(call, data)).map(|_| ())
    }

    /// Puts `mine` of every rank into `all`, in the order of the ranks. MLX: `distributed::all_gather`.
    ///
    /// # Errors
    /// [`Failure::Invalid`] when `all` is not as long as `mine` of all ranks; see [`Failure`] for others.
    pub fn all_gather(&self, mine: &[u8], all: &mut [u8], deadline: Duration) -> Result<(), Failure> {
        let length = mine.len();
        if length.checked_mul(self.size()) != Some(all.len()) {
            return Err(Failure::Invalid(format!(
                "all_gather of {length} bytes over {} ranks into {} bytes: make room for all ranks' bytes",
                self.size(),
                all.len()
            )));
        }
        self.gather(plain(Operation::AllGather, length), mine, all, Deadline::new(deadline)).map(|_| ())
    }

    /// Gathers what is as long on all ranks; how many collectives there were before.
    fn gather(&self, call: Call, mine: &[u8], all: &mut [u8], deadline: Deadline) -> Result<u64, Failure> {
        let part = |rank: usize| rank * mine.len()..(rank + 1) * mine.len();
        all[part(self.rank())].copy_from_slice(mine);
        self.collective(call, deadline, |room, call| room.gather(call, all, part))
    }

    /// Reduces `data` over all ranks as [`all_reduce`](Self::all_reduce) does, and gives each rank its [`part`](Self::part).
    /// MLX: `distributed::sum_scatter`, which its ring lacks.
    ///
    /// # Errors
    /// [`Failure::Invalid`] when `data` is no whole number of elements or `part` has another length than this rank's part;
    /// see [`Failure`] for others. `part` is undefined then.
    pub fn reduce_scatter(
        &self,
        reduction: Reduction,
        element: Element,
        data: &[u8],
        part: &mut [u8],
        deadline: Duration,
    ) -> Result<(), Failure> {
        whole("reduce_scatter", element, data.len())?;
        let wanted = collective::part(data.len(), element.size(), self.rank(), self.size()).len();
        if part.len() != wanted {
            return Err(Failure::Invalid(format!(
                "reduce_scatter of {} bytes into {}: rank {} of {} gets {wanted}",
                data.len(),
                part.len(),
                self.rank(),
                self.size()
            )));
        }
        let length = data.len() as u64;
        let call = Call { operation: Operation::ReduceScatter, reduction, element, sequence: 0, length };
        self.collective(call, Deadline::new(deadline), |room, call| room.reduce_scatter(call, data, part)).map(|_| ())
    }

    /// Sends a message to any rank, this one too. Returns when the system has taken it, which may be before it is received.
    ///
    /// # Errors
    /// [`Failure::Invalid`] for a rank that is not there; see [`Failure`] for others.
    pub fn send(&self, to: usize, tag: u64, message: &[u8], deadline: Duration) -> Result<(), Failure> {
        let operation = || format!("send of {} bytes to rank {to}", message.len());
        self.check(to, operation)?;
        let (deadline, state) = (Deadline::new(deadline), &self.inner.state);
        let result = self.inner.messages.send(state, to, tag, message, deadline);
        result.map_err(|stop| self.ended(stop, &operation(), None, deadline))
    }

    /// The next message with `tag` from rank `from`. Messages of one tag come in the order in which they were sent; those of
    /// other tags stay until they are asked for.
    ///
    /// # Errors
    /// [`Failure::Invalid`] for a rank that is not there, and for a message of this rank to itself that it has not sent;
    /// see [`Failure`] for others.
    pub fn recv(&self, from: usize, tag: u64, deadline: Duration) -> Result<Vec<u8>, Failure> {
        let message = self.recv_within(from, tag, deadline)?;
        let late = || {
            let operation = format!("recv of tag {tag} from rank {from}");
            self.ended(Stop::Late { rank: from }, &operation, None, Deadline::new(deadline))
        };
        message.ok_or_else(late)
    }

    /// As [`recv`](Self::recv), but that no message comes within `wait` breaks nothing: it is `None`.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn recv_within(&self, from: usize, tag: u64, wait: Duration) -> Result<Option<Vec<u8>>, Failure> {
        let operation = || format!("recv of tag {tag} from rank {from}");
        // What came before the group broke may still be received.
        self.check_rank(from, operation)?;
        let (deadline, state) = (Deadline::new(wait), &self.inner.state);
        let result = self.inner.messages.receive(state, from, tag, deadline);
        result.map_err(|stop| self.ended(stop, &operation(), None, deadline))
    }

    /// Compares `hash` on all ranks; `what` says in the error what it is of.
    ///
    /// # Errors
    /// [`Failure::Differs`] on all ranks, and the group stays whole, when they are not the same; it names the first rank
    /// whose hash is not the one that most have. See [`Failure`] for others.
    pub fn agree(&self, what: &str, hash: u64, deadline: Duration) -> Result<(), Failure> {
        let mut all = vec![0; 8 * self.size()];
        self.gather(plain(Operation::Agree, 8), &hash.to_le_bytes(), &mut all, Deadline::new(deadline))?;
        let hashes: Vec<u64> = all.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let votes = |hash: &u64| hashes.iter().filter(|other| *other == hash).count();
        // Of several with as many votes, that of the lowest rank.
        let Some(usual) = hashes.iter().rev().max_by_key(|hash| votes(hash)) else { return Ok(()) };
        let Some(odd) = hashes.iter().position(|hash| hash != usual) else { return Ok(()) };
        let state = &self.inner.state;
        Err(Failure::Differs {
            operation: format!("agree on {what}"),
            at: state.member(state.rank),
            rank: state.member(odd),
            what: format!("has another {what} than most ranks"),
        })
    }

    /// Colours and keys of all ranks, and how many collectives there were before.
    pub(crate) fn colours(&self, colour: u32, key: u32, deadline: Deadline) -> Result<(Vec<(u32, u32)>, u64), Failure> {
        let mut all = vec![0; 8 * self.size()];
        let mine = (u64::from(colour) << 32 | u64::from(key)).to_le_bytes();
        let sequence = self.gather(plain(Operation::Split, 8), &mine, &mut all, deadline)?;
        let both = all.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        Ok((both.map(|both| ((both >> 32) as u32, both as u32)).collect(), sequence))
    }

    /// Runs one collective; how many there were before.
    fn collective(
        &self,
        mut call: Call,
        deadline: Deadline,
        run: impl FnOnce(Room<'_>, &Call) -> Result<(), Stop>,
    ) -> Result<u64, Failure> {
        let state = &self.inner.state;
        let mut collective = locked(&self.inner.collective);
        self.check(self.rank(), || call.to_string())?;
        self.check_left(&call)?;
        call.sequence = state.enter();
        let Collective { streams, scratch } = &mut *collective;
        let result = run(Room { state, streams, scratch, deadline }, &call);
        if scratch.len() > KEPT {
            *scratch = Vec::new();
        }
        match result {
            Ok(()) => Ok(call.sequence),
            Err(stop) => Err(self.ended(stop, &call.to_string(), Some(call.sequence), deadline)),
        }
    }

    /// Whether an operation with `rank` can begin.
    fn check(&self, rank: usize, operation: impl Fn() -> String) -> Result<(), Failure> {
        self.check_rank(rank, &operation)?;
        let state = &self.inner.state;
        match state.cause() {
            None => Ok(()),
            Some(cause) => Err(Failure::Broken {
                operation: operation(),
                at: state.member(state.rank),
                cause: Box::new(state.failure("an earlier operation", cause)),
            }),
        }
    }

    fn check_rank(&self, rank: usize, operation: impl Fn() -> String) -> Result<(), Failure> {
        if rank >= self.size() {
            return Err(Failure::Invalid(format!("{}: the group has ranks 0 to {}", operation(), self.size() - 1)));
        }
        if self.inner.watched.as_ref().is_some_and(|watched| !watched.world.is_own_process()) {
            return Err(Failure::Invalid(format!(
                "{} in a fork of rank {}: the group belongs to the process that connected",
                operation(),
                self.rank()
            )));
        }
        Ok(())
    }

    /// No collective succeeds without one that has left.
    fn check_left(&self, call: &Call) -> Result<(), Failure> {
        let Some(watched) = &self.inner.watched else { return Ok(()) };
        let state = &self.inner.state;
        let has_left =
            |origin: &&usize| watched.world.line(**origin).is_some_and(|line| line.left.load(Ordering::SeqCst));
        match state.members.iter().find(has_left) {
            None => Ok(()),
            Some(&origin) => Err(blame::left(&watched.world, state, origin, &call.to_string())),
        }
    }

    /// The failure that ends an operation, which may be a collective of some number, and what it means for the group.
    pub(crate) fn ended(&self, stop: Stop, operation: &str, sequence: Option<u64>, deadline: Deadline) -> Failure {
        let state = &self.inner.state;
        match (stop, &self.inner.watched) {
            (Stop::Empty, _) | (_, None) => {
                Failure::Invalid(format!("{operation}: this rank has sent itself no such message"))
            }
            (Stop::Memory(bytes), _) => {
                // Nothing was sent: the call may be made again.
                if sequence.is_some() {
                    state.entered.fetch_sub(1, Ordering::SeqCst);
                }
                state.system(operation, format!("there is no memory for {bytes} bytes; free some and call again"))
            }
            (stop, Some(watched)) => blame::find(&watched.world, state, stop, operation, sequence, deadline),
        }
    }
}

/// A call without a reduction, of bytes.
fn plain(operation: Operation, length: usize) -> Call {
    Call { operation, reduction: Reduction::Sum, element: Element::U8, sequence: 0, length: length as u64 }
}

fn whole(operation: &str, element: Element, length: usize) -> Result<(), Failure> {
    if length.is_multiple_of(element.size()) {
        return Ok(());
    }
    Err(Failure::Invalid(format!("{operation} of {length} bytes, which is no whole number of {}", element.name())))
}
