//! Mutation tests of the parsers that read files of others.
//!
//! A [session](Session) makes inputs from the files of a corpus and gives them to a worker, a process of its own with little
//! memory. What ends the worker, or takes it longer than a moment, is a failure: the input is kept and named. Each input
//! follows from the seed and its number alone. `tests/fuzz/README.md` tells how to run it.

mod mutate;
mod session;
mod targets;
mod worker;

pub use mutate::Mutator;
pub use session::{Failure, Session};
pub use targets::{TARGETS, Target, target};
pub use worker::work;
