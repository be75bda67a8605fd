//! The browser's part of a login: the URL that it opens, and the catcher, the small server on this machine that takes Quay's redirect.
//!
//! Everything that can happen while `login` waits is an [`Event`] on one channel. The loop that handles events is in
//! `commands/login/wait.rs`. To add an outcome, add a variant to [`AuthResponse`] and follow the compiler's errors.

mod asset;
mod auth_request;
mod auth_response;
mod browser;
mod browser_command;
mod catcher;
mod checks;
mod clipboard;
mod connections;
mod default_browser;
mod listeners;
mod mismatch;
mod page;
mod paste;
mod peer;
mod private_window;
mod routes;
mod signals;
mod site_data;
mod start_page;

#[cfg(any(test, fuzzing))]
pub(crate) use auth_request::State;
pub(crate) use auth_request::{AuthorizationRequest, Error as AuthorizeError, RequestParameters};
pub(crate) use auth_response::{AuthError, AuthResponse};
pub(crate) use browser::{SECRET_VARIABLES, browser_program, open_browser};
pub(crate) use browser_command::{BrowserCommand, InvalidBrowser};
pub(crate) use catcher::BoundAddress;
pub(crate) use clipboard::copy_to_clipboard;
pub(crate) use default_browser::default_browser;
pub(crate) use listeners::BindError;
pub(crate) use mismatch::RegisteredUri;
pub(crate) use page::{LoginOutcome, Pages, StoredSummary};
pub(crate) use paste::{PasteError, PastedResponse, PastedToken};
pub(crate) use routes::Reply;
pub(crate) use signals::{Signals, suspend};

use zeroize::Zeroizing;

/// Something that happens while the login waits.
#[derive(Debug)]
pub(crate) enum Event {
    /// The page posted Quay's response, and waits for the outcome of the login.
    Response(AuthResponse, Reply),
    /// A browser has loaded the start page.
    BrowserOpened,
    /// The user should know something. The login keeps waiting.
    Notice(Notice),
    /// The user typed or pasted a line. White space around it is still there.
    Line(Zeroizing<String>),
    /// The end of the input: nothing more can be typed.
    EndOfInput,
    /// The URL was copied to the clipboard, or could not be.
    Copied(bool),
    /// The background job was brought to the foreground.
    Foreground,
    /// A signal ends the login.
    Signal(Signal),
    /// The user pressed Ctrl-Z at a shell that can continue the process.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no Ctrl-Z"))]
    Suspend,
}

/// Something that the user should know while the login waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The application's redirect URI at Quay is a different one (docs/quay.md, cases G).
    RedirectUriMismatch(RegisteredUri),
    /// A response of another login was sent here.
    WrongState,
    /// The browser speaks TLS to this port of the catcher, which serves plain http only.
    BrowserWantsTls { port: u16 },
    /// None of the browser commands started.
    BrowserFailed,
    /// A program of another user was refused.
    AnotherUser,
    /// The browser has a service worker of another program that had the port before.
    ServiceWorker,
}

/// The signals that end a login. Their default is to end the process, which would leave the terminal without echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill` without a signal name.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Unix only"))]
    Terminate,
    /// The terminal was closed.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Unix only"))]
    HangUp,
    /// Another one, such as that of Ctrl-\.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Unix only"))]
    Other { number: u8, name: &'static str },
}
