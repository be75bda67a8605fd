//! Signals while the main thread waits for something else. They are answered at once.
//!
//! Before Quay has created the token, a signal ends the process. After that, the login goes on: an unstored token would be of no use, but
//! valid for years. Then only the second signal ends the process, which says what happened to the token.

use crate::browser_login::{self, Signal};
use crate::commands::revoke::revoke_by_hand;
use crate::domain::ProfileId;
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::terminal::Messenger;

/// What the main thread is busy with.
pub(super) enum Busy {
    Request(Request),
    Finishing(Finishing),
}

impl Busy {
    pub(super) fn receive(&mut self, signal: Signal) {
        match self {
            Busy::Request(request) => end(&request.messenger, signal, &(request.stopped)(signal)),
            Busy::Finishing(finishing) => finishing.receive(signal),
        }
    }

    /// Stops the process as after Ctrl-Z.
    pub(super) fn suspend(&self) {
        let (Busy::Request(Request { messenger, .. }) | Busy::Finishing(Finishing { messenger, .. })) = self;
        messenger.set_aside(browser_login::suspend);
    }
}

/// A request to Quay, before there is a token.
pub(super) struct Request {
    pub(super) messenger: Messenger,
    /// The error if a signal ends the process.
    pub(super) stopped: Box<dyn Fn(Signal) -> Error + Send>,
}

/// The main thread may be waiting for Quay or for the keyring.
#[expect(clippy::exit, reason = "a signal ends the process")]
fn end(messenger: &Messenger, signal: Signal, error: &Error) -> ! {
    messenger.report(error);
    std::process::exit(Exit::Signal(signal).code().into());
}

/// How far the login has come with the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    NotStored,
    Storing,
    Stored,
}

/// The last phase of a login, as the thread that receives signals sees it.
pub(super) struct Finishing {
    profile: ProfileId,
    messenger: Messenger,
    pub(super) progress: Progress,
    /// The first signal.
    pub(super) signal: Option<Signal>,
}

impl Finishing {
    pub(super) fn new(profile: &ProfileId, messenger: Messenger) -> Self {
        Finishing { profile: profile.clone(), messenger, progress: Progress::NotStored, signal: None }
    }

    pub(super) fn receive(&mut self, signal: Signal) {
        if self.signal.replace(signal).is_some() {
            end(&self.messenger, signal, &self.stopped(signal));
        }
        let what = match self.progress {
            Progress::NotStored | Progress::Storing => "storing the token",
            Progress::Stored => "the token is stored",
        };
        self.messenger.say_always(&format!("Finishing: {what}. To stop at once, press Ctrl-C again."));
    }

    fn stopped(&self, signal: Signal) -> Error {
        let ProfileId { host, .. } = &self.profile;
        let by_hand = revoke_by_hand(host);
        match self.progress {
            Progress::NotStored => Error::signalled(signal, "the token was not stored"),
            Progress::Storing => Error::signalled(signal, "the token may not be stored")
                .hint(CommandLine::of("status", &self.profile).purpose("see whether it is")),
            Progress::Stored => {
                return Error::signalled(signal, "the token is stored")
                    .hint(format!("other tokens of this login may still be valid at {host}; {by_hand}"));
            }
        }
        .hint(format!("the new token may still be valid at {host}; if you do not need it, {by_hand}"))
    }
}
