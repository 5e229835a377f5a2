//! What becomes of a file that is named like a plugin and is none that can be used: each kind has a verdict of its own
//! and a reason, and the good plugin beside it loads and runs.
// The files are ELF files, and what is done to them and to their owners is what Linux offers.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod bundle;
mod damage;
mod elf;
mod files;
mod fixture;
mod folder;
mod libraries;
mod log_capture;
mod manifest;
mod names;
mod plugins;
mod ranking;
mod selection;
mod trust;
mod use_faults;
mod user;
