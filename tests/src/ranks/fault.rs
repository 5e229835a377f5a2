//! What happens to one rank of a group, as the test knows it and the ranks that it starts.

use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// The exit code of a rank that was told of the fault.
pub const FAILED: i32 = 3;

/// A fault of one rank, and what the others are at then.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `all_sum`, `recv`, `run` of a program, or `init`.
    pub during: String,
    /// What calls wait.
    pub deadline: Duration,
    /// The rank at fault.
    pub victim: usize,
    /// Who comes after the fault, so that init is under way then.
    pub late: Option<usize>,
    /// How long after it.
    pub pause: Duration,
    /// A file that is written when it has happened.
    pub happened: PathBuf,
}

impl Fault {
    /// As an argument of a rank.
    pub fn argument(&self) -> String {
        let Self { during, deadline, victim, late, pause, happened } = self;
        let milliseconds = [deadline, pause].map(|time| time.as_millis() as u64);
        json!([during, milliseconds, victim, late, happened]).to_string()
    }

    /// What a rank is given as an argument.
    pub fn read(argument: &str) -> Self {
        let value: Value = serde_json::from_str(argument).expect("a fault");
        let number = |value: &Value| value.as_u64().expect("a number");
        Self {
            during: value[0].as_str().expect("text").to_owned(),
            deadline: Duration::from_millis(number(&value[1][0])),
            pause: Duration::from_millis(number(&value[1][1])),
            victim: number(&value[2]) as usize,
            late: value[3].as_u64().map(|rank| rank as usize),
            happened: value[4].as_str().expect("a path").into(),
        }
    }

    /// The rank that the launcher calls this process.
    pub fn own_rank(&self) -> usize {
        let told = ["MLX_RANK", "OMPI_COMM_WORLD_RANK"].into_iter().find_map(|name| std::env::var(name).ok());
        told.and_then(|rank| rank.parse().ok()).expect("a launcher's environment")
    }

    /// Tells the ranks that it has happened.
    pub fn has_happened(&self) {
        fs::write(&self.happened, "").expect("a file");
    }

    /// Waits until it has happened, and the pause after it.
    pub fn wait_for_it(&self) {
        while !self.happened.exists() {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(self.pause);
    }
}
