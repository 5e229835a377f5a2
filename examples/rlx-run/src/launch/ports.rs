//! Ports of this machine that the ranks will listen on.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

/// A free port of a loopback address, for a process that listens there soon.
///
/// A port that was free a moment ago may be somebody else's by then. So a connection to it is opened and closed first: for
/// the minute that it then waits in TIME_WAIT, the system gives the port to nobody who asks for any, and lets a listener
/// have it that sets SO_REUSEADDR, as MLX's ring and the standard library do.
///
/// # Errors
/// The system's, when it has no port or no memory left, or does not have the address.
pub(super) fn reserve(ip: IpAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((ip, 0))?;
    let address = listener.local_addr()?;
    let client = TcpStream::connect(address)?;
    let (server, _) = listener.accept()?;
    // The end that closes first is the one that waits.
    drop(server);
    drop(client);
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_reserved_port_is_given_to_nobody_else_and_can_be_listened_on() {
        let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
        let reserved: Vec<SocketAddr> = (0..50).map(|_| reserve(ip).unwrap()).collect();
        let taken: Vec<TcpListener> = (0..2000).map_while(|_| TcpListener::bind((ip, 0)).ok()).collect();
        assert!(taken.len() > 500, "only {} ports", taken.len());
        for address in &reserved {
            assert!(taken.iter().all(|other| other.local_addr().unwrap() != *address), "{address}");
        }
        let listeners: Vec<TcpListener> = reserved.iter().map(|address| TcpListener::bind(address).unwrap()).collect();
        assert_eq!(listeners.len(), 50);
    }
}
