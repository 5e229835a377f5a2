//! Workers, one after another: each runs cases until one of them kills it, or hangs.

use super::wire::{Answer, Message, Request, Subject, read, send};
use crate::UsageError;
use crate::cli::PluginArgs;
use crate::ending::Ending;
use crate::report;
use anyhow::{Context, Result, bail};
use rlx_conformance::run::Outcome;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a plugin may take until it is loaded.
const LOADING: Duration = Duration::from_secs(120);
/// How long a process may take to end once it has closed its output.
const ENDING: Duration = Duration::from_secs(10);

/// The worker of the moment, and how the next one is started.
pub(super) struct Workers<'a> {
    args: &'a PluginArgs,
    limit: Duration,
    worker: Option<Worker>,
}

/// A running worker. It is killed when it is dropped.
struct Worker {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<Message>,
}

/// Why there is no answer.
enum Silence {
    Died(String),
    Hangs,
}

impl<'a> Workers<'a> {
    /// Starts the first one, which says what is checked. `limit` is the longest that a case may take.
    pub(super) fn start(args: &'a PluginArgs, limit: Duration) -> Result<(Self, Subject)> {
        let mut workers = Self { args, limit, worker: None };
        let (worker, subject) = workers.next()?;
        workers.worker = Some(worker);
        Ok((workers, subject))
    }

    /// Runs a case. What kills its process, or takes too long, fails.
    ///
    /// # Errors
    /// When no process can be started, or one that is cannot load the plugin.
    pub(super) fn run(&mut self, request: &Request) -> Result<Answer> {
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => self.next()?.0,
        };
        let reason = match worker.ask(request, self.limit) {
            Ok(answer) => {
                self.worker = Some(worker);
                return Ok(answer);
            }
            Err(Silence::Died(how)) => format!("it ends its process: {how}"),
            Err(Silence::Hangs) => {
                format!("it hangs: no result within {} s, and its process was killed", self.limit.as_secs())
            }
        };
        Ok(Answer { outcome: Outcome::failed(reason), found: Vec::new() })
    }

    fn next(&self) -> Result<(Worker, Subject)> {
        let program = std::env::current_exe().context("the path of this program")?;
        let mut command = Command::new(program);
        command.arg("check-worker").args(self.args.arguments());
        let mut worker = Worker::spawn(&mut command).context("starting a process for the cases")?;
        match worker.hear(LOADING) {
            Ok(Message::Ready(subject)) => Ok((worker, subject)),
            Ok(Message::Refused { usage: true, message }) => bail!(UsageError(message)),
            Ok(Message::Refused { usage: false, message }) => bail!(message),
            Ok(Message::Done(_)) => bail!("the process for the cases answers before it is asked"),
            Err(Silence::Died(how)) => bail!("the plugin ends its process while it is loaded: {how}"),
            Err(Silence::Hangs) => bail!("the plugin is not loaded within {} s", LOADING.as_secs()),
        }
    }
}

impl Worker {
    fn spawn(command: &mut Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let (Some(requests), Some(stdout)) = pipes else { bail!("it has no pipes") };
        let (found, answers) = mpsc::channel();
        thread::Builder::new().spawn(move || listen(stdout, &found))?;
        Ok(Self { process, requests, answers })
    }

    fn ask(&mut self, request: &Request, limit: Duration) -> Result<Answer, Silence> {
        // A pipe that nobody reads any more is told by the silence that follows.
        let _ = send(&mut self.requests, request);
        match self.hear(limit)? {
            Message::Done(answer) => Ok(answer),
            Message::Ready(_) | Message::Refused { .. } => Err(Silence::Died("it answers something else".to_owned())),
        }
    }

    fn hear(&mut self, limit: Duration) -> Result<Message, Silence> {
        self.answers.recv_timeout(limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => Silence::Hangs,
            RecvTimeoutError::Disconnected => Silence::Died(self.end()),
        })
    }

    /// How the process ended, which has closed its end of the pipe. It may live on all the same.
    fn end(&mut self) -> String {
        let started = Instant::now();
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) => return Ending::from(status).to_string(),
                Ok(None) if started.elapsed() < ENDING => thread::sleep(Duration::from_millis(5)),
                Ok(None) => return "it closed its output and lives on".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Passes messages on; what the plugin prints goes to standard error.
fn listen(stdout: ChildStdout, found: &mpsc::Sender<Message>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    while matches!(stdout.read_until(b'\n', &mut line), Ok(1..)) {
        let (printed, message) = read::<Message>(&line);
        let printed = String::from_utf8_lossy(printed);
        if !printed.trim().is_empty() {
            report::print_error_text(printed.trim_end());
        }
        // A damaged message ends the conversation, as an ended process does.
        if message.is_some_and(|message| message.map_or(true, |message| found.send(message).is_err())) {
            return;
        }
        line.clear();
    }
}
