//! `tokens`: the tokens of the application that a login was made with. Quay 3.18 and later, by a login with `org:admin`.

mod create;
mod list;
mod revoke;

use std::time::Duration;

use clap::Subcommand;

use super::explain::Explain;
use super::held::Held;
use crate::domain::{ClientId, Profile};
use crate::error::{Error, Exit};
use crate::quay::{Api, Client, Tokens, TokensError};
use crate::settings::{LoginFlags, Settings};
use crate::terminal::Terminal;

/// What can be done with them.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show the live tokens of the application
    List(list::Args),
    /// Make a token that may do less and ends soon, e.g. for a pipeline
    Create(create::Args),
    /// End a token
    Revoke(revoke::Args),
}

/// Does it.
pub(super) fn run(action: &Action, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    match action {
        Action::List(args) => list::run(args, settings, terminal),
        Action::Create(args) => create::run(args, settings, terminal),
        Action::Revoke(args) => revoke::run(args, settings, terminal),
    }
}

/// The login that asks, and its application.
struct Asking {
    /// The token at hand.
    held: Held,
    /// Speaks to its Quay.
    client: Client,
    /// The application.
    client_id: ClientId,
}

impl Asking {
    /// The login that is meant.
    fn begin(settings: &Settings) -> Result<Self, Error> {
        let held = super::held::held(settings)?;
        let login = settings.login(&LoginFlags::default(), held.profile.clone())?;
        let host = &held.profile.host;
        let client_id = login.client_id.ok_or_else(|| {
            Error::new(Exit::Usage, format!("it is not known which application at {host} is meant"))
                .hint("name its client id: QUAY_AUTH_CLIENT_ID=ID, or client_id in config.toml")
        })?;
        let client = Client::new(host, login.ca_file.as_deref())?;
        Ok(Asking { held, client, client_id })
    }

    /// Asks something of the application's tokens, with a spinner while it lasts.
    fn ask<T>(
        &self,
        terminal: &mut Terminal,
        question: impl FnOnce(&mut Tokens<'_>) -> Result<T, TokensError>,
    ) -> Result<T, Error> {
        let host = &self.held.profile.host;
        terminal.wait_for(&format!("Waiting for {host}"), None);
        let mut busy = |status: u16, wait: Duration| terminal.say_busy(host, status, wait);
        let api = Api { client: &self.client, token: &self.held.token, busy: &mut busy };
        let answer = Tokens::of(api, &self.client_id).and_then(|mut tokens| question(&mut tokens));
        terminal.waited();
        answer.map_err(|error| self.told(error))
    }

    /// The error in words.
    fn told(&self, error: TokensError) -> Error {
        let (host, client_id) = (&self.held.profile.host, &self.client_id);
        match error {
            TokensError::Request(error) => error.into(),
            TokensError::NoApplication => Error::new(
                Exit::Refused,
                format!("{host} does not tell of an application with the client id {client_id}"),
            )
            .hint("check the client id in Quay under \"OAuth Information\", and name it: QUAY_AUTH_CLIENT_ID=ID"),
            TokensError::NoSuchApi => too_old(&self.held.profile),
            TokensError::Refused { method, path, answer } => {
                let explain = Explain { held: &self.held, client: &self.client, method: &method, path: &path };
                explain.refusal(&answer).with_exit(Exit::Refused)
            }
            TokensError::Odd => Error::new(Exit::Failure, format!("{host} answers with something else than tokens"))
                .hint("is this really a Quay? Check --host"),
        }
    }
}

/// The server has no such API.
pub(super) fn too_old(profile: &Profile) -> Error {
    Error::new(Exit::Failure, format!("{} has no API for tokens: it is older than Quay 3.18", profile.host))
        .hint("make one in its web UI instead (\"Generate Token\"), or in the browser: quay-auth login --profile NAME --scopes SCOPES")
}
