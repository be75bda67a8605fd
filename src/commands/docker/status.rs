//! `docker status`: which helper docker uses for each host, what it returns, and what is in its way.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{ConfigFile, CredentialsState, credentials_state, warn_of, warn_of_missing_scope};
use crate::commands::selected_token::warn_if_without_host;
use crate::docker::{HelperName, Obstacle};
use crate::domain::{Host, ProfileId};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::Settings;
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
HELPER is the helper that docker uses for the host, and CREDENTIALS is what
quay-auth returns to it. Warnings name everything that keeps docker, podman,
skopeo or buildah from using quay-auth.

The exit code is 1 if docker does not get a token from quay-auth for a host
that you are logged in to.";

const EXAMPLES: &str = "\
Examples:
  # Show all hosts
  quay-auth docker status

  # Check one host in a script
  quay-auth docker status --host quay.io --json | jq -r '.hosts[].gets'";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print a JSON object instead of a table
    #[arg(long)]
    pub(in crate::commands) json: bool,
}

/// The output of `--json`, documented in docs/reference.md. Fields may be added, but not renamed or removed.
#[derive(Serialize)]
struct Json {
    config_file: String,
    hosts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    host: Host,
    /// The helper that docker uses for the host.
    helper: Option<HelperName>,
    /// The profile whose token docker gets.
    #[serde(serialize_with = "as_text")]
    profile: ProfileId,
    gets: CredentialsState,
    obstacles: Vec<Obstacle>,
}

impl Row {
    fn new(host: Host, file: &ConfigFile, settings: &Settings) -> Result<Self, Error> {
        let profile = settings.docker_profile(&host)?;
        let gets = credentials_state(&profile, settings);
        Ok(Row { helper: file.config.helper(&host), gets, profile, obstacles: file.obstacles(&host), host })
    }

    /// Whether docker gets a token from quay-auth.
    fn is_served(&self) -> bool {
        self.uses_quay_auth() && matches!(self.gets, CredentialsState::Token)
    }

    fn uses_quay_auth(&self) -> bool {
        self.helper.as_ref().is_some_and(HelperName::is_quay_auth)
    }

    fn has_login(&self) -> bool {
        !matches!(self.gets, CredentialsState::NoLogin)
    }

    /// The error for a host for which docker gets no token, with what to do about it.
    fn error(&self) -> Error {
        let error = Error::new(Exit::Failure, format!("docker does not get a token from quay-auth for {}", self.host));
        match &self.gets {
            CredentialsState::Missing(reason) | CredentialsState::Unreadable(reason) => error.caused_by_error(reason),
            CredentialsState::NoLogin | CredentialsState::Expired => {
                error.hint(CommandLine::of("login", &self.profile))
            }
            CredentialsState::Token | CredentialsState::LoggedOut => {
                error.hint(CommandLine::at("docker install", &self.host))
            }
            CredentialsState::Malformed => error.hint("set QUAY_AUTH_TOKEN to one token, or unset it"),
        }
    }

    fn cells(&self) -> [String; 3] {
        let credentials = match &self.gets {
            CredentialsState::Token => format!("token of {}", self.profile),
            CredentialsState::LoggedOut => "none, since docker logout".to_owned(),
            CredentialsState::NoLogin => "none, not logged in".to_owned(),
            CredentialsState::Expired => format!("none, the token of {} has expired", self.profile),
            CredentialsState::Missing(_) => format!("none, the token of {} is missing", self.profile),
            CredentialsState::Unreadable(_) => format!("none, the token of {} cannot be read", self.profile),
            CredentialsState::Malformed => "none, QUAY_AUTH_TOKEN does not contain a token".to_owned(),
        };
        [
            self.host.to_string(),
            self.helper.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
            credentials,
        ]
    }
}

/// `NAME@HOST`.
fn as_text<S: serde::Serializer>(profile: &ProfileId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(profile)
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let file = ConfigFile::read()?;
    let is_chosen = settings.profile_filter().is_set();
    let hosts = match is_chosen {
        true => BTreeSet::from([settings.profile()?.host]),
        false => settings.hosts(),
    };
    warn_if_without_host(&settings.token_variable(), terminal);
    let mut rows = hosts.into_iter().map(|host| Row::new(host, &file, settings)).collect::<Result<Vec<_>, Error>>()?;
    // After a logout, a host concerns docker only if its settings still name quay-auth.
    let has_token =
        |host: &Host| settings.profiles.iter().any(|profile| profile.id.host == *host && profile.token.is_some());
    rows.retain(|row| is_chosen || row.has_login() || row.uses_quay_auth() || has_token(&row.host));
    let no_login = || Error::new(Exit::NoLogin, "you are not logged in").hint(CommandLine::new("login"));
    let no_login = rows.is_empty().then(no_login);
    let has_login = rows.iter().any(Row::has_login);
    let unserved = rows.iter().find(|row| !row.is_served() && (row.has_login() || !has_login)).map(Row::error);
    if args.json {
        terminal.print_json(&Json { config_file: file.path.display().to_string(), hosts: rows })?;
    } else if no_login.is_none() {
        let head = ["HOST", "HELPER", "CREDENTIALS"].map(str::to_owned);
        let table: Vec<_> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
        terminal.print_table(&table)?;
        for row in &rows {
            warn_of(&row.obstacles, terminal);
            warn_of_missing_scope(&row.profile, settings, terminal);
        }
    }
    no_login.or(unserved).map_or(Ok(()), Err)
}
