//! The error that a command ends with: message, cause, hints and exit code. `lower` says what each error of a lower module becomes.

mod lower;
mod store;

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::browser_login::{AuthError, Signal};
use crate::domain::{Host, ProfileId, Scopes, Timestamp};
use crate::hint::{CommandLine, Hint};
use crate::quay::TokenRefusal;
use crate::settings::LoginSettings;

/// The exit codes. They are documented in `quay-auth help` and docs/reference.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Any failure without a code of its own.
    Failure,
    Usage,
    /// There is no such profile, or its token lacks a required scope.
    NoLogin,
    /// The keyring is not available, locked or not responding, or the token file cannot be used.
    Store,
    /// Quay refused the request or the token.
    Refused,
    /// No response arrived before the timeout.
    Timeout,
    Network,
    /// The program cannot listen at the redirect URI.
    Listen,
    /// The command of `exec` is not executable.
    NotRunnable,
    /// The command of `exec` was not found.
    NotFound,
    Signal(Signal),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::NoLogin => 3,
            Exit::Store => 4,
            Exit::Refused => 5,
            Exit::Timeout => 6,
            Exit::Network => 7,
            Exit::Listen => 8,
            Exit::NotRunnable => 126,
            Exit::NotFound => 127,
            Exit::Signal(Signal::Interrupt) => 130,
            Exit::Signal(Signal::Terminate) => 143,
            Exit::Signal(Signal::HangUp) => 129,
            Exit::Signal(Signal::Other { number, .. }) => 128 + number,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// The hint after a login that did not wait for its response.
pub(crate) const CLOSE_TAB: &str =
    "close the Quay tab in your browser; if you approve there now, the token is not stored";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) exit: Exit,
    /// One line.
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
    hints: Vec<Hint>,
}

impl Error {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Error { exit, message: message.into(), source: None, hints: Vec::new() }
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint before the others.
    pub(crate) fn first_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.insert(0, hint.into());
        self
    }

    pub(crate) fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// The message and the cause, in one line.
    pub(crate) fn summary(&self) -> String {
        let cause = self.source.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{}{cause}", self.message)
    }

    /// The message, the cause and the first hint, in one line.
    pub(crate) fn one_line(&self) -> String {
        let hint = self.hints.first().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}{hint}", self.summary())
    }

    /// Makes another error the cause, and adds its hints.
    pub(crate) fn caused_by_error(self, cause: &Error) -> Self {
        cause.hints.iter().cloned().fold(self.caused_by(cause.summary()), Error::hint)
    }

    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The profile has no token. `login` is the command that logs in to it.
    pub(crate) fn no_login(profile: &ProfileId, login: CommandLine) -> Self {
        Error::new(Exit::NoLogin, format!("there is no login for {profile}")).hint(login)
    }

    /// The stored token has expired, by this machine's clock.
    pub(crate) fn expired(profile: &ProfileId, expires_at: Timestamp) -> Self {
        Error::new(Exit::NoLogin, format!("the token of {profile} expired on {}", expires_at.day_or_time()))
            .caused_by(format!("by this machine's clock it is {}", Timestamp::now().day_or_time()))
            .hint(CommandLine::of("login", profile))
    }

    /// The browser did not come back in time.
    pub(crate) fn timed_out(login: &LoginSettings) -> Self {
        Error::new(Exit::Timeout, "no response from the browser in time; nothing was changed")
            .hint(CLOSE_TAB)
            .hint(
                login.with_token_command().purpose(
                    "if the browser shows \"can't connect\", its URL may contain the token; paste that URL into",
                ),
            )
            .hint(login.command().option("--timeout", Some("15m")).purpose("otherwise try again"))
    }

    /// A signal ended the command. `state` says what was changed before.
    pub(crate) fn signalled(signal: Signal, state: &str) -> Self {
        let reason = match signal {
            Signal::Interrupt => "by Ctrl-C",
            Signal::Terminate => "by SIGTERM",
            Signal::HangUp => "because the terminal was closed",
            Signal::Other { name, .. } => &format!("by {name}"),
        };
        Error::new(Exit::Signal(signal), format!("stopped {reason}; {state}"))
    }

    /// Quay redirected the browser with an error instead of a token.
    pub(crate) fn refused(refusal: &AuthError, login: &LoginSettings) -> Self {
        let again = login.command();
        let (message, hint) = match refusal {
            AuthError::Denied => ("you cancelled the request at Quay; nothing was changed".to_owned(), again.into()),
            AuthError::InvalidScope => (
                "Quay does not grant these scopes to the application".to_owned(),
                again.option("--scopes", Some("repo:read")).into(),
            ),
            AuthError::UnsupportedResponseType => (
                "this server does not support the OAuth flow that quay-auth needs (response type `token`)".to_owned(),
                login.with_token_command().purpose("create a token in its web UI (\"Generate Token\"), then run"),
            ),
            AuthError::UnauthorizedClient => (
                "Quay does not allow this application to request tokens".to_owned(),
                format!(
                    "look up the client ID at Quay under \"OAuth Information\", then run `{}`",
                    again.option("--client-id", Some("ID"))
                )
                .into(),
            ),
            AuthError::Other(code) => (format!("Quay refused the request with the error `{code}`"), again.into()),
        };
        Error::new(Exit::Refused, message).hint(hint)
    }

    /// Quay does not accept `token`, as messages call it. `hints` are left out if the user is disabled, because a new token would not help.
    pub(crate) fn token_refused(
        host: &Host,
        token: &str,
        refusal: &TokenRefusal,
        hints: impl IntoIterator<Item = Hint>,
    ) -> Self {
        let error = Error::new(Exit::Refused, format!("{host} does not accept {token}"))
            .caused_by(format!("Quay says: {refusal}"));
        match refusal.is_account_disabled() {
            true => error.hint(format!("the account is disabled there: ask an administrator of {host}")),
            false => hints.into_iter().fold(error, Error::hint),
        }
    }

    /// Quay does not accept the token in `QUAY_AUTH_TOKEN`.
    pub(crate) fn variable_refused(host: &Host, refusal: &TokenRefusal) -> Self {
        let hint = "set QUAY_AUTH_TOKEN to another token, or unset it".into();
        Error::token_refused(host, "the token in QUAY_AUTH_TOKEN", refusal, [hint])
    }
}

/// The login line for a token that has these scopes too.
pub(crate) fn login_with_more_scopes(profile: &ProfileId, scopes: &Scopes) -> CommandLine {
    CommandLine::of("login", profile).option("--add-scopes", Some(scopes))
}

/// The hint for a `QUAY_AUTH_TOKEN` that may be for one of several hosts.
pub(crate) fn host_of_variable(host: &Host) -> Hint {
    Hint::variable("say which host QUAY_AUTH_TOKEN is for", "QUAY_AUTH_HOST", host)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The keys are documented in docs/reference.md. They may be added, but not renamed or removed.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_struct("Error", 4)?;
        error.serialize_field("message", &self.message)?;
        error.serialize_field("cause", &self.source.as_ref().map(ToString::to_string))?;
        error.serialize_field("hints", &self.hints)?;
        error.serialize_field("exit_code", &self.exit.code())?;
        error.end()
    }
}

/// Takes the message and the cause of a lower error.
fn from_cause(exit: Exit, lower: impl StdError) -> Error {
    let error = Error::new(exit, lower.to_string());
    // As text, because not all lower errors are `Send`, and the cause is only printed.
    match lower.source() {
        Some(source) => error.caused_by(chain(source)),
        None => error,
    }
}

/// The error and its causes in one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let next = source.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = source.source();
    }
    text
}
