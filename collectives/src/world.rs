//! The connections that a process has, whatever it was split into, and the thread that watches them.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rlx_mlx_cpu::threads::SignalsBlocked;

use crate::failure::Cause;
use crate::state::State;
use crate::wait::Deadline;
use crate::watch;
use crate::wire::{Channel, Hello, Notice};

/// The control connection to another rank. The watching thread reads, everybody writes.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    /// What the socket did not take.
    pending: Mutex<Vec<u8>>,
    /// The other rank has left in good order.
    pub(crate) left: AtomicBool,
}

impl Line {
    fn new(stream: TcpStream) -> Self {
        Self { stream, pending: Mutex::default(), left: AtomicBool::new(false) }
    }

    /// Writes a notice, or keeps it until the socket takes it. What cannot be written is dropped: who reads will notice.
    pub(crate) fn send(&self, notice: &Notice) {
        let mut pending = locked(&self.pending);
        // A peer that takes nothing needs no more signs of life.
        if pending.is_empty() || *notice != Notice::Alive {
            pending.extend(notice.encode());
        }
        self.write(&mut pending);
    }

    /// Writes what is kept; whether nothing is left.
    pub(crate) fn flush(&self) -> bool {
        let mut pending = locked(&self.pending);
        self.write(&mut pending);
        pending.is_empty()
    }

    fn write(&self, pending: &mut Vec<u8>) {
        while !pending.is_empty() {
            match (&self.stream).write(pending) {
                Ok(0) => pending.clear(),
                Ok(written) => drop(pending.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => pending.clear(),
            }
        }
    }

    pub(crate) fn is_behind(&self) -> bool {
        !locked(&self.pending).is_empty()
    }
}

/// A connection that another rank has opened for a group: the group, the other rank, and what it carries.
pub(crate) type Seat = (u64, usize, Channel);

/// What the watching thread shares with all others.
#[derive(Debug)]
pub(crate) struct World {
    /// This process's rank before any split.
    pub(crate) origin: usize,
    pub(crate) addresses: Vec<Vec<SocketAddr>>,
    pub(crate) fingerprint: u64,
    pub(crate) lines: Vec<OnceLock<Line>>,
    /// Groups that this process is in.
    groups: Mutex<HashMap<u64, Weak<State>>>,
    /// Connections that wait for their group.
    lobby: Mutex<HashMap<Seat, TcpStream>>,
    /// Somebody has come.
    came: Condvar,
    /// Wakes the watching thread.
    wake: UnixStream,
    pub(crate) is_closing: AtomicBool,
    /// A fork of this process has copies of its sockets, and no business with them.
    process: u32,
}

impl World {
    pub(crate) fn is_own_process(&self) -> bool {
        self.process == std::process::id()
    }

    pub(crate) fn wake(&self) {
        // A full pipe wakes as well.
        let _ = (&self.wake).write(&[0]);
    }

    pub(crate) fn line(&self, origin: usize) -> Option<&Line> {
        self.lines.get(origin)?.get()
    }

    /// The first of the higher ranks that has not come.
    pub(crate) fn missing(&self) -> Option<usize> {
        (self.origin + 1..self.lines.len()).find(|&origin| self.line(origin).is_none())
    }

    /// Takes in the control connection of a rank; whether it had none. What broke a group before it came, it is told.
    pub(crate) fn add_line(&self, origin: usize, stream: TcpStream) -> bool {
        let added = self.lines.get(origin).is_some_and(|line| line.set(Line::new(stream)).is_ok());
        if added && let Some(line) = self.line(origin) {
            for state in self.all_groups() {
                if let Some(cause) = state.cause().filter(|_| state.rank_of(origin).is_some()) {
                    line.send(&Notice::Broken { group: state.id, cause: cause.clone() });
                }
            }
        }
        drop(locked(&self.lobby));
        self.came.notify_all();
        added
    }

    /// Takes in another connection of a rank; whether its seat was free.
    pub(crate) fn add_guest(&self, seat: Seat, stream: TcpStream) -> bool {
        let mut lobby = locked(&self.lobby);
        if lobby.contains_key(&seat) {
            return false;
        }
        lobby.insert(seat, stream);
        self.came.notify_all();
        true
    }

    /// What this rank says to `to` on a connection that it opens.
    pub(crate) fn hello(&self, group: u64, to: usize, channel: Channel) -> Hello {
        Hello { fingerprint: self.fingerprint, group, from: self.origin as u32, to: to as u32, channel }
    }

    /// Waits until what `wanted` looks for has come. `None` when the deadline passes or the group breaks before.
    pub(crate) fn meet<R>(
        &self,
        state: &State,
        deadline: Deadline,
        mut wanted: impl FnMut(&mut HashMap<Seat, TcpStream>) -> Option<R>,
    ) -> Option<R> {
        let mut lobby = locked(&self.lobby);
        loop {
            if let Some(found) = wanted(&mut lobby) {
                return Some(found);
            }
            if deadline.is_over() || state.cause().is_some() {
                return None;
            }
            // The lobby is not told when the group breaks.
            let limit = deadline.left(Duration::from_millis(100));
            lobby = self.came.wait_timeout(lobby, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes a group known to the watching thread.
    pub(crate) fn register(&self, state: &Arc<State>) {
        let mut groups = locked(&self.groups);
        groups.retain(|_, state| state.strong_count() > 0);
        groups.insert(state.id, Arc::downgrade(state));
    }

    pub(crate) fn group(&self, id: u64) -> Option<Arc<State>> {
        locked(&self.groups).get(&id)?.upgrade()
    }

    fn all_groups(&self) -> Vec<Arc<State>> {
        locked(&self.groups).values().filter_map(Weak::upgrade).collect()
    }

    /// Breaks every group that `cause`'s rank is in, and tells the other members: one that sees this process end before it sees
    /// that rank's end would blame this one.
    pub(crate) fn lose(&self, cause: &Cause, ended: bool) {
        for state in self.all_groups().iter().filter(|state| state.rank_of(cause.origin).is_some()) {
            state.break_up(cause.clone(), ended);
            self.tell(state);
        }
    }

    /// Tells all members of a group that it is broken.
    pub(crate) fn tell(&self, state: &State) {
        if let Some(cause) = state.cause() {
            self.send_all(state, &Notice::Broken { group: state.id, cause: cause.clone() });
        }
    }

    /// Sends a notice to all other members of a group.
    pub(crate) fn send_all(&self, state: &State, notice: &Notice) {
        for line in state.members.iter().filter_map(|&origin| self.line(origin)) {
            line.send(notice);
            if line.is_behind() {
                self.wake();
            }
        }
    }
}

/// The world and its watching thread, which ends with it.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) world: Arc<World>,
    thread: Option<JoinHandle<()>>,
}

impl Watched {
    /// Starts the thread, which takes connections from `listeners`.
    pub(crate) fn start(
        origin: usize,
        addresses: Vec<Vec<SocketAddr>>,
        fingerprint: u64,
        listeners: Vec<TcpListener>,
    ) -> io::Result<Self> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let world = Arc::new(World {
            origin,
            lines: addresses.iter().map(|_| OnceLock::new()).collect(),
            addresses,
            fingerprint,
            groups: Mutex::default(),
            lobby: Mutex::default(),
            came: Condvar::new(),
            wake,
            is_closing: AtomicBool::new(false),
            process: std::process::id(),
        });
        let shared = Arc::clone(&world);
        let thread = {
            let _blocked = SignalsBlocked::new();
            thread::Builder::new()
                .name("rlx-collectives".to_owned())
                .spawn(move || watch::run(&shared, &listeners, &woken))?
        };
        Ok(Self { world, thread: Some(thread) })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // In a fork there is no such thread.
        if !self.world.is_own_process() {
            return;
        }
        self.world.is_closing.store(true, Ordering::SeqCst);
        self.world.wake();
        if let Some(thread) = self.thread.take() {
            // It does not panic, and there is nothing to do about it if it did.
            let _ = thread.join();
        }
    }
}

/// What a mutex holds. No thread panics while it holds one.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
