//! What is timed side by side, and the processes for it.

use super::child::Child;
use super::wire::Ready;
use super::worker::SHOWN;
use crate::UsageError;
use crate::cli::{BackendArgs, BenchArgs, BenchEmbedArgs, BenchModelArgs, Dtype, Shape};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::ffi::{OsStr, OsString};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program for ONNX Runtime.
const PEER: &str = include_str!("onnx_peer.py");

/// A backend in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    /// The one that `--backend` names.
    Chosen,
    /// Another one of this program's: `cpu`, or a plugin.
    Other(OsString),
    /// The PyPI package; its graph as it is, or with the fusions for BERT of onnxruntime.transformers.
    Onnx { is_fused: bool },
}

impl Peer {
    /// The first is the one that all are compared with.
    pub(super) fn all(args: &BenchArgs, is_encoder: bool) -> Vec<Self> {
        let mut peers = vec![Self::Chosen];
        for name in &args.against {
            match name.as_str() {
                "onnxruntime" => {
                    peers.push(Self::Onnx { is_fused: false });
                    peers.extend(is_encoder.then_some(Self::Onnx { is_fused: true }));
                }
                other => peers.push(Self::Other(other.into())),
            }
        }
        peers
    }

    pub(super) fn name(&self, args: &BenchArgs) -> String {
        match self {
            Self::Chosen => short(&args.backend.backend, args),
            Self::Other(name) => short(name, args),
            Self::Onnx { is_fused: false } => "onnxruntime".to_owned(),
            Self::Onnx { is_fused: true } => "onnxruntime-fused".to_owned(),
        }
    }

    /// Whether the table does without it where it is refused.
    pub(super) fn is_optional(&self) -> bool {
        *self == Self::Onnx { is_fused: true }
    }
}

/// What the table calls a backend: the file alone where no other has that name.
fn short(name: &OsStr, args: &BenchArgs) -> String {
    let file = |name: &OsStr| Path::new(name).file_name().map(OsStr::to_owned);
    let all = || args.against.iter().map(OsStr::new).chain([&*args.backend.backend]);
    let is_one = all().filter(|other| file(other) == file(name)).count() < 2;
    file(name).filter(|_| is_one).unwrap_or_else(|| name.to_owned()).to_string_lossy().into_owned()
}

/// What is timed.
pub(super) enum Work<'a> {
    Program(&'a BenchModelArgs),
    Encoder(&'a BenchEmbedArgs, Shape),
}

impl Work<'_> {
    fn common(&self) -> &BenchArgs {
        match self {
            Self::Program(args) => &args.bench,
            Self::Encoder(args, _) => &args.bench,
        }
    }

    /// Starts a process for `peer`, which has run once when this returns.
    pub(super) fn start(&self, peer: &Peer, threads: Option<NonZeroU32>, profile: bool) -> Result<(Child, Ready)> {
        let args = self.common();
        let name = peer.name(args);
        match peer {
            Peer::Chosen => Child::worker(&name, self.worker(&args.backend, None, threads, profile)?),
            Peer::Other(other) => Child::worker(&name, self.worker(&args.backend, Some(other), threads, false)?),
            Peer::Onnx { is_fused } => {
                let mut command = Command::new(&args.python);
                command.args(["-c", PEER]);
                Child::python(&name, command, &self.onnx(*is_fused, threads)?)
            }
        }
    }

    fn worker(
        &self,
        backend: &BackendArgs,
        other: Option<&OsStr>,
        threads: Option<NonZeroU32>,
        profile: bool,
    ) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("the path of this program")?);
        command.arg("bench-worker").args(backend.arguments(other));
        let is_built_in = other.unwrap_or(&backend.backend) == "cpu";
        match threads {
            Some(threads) if is_built_in => {
                // rlx-cpu asks its environment.
                command.envs([("RLX_WORKERS", threads.to_string()), ("RAYON_NUM_THREADS", threads.to_string())]);
            }
            Some(threads) => {
                command.args(["--threads", &threads.to_string()]);
            }
            None => {}
        }
        if profile {
            command.arg("--profile");
        }
        let path = |flag: &str, path: &Path| [OsString::from(flag), path.into()];
        match self {
            Self::Program(args) => {
                command.args(path("--program", &args.model));
                if let Some(params) = &args.params {
                    command.args(path("--params", params));
                }
                for (name, file) in &args.inputs {
                    let mut pair = OsString::from(name);
                    pair.push("=");
                    pair.push(file);
                    command.args([OsString::from("--input"), pair]);
                }
            }
            Self::Encoder(args, shape) => {
                command.args(path("--encoder", &args.model)).args(["--shape", &shape.to_string()]);
                if args.dtype == Dtype::Bf16 {
                    command.args(["--dtype", "bf16"]);
                }
            }
        }
        Ok(command)
    }

    /// What the program for ONNX Runtime is to do.
    fn onnx(&self, is_fused: bool, threads: Option<NonZeroU32>) -> Result<serde_json::Value> {
        let text = |path: &Path| match path.to_str() {
            Some(text) => Ok(text.to_owned()),
            None => bail!("onnxruntime takes paths that are text alone, not {}", path.display()),
        };
        Ok(match self {
            Self::Encoder(args, shape) => json!({
                "kind": "embed", "folder": text(&args.model)?, "batch": shape.batch, "tokens": shape.tokens,
                "fused": is_fused, "threads": threads, "shown": SHOWN,
            }),
            Self::Program(args) => {
                let file = onnx_file(args)?;
                let program = std::fs::read_to_string(&args.model)
                    .with_context(|| format!("cannot read {}", args.model.display()))?;
                let mut inputs = Vec::new();
                for info in crate::backend::inputs_of(&program).with_context(|| args.model.display().to_string())? {
                    let given = args.inputs.iter().find(|(name, _)| *name == info.name);
                    let npy = given.map(|(_, path)| text(path)).transpose()?;
                    let (name, dtype, shape) = (info.name, info.dtype.name(), info.dims);
                    inputs.push(json!({ "name": name, "dtype": dtype, "shape": shape, "file": npy }));
                }
                json!({ "kind": "model", "file": text(&file)?, "inputs": inputs, "threads": threads, "shown": SHOWN })
            }
        })
    }
}

fn onnx_file(args: &BenchModelArgs) -> Result<PathBuf> {
    let file = args.onnx.clone().unwrap_or_else(|| args.model.with_extension("onnx"));
    if !file.is_file() {
        let message =
            format!("onnxruntime: there is no ONNX file {}; give that of the program with --onnx", file.display());
        bail!(UsageError(message));
    }
    Ok(file)
}
