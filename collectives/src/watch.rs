//! The thread that takes connections, tells others that this rank lives, and notices when they do not.
//!
//! It sleeps but for one sign of life a second, so that a rank at rest costs nothing.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use crate::failure::{Cause, Kind};
use crate::wait;
use crate::wire::{Answer, Channel, Hello, Notice};
use crate::world::World;

/// How often a rank says that it lives.
const BEAT: Duration = Duration::from_secs(1);

/// After how many beats without a word a rank counts as gone. They are counted, not timed, so that a process that was itself
/// stopped for a while blames nobody.
const SILENT_BEATS: u32 = 10;

/// How long a connection may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections may be at it.
const GUESTS: usize = 64;

/// How long a rank that leaves waits for its last words to be taken.
const FAREWELL: Duration = Duration::from_millis(200);

/// A connection that has not said yet who it is.
struct Guest {
    stream: TcpStream,
    bytes: [u8; Hello::LEN],
    filled: usize,
    since: Instant,
}

/// What is known of another rank's control connection.
#[derive(Clone, Default)]
struct Reader {
    bytes: Vec<u8>,
    silent: u32,
    is_closed: bool,
}

/// What a descriptor of the poll belongs to.
#[derive(Clone, Copy)]
enum Source {
    Wake,
    Listener(usize),
    Guest(usize),
    Line(usize),
}

/// Runs until the world closes.
pub(crate) fn run(world: &World, listeners: &[TcpListener], woken: &UnixStream) {
    let mut guests: Vec<Guest> = Vec::new();
    let mut readers = vec![Reader::default(); world.lines.len()];
    let mut next_beat = Instant::now() + BEAT;
    let mut may_accept = true;
    while !world.is_closing.load(Ordering::SeqCst) {
        let accepts = may_accept && guests.len() < GUESTS;
        for (source, events) in poll(world, accepts.then_some(listeners), &guests, &readers, woken, next_beat) {
            match source {
                Source::Wake => drain(woken),
                Source::Listener(index) => may_accept = accept(&listeners[index], &mut guests),
                Source::Guest(index) => receive(world, &mut guests[index]),
                Source::Line(origin) => {
                    if events.contains(PollFlags::OUT)
                        && let Some(line) = world.line(origin)
                    {
                        line.flush();
                    }
                    read(world, origin, &mut readers[origin]);
                }
            }
        }
        guests.retain(|guest| guest.filled < Hello::LEN && guest.since.elapsed() < PATIENCE);
        if next_beat <= Instant::now() {
            next_beat = Instant::now() + BEAT;
            may_accept = true;
            beat(world, &mut readers);
        }
    }
    leave(world);
}

/// Waits for what happens next, but not beyond the next beat.
fn poll(
    world: &World,
    listeners: Option<&[TcpListener]>,
    guests: &[Guest],
    readers: &[Reader],
    woken: &UnixStream,
    next_beat: Instant,
) -> Vec<(Source, PollFlags)> {
    let mut sources = vec![Source::Wake];
    let mut fds = vec![PollFd::new(woken, PollFlags::IN)];
    for (index, listener) in listeners.unwrap_or_default().iter().enumerate() {
        sources.push(Source::Listener(index));
        fds.push(PollFd::new(listener, PollFlags::IN));
    }
    for (index, guest) in guests.iter().enumerate() {
        sources.push(Source::Guest(index));
        fds.push(PollFd::new(&guest.stream, PollFlags::IN));
    }
    for (origin, reader) in readers.iter().enumerate() {
        if let Some(line) = world.line(origin).filter(|_| !reader.is_closed) {
            sources.push(Source::Line(origin));
            let more = if line.is_behind() { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::new(&line.stream, PollFlags::IN | more));
        }
    }
    if let Err(error) = wait::ready(&mut fds, next_beat.saturating_duration_since(Instant::now())) {
        // Too little memory: it may come back.
        log::warn!("cannot wait for connections: {error}");
        std::thread::sleep(Duration::from_millis(100));
        return Vec::new();
    }
    let ready = sources.iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
    ready.map(|(source, fd)| (*source, fd.revents())).collect()
}

/// Forgets what woke the thread.
fn drain(mut woken: &UnixStream) {
    let mut bytes = [0; 64];
    while matches!(woken.read(&mut bytes), Ok(read) if read == bytes.len()) {}
}

/// Takes a connection; whether it makes sense to try again before the next beat.
fn accept(listener: &TcpListener, guests: &mut Vec<Guest>) -> bool {
    match listener.accept() {
        Ok((stream, _)) => {
            let ready = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
            if ready.is_ok() {
                guests.push(Guest { stream, bytes: [0; Hello::LEN], filled: 0, since: Instant::now() });
            }
            true
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => true,
        Err(error) => {
            log::warn!("cannot take a connection: {error}");
            matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
        }
    }
}

/// Reads who a guest is, and seats it. One that is done, whatever came of it, counts as filled.
fn receive(world: &World, guest: &mut Guest) {
    match guest.stream.read(&mut guest.bytes[guest.filled..]) {
        Ok(read) if read > 0 => guest.filled += read,
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => return,
        Ok(_) | Err(_) => {
            guest.filled = Hello::LEN;
            return;
        }
    }
    if guest.filled < Hello::LEN {
        return;
    }
    let Some(hello) = Hello::decode(&guest.bytes) else {
        log::warn!("dropped a connection that is not a rank's");
        return;
    };
    let answer = seat(world, hello, &guest.stream);
    if answer != Answer::Welcome {
        log::warn!("refused a connection of one that calls itself rank {}: {answer:?}", hello.from);
        let _ = guest.stream.write(&answer.encode());
    }
}

/// Gives a connection its place.
fn seat(world: &World, hello: Hello, stream: &TcpStream) -> Answer {
    if hello.fingerprint != world.fingerprint {
        return Answer::OtherList;
    }
    let from = hello.from as usize;
    // Of two ranks the higher one opens the connection.
    if hello.to as usize != world.origin || from <= world.origin || from >= world.lines.len() {
        return Answer::Refused;
    }
    let Ok(mut stream) = stream.try_clone() else { return Answer::Refused };
    if hello.channel == Channel::Control && world.line(from).is_some() {
        return Answer::Refused;
    }
    // The answer goes first: what follows on the connection is the group's.
    match stream.write(&Answer::Welcome.encode()) {
        Ok(Answer::LEN) => {}
        _ => return Answer::Refused,
    }
    let taken = match hello.channel {
        Channel::Control => world.add_line(from, stream),
        channel => world.add_guest((hello.group, from, channel), stream),
    };
    if taken { Answer::Welcome } else { Answer::Refused }
}

/// Reads what a rank has to say.
fn read(world: &World, origin: usize, reader: &mut Reader) {
    let Some(line) = world.line(origin) else { return };
    let mut bytes = [0; 4096];
    loop {
        match (&line.stream).read(&mut bytes) {
            Ok(0) => {
                reader.is_closed = true;
                break;
            }
            Ok(read) => {
                reader.silent = 0;
                reader.bytes.extend(&bytes[..read]);
                if read < bytes.len() {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(_) => {
                reader.is_closed = true;
                break;
            }
        }
    }
    loop {
        match Notice::take(&mut reader.bytes) {
            Ok(Some(notice)) => heed(world, origin, notice),
            Ok(None) => break,
            Err(()) => {
                reader.is_closed = true;
                break;
            }
        }
    }
    if reader.is_closed && !line.left.load(Ordering::SeqCst) {
        world.lose(&Cause::lost(origin, "ended, its connections are closed"), true);
    }
}

/// Does what a notice asks for.
fn heed(world: &World, origin: usize, notice: Notice) {
    match notice {
        Notice::Alive => {}
        Notice::Leave => {
            if let Some(line) = world.line(origin) {
                line.left.store(true, Ordering::SeqCst);
            }
        }
        Notice::Broken { group, cause } => {
            if let Some(state) = world.group(group) {
                let ended = matches!(cause.kind, Kind::Lost);
                state.break_up(cause, ended);
            }
        }
        Notice::Where { group } => {
            let entered = world.group(group).map_or(0, |state| state.entered.load(Ordering::SeqCst));
            if let Some(line) = world.line(origin) {
                line.send(&Notice::Here { group, entered });
            }
        }
        Notice::Here { group, entered } => {
            if let Some(state) = world.group(group) {
                state.answer(origin, entered);
            }
        }
    }
}

/// Says that this rank lives, and gives up those who have not for long.
fn beat(world: &World, readers: &mut [Reader]) {
    for (origin, reader) in readers.iter_mut().enumerate() {
        let Some(line) = world.line(origin) else { continue };
        if reader.is_closed || line.left.load(Ordering::SeqCst) {
            continue;
        }
        line.send(&Notice::Alive);
        reader.silent += 1;
        if reader.silent > SILENT_BEATS {
            reader.is_closed = true;
            let what = format!("has given no sign of life for {SILENT_BEATS} s: it is stopped or cut off");
            world.lose(&Cause::lost(origin, what), false);
        }
    }
}

/// Says goodbye.
fn leave(world: &World) {
    let until = Instant::now() + FAREWELL;
    let lines = || world.lines.iter().filter_map(|line| line.get());
    for line in lines() {
        line.send(&Notice::Leave);
    }
    while lines().any(|line| !line.flush()) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    for line in lines() {
        // A fork may have copies that would keep the connection open.
        let _ = line.stream.shutdown(Shutdown::Write);
    }
}
