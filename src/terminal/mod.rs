//! Printing: results go to stdout, messages to stderr.
//!
//! A message is a sentence with a capital letter and a full stop. A line to copy stands on its own and is indented by two. An error has
//! a line for what happened, then lines with `cause:` and `hint:`. Text from a server is a `ServerText`.
//!
//! Whatever is printed is escaped here, so that no text from elsewhere controls the terminal, wherever it comes from. The exceptions are
//! colours, tokens, and what a server sent to a pipe.
#![expect(clippy::disallowed_methods, reason = "the one place that prints")]

mod json_view;
mod messages;
mod spinner;
mod table;
mod waiting;
mod wrapping;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::ops::Deref;

use clap::builder::StyledStr;
use zeroize::Zeroizing;

use crate::domain::{AccessToken, is_terminal_control};
use crate::error::{Error, Exit};
use crate::settings::{Color, Environment};
use crate::system::{is_discarded, is_in_foreground, understands_colors};
use messages::colored;
pub(crate) use messages::{Messenger, Tone, Verbosity};
use wrapping::{width_of, wrapped};

/// Longer JSON is not formatted, because parsing it takes many times as much memory.
const MAX_FORMATTED: usize = 1024 * 1024;

/// Stdout and stderr, whether they are a terminal or not. Its messages are those of [`Messenger`].
pub(crate) struct Terminal {
    messenger: Messenger,
    colors_results: bool,
    is_github_actions: bool,
    /// Whether stdout gets a JSON document, and has none yet.
    expects_json: bool,
}

impl Deref for Terminal {
    type Target = Messenger;

    fn deref(&self) -> &Messenger {
        &self.messenger
    }
}

impl Terminal {
    pub(crate) fn new(verbosity: Verbosity, color: Option<Color>, environment: &Environment) -> Self {
        let is_colored = |is_terminal: bool| match color.unwrap_or(environment.color) {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !environment.has_dumb_terminal && understands_colors(),
        };
        let stdout_is_terminal = io::stdout().is_terminal();
        // A variable must not change what a program reads, so in a pipe only the option counts.
        let colors_results = is_colored(stdout_is_terminal) && (stdout_is_terminal || color == Some(Color::Always));
        let colors_messages = is_colored(io::stderr().is_terminal());
        Terminal {
            messenger: Messenger::new(verbosity, colors_messages, !environment.has_dumb_terminal),
            colors_results,
            is_github_actions: environment.is_github_actions,
            expects_json: false,
        }
    }

    /// From now on, waits are shown by lines instead of a spinner. For screen readers.
    pub(crate) fn stop_animation(&mut self) {
        self.messenger.stop_animation();
    }

    /// What prints messages, also from another thread.
    pub(crate) fn messenger(&self) -> Messenger {
        self.messenger.clone()
    }

    /// Whether a person can be asked a question now: not as long as this is a background job.
    pub(crate) fn is_interactive(&self) -> bool {
        self.has_keyboard() && self.is_in_foreground()
    }

    /// Whether this is not a background job of a shell.
    pub(crate) fn is_in_foreground(&self) -> bool {
        is_in_foreground(io::stdin())
    }

    /// Whether a person can see messages and type, perhaps only after bringing this process to the foreground.
    pub(crate) fn has_keyboard(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    pub(crate) fn stdin_is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    pub(crate) fn stdout_is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether results are lost, because stdout is closed or is `/dev/null`.
    pub(crate) fn discards_results(&self) -> bool {
        is_discarded(io::stdout())
    }

    /// Prints a result and a newline on stdout.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Error> {
        self.stdout(&[escaped(text).as_bytes(), b"\n"])
    }

    /// In a job of GitHub Actions, tells the runner to hide the token in the log from now on. The only kind of message that contains a token.
    ///
    /// On stderr, which the runner reads too, so that `$(quay-auth print-token)` is the token alone.
    pub(crate) fn mask_in_log(&self, token: &AccessToken) {
        self.mask_word_in_log(token.expose());
    }

    /// The same for a word from which a token can be decoded.
    pub(crate) fn mask_word_in_log(&self, word: &str) {
        if self.is_github_actions {
            self.say_always(&Zeroizing::new(format!("::add-mask::{word}")));
        }
    }

    /// Prints the token and a newline on stdout.
    pub(crate) fn print_token(&mut self, token: &AccessToken) -> Result<(), Error> {
        self.stdout(&[token.expose().as_bytes(), b"\n"])
    }

    /// Prints a text with a token that is stored nowhere. Unlike other output, it is an error if nobody reads it.
    pub(crate) fn print_only_copy(&mut self, text: &str) -> Result<(), Error> {
        self.expects_json = false;
        write_stdout(&[text.as_bytes(), b"\n"]).map_err(stdout_error)
    }

    /// Tells that the command has `--json`, so that stdout gets a document even if the command fails.
    pub(crate) fn expect_json(&mut self) {
        self.expects_json = true;
    }

    pub(crate) fn print_json(&mut self, value: &impl serde::Serialize) -> Result<(), Error> {
        self.expects_json = false;
        let text = serde_json::to_string_pretty(value).map(Zeroizing::new);
        let text = text.map_err(|error| Error::new(Exit::Failure, "cannot write JSON").caused_by(error))?;
        // Such characters can only be in strings, where JSON has escapes for them.
        let mut escaped = Zeroizing::new(String::with_capacity(text.len()));
        for c in text.chars() {
            match c {
                '\n' => escaped.push(c),
                c if is_terminal_control(c) => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => escaped.push(c),
            }
        }
        self.print(&escaped)
    }

    /// Prints a response of a server: byte for byte in a pipe, and escaped on a terminal, where JSON is formatted too.
    pub(crate) fn print_response(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.stdout_is_terminal() && !self.colors_results {
            return self.stdout(&[bytes]);
        }
        if bytes.len() <= MAX_FORMATTED
            && let Ok(value) = serde_json::from_slice(bytes)
        {
            let text = json_view::format(&value, self.colors_results);
            return self.stdout(&[text.as_bytes(), b"\n"]);
        }
        let text = String::from_utf8_lossy(bytes);
        let text = escaped(&text);
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.stdout(&[text.as_bytes(), end.as_bytes()])
    }

    /// Prints a help text, with its styles if results have colours.
    pub(crate) fn print_help(&mut self, help: &StyledStr) -> Result<(), Error> {
        let text = if self.colors_results { help.ansi().to_string() } else { help.to_string() };
        self.stdout(&[text.as_bytes()])
    }

    /// Prints a result that begins with a coloured label.
    pub(crate) fn print_labelled(&mut self, tone: Tone, label: &str, text: &str) -> Result<(), Error> {
        let label = if self.colors_results { colored(tone, label) } else { label.to_owned() };
        let text = wrapped(&format!("{label}  "), &escaped(text), width_of(io::stdout()));
        self.stdout(&[text.as_bytes(), b"\n"])
    }

    /// Prints a table whose first row is the head. On a terminal it is made to fit.
    pub(crate) fn print_table<const COLUMNS: usize>(&mut self, rows: &[[String; COLUMNS]]) -> Result<(), Error> {
        let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| escaped(cell).to_string())).collect();
        self.print(&table::format(&rows, width_of(io::stdout())))
    }

    /// Writes to stdout. It is no error if the reader has closed the pipe, because then it has what it wanted.
    fn stdout(&mut self, parts: &[&[u8]]) -> Result<(), Error> {
        match write_stdout(parts) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(stdout_error(error)),
            _ => Ok(()),
        }
    }

    /// Prints the error that the command ends with. With `--json`, it is also the document if there is none yet.
    pub(crate) fn end_with(&mut self, error: &Error) {
        if self.expects_json {
            // If stdout is what failed, it fails again.
            let _ = self.print_json(&BTreeMap::from([("error", error)]));
        }
        self.report(error);
    }
}

/// The text without characters that control a terminal, except the ends of lines and tabs.
fn escaped(text: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            '\n' | '\t' => escaped.push(c),
            c if is_terminal_control(c) => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Writes to stdout in one piece, so that a secret is wiped and the buffer of the standard library gets no copy of it.
fn write_stdout(parts: &[&[u8]]) -> io::Result<()> {
    let whole = Zeroizing::new(parts.concat());
    let mut stdout = io::stdout().lock();
    stdout.write_all(&whole).and_then(|()| stdout.flush())
}

fn stdout_error(error: io::Error) -> Error {
    Error::new(Exit::Failure, "cannot write to stdout").caused_by(error).hint("send the output somewhere else")
}
