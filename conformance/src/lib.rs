//! The conformance kit: what any backend plugin is checked with, by `rlx-run check` and `rlx-run ops`.
//!
//! Cases follow from the IR alone: attributes, dtypes, ranks, extents 0 and 1, layouts, NaN, infinities and extremes. What
//! is expected comes from a closed form in f64, or in 128-bit integers, never from a backend.
//!
//! * [`case`](mod@case): a program of one op with its operands and what is expected. [`families`]: all of them.
//! * [`oracle`]: the closed forms. [`tolerance`]: how far from them a value may be, and why.
//! * [`run`]: a case on a backend. [`report`]: what came out, by family. [`kinds`]: every op of the IR, as a plugin has it.
#![deny(missing_docs)]

pub mod case;
pub mod compare;
pub mod families;
pub mod fill;
pub mod format;
pub mod kinds;
pub mod oracle;
pub mod report;
pub mod run;
pub mod tensor;
pub mod tolerance;
