//! Reads lines from a Windows console, key by key. This leaves the console's modes alone, so nothing needs to be restored at the end.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use console::{Key, Term};
use zeroize::Zeroizing;

use super::{Echo, Input, MAX_LENGTH};

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

static IS_READING: Mutex<bool> = Mutex::new(false);

struct Listener {
    echo: Echo,
    /// The line so far.
    line: Zeroizing<String>,
    on_input: Box<dyn Fn(Input) + Send>,
}

/// Reads lines until it is dropped. Keys are ignored while there is no `Keyboard`.
pub(crate) struct Keyboard(());

impl Keyboard {
    /// Starts to read, and calls `on_input` with each input.
    pub(crate) fn listen(echo: Echo, on_input: impl Fn(Input) + Send + 'static) -> io::Result<Self> {
        let line = Zeroizing::new(String::with_capacity(MAX_LENGTH));
        *locked(&LISTENER) = Some(Listener { echo, line, on_input: Box::new(on_input) });
        // The process has only one thread for this: a read cannot be cancelled, and two threads would each get a part of the keys.
        let mut is_reading = locked(&IS_READING);
        if !*is_reading {
            thread::Builder::new().name("keyboard".to_owned()).spawn(read)?;
            *is_reading = true;
        }
        Ok(Keyboard(()))
    }

    /// Does nothing, because the console's modes do not change.
    pub(crate) fn hide_input(&mut self) {}

    /// Does only that action, because the console's modes do not change.
    pub(crate) fn set_aside(&mut self, action: impl FnOnce()) {
        action();
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        *locked(&LISTENER) = None;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the input on Windows.
const CTRL_Z: char = '\x1a';

/// Ends the input on Unix, and so out of habit here too.
const CTRL_D: char = '\x04';

/// Reads keys until the console is closed.
fn read() {
    let console = Term::stderr();
    loop {
        let key = console.read_key();
        let mut listener = locked(&LISTENER);
        let Some(listener) = listener.as_mut() else { continue };
        match key {
            Ok(Key::Enter | Key::Char('\n')) => {
                listener.show(&console, "\n");
                let line = Zeroizing::new(listener.line.as_str().to_owned());
                listener.line.clear();
                (listener.on_input)(Input::Line(line));
            }
            Ok(Key::Char(CTRL_Z | CTRL_D)) => (listener.on_input)(Input::End),
            Ok(Key::Backspace) => {
                if listener.line.pop().is_some() {
                    listener.show(&console, "\x08 \x08");
                }
            }
            // Terminals put escape sequences around pasted text.
            Ok(Key::Escape) => listener.push(&console, '\x1b'),
            Ok(Key::Char(c)) => listener.push(&console, c),
            Ok(_) => {}
            // One half of a character that takes two UTF-16 units.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            Err(_) => {
                (listener.on_input)(Input::End);
                *locked(&IS_READING) = false;
                return;
            }
        }
    }
}

impl Listener {
    fn push(&mut self, console: &Term, c: char) {
        if self.line.len() + c.len_utf8() <= MAX_LENGTH {
            self.line.push(c);
            self.show(console, c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Echoes the key. The console does that only when it reads whole lines.
    fn show(&self, console: &Term, text: &str) {
        if self.echo == Echo::Shown {
            let _ = console.write_str(text);
        }
    }
}
