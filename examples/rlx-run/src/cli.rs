//! The command line: what there is to say, and which command it calls.

mod bench;
#[cfg(unix)]
mod launch;

pub(crate) use bench::{
    BenchArgs, BenchCollectivesArgs, BenchCommand, BenchEmbedArgs, BenchModelArgs, BenchWorkerArgs, CollectiveOp,
    Dtype, Shape,
};
#[cfg(unix)]
pub(crate) use launch::{Connection, LaunchArgs};

use crate::profile::ProfileArgs;
use crate::{bench as timing, check, embed, ops, plugins, profile, report, run};
use anyhow::Result;
use bytesize::ByteSize;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use rlx_host_api::DeviceKind;
use rlx_host_api::discovery::Registry;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;

/// The most runs that can be asked for: years of them, and their number fits wherever it is added or multiplied.
const MOST_RUNS: u64 = 1_000_000_000_000_000;

/// Runs RLX programs on the CPU or on a backend plugin.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 ok, 1 failed, 2 usage or backend not found; of launch, that of the first rank that failed."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the backend plugins that can be found, and why others cannot be used; install and remove them.
    Plugins(PluginsArgs),
    /// List the ops of the IR, and how a plugin runs each of them.
    Ops(OpsArgs),
    /// Check what a plugin computes against closed forms: the conformance kit.
    Check(CheckArgs),
    /// Run the cases that `check` sends, in a process of their own.
    #[command(hide = true)]
    CheckWorker(PluginArgs),
    /// Run a .rlxmodel program.
    Run(RunArgs),
    /// Time a program or a sentence encoder, side by side with other backends, or the collectives of a group.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Run what `bench` times, in a process of its own.
    #[command(hide = true)]
    BenchWorker(BenchWorkerArgs),
    /// Be busy until standard input ends.
    #[command(hide = true)]
    BenchBusy,
    /// Draw one run of a trace file (`run --trace`, `bench --trace`) as SVG.
    Picture(PictureArgs),
    /// Compute sentence embeddings with a BERT-class sentence-transformers model.
    Embed(EmbedArgs),
    /// Start the ranks of a group of processes, here or on several machines, and end them together.
    #[cfg(unix)]
    Launch(LaunchArgs),
    /// End what `launch` has started when it is killed itself.
    #[cfg(unix)]
    #[command(hide = true)]
    LaunchGuard,
}

/// Reads this process's command line.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    Cli::try_parse()
}

/// Prints what there is instead of a command: help that was asked for, or what is wrong. The exit code.
pub(crate) fn refuse(refusal: &clap::Error) -> ExitCode {
    if refusal.use_stderr() {
        // Without colours, because it quotes arguments, in which escapes must not reach a terminal.
        report::print_error_text(refusal.render().to_string().trim_end());
        return ExitCode::from(2);
    }
    match refusal.print() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            report::print_error(&anyhow::Error::from(error).context("writing to standard output"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

impl Cli {
    /// Runs the chosen command.
    pub(crate) fn execute(self) -> Result<()> {
        match self.command {
            Command::Plugins(args) => plugins::execute(&args),
            Command::Ops(args) => ops::execute(&args),
            Command::Check(args) => check::execute(&args),
            Command::CheckWorker(args) => check::work(&args),
            Command::Bench(command) => timing::execute(&command),
            Command::BenchWorker(args) => timing::work(&args),
            Command::BenchBusy => timing::be_busy(),
            Command::Picture(args) => profile::picture::execute(&args),
            Command::Run(args) => run::execute(&args),
            Command::Embed(args) => embed::execute(args),
            #[cfg(unix)]
            Command::Launch(args) => crate::launch::execute(&args),
            #[cfg(unix)]
            Command::LaunchGuard => crate::launch::guard::execute(),
        }
    }
}

/// How results are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Print JSON instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a program runs.
#[derive(Debug, Args)]
pub(crate) struct BackendArgs {
    /// `cpu` (built in), or a plugin: its backend's name (`mlx`), name and version (`mlx@0.2`), or file.
    #[arg(long)]
    pub(crate) backend: OsString,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Kind of device; the plugin chooses when it is left out.
    #[arg(long)]
    pub(crate) device: Option<Device>,
    /// How a plugin executes the program; the plugin chooses when it is left out.
    #[arg(long)]
    pub(crate) mode: Option<Mode>,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
}

/// On how many threads a plugin's kernels compute.
#[derive(Debug, Args)]
pub(crate) struct ThreadsArgs {
    /// The most threads that a plugin's kernels on the processor are dealt to; all of RLX_NUM_THREADS when it is left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroU32>,
}

impl BackendArgs {
    /// The command line that says the same, of another backend where one is named. `cpu` has none of the options.
    pub(crate) fn arguments(&self, other: Option<&OsStr>) -> Vec<OsString> {
        let backend = other.unwrap_or(&self.backend);
        let mut arguments = vec![OsString::from("--backend"), backend.to_owned()];
        if self.trust.allow_untrusted_plugins {
            arguments.push("--allow-untrusted-plugins".into());
        }
        // Told of the backend that it was given for, it is an error of the command line.
        if other.is_some_and(|other| other == "cpu") {
            return arguments;
        }
        let device = self.device.and_then(|device| device.to_possible_value());
        let mode = self.mode.and_then(|mode| mode.to_possible_value());
        let named = [("--device", device), ("--mode", mode)];
        for (flag, value) in named.into_iter().filter_map(|(flag, value)| Some((flag, value?))) {
            arguments.extend([flag.into(), value.get_name().into()]);
        }
        let MemoryArgs { memory_limit, cache_limit } = self.memory;
        for (flag, size) in [("--memory-limit", memory_limit), ("--cache-limit", cache_limit)] {
            if let Some(ByteSize(bytes)) = size {
                arguments.extend([flag.into(), bytes.to_string().into()]);
            }
        }
        arguments
    }
}

/// Limits of the plugin's engine, as `512MiB` or a number of bytes.
#[derive(Debug, Args)]
pub(crate) struct MemoryArgs {
    /// The most that the engine may have in use, such as 512MiB; a run that needs more fails.
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<ByteSize>,
    /// The most that the engine keeps for reuse, such as 64MiB; 0 keeps nothing.
    #[arg(long, value_name = "SIZE")]
    pub(crate) cache_limit: Option<ByteSize>,
}

/// Which plugins may be opened.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Open plugins that other users of this machine could have changed.
    #[arg(long)]
    allow_untrusted_plugins: bool,
}

impl TrustArgs {
    /// The plugins of this process's environment.
    pub(crate) fn registry(&self) -> Registry {
        let registry = Registry::from_env();
        // Without the flag, the environment has its say.
        if self.allow_untrusted_plugins { registry.allow_untrusted(true) } else { registry }
    }
}

/// Kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    /// The processor.
    Cpu,
    /// A GPU.
    Gpu,
}

impl From<Device> for DeviceKind {
    fn from(device: Device) -> Self {
        match device {
            Device::Cpu => Self::Cpu,
            Device::Gpu => Self::Gpu,
        }
    }
}

/// How a plugin executes a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Evaluate after each op; errors name the op.
    Eager,
    /// One evaluation a run.
    Lazy,
    /// Trace once, replay.
    Compiled,
}

impl Mode {
    /// The value of the plugin's option `mode`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Lazy => "lazy",
            Self::Compiled => "compiled",
        }
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PluginsArgs {
    #[command(subcommand)]
    pub(crate) change: Option<PluginsCommand>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginsCommand {
    /// Check a bundle and put it beside other versions, whole or not at all.
    Install(InstallArgs),
    /// Remove one version of a plugin.
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// An archive (.tar.zst), a bundle's folder, or a `file:` URL of either.
    pub(crate) source: OsString,
    /// The plugin folder to install into, in the place of this user's.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Which one, as `plugins` lists it: NAME@VERSION, such as mlx@0.1.0.
    #[arg(value_parser = name_and_version)]
    pub(crate) plugin: (String, String),
    /// Its flavour, where several of that version are installed.
    #[arg(long)]
    pub(crate) flavour: Option<String>,
    /// The plugin folder to remove it from, in the place of this user's.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn name_and_version(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('@') {
        Some((name, version)) if !name.is_empty() && !version.is_empty() => Ok((name.to_owned(), version.to_owned())),
        _ => Err("expected NAME@VERSION, such as mlx@0.1.0"),
    }
}

/// Which plugin is examined, and where.
#[derive(Debug, Args)]
pub(crate) struct PluginArgs {
    /// A plugin: its backend's name (`mlx`), name and version (`mlx@0.2`), or file.
    #[arg(long)]
    pub(crate) backend: OsString,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Kind of device; the plugin chooses when it is left out.
    #[arg(long)]
    pub(crate) device: Option<Device>,
}

impl PluginArgs {
    /// The command line that says the same.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![OsString::from("--backend"), self.backend.clone()];
        if self.trust.allow_untrusted_plugins {
            arguments.push("--allow-untrusted-plugins".into());
        }
        if let Some(device) = self.device.and_then(|device| device.to_possible_value()) {
            arguments.extend(["--device".into(), device.get_name().into()]);
        }
        arguments
    }
}

#[derive(Debug, Args)]
pub(crate) struct OpsArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// Only cases of this family, such as reduce; `rlx-run check --list` names them.
    #[arg(long)]
    pub(crate) family: Option<String>,
    /// Only cases of this op of the IR, such as MatMul.
    #[arg(long, value_name = "KIND")]
    pub(crate) op: Option<String>,
    /// Only the case of this name, with its inputs, expected and found values.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["family", "op", "seed"])]
    pub(crate) case: Option<String>,
    /// How the plugin executes the cases; in every mode that it has, one after another, when it is left out.
    #[arg(long)]
    pub(crate) mode: Option<Mode>,
    /// The longest that a case may take in a mode; then it has failed, and its process is killed.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub(crate) limit: u64,
    /// Seed of the values in the cases. It is part of their names.
    #[arg(long, value_name = "N", default_value = "7")]
    pub(crate) seed: u64,
    /// Print the names of the cases and run none.
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The program, a .rlxmodel file.
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
    /// Parameters by name, a .safetensors file. It may hold more than the program needs.
    #[arg(long, value_name = "FILE")]
    pub(crate) params: Option<PathBuf>,
    /// One input from a .npy file of exactly the declared dtype and shape; bf16 is what ml_dtypes saves ('<V2').
    #[arg(long = "input", value_name = "NAME=FILE", value_parser = named_file())]
    pub(crate) inputs: Vec<(String, PathBuf)>,
    /// Write each output to this folder as NAME.npy, or output_I.npy when it has no name. What a file name must not hold
    /// becomes `_`; where two names would be one, the index of the output follows.
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,
    /// Number of runs; the median leaves the first one out.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u64).range(1..=MOST_RUNS))]
    pub(crate) repeat: u64,
    /// Seed of the random numbers that the program draws; each run draws the same. 42 when it is left out.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EmbedArgs {
    /// Folder of the model: config.json, tokenizer.json, model.safetensors.
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
    /// Texts in one batch; all of them, but at most 32, when it is left out.
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<NonZeroUsize>,
    /// Deal the batches to the ranks that `launch` has started; the first rank prints the embeddings of all.
    #[arg(long)]
    pub(crate) data_parallel: bool,
    /// Tokens per text, longer ones are cut; the model's own limit when it is left out.
    #[arg(long, value_name = "N")]
    pub(crate) max_length: Option<usize>,
    /// Number of runs; the median leaves the first one out.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u64).range(1..=MOST_RUNS))]
    pub(crate) repeat: u64,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// The texts; the lines of standard input when there are none.
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PictureArgs {
    /// The trace file.
    pub(crate) trace: PathBuf,
    /// Where the picture goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

fn named_file() -> impl TypedValueParser<Value = (String, PathBuf)> {
    OsStringValueParser::new().try_map(|pair| match split_pair(&pair) {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("expected NAME=FILE.npy"),
    })
}

/// Name and file. The name is UTF-8, as all names of a program; a file may have any bytes.
#[cfg(unix)]
fn split_pair(pair: &OsStr) -> Option<(&str, &OsStr)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = pair.as_bytes();
    let (name, file) = bytes.split_at(bytes.iter().position(|&byte| byte == b'=')?);
    Some((std::str::from_utf8(name).ok()?, OsStr::from_bytes(&file[1..])))
}

#[cfg(not(unix))]
fn split_pair(pair: &OsStr) -> Option<(&str, &OsStr)> {
    pair.to_str()?.split_once('=').map(|(name, file)| (name, OsStr::new(file)))
}
