//! RLX programs, as the plugin reads them.
//!
//! * [`program`]: a graph whose leaves are numbered, with the graphs nested in it. [`partition`]: nodes lowered together.
//! * [`nested`]: graphs nested in a node, against what the node has for them. [`nodes`]: a walk over all of them.
//! * [`check`]: what a graph must be.
//! * [`target`]: what a program is compiled for.
//! * [`names`], [`shapes`]: what errors call a node, and how large it is.

pub(crate) mod check;
pub(crate) mod names;
mod nested;
pub(crate) mod nodes;
pub(crate) mod partition;
pub(crate) mod program;
pub(crate) mod shapes;
pub(crate) mod target;
