//! `rlx-run launch`: starts the ranks of a group, and ends them together.
//!
//! * [`hostfile`]: where ranks run. [`environment`]: what they are told. [`ports`]: free ports.
//! * [`process`]: a rank as a child of this process, [`ssh`]: on another machine, [`mpi`]: all of them by mpirun.
//! * [`output`]: what they print. [`supervise`]: signals, failures, and the end. [`guard`]: the end without this process.

mod environment;
pub(crate) mod guard;
mod hostfile;
mod mpi;
mod output;
mod ports;
mod process;
mod ssh;
mod supervise;

use crate::cli::{Connection, LaunchArgs};
use crate::ending::Ending;
use crate::{Ended, UsageError};
use anyhow::{Context, Result, bail};
use environment::{Environment, Variable};
use guard::Guard;
use hostfile::{Host, Hosts};
use output::Output;
use process::{Kind, Process};
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use supervise::Supervisor;
use tempfile::NamedTempFile;

/// Runs the command.
pub(crate) fn execute(args: &LaunchArgs) -> Result<()> {
    let hosts = hosts(args)?;
    let backend = args.backend.or(hosts.backend).unwrap_or(Connection::Ring);
    let environment = environment::common(args, backend, &hosts)?;
    let supervisor = Supervisor::new()?;
    let mut started =
        Started { output: Output::new().context("making a pipe")?, guard: Guard::start()?, processes: vec![] };
    let mut file = None;
    if backend == Connection::Mpi {
        let (command, hostfile) =
            mpi::command(args, &hosts, environment.variables).context("writing mpirun's hostfile")?;
        started.guard.file(hostfile.path());
        file = Some(hostfile);
        started.start("mpirun".to_owned(), Kind::Mpirun, command, "")?;
    } else {
        started.ranks(args, backend, &hosts.hosts, &environment, &mut file)?;
    }
    let Started { output, guard, processes } = started;
    let ended = supervisor.wait(processes, Duration::from_secs(args.grace))?;
    drop((guard, file));
    output.end().context("writing what the ranks print")?;
    verdict(&ended)
}

/// Where the ranks run.
fn hosts(args: &LaunchArgs) -> Result<Hosts> {
    let ranks = args.ranks.map(usize::from);
    let Some(path) = &args.hostfile else { return Ok(Hosts::loopback(ranks.unwrap_or(1))) };
    let mut hosts = Hosts::read(path)?;
    if let Some(ranks) = ranks {
        if ranks > hosts.hosts.len() {
            let (has, path) = (hosts.hosts.len(), path.display());
            bail!(UsageError(format!("-n {ranks}: hostfile {path} has {has} hosts, and each is one rank")));
        }
        hosts.hosts.truncate(ranks);
    }
    Ok(hosts)
}

/// What has been started so far. When it is dropped, all of that is killed.
struct Started {
    processes: Vec<Process>,
    output: Output,
    guard: Guard,
}

impl Started {
    fn start(&mut self, name: String, kind: Kind, command: Command, prefix: &str) -> Result<()> {
        let process = Process::start(name, kind, command, prefix, &mut self.output, &mut self.guard)?;
        self.processes.push(process);
        Ok(())
    }

    /// Starts a process for each rank. `file` is the hostfile of those on this machine.
    fn ranks(
        &mut self,
        args: &LaunchArgs,
        backend: Connection,
        hosts: &[Host],
        environment: &Environment,
        file: &mut Option<NamedTempFile>,
    ) -> Result<()> {
        let own = environment::own(backend, hosts, &environment.variables);
        for (rank, (host, own)) in hosts.iter().zip(own).enumerate() {
            let prefix = if args.raw { String::new() } else { format!("[{rank}] ") };
            if host.is_local() {
                let mut command = local(args, &environment.variables, own);
                if let Some(addresses) = &environment.addresses {
                    command.env("MLX_HOSTFILE", self.hostfile(addresses, file)?);
                }
                self.start(format!("rank {rank}"), Kind::Rank, command, &prefix)?;
            } else {
                let variables = [&environment.variables[..], &own].concat();
                let command = remote(args, host, &variables, environment.addresses.as_deref())?;
                self.start(format!("rank {rank} on {}", host.name), Kind::Ssh, command, &prefix)?;
            }
        }
        Ok(())
    }

    /// The path of the file with the ranks' addresses, which is written once.
    fn hostfile(&mut self, addresses: &str, file: &mut Option<NamedTempFile>) -> Result<std::path::PathBuf> {
        if let Some(file) = file {
            return Ok(file.path().to_owned());
        }
        let mut written = NamedTempFile::new().context("writing the ranks' hostfile")?;
        written.write_all(addresses.as_bytes()).context("writing the ranks' hostfile")?;
        let path = written.path().to_owned();
        self.guard.file(&path);
        *file = Some(written);
        Ok(path)
    }
}

/// A rank of this machine.
fn local(args: &LaunchArgs, shared: &[Variable], own: Vec<Variable>) -> Command {
    let (program, rest) =
        args.command.split_first().map_or((Default::default(), &[][..]), |(first, rest)| (first.clone(), rest));
    let mut command = Command::new(program);
    command.args(rest).envs(shared.iter().cloned()).envs(own);
    if let Some(folder) = &args.cwd {
        command.current_dir(folder);
    }
    command
}

/// The ssh of a rank on another machine.
fn remote(args: &LaunchArgs, host: &Host, variables: &[Variable], addresses: Option<&str>) -> Result<Command> {
    let here = std::env::current_dir().unwrap_or_default();
    let folder = args.cwd.as_deref().unwrap_or(&here).to_str();
    let words: Option<Vec<&str>> = args.command.iter().map(|word| word.to_str()).collect();
    let (Some(folder), Some(words)) = (folder, words) else {
        bail!(UsageError("ssh takes a command and a folder that are text alone".to_owned()));
    };
    let (grace, is_strict) = (args.grace, args.cwd.is_some());
    let remote = ssh::Remote { grace, folder, is_strict, addresses, variables, command: &words };
    let mut command = Command::new("ssh");
    command.args(ssh::arguments(&host.name, &remote.line()));
    Ok(command)
}

/// The first that failed decides, and the others are told with it.
fn verdict(ended: &[(String, Ending)]) -> Result<()> {
    let mut failed = ended.iter().filter(|(_, ending)| *ending != Ending::Code(0));
    let Some((name, ending)) = failed.next() else { return Ok(()) };
    let others: Vec<String> = failed.map(|(name, ending)| format!("{name}: {ending}")).collect();
    let then = if others.is_empty() { String::new() } else { format!("; then {}", others.join(", ")) };
    // As shells say it.
    let code = match *ending {
        Ending::Code(code) => u8::try_from(code).unwrap_or(1),
        Ending::Signal(signal) => u8::try_from(128 + signal).unwrap_or(1),
        Ending::Unknown => 1,
    };
    bail!(Ended { code, message: format!("{name}: {ending}{then}") })
}
