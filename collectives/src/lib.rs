//! Collectives over TCP whose waits end.
//!
//! The ranks that the launcher's environment names join each other, all to all, and then reduce, gather, scatter and send
//! bytes. Every operation has a deadline, and when a rank dies, stops, is cut off or leaves, all others get a [`Failure`]
//! that names it.

mod blame;
mod collective;
mod connect;
mod dial;
mod element;
mod exchange;
mod failure;
mod group;
mod messages;
mod peers;
mod reduce;
mod state;
mod wait;
mod watch;
mod wire;
mod world;

pub use element::{Element, Reduction};
pub use failure::{Failure, Member};
pub use group::Group;
pub use peers::{HOSTFILE, Peers, RANK};
