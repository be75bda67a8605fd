//! What a person types at the terminal, by lines, readable while other things happen.

#[cfg(windows)]
#[path = "keyboard_windows.rs"]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Keyboard;
#[cfg(windows)]
pub(crate) use windows::Keyboard;

use std::io::{self, Read};

use zeroize::Zeroizing;

/// What came from the keyboard.
pub(crate) enum Input {
    /// A line, without its end.
    Line(Zeroizing<String>),
    /// There will be no more: Ctrl-D, or the terminal was closed.
    End,
}

/// Whether what is typed can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// As usual.
    Shown,
    /// Not: it may be a secret.
    Hidden,
}

/// The most that one line, or all of stdin, may have, in bytes; what is beyond is dropped.
const LONGEST_LINE: usize = 16 * 1024;

/// Reads all of stdin, which is no terminal; 16 KiB at most. Blocks.
pub(crate) fn read_all() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
    io::stdin().lock().take(LONGEST_LINE as u64).read_to_end(&mut bytes)?;
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The text without what surrounds it: blanks, and the marks of a terminal in bracketed-paste mode.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim().trim_start_matches("\x1b[200~").trim_end_matches("\x1b[201~").trim()
}

/// Unix terminals.
#[cfg(unix)]
mod unix {
    use std::io::{self, PipeWriter, Stdin};
    use std::os::fd::AsFd;
    use std::thread::{self, JoinHandle};

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
    use zeroize::Zeroizing;

    use super::{Echo, Input, LONGEST_LINE};

    /// Reads lines on a thread while it lives. Signals keep their keys. Dropped, the terminal is as before.
    ///
    /// Hidden lines come byte by byte, since a terminal's own line ends at 4096 bytes and a pasted token may be longer.
    pub(crate) struct Keyboard {
        /// Whether what is typed can be seen.
        echo: Echo,
        /// The terminal's modes before.
        before: Termios,
        /// Ends the thread when it is dropped.
        stop: Option<PipeWriter>,
        /// The thread.
        reader: Option<JoinHandle<()>>,
    }

    impl Keyboard {
        /// Begins to read; `typed` is called with each input.
        pub(crate) fn listen(echo: Echo, typed: impl Fn(Input) + Send + 'static) -> io::Result<Self> {
            let before = tcgetattr(io::stdin())?;
            let (stopped, stop) = io::pipe()?;
            let reader = thread::Builder::new().name("keyboard".to_owned()).spawn(move || read(&stopped, typed))?;
            let keyboard = Keyboard { echo, before, stop: Some(stop), reader: Some(reader) };
            keyboard.apply();
            Ok(keyboard)
        }

        /// Switches echo and line editing off where that is wanted; again after the process was suspended and goes on.
        pub(crate) fn apply(&self) {
            // Changing a terminal's modes from the background would stop the process.
            let in_foreground = tcgetpgrp(io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp());
            if self.echo == Echo::Hidden && in_foreground {
                let mut modes = self.before.clone();
                modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
            }
        }

        /// Makes the terminal as it was before.
        pub(crate) fn restore(&self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        }
    }

    impl Drop for Keyboard {
        fn drop(&mut self) {
            drop(self.stop.take());
            if let Some(reader) = self.reader.take() {
                let _ = reader.join();
            }
            self.restore();
        }
    }

    /// Keys that edit; without a terminal's own line editing they come as bytes.
    const CTRL_D: u8 = 4;
    const BACKSPACE: u8 = 8;
    const DELETE: u8 = 127;

    /// Reads until the other end of `stopped` closes, or the terminal does.
    fn read(stopped: &impl AsFd, typed: impl Fn(Input)) {
        let stdin: Stdin = io::stdin();
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
        loop {
            let mut ready = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
            match poll(&mut ready, None) {
                Ok(_) if ready[1].revents().is_empty() => {}
                Err(rustix::io::Errno::INTR) => continue,
                _ => return,
            }
            let mut bytes = Zeroizing::new([0; 512]);
            let count = match rustix::io::read(&stdin, &mut bytes[..]) {
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                Ok(0) | Err(_) => return typed(Input::End),
                Ok(count) => count,
            };
            for &byte in &bytes[..count] {
                match byte {
                    b'\r' | b'\n' => {
                        typed(Input::Line(Zeroizing::new(String::from_utf8_lossy(&line).into_owned())));
                        line.clear();
                    }
                    CTRL_D => return typed(Input::End),
                    BACKSPACE | DELETE => drop(line.pop()),
                    byte if line.len() < LONGEST_LINE => line.push(byte),
                    _ => {}
                }
            }
        }
    }
}
