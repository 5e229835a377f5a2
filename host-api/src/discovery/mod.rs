//! Where plugins are looked for, what was found there, and why something is not used.

mod refusal;
mod search;

pub use refusal::{MissingLibrary, Refusal};
pub use search::{Candidate, PLUGIN_PATH, SearchPath, find, scan};
