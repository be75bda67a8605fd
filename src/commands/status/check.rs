//! Asks each server whether it accepts its token, all at the same time. Only an answer of Quay's counts: a server that is slow, busy
//! or broken says nothing about a token.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use crate::domain::{AccessToken, Host, MalformedToken, ProfileId, StoreKind};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::quay::{Client, Connection, Identity, TokenRefusal, Verification, describe_status, verify};
use crate::settings::{self, Settings};
use crate::store::{self, Lookup, Profile, Vault};
use crate::system::in_background;

/// How long all requests together may take: a little longer than one that times out, whose error says more.
const TIMEOUT: Duration = Duration::from_secs(6);

#[derive(Debug)]
pub(super) enum TokenState {
    Accepted(Identity),
    Refused(TokenRefusal),
    /// Quay could not be asked, because of this error.
    Unknown(Arc<Error>),
    /// The store failed.
    StoreFailed(StoreFailure, Error),
    /// The token is no longer in its store.
    Missing,
    /// With `--offline`.
    NotAsked,
    /// `QUAY_AUTH_TOKEN` does not contain a token.
    Malformed(MalformedToken),
    /// `QUAY_AUTH_TOKEN` is used for no host.
    Unused,
}

/// How a store failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum StoreFailure {
    Locked,
    NotResponding,
    NotAvailable,
    /// In any other way.
    Unreadable,
}

impl From<&store::Error> for StoreFailure {
    fn from(error: &store::Error) -> Self {
        use store::Error as E;
        match error {
            E::Locked | E::NotUnlocked => StoreFailure::Locked,
            E::NotResponding => StoreFailure::NotResponding,
            E::NoBus(_) | E::NoService(_) | E::NoDefaultCollection => StoreFailure::NotAvailable,
            E::NeedsConfirmation
            | E::NotConfirmed
            | E::Unanswered(_)
            | E::Damaged(..)
            | E::Mismatch(..)
            | E::TooLong
            | E::Keyring(_)
            | E::File(_)
            | E::BrokenFile(_)
            | E::NewerFile { .. }
            | E::Profiles(_)
            | E::Unwritable(_)
            | E::BrokenFolderId(_) => StoreFailure::Unreadable,
        }
    }
}

impl StoreFailure {
    fn name(self) -> &'static str {
        match self {
            StoreFailure::Locked => "locked",
            StoreFailure::NotResponding => "not_responding",
            StoreFailure::NotAvailable => "not_available",
            StoreFailure::Unreadable => "unreadable",
        }
    }
}

impl TokenState {
    /// Its name in the table and in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            TokenState::Accepted(_) => "accepted",
            TokenState::Refused(_) => "refused",
            TokenState::Unknown(_) => "unknown",
            TokenState::StoreFailed(failure, _) => failure.name(),
            TokenState::Missing => "missing",
            TokenState::NotAsked => "not_asked",
            TokenState::Malformed(_) => "malformed",
            TokenState::Unused => "unused",
        }
    }

    pub(super) fn reason(&self) -> Option<String> {
        match self {
            TokenState::Accepted(_) | TokenState::Missing | TokenState::NotAsked => None,
            TokenState::Refused(reason) => Some(reason.to_string()),
            TokenState::Unknown(error) => Some(error.summary()),
            TokenState::StoreFailed(_, error) => Some(error.to_string()),
            TokenState::Malformed(error) => Some(error.to_string()),
            TokenState::Unused => Some("several hosts have a profile, and nothing says which one it is for".to_owned()),
        }
    }

    /// What is wrong with `token`, as messages call it; `None` if nothing is. `store` is `None` for `QUAY_AUTH_TOKEN`.
    pub(super) fn into_error(self, token: &str, profile: &ProfileId, store: Option<StoreKind>) -> Option<Error> {
        let host = &profile.host;
        let log_in = CommandLine::of("login", profile);
        match self {
            TokenState::Accepted(_) | TokenState::NotAsked | TokenState::Unused => None,
            TokenState::Refused(refusal) if store.is_none() => Some(Error::variable_refused(host, &refusal)),
            TokenState::Refused(refusal) => Some(Error::token_refused(host, token, &refusal, [log_in.into()])),
            TokenState::Malformed(error) => Some(settings::Error::Token(error).into()),
            TokenState::StoreFailed(_, error) => Some(error),
            TokenState::Missing => {
                let store = store.unwrap_or_default().description();
                Some(Error::new(Exit::NoLogin, format!("{token} is no longer in the {store}")).hint(log_in))
            }
            TokenState::Unknown(error) => Some(unknown_error(host, &[token.to_owned()], &error)),
        }
    }
}

/// Quay could not be asked about these tokens of one host.
pub(super) fn unknown_error(host: &Host, tokens: &[String], cause: &Error) -> Error {
    Error::new(cause.exit, format!("cannot tell whether {host} accepts {}", tokens.join(" and ")))
        .caused_by_error(cause)
        .hint(
            CommandLine::new("status").flag("--offline").purpose("try again, or show the profiles without asking Quay"),
        )
}

/// A token to ask about.
pub(super) struct TokenQuery {
    pub(super) profile: ProfileId,
    pub(super) source: TokenSource,
}

pub(super) enum TokenSource {
    Store(Box<Profile>, Vault),
    /// `QUAY_AUTH_TOKEN`.
    Variable(AccessToken),
}

/// Asks about all tokens at once, but only once at a server that cannot be reached. The states come in the order of the queries.
pub(super) fn check_all(queries: Vec<TokenQuery>, settings: &Settings) -> Vec<TokenState> {
    let deadline = Instant::now() + TIMEOUT;
    let late = Arc::new(Error::new(Exit::Network, format!("no answer within {} seconds", TIMEOUT.as_secs())));
    let mut states: Vec<TokenState> = queries.iter().map(|_| TokenState::Unknown(Arc::clone(&late))).collect();
    let mut groups: Vec<(Connection, Vec<(usize, TokenQuery)>)> = Vec::new();
    for (index, query) in queries.into_iter().enumerate() {
        // A connection that is not allowed, such as plain http to another machine, is not made.
        match settings.connection(&query.profile) {
            Err(error) => states[index] = TokenState::Unknown(Arc::new(error.into())),
            Ok(connection) => match groups.iter_mut().find(|(other, _)| *other == connection) {
                Some((_, group)) => group.push((index, query)),
                None => groups.push((connection, vec![(index, query)])),
            },
        }
    }
    let (sender, receiver) = mpsc::channel();
    for (connection, group) in groups {
        let sender = sender.clone();
        in_background(move || check_group(&connection, group, &sender));
    }
    drop(sender);
    // Threads that have not answered by then end with the process.
    while let Ok((index, state)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        states[index] = state;
    }
    states
}

/// Asks one server. Its first answer shows that it can be reached, and only then is it asked about the other tokens, all at once.
fn check_group(connection: &Connection, group: Vec<(usize, TokenQuery)>, sender: &Sender<(usize, TokenState)>) {
    let mut client = Client::new(connection).map_err(|error| Arc::new(Error::from(error)));
    let mut is_reachable = false;
    for (index, token) in read_tokens(group) {
        let sender = sender.clone();
        let state = match (token, &client) {
            (Err(state), _) => Ok(state),
            (Ok(_), Err(error)) => Err(Arc::clone(error)),
            (Ok(token), Ok(client)) if is_reachable => {
                let client = client.clone();
                in_background(move || {
                    let state = ask(&client, &token).unwrap_or_else(TokenState::Unknown);
                    let _ = sender.send((index, state));
                });
                continue;
            }
            (Ok(token), Ok(working)) => {
                let state = ask(working, &token);
                match &state {
                    Ok(_) => is_reachable = true,
                    Err(error) => client = Err(Arc::clone(error)),
                }
                state
            }
        };
        let _ = sender.send((index, state.unwrap_or_else(TokenState::Unknown)));
    }
}

/// Reads the tokens, or why that is not possible. All at once, since a keyring that does not respond takes five seconds for each.
fn read_tokens(group: Vec<(usize, TokenQuery)>) -> Vec<(usize, Result<AccessToken, TokenState>)> {
    let (sender, tokens) = mpsc::channel();
    for (index, query) in group {
        let sender = sender.clone();
        in_background(move || drop(sender.send((index, query.token()))));
    }
    drop(sender);
    let mut tokens: Vec<_> = tokens.into_iter().collect();
    tokens.sort_by_key(|(index, _)| *index);
    tokens
}

impl TokenQuery {
    fn token(self) -> Result<AccessToken, TokenState> {
        match self.source {
            TokenSource::Variable(token) => Ok(token),
            TokenSource::Store(profile, vault) => match vault.find(&self.profile, Some(&profile)) {
                Ok(Lookup::Found(_, token)) => Ok(token),
                Ok(Lookup::NoToken | Lookup::Missing(_)) => Err(TokenState::Missing),
                Err(error) => {
                    let failure = StoreFailure::from(&error);
                    let login = CommandLine::of("login", &self.profile);
                    Err(TokenState::StoreFailed(failure, Error::in_store(error, login)))
                }
            },
        }
    }
}

/// Fails if the server cannot be reached.
fn ask(client: &Client, token: &AccessToken) -> Result<TokenState, Arc<Error>> {
    let unclear = |reason: String| TokenState::Unknown(Arc::new(Error::new(Exit::Network, reason)));
    match verify(client, token) {
        Verification::Accepted(identity) => Ok(TokenState::Accepted(identity)),
        Verification::Refused(reason) => Ok(TokenState::Refused(reason)),
        Verification::Unreachable(error) => Err(Arc::new(error.into())),
        Verification::Unclear { status: 200 } => Ok(unclear("the server answered, but not as Quay does".to_owned())),
        Verification::Unclear { status } => {
            Ok(unclear(format!("the server answered with status {}", describe_status(status))))
        }
    }
}
