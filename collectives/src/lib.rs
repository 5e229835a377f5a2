//! Collectives over TCP whose waits end.
//!
//! The ranks that the launcher's environment names ([`Peers`]) join each other, all to all, and then reduce, gather, scatter
//! and send bytes ([`Group`]). Every operation has a deadline, and when a rank dies, stops, is cut off or leaves, all others
//! get a [`Failure`] that names it.
//!
//! # How it works
//!
//! Two ranks have three connections for a group: one for signs of life and failures, one for collectives, one for messages.
//! Operations run on the caller's thread, which sleeps in `poll` while it waits; one more thread a process takes connections,
//! says once a second that the rank lives, and hears what the others say.
//!
//! * Elements go straight to the rank that reduces them, and from it to all: as many bytes over each link as in a ring, in two
//!   steps. Up to 16 KB everybody gets everybody's, in one.
//! * They are reduced in the order of the ranks and rounded once, so all ranks get the same bits, however the data are cut.
//! * Before its elements each rank sends what it calls. Another operation, dtype or length is an error on all ranks.
//! * A rank that ends is noticed by its connections. At a deadline the others are asked where they are: one that does not
//!   answer, or has not called the operation, is named rather than the neighbour that it kept waiting. One that gives no sign
//!   of life for 10 s is given up before the deadline.
//! * Whoever finds a rank at fault tells all members, so all name the same one. The group is broken then; what has come can
//!   still be received, and groups without that rank go on.
//!
//! A rank listens on its addresses of the hostfile and on no others. Connections that do not begin as a rank's with the same
//! list of addresses are dropped. Nothing is encrypted, and nobody has to prove who it is: use it in networks that you trust.
//! A group belongs to the process that connected; in a fork its operations are refused. A process should drop its groups
//! before it ends, otherwise its end is taken for a failure by ranks that do not expect it.
//!
//! # Why not MLX's ring
//!
//! What was reported of it in 2026, tried on the wheel of MLX 0.32.4 for the CPU, on two cores. `cargo xtask test -- --test
//! launch -- --include-ignored --nocapture mlx_ring` tries it again, in two minutes; what takes no waiting is tried by every run
//! of the tests.
//!
//! | report | found |
//! |---|---|
//! | an orderly close is not seen, the worker spins for ever | in some tries a neighbour prints "too many send/recv errors"; the 3 others of 4 ranks still waited 15 s later, and no rank is named |
//! | waiting operations are not woken when the worker gives up | not after one rank's SIGKILL either: the 3 others were still there 20 s later |
//! | a stopped rank | all wait without an end |
//! | sum_scatter is missing and its error is lost | missing; the error comes, and the next sum works |
//! | split, ranks that are no neighbours | a split is refused with an error, a send to such a rank ends the process |
//! | sums of gradients on a CPU stream stop | not seen with 2 ranks in 100 rounds of 40 shapes |
//! | five ranks wedge where four work | 4 ranks did 55 rounds of 40 sums in 18 s, and do 20 within 40 s; 5 ranks do not, in one try they took 12 s for the first |
//! | recv fails with EFAULT in pipelines | not seen: 3 ranks, 200 messages of 400 KB |
//! | an address that cannot be reached is tried for ever | a rank whose peer never came still waited after 90 s, without a word |
//!
//! `cargo bench -p rlx-mlx-collectives --bench all_reduce` times both, side by side.

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
