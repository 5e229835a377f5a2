//! Pages to read from the top, beside the reference of the single items.

#[cfg(feature = "rlx-ir")]
#[allow(clippy::needless_doctest_main, reason = "one block is a whole build script")]
#[doc = include_str!("../docs/write-a-backend-plugin.md")]
pub mod write_a_backend_plugin {}

#[doc = include_str!("../docs/abi-stability.md")]
pub mod abi_stability {}
