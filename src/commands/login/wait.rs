//! The wait for the browser: one loop, one channel, everything that can happen.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::error::{Error, Exit};
use crate::login::{Answer, Event, Notice, Reply};
use crate::settings::LoginSettings;
use crate::terminal::Terminal;

/// How often "how long is left" is brought up to date.
const TICK: Duration = Duration::from_secs(1);

/// Waits until the browser's answer arrives, the deadline passes, or somebody ends it.
pub(super) fn for_an_answer(
    happened: &Receiver<Event>,
    deadline: Option<Instant>,
    login: &LoginSettings,
    terminal: &mut Terminal,
) -> Result<(Answer, Reply), Error> {
    let mut told = Vec::new();
    terminal.wait_for(&format!("Waiting for your consent at {}", login.profile.host), deadline);
    let result = loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match happened.recv_timeout(left.map_or(TICK, |left| left.min(TICK))) {
            Ok(Event::Answered(answer, reply)) => break Ok((answer, reply)),
            Ok(Event::Signalled(signal)) => break Err(Error::signalled(signal)),
            // Anybody may cause a notice, so each is told once.
            Ok(Event::Noticed(notice)) if !told.contains(&notice) => {
                told.push(notice);
                tell(notice, login, terminal);
            }
            Ok(Event::Noticed(_)) => {}
            Err(RecvTimeoutError::Timeout) if left == Some(Duration::ZERO) => {
                break Err(Error::timed_out(&login.profile));
            }
            Err(RecvTimeoutError::Timeout) => terminal.tick(),
            Err(RecvTimeoutError::Disconnected) => break Err(Error::new(Exit::Failure, "nothing is left to wait for")),
        }
        if left == Some(Duration::ZERO) {
            break Err(Error::timed_out(&login.profile));
        }
    };
    terminal.waited();
    result
}

/// Says what was noticed, and what helps.
fn tell(notice: Notice, login: &LoginSettings, terminal: &mut Terminal) {
    let redirect_uri = &login.redirect_uri;
    match notice {
        Notice::RedirectUriMismatch => {
            terminal.warn("Quay has another redirect URI registered for this application.");
            terminal.hint(&format!(
                "register exactly this one in the application's settings, then run the login again: {redirect_uri}"
            ));
            terminal.hint("or log in with the registered one: --redirect-uri URI");
        }
        Notice::WrongState => {
            terminal.warn("an answer of another login arrived and was not used.");
            terminal.hint("finish the login in the browser tab that was opened for it");
        }
        Notice::BrowserWantsTls => {
            terminal.warn(&format!(
                "the browser insists on https for {}, which serves http only.",
                redirect_uri.authority()
            ));
            terminal.hint("switch HTTPS-only mode off for this address, clear its HSTS entry, or use another browser");
        }
        Notice::BrowserFailed => {
            terminal.warn("no browser could be started.");
            terminal.hint("open the address above by hand, or name a browser: --browser CMD");
        }
    }
}
