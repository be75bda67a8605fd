//! The program, run or left running: what it is given, what it must answer, how it ends. `World::run` makes one.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::world::PATIENCE;

/// What an output has to be.
enum Expected {
    Exactly(String),
    With(Vec<String>),
}

impl Expected {
    fn nothing() -> Expected {
        Expected::Exactly(String::new())
    }

    fn part(&mut self, part: &str) {
        match self {
            Expected::With(parts) => parts.push(part.to_owned()),
            Expected::Exactly(_) => *self = Expected::With(vec![part.to_owned()]),
        }
    }

    fn is_met_by(&self, text: &str) -> bool {
        match self {
            Expected::Exactly(whole) => text == whole,
            Expected::With(parts) => parts.iter().all(|part| text.contains(part)),
        }
    }
}

/// A run of the program that is yet to begin.
#[must_use = "it runs once the exit is named: succeeds(), fails(CODE); or in the background: start()"]
pub(crate) struct Run {
    command: Command,
    stdin: Vec<u8>,
    stdout: Expected,
    stderr: Expected,
}

impl Run {
    /// A run of this command that may say nothing and that reads nothing.
    pub(crate) fn new(command: Command) -> Run {
        Run { command, stdin: Vec::new(), stdout: Expected::nothing(), stderr: Expected::nothing() }
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Run {
        self.command.env(name, value);
        self
    }

    /// What it reads; without it, nothing.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Run {
        bytes.as_ref().clone_into(&mut self.stdin);
        self
    }

    /// Stdout is exactly this.
    pub(crate) fn stdout(mut self, whole: &str) -> Run {
        self.stdout = Expected::Exactly(whole.to_owned());
        self
    }

    /// Stdout holds this, among others.
    pub(crate) fn prints(mut self, part: &str) -> Run {
        self.stdout.part(part);
        self
    }

    /// Stderr holds this, among others.
    pub(crate) fn stderr(mut self, part: &str) -> Run {
        self.stderr.part(part);
        self
    }

    /// Runs it; it exits with 0.
    pub(crate) fn succeeds(self) -> Ended {
        self.fails(0)
    }

    /// Runs it; it exits with this code.
    pub(crate) fn fails(mut self, code: i32) -> Ended {
        let (stdout, stderr) = (self.stdout, self.stderr);
        (self.stdout, self.stderr) = (Expected::nothing(), Expected::nothing());
        let ended = self.start().wait();
        let as_expected = ended.code == code && stdout.is_met_by(&ended.stdout) && stderr.is_met_by(&ended.stderr);
        assert!(as_expected, "exit {code} expected; {ended}");
        ended
    }

    /// Starts it and leaves it running.
    pub(crate) fn start(mut self) -> Running {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("start quay-auth");
        let mut stdin = child.stdin.take().expect("its stdin");
        // One that ends without reading what it is given is not wrong because of that.
        thread::spawn(move || stdin.write_all(&self.stdin));
        let (stdout, stderr) = (child.stdout.take().expect("its stdout"), child.stderr.take().expect("its stderr"));
        Running { child, stdout: lines(stdout), stderr: lines(stderr), heard: String::new() }
    }
}

/// The lines of an output, each as it comes; the channel ends with the output.
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

/// A running program; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    heard: String,
}

impl Running {
    /// Waits for the authorize URL, which stands on a line of its own.
    pub(crate) fn authorize_url(&mut self) -> String {
        self.line(|line| line.starts_with("http") && line.contains("/oauth/authorize?"))
    }

    /// Waits until stderr says this.
    pub(crate) fn says(&mut self, part: &str) {
        self.line(|line| line.contains(part));
    }

    fn line(&mut self, is_meant: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.heard.lines().find(|line| is_meant(line)) {
                return line.to_owned();
            }
            match self.stderr.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.heard += &line,
                Err(RecvTimeoutError::Timeout) => panic!("it did not say that in time, but: {}", self.heard),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without saying that, but: {}", self.heard),
            }
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        signal::kill(Pid::from_raw(id), signal).expect("send a signal");
    }

    /// Waits until it ends.
    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let mut stderr = std::mem::take(&mut self.heard);
        let mut stdout = String::new();
        for (text, lines) in [(&mut stderr, &self.stderr), (&mut stdout, &self.stdout)] {
            loop {
                match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(line) => *text += &line,
                    Err(RecvTimeoutError::Timeout) => panic!("it did not end in time; it said: {text}"),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        let code = self.child.wait().expect("its exit").code().unwrap_or(-1);
        Ended { code, stdout, stderr }
    }

    /// Waits until it ends, with 0 and nothing on stdout. Returns what it said on stderr.
    pub(crate) fn succeeds(self) -> String {
        self.fails(0)
    }

    /// Waits until it ends, with this code and nothing on stdout. Returns what it said on stderr.
    pub(crate) fn fails(self, code: i32) -> String {
        let ended = self.wait();
        assert!(ended.code == code && ended.stdout.is_empty(), "exit {code} expected; {ended}");
        ended.stderr
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail on one that has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; -1 where a signal ended it.
    pub(crate) code: i32,
    /// All of it.
    pub(crate) stdout: String,
    /// All of it.
    pub(crate) stderr: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}--- stderr\n{}---", self.code, self.stdout, self.stderr)
    }
}
