//! Messages between two ranks.
//!
//! Whoever waits, to send or to receive, takes in what all ranks send meanwhile, so that ranks which send to each other and
//! receive afterwards do not wait for each other. One thread at a time does that.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use crate::exchange::Stop;
use crate::state::State;
use crate::wait::{self, Deadline};
use crate::wire::long;
use crate::world::locked;

/// Tag and length of a message.
const HEAD: usize = 16;

/// Bytes that are read at once.
const STEP: usize = 256 << 10;

/// How many reads one rank has before the others have their turn.
const STEPS: usize = 16;

/// The largest message that is written together with its head.
const SHORT: usize = 4096;

/// How long one that sends leaves the taking in to another thread before it sees whether that still does it.
const TURN: Duration = Duration::from_millis(10);

/// The message that is coming in from one rank.
#[derive(Debug, Default)]
struct Incoming {
    head: [u8; HEAD],
    head_filled: usize,
    body: Vec<u8>,
    is_closed: bool,
}

impl Incoming {
    /// Bytes of the body that have not come. The head has.
    fn left(&self) -> usize {
        let length = long(&self.head, 8);
        usize::try_from(length).unwrap_or(usize::MAX) - self.body.len()
    }

    /// Makes room for the body, as soon as the head tells how much; tried again with the next byte where there is none.
    fn reserve(&mut self) -> Result<(), Stop> {
        if self.head_filled < HEAD {
            return Ok(());
        }
        let length = self.left();
        self.body.try_reserve_exact(length).map_err(|_| Stop::Memory(length))
    }
}

/// What has come and nobody has asked for.
#[derive(Debug, Default)]
struct Inbox {
    messages: HashMap<(usize, u64), VecDeque<Vec<u8>>>,
    /// From which ranks nothing more can come.
    closed: Vec<bool>,
    /// A thread is taking in.
    is_taken: bool,
}

impl Inbox {
    fn take(&mut self, from: usize, tag: u64) -> Option<Vec<u8>> {
        let queue = self.messages.get_mut(&(from, tag))?;
        let message = queue.pop_front();
        if queue.is_empty() {
            self.messages.remove(&(from, tag));
        }
        message
    }
}

/// The streams for messages of a group.
#[derive(Debug)]
pub(crate) struct Messages {
    /// By rank; the own one has none.
    streams: Vec<Option<TcpStream>>,
    /// Held by one that sends, for each rank that it sends to.
    sending: Vec<Mutex<()>>,
    /// By rank; held by the thread that takes in.
    incoming: Mutex<Vec<Incoming>>,
    inbox: Mutex<Inbox>,
    came: Condvar,
}

impl Messages {
    pub(crate) fn new(streams: Vec<Option<TcpStream>>) -> Self {
        let size = streams.len();
        Self {
            sending: (0..size).map(|_| Mutex::default()).collect(),
            incoming: Mutex::new((0..size).map(|_| Incoming::default()).collect()),
            inbox: Mutex::new(Inbox { closed: vec![false; size], ..Inbox::default() }),
            came: Condvar::new(),
            streams,
        }
    }

    /// Sends a message to a rank. One to the own rank is kept.
    pub(crate) fn send(
        &self,
        state: &State,
        to: usize,
        tag: u64,
        message: &[u8],
        deadline: Deadline,
    ) -> Result<(), Stop> {
        let Some(stream) = &self.streams[to] else {
            let mut copy = Vec::new();
            copy.try_reserve_exact(message.len()).map_err(|_| Stop::Memory(message.len()))?;
            copy.extend(message);
            self.deliver(to, tag, copy);
            return Ok(());
        };
        let _sending = locked(&self.sending[to]);
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&tag.to_le_bytes());
        head[8..].copy_from_slice(&(message.len() as u64).to_le_bytes());
        let (short, rest) = message.split_at(message.len().min(SHORT));
        for mut bytes in [&[&head[..], short].concat()[..], rest] {
            while !bytes.is_empty() {
                match (&*stream).write(bytes) {
                    Ok(written) => bytes = &bytes[written..],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if deadline.is_over() {
                            return Err(Stop::Late { rank: to });
                        }
                        self.wait_to_send(state, to, stream, deadline)?;
                    }
                    Err(_) => return Err(Stop::Closed { rank: to }),
                }
            }
        }
        Ok(())
    }

    /// Waits until a stream takes more, and takes in meanwhile, unless another thread does.
    fn wait_to_send(&self, state: &State, to: usize, stream: &TcpStream, deadline: Deadline) -> Result<(), Stop> {
        let mut inbox = locked(&self.inbox);
        if !inbox.is_taken {
            inbox.is_taken = true;
            drop(inbox);
            return self.take_turn(state, Some(to), deadline);
        }
        drop(inbox);
        let mut fds = [PollFd::new(stream, PollFlags::OUT), PollFd::new(state.alarm(), PollFlags::IN)];
        wait::ready(&mut fds, deadline.left(TURN)).map_err(Stop::System)?;
        if fds[0].revents().is_empty() && state.grace() == Some(Duration::ZERO) { Err(Stop::Broken) } else { Ok(()) }
    }

    /// The next message of a tag from a rank; `None` when the deadline passes before it has come.
    pub(crate) fn receive(
        &self,
        state: &State,
        from: usize,
        tag: u64,
        deadline: Deadline,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let mut inbox = locked(&self.inbox);
        loop {
            if let Some(message) = inbox.take(from, tag) {
                return Ok(Some(message));
            }
            if self.streams[from].is_none() {
                return Err(Stop::Empty);
            }
            if inbox.closed[from] {
                return Err(Stop::Closed { rank: from });
            }
            if deadline.is_over() {
                return Ok(None);
            }
            inbox = if inbox.is_taken {
                let limit = deadline.left(wait::LONGEST);
                self.came.wait_timeout(inbox, limit).unwrap_or_else(PoisonError::into_inner).0
            } else {
                inbox.is_taken = true;
                drop(inbox);
                self.take_turn(state, None, deadline)?;
                locked(&self.inbox)
            };
        }
    }

    /// Takes in what comes next, then lets others.
    fn take_turn(&self, state: &State, to: Option<usize>, deadline: Deadline) -> Result<(), Stop> {
        let result = self.take_in(state, to, deadline);
        locked(&self.inbox).is_taken = false;
        self.came.notify_all();
        result
    }

    /// Waits until messages come, or a stream takes more to send, and takes in what has come.
    fn take_in(&self, state: &State, to: Option<usize>, deadline: Deadline) -> Result<(), Stop> {
        let mut incoming = locked(&self.incoming);
        let (mut ranks, mut fds) = (Vec::new(), Vec::new());
        for (rank, stream) in self.streams.iter().enumerate() {
            let Some(stream) = stream else { continue };
            let mut wanted = PollFlags::empty();
            wanted.set(PollFlags::IN, !incoming[rank].is_closed);
            wanted.set(PollFlags::OUT, to == Some(rank));
            if !wanted.is_empty() {
                ranks.push(rank);
                fds.push(PollFd::new(stream, wanted));
            }
        }
        let mut limit = deadline.left(wait::LONGEST);
        match state.grace() {
            Some(grace) => limit = limit.min(grace),
            None => fds.push(PollFd::new(state.alarm(), PollFlags::IN)),
        }
        wait::ready(&mut fds, limit).map_err(Stop::System)?;
        let mut any = false;
        for (&rank, fd) in ranks.iter().zip(&fds) {
            any |= !fd.revents().is_empty();
            if fd.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
                && let (Some(stream), Some(incoming)) = (&self.streams[rank], incoming.get_mut(rank))
                && !incoming.is_closed
            {
                self.read(rank, stream, incoming)?;
            }
        }
        // What has come is used first, even if the group broke meanwhile.
        if !any && state.grace() == Some(Duration::ZERO) { Err(Stop::Broken) } else { Ok(()) }
    }

    /// Reads what has come from one rank, but not for ever.
    fn read(&self, rank: usize, mut stream: &TcpStream, incoming: &mut Incoming) -> Result<(), Stop> {
        for _ in 0..STEPS {
            let is_head = incoming.head_filled < HEAD;
            let (result, wanted) = if is_head {
                let head = &mut incoming.head[incoming.head_filled..];
                (stream.read(head), head.len())
            } else {
                let filled = incoming.body.len();
                let wanted = incoming.left().min(STEP);
                // Reserved as a whole when the head had come.
                incoming.body.resize(filled + wanted, 0);
                let result = stream.read(&mut incoming.body[filled..]);
                incoming.body.truncate(filled + *result.as_ref().unwrap_or(&0));
                (result, wanted)
            };
            match result {
                Ok(0) => return self.close(rank, incoming),
                Ok(read) => {
                    if is_head {
                        incoming.head_filled += read;
                        incoming.reserve()?;
                    }
                    let is_whole = incoming.head_filled == HEAD && incoming.left() == 0;
                    if is_whole {
                        let tag = long(&incoming.head, 0);
                        let body = std::mem::take(incoming).body;
                        self.deliver(rank, tag, body);
                    }
                    if read < wanted {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return self.close(rank, incoming),
            }
        }
        Ok(())
    }

    fn close(&self, rank: usize, incoming: &mut Incoming) -> Result<(), Stop> {
        incoming.is_closed = true;
        locked(&self.inbox).closed[rank] = true;
        self.came.notify_all();
        Ok(())
    }

    fn deliver(&self, from: usize, tag: u64, message: Vec<u8>) {
        locked(&self.inbox).messages.entry((from, tag)).or_default().push_back(message);
        self.came.notify_all();
    }
}
