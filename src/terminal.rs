//! The only file that prints.
//!
//! Rules of speech: data goes to stdout, once, last; words go to stderr. A sentence begins with a capital and ends with a full stop;
//! a line to be copied stands on its own, indented by two. An error says what happened, its cause and the next step, each on a line
//! of its own behind `error:`, `cause:` and `hint:`. What a server said is a `ServerText`. Nothing here knows a token but `secret`.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zeroize::Zeroizing;

use crate::domain::AccessToken;
use crate::error::{Error, Exit};
use crate::settings::{Color, Surroundings};

/// The most that is read of a secret, in bytes.
const LONGEST_SECRET: usize = 16 * 1024;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only, and what cannot be done without.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Also what is asked of whom.
    Verbose,
}

/// The terminal, or the pipes in its place.
pub(crate) struct Terminal {
    /// How much is said.
    verbosity: Verbosity,
    /// Whether words may be coloured.
    color: bool,
    /// What is being waited for just now, and until when.
    waiting: Option<(ProgressBar, Option<Instant>)>,
}

/// A word in colour, where colour is wanted.
#[derive(Clone, Copy)]
enum Tone {
    /// Something failed.
    Bad,
    /// Something to mind.
    Mind,
    /// Something to do.
    Next,
    /// Something went well.
    Good,
}

impl Terminal {
    /// The terminal of this process.
    pub(crate) fn new(verbosity: Verbosity, color: Option<Color>, surroundings: &Surroundings) -> Self {
        let color = match color.unwrap_or(surroundings.color) {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stderr().is_terminal() && !surroundings.dumb_terminal,
        };
        Terminal { verbosity, color, waiting: None }
    }

    /// Whether a person can be asked: stdin and stderr are both a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Prints `text` and a newline on stdout. A reader that has gone away is no error.
    pub(crate) fn data(&mut self, text: &str) -> Result<(), Error> {
        self.stdout(&[text.as_bytes(), b"\n"])
    }

    /// Prints the token and a newline on stdout, nothing else.
    pub(crate) fn secret(&mut self, token: &AccessToken) -> Result<(), Error> {
        self.stdout(&[token.expose().as_bytes(), b"\n"])
    }

    /// Prints a JSON value and a newline on stdout.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).map(Zeroizing::new);
        let text = text.map_err(|error| Error::new(Exit::Failure, "cannot write JSON").caused_by(error))?;
        self.data(&text)
    }

    /// Prints rows on stdout, each column as wide as its widest cell. The first row is the head.
    pub(crate) fn table<const COLUMNS: usize>(&mut self, rows: &[[String; COLUMNS]]) -> Result<(), Error> {
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        let line = |row: &[String; COLUMNS]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.data(&rows.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Writes to stdout, without a buffer of the standard library's that would keep a copy.
    fn stdout(&mut self, parts: &[&[u8]]) -> Result<(), Error> {
        let whole = Zeroizing::new(parts.concat());
        let mut stdout = io::stdout().lock();
        match stdout.write_all(&whole).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::new(Exit::Failure, "cannot write to stdout").caused_by(error))
            }
            _ => Ok(()),
        }
    }

    /// Says a sentence on stderr, unless it should be quiet.
    pub(crate) fn say(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.stderr(text);
        }
    }

    /// Says what went well.
    pub(crate) fn done(&mut self, text: &str) {
        let mark = self.toned(Tone::Good, "✓");
        self.say(&format!("{mark} {text}"));
    }

    /// Says what a person should mind.
    pub(crate) fn warn(&mut self, text: &str) {
        let head = self.toned(Tone::Mind, "warning:");
        self.say(&format!("{head} {text}"));
    }

    /// Says the next step.
    pub(crate) fn hint(&mut self, text: &str) {
        let head = self.toned(Tone::Next, "hint:");
        self.say(&format!("{head} {text}"));
    }

    /// Says what is asked of whom, with `--verbose`.
    pub(crate) fn detail(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.stderr(text);
        }
    }

    /// Says what nothing works without, also when it should be quiet: the address that a person must open.
    pub(crate) fn must_say(&mut self, text: &str) {
        self.stderr(text);
    }

    /// Says an error: what happened, why, and what to do.
    pub(crate) fn report(&mut self, error: &Error) {
        self.waiting = None;
        let head = self.toned(Tone::Bad, "error:");
        self.stderr(&format!("quay-auth: {head} {error}"));
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            self.stderr(&format!("  cause: {source}"));
            cause = source.source();
        }
        let head = self.toned(Tone::Next, "hint:");
        for hint in error.hints() {
            self.stderr(&format!("  {head} {hint}"));
        }
    }

    /// Shows, on a terminal, that something is being waited for, and how long is left.
    pub(crate) fn wait_for(&mut self, what: &str, until: Option<Instant>) {
        if self.verbosity == Verbosity::Quiet || !io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}{msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.waiting = Some((bar, until));
        self.tick();
    }

    /// Brings "how long is left" up to date; call it about once a second.
    pub(crate) fn tick(&mut self) {
        if let Some((bar, Some(until))) = &self.waiting {
            let left = until.saturating_duration_since(Instant::now()).as_secs();
            bar.set_message(format!(" ({}:{:02} left)", left / 60, left % 60));
        }
    }

    /// Ends the waiting that `wait_for` began.
    pub(crate) fn waited(&mut self) {
        if let Some((bar, _)) = self.waiting.take() {
            bar.finish_and_clear();
        }
    }

    /// Asks a yes-or-no question on a terminal. Anything but `y` or `yes` is no; so is the end of input.
    pub(crate) fn confirm(&mut self, question: &str) -> bool {
        self.waited();
        let mut answer = String::new();
        let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stdin().lock().read_line(&mut answer));
        asked.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    /// Reads one secret: from a terminal unechoed, else all of stdin, 16 KiB at most. Outer blanks are not part of it.
    ///
    /// `None` when the person pressed Ctrl-C.
    pub(crate) fn read_secret(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET));
        if io::stdin().is_terminal() {
            write!(io::stderr(), "{prompt} ")?;
            let finished = unechoed::read_line(&mut bytes)?;
            writeln!(io::stderr())?;
            if !finished {
                return Ok(None);
            }
        } else {
            io::stdin().lock().take(LONGEST_SECRET as u64).read_to_end(&mut bytes)?;
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
        // A terminal in bracketed-paste mode marks what was pasted.
        let text = text.trim().trim_start_matches("\x1b[200~").trim_end_matches("\x1b[201~").trim();
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Writes a line on stderr, above what is being waited for. A stderr that is gone is no error.
    fn stderr(&mut self, text: &str) {
        let write = || {
            let _ = writeln!(io::stderr(), "{text}");
        };
        match &self.waiting {
            Some((bar, _)) => bar.suspend(write),
            None => write(),
        }
    }

    /// The word in its colour.
    fn toned(&self, tone: Tone, word: &str) -> String {
        let code = match tone {
            Tone::Bad => "1;31",
            Tone::Mind => "1;33",
            Tone::Next => "36",
            Tone::Good => "32",
        };
        if self.color { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() }
    }
}

/// Reading from a terminal without showing what is typed.
#[cfg(unix)]
mod unechoed {
    use std::io::{self, Read};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    use super::LONGEST_SECRET;

    /// The terminal as it was; restored on drop.
    struct Before(Termios);

    impl Drop for Before {
        fn drop(&mut self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        }
    }

    /// Reads until Enter; whether it was not Ctrl-C that ended it.
    ///
    /// Byte by byte, since a terminal's own line ends at 4096 bytes, and with Ctrl-C as a byte, so that the terminal is restored first.
    pub(super) fn read_line(line: &mut Vec<u8>) -> io::Result<bool> {
        let mut modes = tcgetattr(io::stdin())?;
        let _before = Before(modes.clone());
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?;
        for byte in io::stdin().lock().bytes() {
            match byte? {
                b'\r' | b'\n' | 4 => break,
                3 => return Ok(false),
                8 | 127 => drop(line.pop()),
                byte if line.len() < LONGEST_SECRET => line.push(byte),
                _ => {}
            }
        }
        Ok(true)
    }
}

/// Without a way to hide what is typed, nothing is read from a console.
#[cfg(not(unix))]
mod unechoed {
    use std::io;

    /// Refuses; the caller says how to use a pipe.
    pub(super) fn read_line(_: &mut Vec<u8>) -> io::Result<bool> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "what is typed here cannot be hidden; use a pipe"))
    }
}
