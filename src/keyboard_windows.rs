//! What is typed at a Windows console. Key by key, since that changes no mode of the console: however the process ends, it is as before.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use console::{Key, Term};
use zeroize::Zeroizing;

use super::{Echo, Input, LONGEST_LINE};

/// Who is told what is typed.
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

/// Whether keys are being read.
static READS: Mutex<bool> = Mutex::new(false);

/// One that wants lines.
struct Listener {
    /// Whether what is typed can be seen.
    echo: Echo,
    /// The line so far.
    line: Zeroizing<String>,
    /// Takes each input.
    typed: Box<dyn Fn(Input) + Send>,
}

/// Reads lines while it lives. What is typed while there is none is dropped.
pub(crate) struct Keyboard(());

impl Keyboard {
    /// Begins to read; `typed` is called with each input.
    pub(crate) fn listen(echo: Echo, typed: impl Fn(Input) + Send + 'static) -> io::Result<Self> {
        let line = Zeroizing::new(String::with_capacity(LONGEST_LINE));
        *locked(&LISTENER) = Some(Listener { echo, line, typed: Box::new(typed) });
        // One thread for the whole process, since a read cannot be called off: a second one would share the keys with the first.
        let mut reads = locked(&READS);
        if !*reads {
            thread::Builder::new().name("keyboard".to_owned()).spawn(read)?;
            *reads = true;
        }
        Ok(Keyboard(()))
    }

    /// Nothing to switch.
    pub(crate) fn apply(&self) {}

    /// Nothing to restore.
    pub(crate) fn restore(&self) {}
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        *locked(&LISTENER) = None;
    }
}

/// What is behind the lock.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the input on Windows.
const CTRL_Z: char = '\x1a';

/// Ends it elsewhere.
const CTRL_D: char = '\x04';

/// Reads keys until the console is gone.
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
                (listener.typed)(Input::Line(line));
            }
            Ok(Key::Char(CTRL_Z | CTRL_D)) => (listener.typed)(Input::End),
            Ok(Key::Backspace) => {
                if listener.line.pop().is_some() {
                    listener.show(&console, "\x08 \x08");
                }
            }
            // A pasted text may begin with the marks of a terminal.
            Ok(Key::Escape) => listener.push(&console, '\x1b'),
            Ok(Key::Char(c)) => listener.push(&console, c),
            Ok(_) => {}
            // Half a character beyond the common ones.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            Err(_) => {
                (listener.typed)(Input::End);
                *locked(&READS) = false;
                return;
            }
        }
    }
}

impl Listener {
    /// Adds to the line.
    fn push(&mut self, console: &Term, c: char) {
        if self.line.len() + c.len_utf8() <= LONGEST_LINE {
            self.line.push(c);
            self.show(console, c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Echoes, which a console does for whole lines only.
    fn show(&self, console: &Term, text: &str) {
        if self.echo == Echo::Shown {
            let _ = console.write_str(text);
        }
    }
}
