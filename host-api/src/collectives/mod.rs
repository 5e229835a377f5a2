//! Communication between the processes of one group, from any host.
//!
//! ```no_run
//! use rlx_host_api::collectives::{GroupOptions, Reduction};
//! use rlx_host_api::discovery::Registry;
//! use rlx_host_api::BackendOptions;
//!
//! let backend = Registry::from_env().find("mlx")?.create(&BackendOptions::new())?;
//! let group = backend.init_group(&GroupOptions::new())?;
//! let mut gradient = [group.rank() as f32; 4];
//! group.all_reduce(Reduction::Sum, &mut gradient)?;
//! # Ok::<(), rlx_host_api::Error>(())
//! ```
//!
//! A launcher starts the processes, each with an environment that says which rank it is and where the others are: `rlx-run
//! launch -n 2 -- PROGRAM`, or `mlx.launch`. Without such an environment the process is a group of one, unless the options are
//! [`strict`](GroupOptions::strict).
//!
//! # Order
//! Every rank makes the same calls of a group in the same order. In one process calls from several threads take turns, each as
//! a whole and in the order in which they come, and so do runs of programs with collective ops: such a run has the group to
//! itself from its start to its end. So ranks that make such calls from several threads have to see to their order. `send` and
//! `recv` take no turn with `ring`.
//!
//! # In programs
//! With the feature `rlx-ir`, `all_reduce`, `all_gather` and `reduce_scatter` add collective ops to a graph, custom ops of the
//! names [`ALL_REDUCE`], [`ALL_GATHER`] and [`REDUCE_SCATTER`], and `Group::register` makes them known to the IR and to the
//! backend. They are nodes of the program as others are, in every execution mode. The first run of a program has all ranks
//! compare its collective ops, so that one that differs is an error and not a hang. `shard` makes a rank's part of a graph
//! with linear layers.
//!
//! # Transport
//! With the feature `driver`, `Transport` is a `rlx_driver::Transport` over a group, for `rlx_driver::ProcessGroup`.

#[cfg(feature = "rlx-ir")]
mod ops;
#[cfg(feature = "rlx-ir")]
mod shard;
#[cfg(feature = "driver")]
mod transport;

pub use crate::host::{CommunicationBackend, Group, GroupOptions};
pub use crate::types::Reduction;
#[cfg(feature = "rlx-ir")]
pub use ops::{all_gather, all_reduce, reduce_scatter, register_ops};
#[cfg(feature = "rlx-ir")]
pub use shard::{Sharded, shard};
#[cfg(feature = "driver")]
pub use transport::Transport;

/// The op whose value is its operand reduced over the ranks. Its attributes are the reduction's name (`sum`, `max`, `min`);
/// without attributes it is a sum.
pub const ALL_REDUCE: &str = "collective.all_reduce";
/// The op whose value is the operands of all ranks, one after the other along the first axis. Its attributes are the number of
/// ranks, in decimal.
pub const ALL_GATHER: &str = "collective.all_gather";
/// The op whose value is this rank's part, along the first axis, of its operand reduced over the ranks. Its attributes are the
/// reduction's name, a space, and the number of ranks, in decimal.
pub const REDUCE_SCATTER: &str = "collective.reduce_scatter";

/// What the attributes of a collective op say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectiveOp {
    /// [`ALL_REDUCE`].
    AllReduce(Reduction),
    /// [`ALL_GATHER`] of so many ranks.
    AllGather(usize),
    /// [`REDUCE_SCATTER`] of so many ranks.
    ReduceScatter(Reduction, usize),
}

impl CollectiveOp {
    /// Reads an op of this name; `None` for one that is no collective.
    ///
    /// # Errors
    /// Invalid argument for attributes that are not those of the op.
    pub fn read(name: &str, attributes: &[u8]) -> Result<Option<Self>, crate::Error> {
        let wrong = || {
            let shown = attributes.escape_ascii();
            crate::Error::invalid(format!("op `{name}`: attributes `{shown}` are not those of this op"))
        };
        let text = std::str::from_utf8(attributes).map_err(|_| wrong())?;
        let ranks = |text: &str| text.parse().ok().filter(|&ranks: &usize| ranks > 0).ok_or_else(wrong);
        Ok(Some(match name {
            ALL_REDUCE if text.is_empty() => Self::AllReduce(Reduction::Sum),
            ALL_REDUCE => Self::AllReduce(text.parse().map_err(|_| wrong())?),
            ALL_GATHER => Self::AllGather(ranks(text)?),
            REDUCE_SCATTER => {
                let (reduction, count) = text.split_once(' ').ok_or_else(wrong)?;
                Self::ReduceScatter(reduction.parse().map_err(|_| wrong())?, ranks(count)?)
            }
            _ => return Ok(None),
        }))
    }

    /// Name of the op.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllReduce(_) => ALL_REDUCE,
            Self::AllGather(_) => ALL_GATHER,
            Self::ReduceScatter(..) => REDUCE_SCATTER,
        }
    }

    /// Its attributes.
    pub fn attributes(self) -> Vec<u8> {
        match self {
            Self::AllReduce(reduction) => reduction.name().into(),
            Self::AllGather(ranks) => ranks.to_string().into(),
            Self::ReduceScatter(reduction, ranks) => format!("{reduction} {ranks}").into(),
        }
    }

    /// Extents of its value.
    ///
    /// # Errors
    /// Invalid argument for an operand that cannot be gathered or scattered.
    pub fn value_dims(self, operand: &[i64]) -> Result<Vec<i64>, crate::Error> {
        let name = self.name();
        let wrong = |why: String| crate::Error::invalid(format!("op `{name}` of {operand:?}: {why}"));
        let mut dims = operand.to_vec();
        let ranks = match self {
            Self::AllReduce(_) => return Ok(dims),
            Self::AllGather(ranks) | Self::ReduceScatter(_, ranks) => ranks as i64,
        };
        let Some(first) = dims.first_mut() else {
            return Err(wrong("a scalar has no first axis".to_owned()));
        };
        match self {
            Self::ReduceScatter(..) if *first % ranks != 0 => {
                return Err(wrong(format!("{ranks} ranks do not divide its first axis")));
            }
            Self::ReduceScatter(..) => *first /= ranks,
            _ => *first = first.checked_mul(ranks).ok_or_else(|| wrong("its value overflows".to_owned()))?,
        }
        Ok(dims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_are_written() {
        let all = [
            CollectiveOp::AllReduce(Reduction::Min),
            CollectiveOp::AllGather(3),
            CollectiveOp::ReduceScatter(Reduction::Max, 4),
        ];
        for op in all {
            assert_eq!(CollectiveOp::read(op.name(), &op.attributes()), Ok(Some(op)));
        }
        assert_eq!(CollectiveOp::read(ALL_REDUCE, b""), Ok(Some(CollectiveOp::AllReduce(Reduction::Sum))));
        assert_eq!(CollectiveOp::read("onnx.Mod", b"x"), Ok(None));
        for (name, attributes) in [
            (ALL_REDUCE, &b"mean"[..]),
            (ALL_GATHER, b""),
            (ALL_GATHER, b"0"),
            (REDUCE_SCATTER, b"sum"),
            (REDUCE_SCATTER, b"sum x"),
        ] {
            let error = CollectiveOp::read(name, attributes).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn values_have_more_or_fewer_rows() {
        let gather = CollectiveOp::AllGather(3);
        let scatter = CollectiveOp::ReduceScatter(Reduction::Sum, 3);
        assert_eq!(gather.value_dims(&[2, 5]), Ok(vec![6, 5]));
        assert_eq!(scatter.value_dims(&[6, 5]), Ok(vec![2, 5]));
        assert!(scatter.value_dims(&[5]).unwrap_err().message().contains("3 ranks do not divide"));
        assert!(gather.value_dims(&[]).unwrap_err().message().contains("scalar"));
        assert!(gather.value_dims(&[i64::MAX]).unwrap_err().message().contains("overflows"));
    }
}
