//! Messages, on stderr. It is no error if stderr is closed.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};

use super::escaped;
use super::waiting::{Wait, Waiting};
use super::wrapping::{width_of, wrapped};
use crate::domain::Host;
use crate::error::Error;
use crate::hint::Hint;
use crate::quay::{RequestLog, describe_status};
use crate::system::is_in_foreground;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors, and what a user must see, such as the URL to open.
    Quiet,
    Normal,
    /// Also the requests to Quay.
    Verbose,
}

/// What a coloured word is about.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Error,
    Warning,
    Hint,
    Success,
}

/// Prints messages. Its clones, also those in other threads, share the last line of the terminal.
#[derive(Clone)]
pub(crate) struct Messenger {
    verbosity: Verbosity,
    has_colors: bool,
    is_animated: bool,
    waiting: Waiting,
}

impl Messenger {
    pub(super) fn new(verbosity: Verbosity, has_colors: bool, is_animated: bool) -> Self {
        Messenger { verbosity, has_colors, is_animated, waiting: Waiting::default() }
    }

    pub(super) fn stop_animation(&mut self) {
        self.is_animated = false;
    }

    /// Prints a message, unless `--quiet` was given.
    pub(crate) fn say(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say_always(text);
        }
    }

    /// Prints a message behind a coloured label, unless `--quiet` was given.
    fn say_labelled(&self, tone: Tone, label: &str, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.print_labelled("", tone, label, text);
        }
    }

    /// Prints a message about what succeeded.
    pub(crate) fn done(&self, text: &str) {
        self.say_labelled(Tone::Success, "✓", text);
    }

    pub(crate) fn warn(&self, text: &str) {
        self.say_labelled(Tone::Warning, "warning:", text);
    }

    pub(crate) fn hint(&self, hint: impl Into<Hint>) {
        self.say_labelled(Tone::Hint, "hint:", &hint.into().to_string());
    }

    /// Says that a server is busy and that the request will be repeated.
    pub(crate) fn say_busy(&self, host: &Host, status: u16, wait: Duration) {
        let status = describe_status(status);
        self.say(&format!("{host} answered with {status}; trying again in {} s.", wait.as_secs()));
    }

    /// Where requests are shown: on stderr, with `--verbose`.
    pub(crate) fn request_log(&self) -> RequestLog {
        if self.verbosity >= Verbosity::Verbose { RequestLog::new(print_request) } else { RequestLog::default() }
    }

    /// Prints a message if `--verbose` was given.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.say_always(text);
        }
    }

    /// Prints a message that the user must see, even with `--quiet`.
    pub(crate) fn say_always(&self, text: &str) {
        self.waiting.write_above("", text);
    }

    /// Prints an error with its causes and hints.
    pub(crate) fn report(&self, error: &Error) {
        self.stop_waiting();
        self.print_labelled("quay-auth: ", Tone::Error, "error:", &error.to_string());
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            self.waiting.write_above("  cause: ", &source.to_string());
            cause = source.source();
        }
        for hint in error.hints() {
            self.print_labelled("  ", Tone::Hint, "hint:", &hint.to_string());
        }
    }

    /// Shows that the program waits for a server or the like, if stderr is a terminal.
    pub(crate) fn start_waiting(&self, what: &str) {
        self.start(Wait::new(what, None, self.is_animated));
    }

    /// Shows that the program waits for a person, and the time that is left until the deadline. Without a terminal too, and in the
    /// background, a line says so.
    pub(crate) fn start_waiting_for_person(&self, what: &str, deadline: Option<Instant>) {
        let limit = if deadline.is_some() { "" } else { ", without a time limit" };
        let wait = Wait::new(&format!("{what}{limit}"), deadline, self.is_animated);
        if !self.shows_waits() || !is_in_foreground(io::stderr()) {
            self.say(&wait.line());
        }
        self.start(wait);
    }

    fn start(&self, wait: Wait) {
        if self.shows_waits() {
            self.waiting.start(wait);
        }
    }

    /// With `--verbose`, requests are shown instead.
    fn shows_waits(&self) -> bool {
        self.verbosity == Verbosity::Normal && io::stderr().is_terminal()
    }

    /// Updates the time that is left. To be called about once a second.
    pub(crate) fn tick(&self) {
        self.waiting.tick();
    }

    pub(crate) fn stop_waiting(&self) {
        self.waiting.stop();
    }

    /// Prints a question on stderr. The cursor stays behind it for the answer.
    pub(crate) fn question(&self, text: &str) {
        self.stop_waiting();
        let _ = write!(io::stderr(), "{} ", wrapped("", &escaped(text), width_of(io::stderr())));
    }

    /// Does something that uses the terminal, without a spinner on it. Afterwards the process may be in the background.
    pub(crate) fn set_aside(&self, action: impl FnOnce()) {
        self.waiting.set_aside(action);
    }

    /// Asks the terminal to copy the text to the clipboard, by OSC 52 of xterm. Whether it does that is not known.
    pub(crate) fn copy_by_terminal(&self, text: &str) {
        let text = BASE64_STANDARD.encode(text);
        self.set_aside(|| {
            let _ = write!(io::stderr(), "\x1b]52;c;{text}\x07");
        });
    }

    /// Prints a message behind a coloured label.
    fn print_labelled(&self, indent: &str, tone: Tone, label: &str, text: &str) {
        let label = if self.has_colors { colored(tone, label) } else { label.to_owned() };
        self.waiting.write_above(&format!("{indent}{label} "), text);
    }
}

/// The text in a colour (ECMA-48 SGR).
pub(super) fn colored(tone: Tone, text: &str) -> String {
    let code = match tone {
        Tone::Error => "1;31",
        Tone::Warning => "1;33",
        Tone::Hint => "36",
        Tone::Success => "32",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Writes a text to stderr. `start` may have colours.
pub(super) fn print_message(start: &str, text: &str) {
    let line = format!("{}\n", wrapped(start, &escaped(text), width_of(io::stderr())));
    // At once, so that no other program writes into the line.
    let _ = io::stderr().write_all(line.as_bytes());
}

fn print_request(text: &str) {
    print_message("", text);
}
