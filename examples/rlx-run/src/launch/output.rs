//! What the ranks print: whole lines, with the rank before them.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io::{self, BufRead, BufReader, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

/// The longest line that is kept until it ends. Longer ones are passed on in pieces.
const LONGEST_LINE: u64 = 64 * 1024;

/// Where lines go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sink {
    Stdout,
    Stderr,
}

/// Passes on what ranks print, until they have ended.
pub(super) struct Output {
    /// All threads wait for this to be closed, too: what a rank has left behind may hold its pipe for ever.
    is_over: Arc<PipeReader>,
    end: PipeWriter,
    threads: Vec<JoinHandle<()>>,
    failed: mpsc::Sender<io::Error>,
    failures: mpsc::Receiver<io::Error>,
}

impl Output {
    /// # Errors
    /// When the system gives no pipe.
    pub(super) fn new() -> io::Result<Self> {
        let (is_over, end) = io::pipe()?;
        let (failed, failures) = mpsc::channel();
        Ok(Self { is_over: Arc::new(is_over), end, threads: Vec::new(), failed, failures })
    }

    /// Passes on the lines of `stream`, each behind `prefix`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn pass(
        &mut self,
        stream: impl AsFd + Read + Send + 'static,
        prefix: String,
        sink: Sink,
    ) -> io::Result<()> {
        let (is_over, failed) = (self.is_over.clone(), self.failed.clone());
        let pass = move || {
            let until_over = UntilOver { stream, is_over };
            match pass_lines(BufReader::new(until_over), prefix.as_bytes(), |line| sink.write(line)) {
                // A reader that has gone away is no failure.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => drop(failed.send(error)),
                _ => {}
            }
        };
        self.threads.push(thread::Builder::new().name("output".to_owned()).spawn(pass)?);
        Ok(())
    }

    /// Passes on what has been printed already, and ends.
    ///
    /// # Errors
    /// The first error of a stream that could not be written.
    pub(super) fn end(self) -> io::Result<()> {
        drop(self.end);
        for thread in self.threads {
            // It fails only in a panic, of which there is none.
            let _ = thread.join();
        }
        self.failures.try_recv().map_or(Ok(()), Err)
    }
}

/// A stream that also ends when `is_over` is closed and nothing is left to read.
struct UntilOver<S> {
    stream: S,
    is_over: Arc<PipeReader>,
}

impl<S: AsFd + Read> Read for UntilOver<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut both = [PollFd::new(&self.stream, PollFlags::IN), PollFd::new(&*self.is_over, PollFlags::IN)];
            match poll(&mut both, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [stream, is_over] = both.map(|fd| !fd.revents().is_empty());
            if stream {
                return self.stream.read(buffer);
            }
            if is_over {
                return Ok(0);
            }
        }
    }
}

/// Writes each line of `stream` by one call. When a line cannot be written, the stream is read no further: a rank then has
/// a broken pipe, as it would have without a launcher.
fn pass_lines(
    mut stream: impl BufRead,
    prefix: &[u8],
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        let mut line = prefix.to_vec();
        match stream.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? {
            0 => return Ok(()),
            _ if line.ends_with(b"\n") => {}
            _ => line.push(b'\n'),
        }
        write(&line)?;
    }
}

impl Sink {
    fn write(self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(line).and_then(|()| stdout.flush())
            }
            Self::Stderr => io::stderr().lock().write_all(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(text: &[u8]) -> Vec<u8> {
        let mut written = Vec::new();
        let write = |line: &[u8]| {
            written.extend_from_slice(line);
            Ok(())
        };
        pass_lines(text, b"[1] ", write).unwrap();
        written
    }

    #[test]
    fn each_line_has_its_rank_and_an_end() {
        assert_eq!(passed(b"a\n\nb \xff\r\nc"), b"[1] a\n[1] \n[1] b \xff\r\n[1] c\n");
        assert_eq!(passed(b""), b"");
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let text = vec![b'x'; 3 * LONGEST_LINE as usize];
        let lines = passed(&text);
        assert_eq!(lines.iter().filter(|&&byte| byte == b'\n').count(), 3);
        assert_eq!(lines.iter().filter(|&&byte| byte == b'x').count(), text.len());
    }

    /// As a process does that a rank has left behind.
    #[test]
    fn a_pipe_that_stays_open_does_not_hold_the_end() {
        let (read, mut held) = io::pipe().unwrap();
        let mut output = Output::new().unwrap();
        held.write_all(b"\n").unwrap();
        output.pass(read, "a line of this test".to_owned(), Sink::Stdout).unwrap();
        output.end().unwrap();
        held.write_all(b"nobody reads this").unwrap_err();
    }
}
