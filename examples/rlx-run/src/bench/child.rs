//! A process that is timed, from the side of the command.

use super::wire::{Answer, End, Ready, Request, Throughput};
use crate::UsageError;
use crate::report;
use crate::wire::{read, send};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

/// A process that is ready. It is killed when it is dropped.
pub(super) struct Child {
    name: String,
    process: Process,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Whether requests are marked, as between two processes of this program.
    is_marked: bool,
}

/// Why a process is not ready.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refused {
    pub(super) usage: bool,
    pub(super) message: String,
}

impl Child {
    /// Starts a process of this program, and waits for its first run.
    pub(super) fn worker(name: &str, command: Command) -> Result<(Self, Ready)> {
        Self::start(name, command, None)
    }

    /// Starts Python on the line that says what to run.
    pub(super) fn python(name: &str, command: Command, work: &serde_json::Value) -> Result<(Self, Ready)> {
        Self::start(name, command, Some(work))
    }

    fn start(name: &str, mut command: Command, work: Option<&serde_json::Value>) -> Result<(Self, Ready)> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = spawned.map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let program = command.get_program().display().to_string();
                let message = format!(
                    "{name}: there is no program `{program}`; install Python 3 with `pip install onnxruntime`, or name it \
                     with --python"
                );
                anyhow::Error::from(Refused { usage: true, message })
            }
            _ => anyhow::Error::from(error).context(format!("{name}: starting a process")),
        })?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let (Some(requests), Some(stdout)) = pipes else { bail!("{name}: its process has no pipes") };
        let answers = BufReader::new(stdout);
        let is_marked = work.is_none();
        let mut child = Self { name: name.to_owned(), process, requests: Some(requests), answers, is_marked };
        if let Some(work) = work {
            child.say(&format!("{work}\n"))?;
        }
        match child.hear()? {
            Answer::Ready(ready) => Ok((child, ready)),
            Answer::Refused { usage, message } => Err(Refused { usage, message: format!("{name}: {message}") }.into()),
            Answer::Times(_) | Answer::AtOnce(_) | Answer::End(_) => {
                bail!("{name}: its process answers before it is asked")
            }
        }
    }

    /// Milliseconds of up to `count` runs, which end after so many seconds.
    pub(super) fn run(&mut self, count: u64, seconds: f64) -> Result<Vec<f64>> {
        match self.ask(&Request::Run { count, seconds })? {
            Answer::Times(times) if !times.is_empty() => Ok(times),
            _ => bail!("{}: its process answers something else", self.name),
        }
    }

    /// Runs so many programs from as many threads, in turn and at once.
    pub(super) fn at_once(&mut self, programs: usize, seconds: f64) -> Result<Throughput> {
        match self.ask(&Request::AtOnce { programs, seconds })? {
            Answer::AtOnce(throughput) => Ok(throughput),
            _ => bail!("{}: its process answers something else", self.name),
        }
    }

    /// Ends the process.
    pub(super) fn end(mut self) -> Result<End> {
        match self.ask(&Request::End)? {
            Answer::End(end) => Ok(end),
            _ => bail!("{}: its process answers something else", self.name),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer> {
        if self.is_marked {
            let mut line = Vec::new();
            send(&mut line, request)?;
            self.say(&String::from_utf8_lossy(&line))?;
        } else {
            self.say(&format!("{}\n", serde_json::to_string(request)?))?;
        }
        self.hear()
    }

    /// A pipe that nobody reads any more is told by the silence that follows.
    fn say(&mut self, line: &str) -> Result<()> {
        let Some(requests) = &mut self.requests else { return Ok(()) };
        if requests.write_all(line.as_bytes()).and_then(|()| requests.flush()).is_err() {
            self.requests = None;
        }
        Ok(())
    }

    /// The next answer; what is printed before it goes to standard error.
    fn hear(&mut self) -> Result<Answer> {
        let mut line = Vec::new();
        while self.answers.read_until(b'\n', &mut line)? > 0 {
            let (printed, message) = read::<Answer>(&line);
            let printed = String::from_utf8_lossy(printed);
            if !printed.trim().is_empty() {
                report::print_error_text(printed.trim_end());
            }
            if let Some(message) = message {
                return message.with_context(|| format!("{}: an answer that cannot be read", self.name));
            }
            line.clear();
        }
        let status = self.process.wait().context("waiting for a process")?;
        bail!("{}: its process ended: {status}", self.name)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The error of a command for one that stands in the way of a row.
pub(super) fn as_usage(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Refused>() {
        Ok(Refused { usage: true, message }) => UsageError(message).into(),
        Ok(refused) => refused.into(),
        Err(error) => error,
    }
}
