//! The browser's part of a login: the address that it is sent to, the catcher that it comes back to, and what came back.
//!
//! Everything that can happen while `login` waits is an [`Event`] on one channel; the loop that answers is in `commands::login`.
//! To add an outcome: a variant of [`Answer`], its recorded case, its hint in `error.rs`; the compiler shows the rest.

mod answer;
mod authorize;
mod browser;
mod catcher;
mod connections;
mod page;
mod paste;
mod peer;
mod signals;

pub(crate) use answer::{Answer, Refusal, token_in_address};
#[cfg(any(test, fuzzing))]
pub(crate) use authorize::State;
pub(crate) use authorize::{Authorization, Error as AuthorizeError, Request};
pub(crate) use browser::{browser_program, open_browser};
pub(crate) use catcher::{BindError, Bound, Reply};
pub(crate) use page::{Outcome, Pages, Stored};
pub(crate) use paste::PasteError;
pub(crate) use signals::{Signals, suspend};

use zeroize::Zeroizing;

/// Something that happened while the login waited.
#[derive(Debug)]
pub(crate) enum Event {
    /// The page handed over what Quay answered; it waits for the outcome.
    Answered(Answer, Reply),
    /// Something to tell the person, once; the login goes on.
    Noticed(Notice),
    /// A line was typed or pasted.
    Typed(Zeroizing<String>),
    /// Nothing more can be typed.
    InputEnded,
    /// The user or the system ends the login.
    Signalled(Signal),
    /// Ctrl-Z.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no Ctrl-Z"))]
    Suspended,
}

/// Something that a person should know while the login goes on waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Quay sent the browser to the registered redirect URI, which is another one (recorded cases "G …").
    RedirectUriMismatch,
    /// An answer of another login was steered here.
    WrongState,
    /// The browser insists on https for this address.
    BrowserWantsTls,
    /// No browser could be started.
    BrowserFailed,
}

/// The signals that end a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill`.
    #[cfg_attr(not(unix), expect(dead_code, reason = "a signal of Unix"))]
    Terminate,
    /// The terminal was closed.
    #[cfg_attr(not(unix), expect(dead_code, reason = "a signal of Unix"))]
    HangUp,
}
