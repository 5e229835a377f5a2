//! Messages between this program and its children: one line of JSON each.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Write};

/// Stands before a message: a plugin may print to the stream that answers come on.
const MARK: &str = "\u{1}rlx-run ";

/// Sends a message.
pub(crate) fn send(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    out.write_all(format!("{MARK}{}\n", serde_json::to_string(message)?).as_bytes())?;
    out.flush()
}

/// What stands before the message in a line, and the message; none in a line that the plugin printed.
pub(crate) fn read<T: DeserializeOwned>(line: &[u8]) -> (&[u8], Option<serde_json::Result<T>>) {
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
        send(&mut line, &(true, "a\nb")).unwrap();
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let (before, found) = read::<(bool, String)>(&line);
        assert_eq!(before, b"loaded\xff... ");
        assert_eq!(found.unwrap().unwrap(), (true, "a\nb".to_owned()));
        assert!(read::<bool>(b"no message\n").1.is_none());
        assert!(matches!(read::<bool>(format!("{MARK}{{\n").as_bytes()).1, Some(Err(_))));
    }
}
