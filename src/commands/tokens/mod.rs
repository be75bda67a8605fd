//! `tokens`: the tokens of an OAuth application. Needs Quay 3.18 and a token with the scope `org:admin`.

mod create;
mod list;
mod revoke;

use std::time::Duration;

use clap::Subcommand;

use super::api_refusal::ApiRefusal;
use super::selected_token::{SelectedToken, select_token};
use crate::domain::{ClientId, ProfileId, Scopes, ServerText};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::quay::http::Method;
use crate::quay::{Api, ApplicationTokens, Client, ListedToken, TokensError};
use crate::settings::Settings;
use crate::store::Profile;
use crate::terminal::Terminal;

pub(super) const REQUIREMENTS: &str = "\
Needs Quay 3.18 or later, and a token with the scope org:admin: log in with
`quay-auth login --add-scopes org:admin`. The application is the one that you
logged in with.";

/// Why Quay refuses to create a token although the login has `org:admin`.
const ONLY_OWN_SCOPES: &str = "a token can create only tokens with scopes that it has itself";

pub(super) const EXAMPLES: &str = "\
Examples:
  # Create a token for a CI job
  quay-auth tokens create --name ci --scopes repo:read --expires 30d

  # See who created which token, and when it was last used
  quay-auth tokens list

  # Revoke a token
  quay-auth tokens revoke ci";

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show the active tokens of the application
    List(list::Args),
    /// Create a short-lived, restricted token, for example for CI
    Create(create::Args),
    /// Revoke a token of the application
    Revoke(revoke::Args),
}

pub(super) fn run(action: &Action, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    match action {
        Action::List(args) => list::run(args, settings, terminal),
        Action::Create(args) => create::run(args, settings, terminal),
        Action::Revoke(args) => revoke::run(args, settings, terminal),
    }
}

/// Requests about the tokens of one application, authenticated with the selected token.
struct TokensSession {
    selected: SelectedToken,
    client: Client,
    client_id: ClientId,
    /// The profiles of this host that have a token with a known UUID.
    profiles: Vec<(ServerText, ProfileId)>,
}

impl TokensSession {
    fn open(settings: &Settings, terminal: &mut Terminal) -> Result<Self, Error> {
        let selected = select_token(settings, terminal)?;
        let host = &selected.profile.host;
        let client_id = settings.client_id(&selected.profile)?.ok_or_else(|| {
            Error::new(Exit::Usage, format!("no client ID is known for {host}"))
                .hint("set QUAY_AUTH_CLIENT_ID to the client ID of the application, or client_id in config.toml")
        })?;
        let client = Client::new(&settings.connection(&selected.profile)?)?;
        let of_host = settings.profiles.iter().filter(|profile| profile.id.host == *host);
        let with_uuid = |profile: &Profile| Some((profile.token.as_ref()?.uuid.clone()?, profile.id.clone()));
        let profiles = of_host.filter_map(with_uuid).collect();
        Ok(TokensSession { selected, client, client_id, profiles })
    }

    /// Sends requests about the application's tokens, and shows meanwhile that the command is waiting.
    fn call<T>(
        &self,
        terminal: &mut Terminal,
        requests: impl FnOnce(&mut ApplicationTokens<'_>) -> Result<T, TokensError>,
    ) -> Result<T, Error> {
        let host = &self.selected.profile.host;
        terminal.start_waiting(&format!("Waiting for {host}"));
        let mut busy = |status: u16, wait: Duration| terminal.say_busy(host, status, wait);
        let api = Api::new(&self.client, &self.selected.token, &mut busy);
        let result = ApplicationTokens::find(api, &self.client_id).and_then(|mut tokens| requests(&mut tokens));
        terminal.stop_waiting();
        result.map_err(|error| self.error(error))
    }

    /// The profile that has this token stored.
    fn profile_of(&self, token: &ListedToken) -> Option<&ProfileId> {
        self.profiles.iter().find(|(uuid, _)| *uuid == token.uuid).map(|(_, id)| id)
    }

    /// Whether it is the token that this session is authenticated with, as far as its UUID is known.
    fn uses(&self, token: &ListedToken) -> bool {
        let own = self.selected.stored.as_ref().and_then(|stored| stored.uuid.as_ref());
        own == Some(&token.uuid)
    }

    fn error(&self, error: TokensError) -> Error {
        let (profile, client_id) = (&self.selected.profile, &self.client_id);
        let host = &profile.host;
        let no_quay = || {
            Error::new(Exit::Failure, format!("{host} did not answer as Quay does"))
                .hint("is this really a Quay? Check --host")
        };
        let list = |purpose: &str| CommandLine::of("tokens list", profile).purpose(purpose);
        let perhaps_created =
            |error: Error| error.hint(list("Quay may have created the token all the same; to see whether it did"));
        match error {
            TokensError::Request(error) => error.into(),
            TokensError::NoApplication => {
                Error::new(Exit::Refused, format!("found no application with the client ID {client_id} at {host}"))
                    .hint(
                        "look up the client ID in Quay under \"OAuth Information\", and set QUAY_AUTH_CLIENT_ID to it",
                    )
            }
            TokensError::NoSuchApi => {
                Error::new(Exit::Failure, format!("{host} cannot list or create tokens: it is older than Quay 3.18"))
                    .hint("create the token in its web UI instead (\"Generate Token\")")
                    .hint(format!(
                        "or get another token with the browser: `{}`",
                        CommandLine::at("login", host)
                            .option("--profile", Some("NAME"))
                            .option("--scopes", Some("SCOPES"))
                    ))
            }
            TokensError::Refused { method, path, response } => {
                let refusal = ApiRefusal {
                    selected: &self.selected,
                    client: &self.client,
                    method: &method,
                    path: &path,
                    needed: Some(Scopes::org_admin()),
                };
                let error = refusal.error(&response);
                match response.status {
                    _ if method != Method::POST => error,
                    403 if self.selected.scopes().is_none() => error.hint(ONLY_OWN_SCOPES),
                    400 => error.hint(list("if the application has too many tokens, revoke one; to see them")),
                    500.. if !response.is_read_only() => perhaps_created(error),
                    _ => error,
                }
            }
            TokensError::NotConfirmed(error) => perhaps_created(error.map_or_else(no_quay, Error::from)),
            TokensError::UnexpectedAnswer => no_quay(),
        }
    }
}
