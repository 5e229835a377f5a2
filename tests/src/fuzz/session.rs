//! Inputs given to workers until the time is over or one fails.

use super::{Mutator, Target};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What a session is to do.
#[derive(Debug)]
pub struct Session {
    /// Whose inputs.
    pub target: &'static Target,
    /// A folder of files to start from.
    pub corpus: PathBuf,
    /// Where failing inputs are kept.
    pub failures: PathBuf,
    /// From which all inputs follow.
    pub seed: u64,
    /// How long; the corpus itself is always gone through.
    pub time: Duration,
    /// How long one input may take.
    pub patience: Duration,
}

/// An input that ended the worker or took too long.
#[derive(Debug)]
pub struct Failure {
    /// The input.
    pub file: PathBuf,
    /// Its number.
    pub number: u64,
    /// What became of the worker.
    pub what: String,
}

impl Session {
    /// Runs; gives how many inputs there were, or the first that failed.
    ///
    /// # Errors
    /// When files cannot be read or written, or no worker starts.
    pub fn run(&self) -> io::Result<Result<u64, Failure>> {
        let mutator = Mutator::new(self.read_corpus()?, self.target.words, self.seed);
        let own = mutator.len() as u64;
        let end = Instant::now() + self.time;
        let mut worker = Worker::start(self)?;
        let mut number = 0;
        while number < own || Instant::now() < end {
            let input = mutator.input(number);
            if let Some(what) = worker.give(&input, self.patience)? {
                return Ok(Err(Failure { file: self.keep(&input, number)?, number, what }));
            }
            number += 1;
        }
        Ok(Ok(number))
    }

    /// Gives one file to a worker; tells what became of that, if something did.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn try_file(&self, file: &Path) -> io::Result<Option<String>> {
        Worker::start(self)?.give(&fs::read(file)?, self.patience)
    }

    fn read_corpus(&self) -> io::Result<Vec<Vec<u8>>> {
        let context = |e: io::Error| io::Error::new(e.kind(), format!("corpus {}: {e}", self.corpus.display()));
        let entries = fs::read_dir(&self.corpus).map_err(context)?;
        let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        files.sort();
        files.into_iter().map(fs::read).collect()
    }

    fn keep(&self, input: &[u8], number: u64) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.failures)?;
        let file = self.failures.join(format!("{}-{}-{number}", self.target.name, self.seed));
        fs::write(&file, input)?;
        Ok(file)
    }
}

/// A process that runs the target, this very program called with `--worker`.
struct Worker {
    process: Child,
    input: ChildStdin,
    answers: Receiver<()>,
    _scratch: tempfile::TempDir,
}

impl Worker {
    fn start(session: &Session) -> io::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--worker")
            .arg(scratch.path().join("input"))
            .arg(session.target.name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("a worker without pipes");
        let input = process.stdin.take().ok_or_else(missing)?;
        let mut output = process.stdout.take().ok_or_else(missing)?;
        let (answer, answers) = mpsc::channel();
        std::thread::spawn(move || {
            let mut byte = [0];
            while output.read_exact(&mut byte).is_ok() && answer.send(()).is_ok() {}
        });
        Ok(Self { process, input, answers, _scratch: scratch })
    }

    /// Gives an input, and tells what became of the worker if it does not answer in time.
    fn give(&mut self, input: &[u8], patience: Duration) -> io::Result<Option<String>> {
        let message = [&(input.len() as u64).to_le_bytes()[..], input].concat();
        // A worker that is gone does not read; the answer that is missing tells it.
        let _ = self.input.write_all(&message);
        match self.answers.recv_timeout(patience) {
            Ok(()) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                self.process.kill()?;
                self.process.wait()?;
                Ok(Some(format!("not done after {patience:?}")))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(Some(format!("the worker ended: {}", self.process.wait()?))),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
