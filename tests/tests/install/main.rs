//! `rlx-run plugins install` and `remove`: what they put in place, what they refuse, and what is left when they are killed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod archive;
#[path = "../candidates/fixture.rs"]
#[expect(dead_code, reason = "what only runs need stays unused here")]
mod fixture;
mod hostile;
mod interruptions;
mod life;
mod place;
