//! The only file that prints.
//!
//! Rules of speech: data goes to stdout, once, last; words go to stderr. A sentence begins with a capital and ends with a full stop;
//! a line to be copied stands on its own, indented by two. An error says what happened, its cause and the next step, each on a line
//! of its own behind `error:`, `cause:` and `hint:`. What a server said is a `ServerText`. Nothing here knows a token but `secret`.

mod json_view;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zeroize::Zeroizing;

use crate::checks::{Finding, Outcome};
use crate::domain::{AccessToken, Host, steers_a_terminal};
use crate::error::{Error, Exit};
use crate::settings::{Color, Surroundings};
use crate::system::understands_colors;

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
    /// Whether data may be.
    colors_data: bool,
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
        let wanted = color.unwrap_or(surroundings.color);
        let on = |is_terminal: bool| match wanted {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !surroundings.dumb_terminal && understands_colors(),
        };
        // A variable that somebody set for good must not change what a program reads: in a pipe only the flag itself counts.
        let colors_data =
            on(io::stdout().is_terminal()) && (io::stdout().is_terminal() || color == Some(Color::Always));
        Terminal { verbosity, color: on(io::stderr().is_terminal()), colors_data, waiting: None }
    }

    /// Whether a person can be asked: stdin and stderr are both a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether what goes to stdout is seen by a person.
    pub(crate) fn shows_data(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Prints `text` and a newline on stdout. A reader that has gone away is no error.
    pub(crate) fn data(&mut self, text: &str) -> Result<(), Error> {
        self.stdout(&[text.as_bytes(), b"\n"])
    }

    /// Prints the token and a newline on stdout, nothing else.
    pub(crate) fn secret(&mut self, token: &AccessToken) -> Result<(), Error> {
        self.stdout(&[token.expose().as_bytes(), b"\n"])
    }

    /// Prints a text with a token that is kept nowhere else, and a newline. That nobody reads it is an error here.
    pub(crate) fn only_copy(&mut self, text: &str) -> Result<(), Error> {
        write_stdout(&[text.as_bytes(), b"\n"]).map_err(unprinted)
    }

    /// Prints a JSON value and a newline on stdout.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).map(Zeroizing::new);
        let text = text.map_err(|error| Error::new(Exit::Failure, "cannot write JSON").caused_by(error))?;
        self.data(&text)
    }

    /// Prints what a server sent: its very bytes into a pipe. A person sees JSON laid out and coloured, other text as it is, and neither
    /// with anything that steers the terminal.
    pub(crate) fn body(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.shows_data() && !self.colors_data {
            return self.stdout(&[bytes]);
        }
        if let Ok(value) = serde_json::from_slice(bytes) {
            return self.data(&json_view::view(&value, self.colors_data));
        }
        let mut text = String::new();
        for c in String::from_utf8_lossy(bytes).chars() {
            match c {
                '\n' | '\t' => text.push(c),
                c if steers_a_terminal(c) => text.extend(c.escape_unicode()),
                c => text.push(c),
            }
        }
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.stdout(&[text.as_bytes(), end.as_bytes()])
    }

    /// Prints what a check found on stdout: a line, and below it what to do.
    pub(crate) fn finding(&mut self, finding: &Finding) -> Result<(), Error> {
        let (tone, word) = match finding.outcome {
            Outcome::Ok => (Tone::Good, "ok  "),
            Outcome::Warn => (Tone::Mind, "warn"),
            Outcome::Fail => (Tone::Bad, "fail"),
        };
        let word = if self.colors_data { painted(tone, word) } else { word.to_owned() };
        let next = finding.next.as_ref().map(|next| format!("\n        {next}")).unwrap_or_default();
        self.data(&format!("{word}  {}: {}{next}", finding.check, finding.detail))
    }

    /// Prints rows on stdout, each column as wide as its widest cell. The first row is the head. On a terminal that is too narrow, each
    /// row becomes a block with a line a cell: nothing is cut off.
    pub(crate) fn table<const COLUMNS: usize>(&mut self, rows: &[[String; COLUMNS]]) -> Result<(), Error> {
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        let room = if self.shows_data() {
            terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
        } else {
            None
        };
        let is_too_wide = room.is_some_and(|room| widths.iter().sum::<usize>() + 2 * (COLUMNS - 1) > room);
        if let [head, rows @ ..] = rows
            && is_too_wide
        {
            let label = head.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            let line = |(head, cell): (&String, &String)| format!("{head:label$}  {cell}").trim_end().to_owned();
            let block = |row: &[String; COLUMNS]| head.iter().zip(row).map(line).collect::<Vec<_>>().join("\n");
            return self.data(&rows.iter().map(block).collect::<Vec<_>>().join("\n\n"));
        }
        let line = |row: &[String; COLUMNS]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.data(&rows.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Writes to stdout. A reader that has gone away has what it wanted.
    fn stdout(&mut self, parts: &[&[u8]]) -> Result<(), Error> {
        match write_stdout(parts) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unprinted(error)),
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

    /// Says that a server is busy and will be asked again.
    pub(crate) fn say_busy(&mut self, host: &Host, status: u16, wait: Duration) {
        self.say(&format!("{host} answers with {status}; asking again in {} s.", wait.as_secs()));
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
        if error.exit == Exit::Answered {
            let _ = self.data(&error.to_string());
            return;
        }
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

    /// Writes a question on stderr; the answer is typed behind it.
    pub(crate) fn question(&mut self, text: &str) {
        self.waited();
        let _ = write!(io::stderr(), "{text} ");
    }

    /// Lets something happen that takes the terminal away, with nothing half drawn on it.
    pub(crate) fn set_aside(&mut self, happen: impl FnOnce()) {
        match &self.waiting {
            Some((bar, _)) => bar.suspend(happen),
            None => happen(),
        }
    }

    /// Writes a line on stderr, above what is being waited for. A stderr that is gone is no error.
    fn stderr(&mut self, text: &str) {
        self.set_aside(|| {
            let _ = writeln!(io::stderr(), "{text}");
        });
    }

    /// The word in its colour.
    fn toned(&self, tone: Tone, word: &str) -> String {
        if self.color { painted(tone, word) } else { word.to_owned() }
    }
}

/// Writes to stdout, at once: a secret is wiped, and the standard library's buffer keeps no copy of it.
fn write_stdout(parts: &[&[u8]]) -> io::Result<()> {
    let whole = Zeroizing::new(parts.concat());
    let mut stdout = io::stdout().lock();
    stdout.write_all(&whole).and_then(|()| stdout.flush())
}

/// What could not be written.
fn unprinted(error: io::Error) -> Error {
    Error::new(Exit::Failure, "cannot write to stdout").caused_by(error).hint("send the output somewhere else")
}

/// The word in the colour of its tone (ECMA-48 SGR).
fn painted(tone: Tone, word: &str) -> String {
    let code = match tone {
        Tone::Bad => "1;31",
        Tone::Mind => "1;33",
        Tone::Next => "36",
        Tone::Good => "32",
    };
    format!("\x1b[{code}m{word}\x1b[0m")
}
