//! The one table from what can go wrong to what is said: message, exit code, next command. Read aloud in review.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use crate::domain::{Host, MalformedToken, Profile};
use crate::files::{self, Action};
use crate::login::{BindError, Refusal, Signal};
use crate::quay::{self, TlsTrouble};
use crate::settings;
use crate::store::{self, ProfilesError};
use crate::system::{self, lines};

/// How the process ends. Documented in `--help` and the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 1: something else failed.
    Failure,
    /// 2: wrong use.
    Usage,
    /// 3: no such login, or it lacks a scope.
    NoLogin,
    /// 4: the secret store is missing, locked or does not answer.
    Store,
    /// 5: Quay refused.
    Refused,
    /// 6: no answer in time.
    Timeout,
    /// 7: network or TLS.
    Network,
    /// 8: the redirect address could not be listened on.
    Listen,
    /// 1: a client of docker's credential protocol gets the message on stdout, as its answer.
    Answered,
    /// 126: the command that should be run is not runnable.
    NotRunnable,
    /// 127: there is no such command to run.
    NotFound,
    /// 130, 143, 129: ended by a signal.
    Signal(Signal),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Failure | Exit::Answered => 1,
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
        })
    }
}

/// What a command ends with when it does not succeed: a message, its cause, and what to do next.
#[derive(Debug)]
pub(crate) struct Error {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// What happened, in one line.
    message: String,
    /// Why.
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// The next steps.
    hints: Vec<String>,
}

impl Error {
    /// An error with that message.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Error { exit, message: message.into(), source: None, hints: Vec::new() }
    }

    /// Names the cause.
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The next steps.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// What happened, why, and the first thing to do, where there is one line for it.
    pub(crate) fn in_one_line(&self) -> String {
        let cause = self.source.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        let hint = self.hints.first().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}{cause}{hint}", self.message)
    }

    /// Makes it end with another code; the words stay.
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// There is no login for that profile.
    pub(crate) fn no_login(profile: &Profile) -> Self {
        Error::new(Exit::NoLogin, format!("there is no login for {profile}"))
            .hint(format!("quay-auth login {}", profile.flags()))
    }

    /// No answer came before the deadline.
    pub(crate) fn timed_out(profile: &Profile) -> Self {
        Error::new(Exit::Timeout, "no answer came from the browser in time; nothing was changed")
            .hint("close the browser's Quay tab: a consent given there now reaches nobody")
            .hint("if the browser ended at a page that cannot be reached, its address holds the token: paste it into")
            .hint(format!("  quay-auth login --with-token {}", profile.flags()))
            .hint(format!("else try again: quay-auth login {} --timeout 15m", profile.flags()))
    }

    /// The user or the system ended the login.
    pub(crate) fn signalled(signal: Signal) -> Self {
        let by = match signal {
            Signal::Interrupt => "Ctrl-C",
            Signal::Terminate => "SIGTERM",
            Signal::HangUp => "the closed terminal",
        };
        Error::new(Exit::Signal(signal), format!("ended by {by}; nothing was changed"))
    }

    /// Quay, or the person there, said no.
    pub(crate) fn refused(refusal: &Refusal, profile: &Profile) -> Self {
        let again = format!("quay-auth login {}", profile.flags());
        let (message, hint) = match refusal {
            Refusal::Denied => ("the request was cancelled in the browser; nothing was changed".to_owned(), again),
            Refusal::InvalidScope => (
                "Quay does not grant these scopes to the application".to_owned(),
                format!("{again} --scopes repo:read"),
            ),
            Refusal::UnsupportedResponseType => (
                "this server does not issue tokens to programs on this machine".to_owned(),
                format!(
                    "make a token in its web UI (\"Generate Token\") and run: quay-auth login --with-token {}",
                    profile.flags()
                ),
            ),
            Refusal::UnauthorizedClient => (
                "Quay does not let this application ask for tokens".to_owned(),
                format!("check the client id in Quay under \"OAuth Information\", then: {again} --client-id ID"),
            ),
            Refusal::Other(code) => (format!("Quay refused with `{code}`"), again),
        };
        Error::new(Exit::Refused, message).hint(hint)
    }

    /// Quay does not accept the token.
    pub(crate) fn not_valid(profile: &Profile, reason: &dyn fmt::Display) -> Self {
        Error::new(Exit::Refused, format!("{} does not accept this token; it was not stored", profile.host))
            .caused_by(format!("Quay says: {reason}"))
            .hint("a robot's or account password is no token; one is made by `quay-auth login` or in the web UI (\"Generate Token\")")
            .hint(format!("quay-auth login {}", profile.flags()))
    }
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

/// The error with the lower one's words as its message, and the lower one's cause as its own.
fn told_by(exit: Exit, lower: impl StdError) -> Error {
    let error = Error::new(exit, lower.to_string());
    // The cause is kept as text: all that is done with it is to print it, and lower errors are not all `Send`.
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

impl From<settings::Error> for Error {
    fn from(error: settings::Error) -> Self {
        use settings::Error as E;
        match error {
            E::File(error) => error.into(),
            E::Profiles(error) => error.into(),
            E::Config { .. } => {
                told_by(Exit::Usage, error).hint("mend that line and try again; quay-auth never writes to config.toml")
            }
            E::Variable { ref name, .. } => {
                let hint = format!("mend or unset {name}");
                told_by(Exit::Usage, error).hint(hint)
            }
            E::Token(_) => Error::new(Exit::Usage, "QUAY_AUTH_TOKEN does not hold a token")
                .caused_by(MalformedToken)
                .hint("put one token and nothing else into it, or unset it to use the stored login"),
            E::WhichHost(ref hosts) => {
                let first = hosts.first().map(ToString::to_string).unwrap_or_default();
                told_by(Exit::Usage, error)
                    .hint(format!("add --host, e.g. --host {first}"))
                    .hint(format!("or write default_host = \"{first}\" into config.toml"))
            }
            E::PlainHttp(ref host) => {
                let https = host.origin().replacen("http://", "https://", 1);
                told_by(Exit::Usage, error)
                    .hint(format!("use --host {https} if that server speaks https"))
                    .hint("or accept the risk for this profile with --allow-http")
            }
            E::NoHome => told_by(Exit::Store, error)
                .hint(format!("set {} to your home folder", system::HOME))
                .hint("in a CI job, set QUAY_AUTH_TOKEN instead of logging in"),
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        use files::Error as E;
        let hint = match &error {
            E::Io { path, action: Action::Read, .. } => {
                format!("check the permissions: {}", lines::look_at_access(path))
            }
            E::Io { path, action: Action::Write, .. } => {
                format!("check the permissions and the free space: {}", lines::look_at_room(existing(path)))
            }
            E::OpenToOthers { path, wanted } => format!("chmod {wanted:o} {}", path.display()),
            E::ForeignOwner { .. } => "run quay-auth as the user whose home this is, without sudo".to_owned(),
            E::NotAPlainFile { path } => {
                format!("look at it, and move it away if it is not yours: {}", lines::look_at(path))
            }
            E::Busy { path } => {
                format!("try again; if no quay-auth is running, see who holds it: {}", lines::see_who_holds(path))
            }
            E::NotText { path } | E::TooLarge { path } => {
                format!("look at it, and move it away if it is not yours: {}", lines::look_at(path))
            }
        };
        let exit = match &error {
            E::Io { action: Action::Read, .. } | E::NotText { .. } | E::TooLarge { .. } => Exit::Failure,
            _ => Exit::Store,
        };
        told_by(exit, error).hint(hint)
    }
}

/// The nearest folder above that exists.
fn existing(path: &std::path::Path) -> &std::path::Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(path)
}

impl From<ProfilesError> for Error {
    fn from(error: ProfilesError) -> Self {
        match error {
            ProfilesError::File(error) => error.into(),
            ProfilesError::Unwritable(_) => {
                told_by(Exit::Failure, error).hint("is --ca-file a path with odd characters? Else please report it")
            }
            ProfilesError::Broken { ref path, .. } => {
                let hint =
                    format!("mend that line, or move the file away and log in again: {}", lines::move_away(path));
                told_by(Exit::Failure, error).hint(hint).hint("the tokens themselves are not in it and are safe")
            }
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let to_file = "on a machine without a keyring, a private file can keep the token: quay-auth login --store file";
        match error {
            E::File(error) => {
                let error = Error::from(error);
                error.with_exit(Exit::Store)
            }
            E::NoBus(_) => told_by(Exit::Store, error)
                .hint("log in to the desktop, or start the shell with: dbus-run-session -- bash")
                .hint(to_file),
            E::NoService(_) => told_by(Exit::Store, error)
                .hint("install and start one, e.g. gnome-keyring, KeePassXC or KWallet")
                .hint(to_file),
            E::NoDefaultCollection => told_by(Exit::Store, error)
                .hint("make one and set it as default, e.g. in Seahorse: File, New, Password Keyring")
                .hint(to_file),
            E::Locked => told_by(Exit::Store, error)
                .hint("unlock it, e.g. by logging in to the desktop or with: quay-auth login"),
            E::NotAnswering => told_by(Exit::Store, error).caused_by("no answer within five seconds").hint(
                "a dialogue of the keyring may be open behind another window; else restart its service and try again",
            ),
            E::Damaged(ref profile) => {
                let hint = format!("log in again: quay-auth login {}", profile.flags());
                told_by(Exit::Store, error).hint(hint)
            }
            E::TooLong => told_by(Exit::Store, error).hint("keep it in a private file: quay-auth login --store file"),
            E::Keyring(_) => {
                told_by(Exit::Store, error).hint("try again; restart the keyring's service if it goes on").hint(to_file)
            }
            E::BrokenFile(ref path) => {
                let hint = format!("move it away and log in again: {}", lines::move_away(path));
                told_by(Exit::Store, error).hint(hint)
            }
        }
    }
}

impl From<quay::Error> for Error {
    fn from(error: quay::Error) -> Self {
        use quay::Error as E;
        match error {
            E::Unreachable { .. } => told_by(Exit::Network, error)
                .hint("check the host's name, the network and, if there is one, the proxy (HTTPS_PROXY)"),
            E::Tls { ref host, ref trouble } => {
                let hint = tls_advice(host, trouble);
                told_by(Exit::Network, error).hint(hint)
            }
            E::Timeout { .. } => told_by(Exit::Network, error).hint("try again"),
            E::Redirected { ref target, .. } => {
                let hint = format!("if that is the right server, name it: --host {target}");
                told_by(Exit::Network, error).hint(hint)
            }
            E::Moved { ref path, .. } => {
                let hint = format!("if that is right, name it so: {path}");
                told_by(Exit::Network, error).hint(hint)
            }
            E::Endless { .. } | E::TooLarge { .. } => {
                told_by(Exit::Network, error).hint("is this really a Quay? Check --host")
            }
            E::CaFile { .. } => told_by(Exit::Usage, error).hint("name a PEM file with at least one CERTIFICATE in it"),
        }
    }
}

/// What helps when a connection is not to be trusted.
fn tls_advice(host: &Host, trouble: &TlsTrouble) -> String {
    match trouble {
        TlsTrouble::Expired => "its administrator must renew it; or this machine's clock is wrong: date".to_owned(),
        TlsTrouble::NotValidYet => "is this machine's clock right? date".to_owned(),
        TlsTrouble::WrongName(_) => format!("is {host} the right name? Or does a proxy or a portal answer in its place?"),
        TlsTrouble::UnknownIssuer => {
            "a company's own CA, or a proxy that reads along: get its certificate from your administrator, and add --ca-file FILE.pem"
                .to_owned()
        }
        TlsTrouble::NoTls => format!("is it the right port? Over plain http it is: --host http://{}", host.authority()),
        TlsTrouble::Other(_) => "check --host, and the proxy if there is one (HTTPS_PROXY)".to_owned(),
    }
}

impl From<BindError> for Error {
    fn from(error: BindError) -> Self {
        let port = error.address.port();
        let in_use = error.source.kind() == std::io::ErrorKind::AddrInUse;
        let forbidden = error.source.kind() == std::io::ErrorKind::PermissionDenied;
        let held_by_a_login = error.held_by_a_login;
        let error = told_by(Exit::Listen, error);
        if held_by_a_login {
            error
                .hint("another quay-auth login waits there: finish it in its browser tab, or end it with Ctrl-C in its terminal")
                .hint("two logins at the same time need two redirect URIs, registered in two applications")
        } else if in_use {
            error
                .hint(format!("another program holds it; see which: {}", lines::see_who_listens(port)))
                .hint("end it, or register another redirect URI in Quay and name it: --redirect-uri URI")
        } else if forbidden && port < 1024 {
            error.hint("ports below 1024 are the system's: register one above in Quay and name it: --redirect-uri URI")
        } else {
            error.hint("register another redirect URI in Quay and name it: --redirect-uri URI")
        }
    }
}

impl From<crate::login::AuthorizeError> for Error {
    fn from(error: crate::login::AuthorizeError) -> Self {
        told_by(Exit::Failure, error).hint("try again; if it goes on, please report it")
    }
}
