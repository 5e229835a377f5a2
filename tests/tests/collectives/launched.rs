//! Ranks under `rlx-run launch`, watched while they run.

use rlx_mlx_tests::plugin::folder;
use rlx_mlx_tests::rlx_run;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a rank may take to load the plugin and to begin, or, once it has spoken, to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `rlx-run launch` of so many ranks, which find the staged plugin.
pub(crate) fn command(ranks: usize) -> Command {
    let mut command = Command::new(rlx_run::program());
    command.args(["launch", "-n", &ranks.to_string()]);
    command.env("RLX_TEST_PLUGIN_DIR", folder()).env("RLX_PLUGIN_ALLOW_UNTRUSTED", "1");
    command
}

pub(crate) fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().expect("kill starts").success());
}

/// A group that was launched.
pub(crate) struct Launched {
    launcher: Child,
    lines: Receiver<String>,
    stderr: ChildStderr,
}

impl Launched {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut launcher = command.spawn().expect("rlx-run starts");
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(launcher.stdout.take().expect("a pipe"));
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stderr = launcher.stderr.take().expect("a pipe");
        Self { launcher, lines, stderr }
    }

    /// What stands behind `word` and the rank in the next such line of each of `ranks`, in their order.
    pub(crate) fn said(&mut self, word: &str, ranks: &[usize], limit: Duration) -> Vec<String> {
        let until = Instant::now() + limit;
        let mut said = vec![None; ranks.len()];
        while said.contains(&None) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("`{word}` within {limit:?} from {ranks:?}: {said:?}; {}", self.end().1)
            };
            let Some((_, rest)) = line.split_once(&format!("{word} ")) else { continue };
            let (rank, rest) = rest.split_once(' ').expect("a rank");
            let rank: usize = rank.parse().expect("a rank");
            if let Some(at) = ranks.iter().position(|&known| known == rank) {
                said[at] = Some(rest.to_owned());
            }
        }
        said.into_iter().flatten().collect()
    }

    /// Has the launcher end all ranks, as a user would, unless it has ended within `limit`.
    pub(crate) fn ask_after(&mut self, limit: Duration) {
        let until = Instant::now() + limit;
        while self.launcher.try_wait().expect("a child").is_none() {
            if Instant::now() > until {
                return signal("-TERM", &self.launcher.id().to_string());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The launcher's exit code, once all has ended, and what it wrote to standard error.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.launcher.try_wait().expect("a child") {
                Some(status) => break Some(status),
                None if Instant::now() > until => break None,
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        let _ = self.launcher.kill();
        let mut text = String::new();
        let _ = self.stderr.read_to_string(&mut text);
        let status = status.unwrap_or_else(|| panic!("the launcher goes on: {text}"));
        (status.code(), text)
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }
}
