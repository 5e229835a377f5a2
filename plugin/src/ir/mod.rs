//! RLX programs, as the plugin reads them.
//!
//! * [`program`]: a graph whose leaves are numbered, with the graphs nested in it. [`partition`]: nodes lowered together.
//!   [`origin`]: where values come from.
//! * [`nested`]: graphs nested in a node, against what the node has for them. [`nodes`]: a walk over all of them.
//! * [`chains`], [`elementwise`]: nodes that one kernel of the processor computes together.
//! * [`check`]: what a graph must be. [`effects`]: what nodes do beside giving a value. [`fixed`]: what depends on parameters
//!   alone.
//! * [`target`]: what a program is compiled for.
//! * [`names`], [`shapes`]: what errors call a node, and how large it is.

pub(crate) mod chains;
pub(crate) mod check;
pub(crate) mod effects;
pub(crate) mod elementwise;
pub(crate) mod fixed;
pub(crate) mod names;
mod nested;
pub(crate) mod nodes;
pub(crate) mod origin;
pub(crate) mod partition;
pub(crate) mod program;
pub(crate) mod shapes;
pub(crate) mod target;
