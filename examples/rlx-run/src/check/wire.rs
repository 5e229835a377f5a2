//! What passes between `rlx-run check` and its worker: one line of JSON for each message.

use crate::backend::PluginSummary;
use rlx_conformance::run::Outcome;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// Stands before a message: a plugin may print to the stream that answers come on.
const MARK: &str = "\u{1}rlx-run-check ";

/// A case that the worker is to run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Its name.
    pub(super) case: String,
    /// In which mode; none where the plugin chooses.
    pub(super) mode: Option<String>,
    /// Whether what was found is to be shown.
    pub(super) show: bool,
}

/// What the worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// The plugin is loaded. Said first.
    Ready(Subject),
    /// There is nothing to check. Said instead.
    Refused {
        /// Whether the command line is to blame.
        usage: bool,
        /// Why.
        message: String,
    },
    /// A case is done.
    Done(Answer),
}

/// What is checked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Subject {
    /// The plugin.
    pub(super) plugin: PluginSummary,
    /// Kind of its device.
    pub(super) device: String,
    /// The modes that it has; none where it knows no such option.
    pub(super) modes: Vec<String>,
}

/// What came of a case.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// The judgement.
    pub(super) outcome: Outcome,
    /// Dtype, extents and values of each output, as text; empty unless asked for.
    pub(super) found: Vec<String>,
}

/// Sends a message.
pub(super) fn send(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    out.write_all(format!("{MARK}{}\n", serde_json::to_string(message)?).as_bytes())?;
    out.flush()
}

/// What stands before the message in a line, and the message; none in a line that the plugin printed.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> (&[u8], Option<serde_json::Result<T>>) {
    match line.windows(MARK.len()).position(|part| part == MARK.as_bytes()) {
        Some(at) => (&line[..at], Some(serde_json::from_slice(&line[at + MARK.len()..]))),
        None => (line, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_behind_what_a_plugin_prints() {
        let mut line = b"loaded\xff... ".to_vec();
        let message = Message::Refused { usage: true, message: "a\nb".to_owned() };
        send(&mut line, &message).unwrap();
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let (before, found) = read::<Message>(&line);
        assert_eq!(before, b"loaded\xff... ");
        assert!(matches!(found, Some(Ok(Message::Refused { usage: true, message })) if message == "a\nb"));
        assert!(read::<Message>(b"no message\n").1.is_none());
        assert!(matches!(read::<Message>(format!("{MARK}{{\n").as_bytes()).1, Some(Err(_))));
    }
}
