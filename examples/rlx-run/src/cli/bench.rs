//! The command line of `bench`.

use super::{BackendArgs, MOST_RUNS, OutputArgs, PluginArgs, named_file};
use crate::profile::ProfileArgs;
use bytesize::ByteSize;
use clap::{Args, Subcommand, ValueEnum, value_parser};
use serde::Serialize;
use std::ffi::OsString;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// What is timed.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// A .rlxmodel program. Inputs that are not given are made up.
    Model(BenchModelArgs),
    /// The encoder of a BERT-class sentence-transformers model.
    Embed(BenchEmbedArgs),
    /// What passes between the ranks of a group: `rlx-run launch -n N -- rlx-run bench collectives --backend mlx`.
    Collectives(BenchCollectivesArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BenchModelArgs {
    /// The program, a .rlxmodel file.
    pub(crate) model: PathBuf,
    /// Parameters by name, a .safetensors file.
    #[arg(long, value_name = "FILE")]
    pub(crate) params: Option<PathBuf>,
    /// One input from a .npy file, as for `run`.
    #[arg(long = "input", value_name = "NAME=FILE", value_parser = named_file())]
    pub(crate) inputs: Vec<(String, PathBuf)>,
    /// The same program for onnxruntime; the model's file with the ending .onnx when it is left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnx: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bench: BenchArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchEmbedArgs {
    /// Folder of the model: config.json, model.safetensors, and model.onnx for onnxruntime, which else gets the same encoder
    /// built of the other two.
    #[arg(value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Texts in a batch and tokens of each, a cell of the table for each pair.
    #[arg(long, value_name = "BxT,...", value_delimiter = ',', default_value = "1x16,1x128,8x128,32x128", value_parser = shape)]
    pub(crate) shapes: Vec<Shape>,
    /// Dtype of the weights and of what is computed with them; the file's are converted.
    #[arg(long, default_value = "f32")]
    pub(crate) dtype: Dtype,
    #[command(flatten)]
    pub(crate) bench: BenchArgs,
}

/// Every rank of the group has the same.
#[derive(Debug, Args)]
pub(crate) struct BenchCollectivesArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// Bytes of the whole, of which all_gather takes a part from each rank and reduce_scatter gives one to each, such as
    /// 64KiB; rounded down to whole elements for each rank, and one at least.
    #[arg(long, value_name = "SIZE,...", value_delimiter = ',', default_value = "1KiB,16KiB,256KiB,4MiB,64MiB")]
    pub(crate) sizes: Vec<ByteSize>,
    /// What is timed.
    #[arg(
        long,
        value_name = "OP,...",
        value_delimiter = ',',
        default_value = "all_sum,all_gather,reduce_scatter,barrier"
    )]
    pub(crate) ops: Vec<CollectiveOp>,
    /// Calls of each op and size that count.
    #[arg(long, value_name = "N", default_value = "50", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub(crate) iterations: u64,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// An op of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum CollectiveOp {
    /// Every rank gets the sum of all ranks' elements.
    AllSum,
    /// Every rank gets the elements of all ranks.
    AllGather,
    /// Every rank gets its part of the sum.
    ReduceScatter,
    /// Every rank waits for all others.
    Barrier,
}

/// How it is timed, and beside what.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Backends to compare with: cpu, onnxruntime (the PyPI package, in a process of --python), names or files of plugins.
    #[arg(long, value_name = "BACKEND,...", value_delimiter = ',')]
    pub(crate) against: Vec<String>,
    /// Numbers of threads, a cell of the table for each; what each backend chooses when it is left out.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub(crate) threads: Vec<NonZeroU32>,
    /// Runs of each backend in a cell that count, instead of --seconds.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=MOST_RUNS))]
    pub(crate) repeat: Option<u64>,
    /// How long each backend runs in a cell.
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Runs behind the first that do not count.
    #[arg(long, value_name = "N", default_value = "3", value_parser = value_parser!(u64).range(..=MOST_RUNS))]
    pub(crate) warmup: u64,
    /// Processes that are busy all the time beside those that are timed, as on a machine that has other work.
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) beside: usize,
    /// Run so many programs of the first backend, each from a thread of its own, and tell how many runs a second that makes
    /// beside one after the other, over --seconds.
    #[arg(long, value_name = "N")]
    pub(crate) at_once: Option<NonZeroUsize>,
    /// The Python that has the package onnxruntime.
    #[arg(long, value_name = "FILE", default_value = "python3")]
    pub(crate) python: OsString,
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchWorkerArgs {
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[arg(long)]
    pub(crate) threads: Option<NonZeroU32>,
    #[arg(long)]
    pub(crate) profile: bool,
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
    #[arg(long)]
    pub(crate) params: Option<PathBuf>,
    #[arg(long = "input", value_parser = named_file())]
    pub(crate) inputs: Vec<(String, PathBuf)>,
    #[arg(long)]
    pub(crate) encoder: Option<PathBuf>,
    #[arg(long, value_parser = shape)]
    pub(crate) shape: Option<Shape>,
    #[arg(long, default_value = "f32")]
    pub(crate) dtype: Dtype,
}

/// Dtype of an encoder's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dtype {
    /// As they are stored.
    F32,
    /// Rounded to bfloat16.
    Bf16,
}

impl From<Dtype> for rlx_ir::DType {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::Bf16 => Self::BF16,
        }
    }
}

/// Texts in a batch, and tokens of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) batch: usize,
    pub(crate) tokens: usize,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.batch, self.tokens)
    }
}

fn shape(text: &str) -> Result<Shape, &'static str> {
    let extent = |text: &str| text.parse().ok().filter(|extent| (1..=1_000_000).contains(extent));
    let pair = text.split_once('x').and_then(|(batch, tokens)| Some((extent(batch)?, extent(tokens)?)));
    pair.map(|(batch, tokens)| Shape { batch, tokens }).ok_or("expected texts x tokens, such as 8x128")
}

fn seconds(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|seconds| (0.001..=1e6).contains(seconds)).ok_or("expected 0.001 to 1000000 seconds")
}
