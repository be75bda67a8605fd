//! A run of the program: its input, the expected output and exit code. `World::run` creates one.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::support::suggestions::{self, Started};
use crate::support::world::PATIENCE;

/// The expected content of an output.
enum Expectation {
    Exactly(String),
    Contains(Vec<String>),
}

impl Expectation {
    fn empty() -> Expectation {
        Expectation::Exactly(String::new())
    }

    fn add(&mut self, part: &str) {
        match self {
            Expectation::Contains(parts) => parts.push(part.to_owned()),
            Expectation::Exactly(_) => *self = Expectation::Contains(vec![part.to_owned()]),
        }
    }

    fn is_met_by(&self, text: &str) -> bool {
        match self {
            Expectation::Exactly(whole) => text == whole,
            Expectation::Contains(parts) => parts.iter().all(|part| text.contains(part)),
        }
    }
}

/// A run of the program that has not started.
#[must_use = "it starts with succeeds(), with fails(CODE), or in the background with start()"]
pub(crate) struct Run {
    command: Command,
    stdin: Vec<u8>,
    stdout: Expectation,
    stderr: Expectation,
}

impl Run {
    /// Unless something else is set, stdin is empty, and both outputs must be empty.
    pub(crate) fn new(command: Command) -> Run {
        Run { command, stdin: Vec::new(), stdout: Expectation::empty(), stderr: Expectation::empty() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Run {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Run {
        bytes.as_ref().clone_into(&mut self.stdin);
        self
    }

    /// Expects that stdout is exactly this.
    pub(crate) fn stdout(mut self, whole: &str) -> Run {
        self.stdout = Expectation::Exactly(whole.to_owned());
        self
    }

    /// Expects that stdout contains this.
    pub(crate) fn prints(mut self, part: &str) -> Run {
        self.stdout.add(part);
        self
    }

    /// Expects that stderr contains this.
    pub(crate) fn stderr(mut self, part: &str) -> Run {
        self.stderr.add(part);
        self
    }

    /// Runs the program, and expects exit code 0.
    pub(crate) fn succeeds(self) -> RunResult {
        self.fails(0)
    }

    /// Runs the program, and expects this exit code.
    pub(crate) fn fails(mut self, code: i32) -> RunResult {
        let (stdout, stderr) = (self.stdout, self.stderr);
        (self.stdout, self.stderr) = (Expectation::empty(), Expectation::empty());
        let result = self.start().wait();
        let as_expected = result.code == code && stdout.is_met_by(&result.stdout) && stderr.is_met_by(&result.stderr);
        assert!(as_expected, "exit {code} expected; {result}");
        result
    }

    /// Starts the program in the background.
    pub(crate) fn start(mut self) -> Running {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Started::by(&self.command);
        let mut child = self.command.spawn().expect("start quay-auth");
        let mut stdin = child.stdin.take().expect("its stdin");
        // Fails if the program ends without reading all of it, which is fine.
        thread::spawn(move || stdin.write_all(&self.stdin));
        let (stdout, stderr) = (child.stdout.take().expect("its stdout"), child.stderr.take().expect("its stderr"));
        Running { child, started, stdout: lines(stdout), stderr: lines(stderr), stderr_so_far: String::new() }
    }
}

/// Sends each line of an output as it arrives.
fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            line.clear();
        }
    });
    lines
}

/// A program in the background. It is killed on drop.
pub(crate) struct Running {
    child: Child,
    started: Started,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    stderr_so_far: String,
}

impl Running {
    /// Waits for the line with the authorize URL.
    pub(crate) fn authorize_url(&mut self) -> String {
        self.authorize_url_unless_it_ends()
            .unwrap_or_else(|| panic!("it ended without a URL; stderr: {}", self.stderr_so_far))
    }

    /// The same. `None` if the program ends without such a line.
    pub(crate) fn authorize_url_unless_it_ends(&mut self) -> Option<String> {
        self.line(|line| line.starts_with("http") && line.contains("/oauth/authorize?"))
    }

    /// Waits for a line on stderr that contains this.
    pub(crate) fn says(&mut self, part: &str) {
        let line = self.line(|line| line.contains(part));
        assert!(line.is_some(), "it ended without such a line: {part}; stderr: {}", self.stderr_so_far);
    }

    /// `None` if the program ends without such a line.
    fn line(&mut self, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.stderr_so_far.lines().find(|line| is_wanted(line)) {
                return Some(line.to_owned());
            }
            match self.stderr.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.stderr_so_far += &line,
                Err(RecvTimeoutError::Timeout) => panic!("no such line in time; stderr: {}", self.stderr_so_far),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        signal::kill(Pid::from_raw(id), signal).expect("send a signal");
    }

    /// Waits until it ends.
    pub(crate) fn wait(mut self) -> RunResult {
        let deadline = Instant::now() + PATIENCE;
        let mut stderr = std::mem::take(&mut self.stderr_so_far);
        let mut stdout = String::new();
        for (text, lines) in [(&mut stderr, &self.stderr), (&mut stdout, &self.stdout)] {
            loop {
                match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(line) => *text += &line,
                    Err(RecvTimeoutError::Timeout) => panic!("it did not end in time; output: {text}"),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        let code = self.child.wait().expect("its exit").code().unwrap_or(-1);
        suggestions::check(&stderr, &self.started);
        if self.started.prints_hints() {
            suggestions::check(&stdout, &self.started);
        }
        RunResult { code, stdout, stderr }
    }

    /// Waits until it ends, and expects exit code 0 and an empty stdout. Returns stderr.
    pub(crate) fn succeeds(self) -> String {
        self.fails(0)
    }

    /// Waits until it ends, and expects this exit code and an empty stdout. Returns stderr.
    pub(crate) fn fails(self, code: i32) -> String {
        let result = self.wait();
        assert!(result.code == code && result.stdout.is_empty(), "exit {code} expected; {result}");
        result.stderr
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Exit code and output of a run.
#[derive(Debug)]
pub(crate) struct RunResult {
    /// -1 if a signal ended the program.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}--- stderr\n{}---", self.code, self.stdout, self.stderr)
    }
}
