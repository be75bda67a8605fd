//! A spinner with a text, on the last line of stderr.
//!
//! It needs no sequences of the terminal, which an old Windows console would print as they are.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use textwrap::core::display_width;

use super::wrapping::{shortened, width_of};
use crate::system::is_in_foreground;

/// Its shapes, one after the other.
const SHAPES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// How long each shape is shown.
const TURN: Duration = Duration::from_millis(120);

/// A spinner. It turns until it is dropped.
pub(super) struct Spinner(Arc<Mutex<Line>>);

struct Line {
    text: String,
    turns: usize,
    /// The columns that it takes now.
    width: usize,
    is_dropped: bool,
}

impl Spinner {
    pub(super) fn start() -> Self {
        let line = Arc::new(Mutex::new(Line { text: String::new(), turns: 0, width: 0, is_dropped: false }));
        let spinner = Spinner(Arc::clone(&line));
        let turn = move || {
            loop {
                thread::sleep(TURN);
                let mut line = lock(&line);
                if line.is_dropped {
                    return;
                }
                line.turns += 1;
                line.draw();
            }
        };
        // Without a thread it only stands still.
        let _ = thread::Builder::new().name("spinner".to_owned()).spawn(turn);
        spinner
    }

    pub(super) fn set_text(&self, text: String) {
        let mut line = lock(&self.0);
        line.text = text;
        line.draw();
    }

    /// Prints something above it.
    pub(super) fn print_above(&self, print: impl FnOnce()) {
        let mut line = lock(&self.0);
        line.erase();
        print();
        line.draw();
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        let mut line = lock(&self.0);
        line.is_dropped = true;
        line.erase();
    }
}

impl Line {
    fn draw(&mut self) {
        let shape = SHAPES[self.turns % SHAPES.len()];
        // A full line would make some terminals go to the next one.
        let columns = width_of(io::stderr()).unwrap_or(80).saturating_sub(1);
        let line = format!("{shape} {}", self.text);
        self.replace(shortened(&line, columns));
    }

    fn erase(&mut self) {
        self.replace("");
        self.print("\r");
    }

    /// Writes over what was shown before.
    fn replace(&mut self, line: &str) {
        let width = display_width(line);
        self.print(&format!("\r{line}{}", " ".repeat(self.width.saturating_sub(width))));
        self.width = width;
    }

    /// In the background the last line is the shell's.
    fn print(&self, text: &str) {
        if is_in_foreground(io::stderr()) {
            let _ = write!(io::stderr(), "{text}");
        }
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}
