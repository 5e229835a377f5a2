//! A rank on another machine: a child of ssh, which a line on its standard input ends, and the end of that input as well.

use super::environment::Variable;
use std::ffi::OsStr;
use std::fmt::Write;

/// What runs on the other machine. Standard input is read line by line, each the name of a signal for the command and all of
/// its children: sshd starts a command in a process group of its own. When the input ends without a word, the launcher has
/// gone, or the connection.
///
/// Its arguments: seconds between SIGTERM and SIGKILL, the folder to start in, whether that has to be there (1), the content
/// of the hostfile (empty: none), then NAME=VALUE for each variable, `--`, and the command.
const SCRIPT: &str = r#"
grace=$1 folder=$2 strict=$3 addresses=$4
shift 4
if [ -n "$folder" ] && ! cd "$folder" 2>/dev/null && [ "$strict" = 1 ]; then
  echo "cannot change to the folder $folder" >&2
  exit 1
fi
while [ "$1" != -- ]; do
  export "$1"
  shift
done
shift
file=
if [ -n "$addresses" ]; then
  file=$(mktemp) && printf %s "$addresses" >"$file" || exit 1
  export MLX_HOSTFILE="$file"
fi
exec 3<&0
(
  trap "" HUP INT QUIT TERM USR1 USR2
  kill_all() { [ -z "$file" ] || rm -f "$file"; kill -s KILL 0; }
  while read -r signal; do
    [ "$signal" != KILL ] || kill_all
    kill -s "$signal" 0
  done
  kill -s TERM 0
  kill -s CONT 0
  while [ "$grace" -gt 0 ]; do
    sleep 1
    grace=$((grace - 1))
  done
  kill_all
) <&3 >/dev/null 2>&1 &
watch=$!
trap : HUP INT QUIT TERM USR1 USR2
"$@" </dev/null 3<&-
status=$?
kill -s KILL "$watch"
[ -z "$file" ] || rm -f "$file"
exit "$status"
"#;

/// What one rank runs on its machine.
pub(super) struct Remote<'a> {
    pub(super) grace: u64,
    /// The folder to start in.
    pub(super) folder: &'a str,
    /// Whether it is an error that there is none.
    pub(super) is_strict: bool,
    /// The content of the hostfile.
    pub(super) addresses: Option<&'a str>,
    pub(super) variables: &'a [Variable],
    pub(super) command: &'a [&'a str],
}

impl Remote<'_> {
    /// The line for the other machine's shell, whichever it is: words in quotes alone.
    pub(super) fn line(&self) -> String {
        let mut line = "exec sh -c ".to_owned();
        let (grace, strict) = (self.grace.to_string(), u8::from(self.is_strict).to_string());
        let fixed = [SCRIPT, "sh", &grace, self.folder, &strict, self.addresses.unwrap_or_default()];
        let variables: Vec<String> = self.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let words = fixed.into_iter().chain(variables.iter().map(String::as_str)).chain(["--"]);
        for (index, word) in words.chain(self.command.iter().copied()).enumerate() {
            // Writing to a string does not fail.
            let _ = write!(line, "{}'{}'", if index == 0 { "" } else { " " }, word.replace('\'', r"'\''"));
        }
        line
    }
}

/// ssh's own arguments. No question may wait for an answer that nobody gives.
pub(super) fn arguments<'a>(host: &'a str, line: &'a str) -> [&'a OsStr; 8] {
    ["-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "--", host, line].map(OsStr::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    /// As ssh would start it, in a process group of its own.
    fn start(remote: &Remote<'_>) -> Child {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(remote.line()).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn remote<'a>(command: &'a [&'a str]) -> Remote<'a> {
        Remote { grace: 1, folder: "/", is_strict: true, addresses: None, variables: &[], command }
    }

    /// What comes out behind the first line, for which this waits before it sends `signals`. The input stays open: its end
    /// would be a signal as well.
    fn finish(mut child: Child, signals: &str) -> (Option<i32>, String) {
        let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (mut first, mut rest) = (String::new(), String::new());
        output.read_line(&mut first).unwrap();
        input.write_all(signals.as_bytes()).unwrap();
        output.read_to_string(&mut rest).unwrap();
        (child.wait().unwrap().code(), rest)
    }

    #[test]
    fn words_variables_and_addresses_arrive_as_they_are() {
        let variables = [("A".to_owned(), "it's $HOME `x`\n\"\\".to_owned())];
        let script = r#"echo; pwd; printf '%s|' "$A" "$@"; cat "$MLX_HOSTFILE"; echo; echo "$MLX_HOSTFILE"; exit 7"#;
        let command = ["sh", "-c", script, "sh", "a b", "'", "--", ""];
        let remote = Remote { addresses: Some("[[1]]"), variables: &variables, ..remote(&command) };
        let (code, text) = finish(start(&remote), "");
        let (said, file) = text.trim_end().rsplit_once('\n').unwrap();
        assert_eq!((code, said), (Some(7), "/\nit's $HOME `x`\n\"\\|a b|'|--||[[1]]"));
        assert!(!std::path::Path::new(file).exists(), "{file}");
    }

    #[test]
    fn lines_are_signals_for_the_command_and_its_children() {
        // The child speaks first: between its fork and its start it would have the shell's trap, and go on.
        let script = "trap 'echo heard; exit 3' USR1; sh -c 'echo; exec sleep 1000' & wait";
        let (code, said) = finish(start(&remote(&["sh", "-c", script])), "USR1\n");
        assert_eq!((code, &*said), (Some(3), "heard\n"));
        let stubborn = "trap '' TERM; echo; sleep 1000; sleep 1000";
        assert_eq!(finish(start(&remote(&["sh", "-c", stubborn])), "TERM\nKILL\n"), (None, String::new()));
    }

    #[test]
    fn the_end_of_the_input_ends_even_what_does_not_want_to_end() {
        let mut child = start(&remote(&["sh", "-c", "trap '' TERM; echo; sleep 1000; sleep 1000"]));
        drop(child.stdin.take());
        // The pipe is closed when all of them have gone.
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_where_it_was_asked_for() {
        let command = ["echo"];
        let strict = start(&Remote { folder: "/no/such", ..remote(&command) });
        assert_eq!(finish(strict, ""), (Some(1), String::new()));
        let lenient = start(&Remote { folder: "/no/such", is_strict: false, ..remote(&command) });
        assert_eq!(finish(lenient, ""), (Some(0), String::new()));
    }
}
