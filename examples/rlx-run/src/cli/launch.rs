//! The command line of `launch`.

use clap::{Args, ValueEnum, value_parser};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// Ranks to start: on this machine, or the first N of the hostfile's; all of these when it is left out.
    #[arg(short = 'n', value_name = "N", required_unless_present = "hostfile")]
    pub(crate) ranks: Option<NonZeroUsize>,
    /// Where the ranks run, one entry for each, in the format of mlx.launch.
    #[arg(long, value_name = "FILE")]
    pub(crate) hostfile: Option<PathBuf>,
    /// What connects the ranks; what the hostfile says, else ring, when it is left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<Connection>,
    /// How long ranks wait for one another: RLX_COLLECTIVES_DEADLINE in their environment.
    #[arg(long, value_name = "S", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub(crate) deadline: Option<u64>,
    /// When a rank has failed, how long the others may take to say so and end; then SIGTERM ends them, and as long after
    /// that SIGKILL.
    #[arg(long, value_name = "S", default_value = "5", value_parser = value_parser!(u64).range(0..=1_000_000))]
    pub(crate) grace: u64,
    /// The first port, one more for each address. Left out, free ones on loopback, and 32323 on (nccl: 12345) elsewhere.
    #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    pub(crate) starting_port: Option<u16>,
    /// A variable of the ranks' environment, besides the hostfile's.
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// The folder that ranks start in; this one, on other machines where it is there, when it is left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,
    /// An option for mpirun. Write it as `--mpi-arg=--option`.
    #[arg(long = "mpi-arg", value_name = "OPTION")]
    pub(crate) mpi_options: Vec<OsString>,
    /// Print whole lines as they come, without the rank before them.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Have the backend say what it connects: MLX_RING_VERBOSE, or NCCL_DEBUG.
    #[arg(long)]
    pub(crate) verbose: bool,
    /// What each rank runs.
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(crate) command: Vec<OsString>,
}

/// What connects the ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Connection {
    /// TCP, by addresses in MLX_HOSTFILE.
    Ring,
    /// MPI: Open MPI's mpirun starts the ranks.
    Mpi,
    /// NCCL, on NVIDIA's GPUs.
    Nccl,
}
