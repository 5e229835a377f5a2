//! Optional abilities of a plugin: one trait and one extension table each.
//!
//! An author implements the trait for his executable (or backend) and has
//! [`Plugin::extension`](super::Plugin::extension) answer with the table, in a match on id and version:
//! `(RLX_PARAMS_ID, RLX_PARAMS_VERSION) => Some(params_table::<Self>())`.

mod claims;
mod collectives;
mod extent;
mod kernels;
mod memory;
mod params;
mod pipeline;
mod profile;
mod resident;
mod rng;
mod timeline;

pub use crate::types::{
    ActiveExtent, Claim, Counters, How, MemoryLimit, MemoryStats, Reduction, Segment, Source, Span, Spans, Taken,
};
pub use claims::{Claims, claims_table};
pub use collectives::{Collectives, Group, GroupRequest, collectives_table};
pub use extent::{Extent, extent_table};
pub use kernels::{Kernels, kernels_table};
pub use memory::{Memory, memory_table};
pub use params::{Params, params_table};
pub use pipeline::{Pipeline, Run, pipeline_table};
pub use profile::{Profile, profile_table};
pub use resident::{Resident, resident_table};
pub use rng::{Random, rng_table};
pub use timeline::{Timeline, timeline_table};
