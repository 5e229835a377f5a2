//! Listening, and opening connections to other ranks.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use socket2::{Domain, Protocol, Socket, Type};

use crate::state::State;
use crate::wait::{self, Deadline};
use crate::wire::{Answer, Hello};

/// How long one address may take to answer before the next is tried; lost packets are sent again within it.
const ATTEMPT: Duration = Duration::from_secs(5);

/// The longest pause between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// How long an address that is taken may become free: a connection that another rank opened may have been given its port.
const TAKEN: Duration = Duration::from_secs(2);

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Unreached {
    /// The group broke meanwhile.
    Broken,
    /// The rank did not answer in time; what came of the last attempt.
    Late(String),
    /// It belongs to another list of addresses.
    OtherList(SocketAddr),
}

/// A socket that does not block, and delays nothing.
fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    // The port of a connection that was closed, or is an outgoing one, may be listened on.
    socket.set_reuse_address(true)?;
    Ok(socket)
}

/// Listens on every one of `addresses`.
pub(crate) fn listen(addresses: &[SocketAddr], deadline: Deadline) -> Result<Vec<TcpListener>, String> {
    addresses.iter().map(|&address| listen_on(address, deadline)).collect()
}

fn listen_on(address: SocketAddr, deadline: Deadline) -> Result<TcpListener, String> {
    let patience = Deadline::new(deadline.left(TAKEN));
    loop {
        let listener = socket(address).and_then(|socket| {
            socket.bind(&address.into())?;
            socket.listen(1024)?;
            Ok(socket.into())
        });
        match listener {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !patience.is_over() => {
                std::thread::sleep(patience.left(Duration::from_millis(50)));
            }
            Err(error) => {
                return Err(format!(
                    "cannot listen on {address}: {error}; the hostfile has to name an address of this machine and a free port"
                ));
            }
        }
    }
}

/// Opens a connection to the rank that listens on `addresses`, trying until it answers.
pub(crate) fn dial(
    addresses: &[SocketAddr],
    hello: &Hello,
    state: &State,
    deadline: Deadline,
) -> Result<TcpStream, Unreached> {
    let mut pause = Duration::from_millis(5);
    loop {
        for &address in addresses {
            let last = match attempt(address, hello, state, deadline) {
                Ok(Some((stream, Answer::Welcome))) => return Ok(stream),
                Ok(Some((_, Answer::OtherList))) => return Err(Unreached::OtherList(address)),
                Ok(Some((_, Answer::Refused))) => format!("{address} belongs to another rank or refuses"),
                Ok(None) => format!("{address} does not answer"),
                Err(error) => format!("{address}: {error}"),
            };
            if state.cause().is_some() {
                return Err(Unreached::Broken);
            }
            if deadline.is_over() {
                return Err(Unreached::Late(last));
            }
        }
        // The alarm ends the pause.
        let _ = wait::one(state.alarm(), PollFlags::IN, deadline.left(pause));
        pause = (pause * 2).min(PAUSE);
    }
}

/// Tries one address; `None` when nothing came of it in time.
fn attempt(
    address: SocketAddr,
    hello: &Hello,
    state: &State,
    deadline: Deadline,
) -> io::Result<Option<(TcpStream, Answer)>> {
    let socket = socket(address)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        // In progress.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
            if !wait_or_alarm(&socket, PollFlags::OUT, state, deadline.left(ATTEMPT))? {
                return Ok(None);
            }
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
        }
        Err(error) => return Err(error),
    }
    let mut stream = TcpStream::from(socket);
    stream.write_all(&hello.encode())?;
    // A rank that is there may be busy, or stopped; another connection would not reach it sooner.
    let (mut bytes, mut filled) = ([0; Answer::LEN], 0);
    while filled < bytes.len() {
        match stream.read(&mut bytes[filled..]) {
            Ok(0) => return Err(io::ErrorKind::ConnectionReset.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !wait_or_alarm(&stream, PollFlags::IN, state, deadline.left(wait::LONGEST))? {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
    let answer = Answer::decode(&bytes);
    let answer = answer.ok_or_else(|| io::Error::other("what answers there is no rank of this program"))?;
    Ok(Some((stream, answer)))
}

/// Waits until `fd` is ready; not if the limit passes or the group breaks before.
fn wait_or_alarm(fd: &impl std::os::fd::AsFd, what: PollFlags, state: &State, limit: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, what), PollFd::new(state.alarm(), PollFlags::IN)];
    wait::ready(&mut fds, limit)?;
    Ok(!fds[0].revents().is_empty() && fds[1].revents().is_empty())
}
