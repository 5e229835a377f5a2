//! Groups of processes, and the collective ops of programs.
//!
//! * [`backend`](self::backend): how a group is found. [`group`](self::group): one of them, behind the ABI;
//!   [`installed`](self::installed): that of the ops of programs.
//! * [`engine`](self::engine): what a group communicates with: [`ring`](self::ring), the crate `rlx-mlx-collectives`, or
//!   [`lane`](self::lane), MLX's own MPI and NCCL on a thread that can be left behind; [`joined`](self::joined): how MLX
//!   joins. [`lazy`](self::lazy): collective ops that MLX communicates itself.
//! * [`turns`](self::turns): who may use a group. [`ops`](self::ops): the kernels of the collective ops.
//! * [`program`](self::program): what the ranks have to agree on before a program runs.
//!
//! # The rule for what runs at once
//! A group serves one call at a time, in the order in which they come, and a run of a program with collective ops is one such
//! call. So collectives of different programs, or of a program and its host, never interleave in one process. That the order is
//! the same on every rank is the hosts' to see to: where it is not, the ring finds unlike operations and says so, and with MPI
//! and NCCL the deadline ends the wait.
//!
//! Inside a program collectives are computed in the order of its nodes: each takes the one before as an operand. They take
//! what random numbers follow from as well, which no run is without, so none of them is computed ahead of a run.

mod backend;
mod engine;
mod group;
mod installed;
mod joined;
mod lane;
mod lazy;
mod ops;
mod program;
mod ring;
mod turns;

pub(crate) use group::MlxGroup;
pub(crate) use installed::Installed;
pub(crate) use ops::{Reduce, is_collective};
pub(crate) use program::{ProgramCollectives, check};
