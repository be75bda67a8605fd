//! Reads lines from the terminal on a thread, so that other things can happen meanwhile.

#[cfg(windows)]
#[path = "keyboard_windows.rs"]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Keyboard;
#[cfg(windows)]
pub(crate) use windows::Keyboard;

use std::io::{self, Read};

use zeroize::Zeroizing;

pub(crate) enum Input {
    /// A line without its newline.
    Line(Zeroizing<String>),
    /// The end of the input: Ctrl-D, or the terminal was closed.
    End,
}

/// Whether the terminal shows what the user types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    Shown,
    /// For secrets.
    Hidden,
}

/// The size limit of a line, or of stdin, in bytes. The rest is dropped.
const MAX_LENGTH: usize = 16 * 1024;

/// Reads stdin to its end, if it is not a terminal. Blocks.
pub(crate) fn read_all() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LENGTH));
    io::stdin().lock().take(MAX_LENGTH as u64).read_to_end(&mut bytes)?;
    Ok(decoded(&bytes))
}

/// Decodes UTF-8, and what PowerShell writes: UTF-8 or UTF-16 with a byte-order mark. What is neither becomes `U+FFFD`.
fn decoded(bytes: &[u8]) -> Zeroizing<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        // As long as it may become, so that it is never copied.
        let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
        text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        text
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => Zeroizing::new(String::from_utf8_lossy(rest).into_owned()),
    }
}

/// Removes white space and paste marks.
pub(crate) fn trimmed(text: &str) -> &str {
    without_paste_marks(text.trim()).trim()
}

/// Removes the sequences that a terminal in bracketed-paste mode puts around pasted text.
pub(crate) fn without_paste_marks(text: &str) -> &str {
    text.trim_start_matches("\x1b[200~").trim_end_matches("\x1b[201~")
}

#[cfg(unix)]
mod unix {
    use std::io::{self, PipeWriter, Stdin};
    use std::os::fd::AsFd;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread::{self, JoinHandle};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    use super::{Echo, Input, MAX_LENGTH};
    use crate::system::is_in_foreground;

    /// Reads lines until it is dropped, which restores the terminal. Ctrl-C and Ctrl-Z still send signals.
    ///
    /// With hidden input, the terminal's own line editing is off, because it cuts lines at 4096 bytes and a pasted URL may be longer. In
    /// the background, where the terminal belongs to the shell, it neither reads nor changes anything.
    pub(crate) struct Keyboard {
        echo: Echo,
        /// The terminal's modes to restore, if they were changed.
        original: Option<Termios>,
        reading: Reading,
        /// Dropping it ends the thread.
        stop: Option<PipeWriter>,
        reader: Option<JoinHandle<()>>,
    }

    /// Locked while the thread reads, so that the process does not stop, and continue in the background, just before a read.
    type Reading = Arc<Mutex<()>>;

    /// How soon the thread notices that the process is in the foreground again.
    const FOREGROUND_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

    impl Keyboard {
        /// Starts to read, and calls `on_input` with each input.
        pub(crate) fn listen(echo: Echo, on_input: impl Fn(Input) + Send + 'static) -> io::Result<Self> {
            tcgetattr(io::stdin())?;
            let (stopped, stop) = io::pipe()?;
            let reading = Reading::default();
            let reader = thread::Builder::new().name("keyboard".to_owned()).spawn({
                let reading = Arc::clone(&reading);
                move || read(echo, &stopped, &reading, on_input)
            })?;
            let mut keyboard = Keyboard { echo, original: None, reading, stop: Some(stop), reader: Some(reader) };
            keyboard.hide_input();
            Ok(keyboard)
        }

        /// Switches off echo and line editing, unless the input is shown. Needed again when the process comes to the foreground.
        pub(crate) fn hide_input(&mut self) {
            if self.echo == Echo::Shown || !is_in_foreground(io::stdin()) {
                return;
            }
            let Ok(current) = tcgetattr(io::stdin()) else { return };
            let mut hidden = current.clone();
            hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            // Not before: as long as this was a background job, the terminal had the modes of the shell's own line editing.
            if self.original.is_none() || current.local_modes != hidden.local_modes {
                self.original = Some(current);
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden);
            }
        }

        /// Gives the terminal back for the time of `action`, which stops the process.
        pub(crate) fn set_aside(&mut self, action: impl FnOnce()) {
            self.restore();
            let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
            action();
            drop(reading);
            self.hide_input();
        }

        fn restore(&mut self) {
            if let Some(original) = self.original.take()
                && is_in_foreground(io::stdin())
            {
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &original);
            }
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

    /// Keys for editing, which arrive as bytes when the terminal's line editing is off.
    const CTRL_D: u8 = 4;
    const BACKSPACE: u8 = 8;
    const DELETE: u8 = 127;
    const CTRL_U: u8 = 21;
    const CTRL_W: u8 = 23;

    /// A line break that is followed by more within this time is part of a paste, such as a URL that was copied from two lines.
    const PASTE_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

    /// Reads until the other end of `stopped` is closed, or the terminal is.
    fn read(echo: Echo, stopped: &impl AsFd, reading: &Reading, on_input: impl Fn(Input)) {
        let stdin: Stdin = io::stdin();
        let mut line = Line { text: Zeroizing::new(Vec::with_capacity(MAX_LENGTH)), has_ended: false };
        loop {
            let mut ready = [PollFd::new(stopped, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
            let result = if is_in_foreground(&stdin) {
                poll(&mut ready, line.has_ended.then_some(&PASTE_PAUSE))
            } else {
                poll(&mut ready[..1], Some(&FOREGROUND_INTERVAL))
            };
            match result {
                Ok(_) if !ready[0].revents().is_empty() => return,
                Ok(0) if line.has_ended => on_input(line.take()),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            if ready[1].revents().is_empty() {
                continue;
            }
            let mut bytes = Zeroizing::new([0; 512]);
            let guard = reading.lock().unwrap_or_else(PoisonError::into_inner);
            if !is_in_foreground(&stdin) {
                continue;
            }
            let result = rustix::io::read(&stdin, &mut bytes[..]);
            drop(guard);
            let count = match result {
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                Ok(0) | Err(_) => return on_input(Input::End),
                Ok(count) => count,
            };
            for &byte in &bytes[..count] {
                match byte {
                    b'\r' | b'\n' if echo == Echo::Shown => on_input(line.take()),
                    CTRL_D => {
                        if line.has_ended {
                            on_input(line.take());
                        }
                        return on_input(Input::End);
                    }
                    byte => line.push(byte),
                }
            }
        }
    }

    /// What was typed or pasted so far.
    struct Line {
        text: Zeroizing<Vec<u8>>,
        /// Whether the last byte was a line break, which ends the line unless more of the same paste follows.
        has_ended: bool,
    }

    impl Line {
        fn push(&mut self, byte: u8) {
            let is_break = matches!(byte, b'\r' | b'\n');
            if std::mem::replace(&mut self.has_ended, is_break) {
                self.push_bounded(b'\n');
            }
            match byte {
                _ if is_break => {}
                BACKSPACE | DELETE => self.pop_character(),
                // Nobody sees where a word begins, so it takes everything too.
                CTRL_U | CTRL_W => self.text.clear(),
                byte => self.push_bounded(byte),
            }
        }

        /// Removes the last byte, or all bytes of a character in UTF-8.
        fn pop_character(&mut self) {
            while self.text.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
        }

        fn push_bounded(&mut self, byte: u8) {
            if self.text.len() < MAX_LENGTH {
                self.text.push(byte);
            }
        }

        /// The line without line breaks at its end.
        fn take(&mut self) -> Input {
            let text = Zeroizing::new(String::from_utf8_lossy(&self.text).into_owned());
            self.text.clear();
            self.has_ended = false;
            Input::Line(Zeroizing::new(text.trim_end_matches('\n').to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_by_its_byte_order_mark() {
        for (bytes, text) in [
            (&b"A\xc3\xa9"[..], "Aé"),
            (b"\xef\xbb\xbfA\xc3\xa9", "Aé"),
            (b"\xff\xfeA\0\xe9\0", "Aé"),
            (b"\xfe\xff\0A\0\xe9", "Aé"),
            (b"\xff\xfe\x3d\xd8\0\xde", "😀"),
            (b"\xff\xfeA\0\x3d\xd8", "A\u{fffd}"),
            (b"\xff\xfe", ""),
            (b"\xff", "\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(decoded(bytes).as_str(), text, "{bytes:?}");
        }
    }
}
