//! Copies the URL to the system's clipboard.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;

use super::Event;
use crate::system::in_background;

/// Programs that copy their stdin, with their arguments. `clip.exe` is that of Windows, also in WSL.
const PROGRAMS: [(&str, &[&str]); 5] = [
    ("pbcopy", &[]),
    ("clip.exe", &[]),
    ("wl-copy", &[]),
    ("xclip", &["-selection", "clipboard"]),
    ("xsel", &["--clipboard", "--input"]),
];

/// Copies the text with the first program that can, on a thread that nothing waits for. The event says whether one could.
pub(crate) fn copy_to_clipboard(text: String, events: Sender<Event>) {
    in_background(move || {
        let is_copied = PROGRAMS.iter().any(|(program, arguments)| run(program, arguments, &text).unwrap_or(false));
        let _ = events.send(Event::Copied(is_copied));
    });
}

#[expect(clippy::disallowed_methods, reason = "the only place that starts a program for the clipboard")]
fn run(program: &str, arguments: &[&str], text: &str) -> io::Result<bool> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    super::browser::detach(&mut command);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    Ok(child.wait()?.success())
}
