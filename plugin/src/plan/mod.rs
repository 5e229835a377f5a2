//! What a run does, in order: partitions of the graph, and the control flow between them.
//!
//! MLX's graphs have no branches or loops, so a graph is cut at its `If`, `While` and `Scan` nodes, and so are the graphs
//! nested in those. Each partition is traced once, when the program is compiled; how often a run executes it then makes no
//! difference. In compiled mode the traces are replayed, in the others partitions are lowered anew; the control flow is
//! the same. A graph without control flow is one partition.
//!
//! * [`cut`](self::cut): from a program to its [`steps`](self::steps). [`run`](self::run): what those share.
//! * [`piece`](self::piece): a partition with its trace. [`recipe`](self::recipe): what of it is computed before runs.
//! * [`mode`](self::mode): the three ways to run.
//! * [`control`](self::control), [`scan`](self::scan): what is executed between partitions. [`nested`](self::nested): the graphs
//!   that they execute.

mod control;
pub(crate) mod cut;
pub(crate) mod mode;
mod nested;
mod piece;
pub(crate) mod recipe;
pub(crate) mod run;
mod scan;
pub(crate) mod steps;
