//! `status`: the profiles, what is known about their tokens, and whether Quay accepts them.

mod check;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::domain::{Host, ProfileId, ProfileName, Scopes, ServerText, StoreKind, Timestamp};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::quay::Identity;
use crate::settings::{Settings, TokenVariable};
use crate::store::{Leftover, Profile, StoredToken};
use crate::terminal::Terminal;

use super::selected_token::{hint_about_unused, warn_if_expiring, warn_if_without_host};
use check::{TokenQuery, TokenSource, TokenState, check_all, unknown_error};

/// How long before a token expires `status` begins to warn.
const EXPIRES_SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The exit codes of what can be wrong with a token, in the order in which they count.
const WORST_FIRST: [Exit; 5] = [Exit::Usage, Exit::Refused, Exit::Store, Exit::NoLogin, Exit::Network];

const DESCRIPTION: &str = "\
Asks Quay about each token. STATUS is one of:
  accepted    Quay accepts the token
  refused     Quay does not accept it: it has expired, was revoked or is wrong
  unknown     Quay could not be asked
  locked      the keyring is locked; also not_responding or not_available
  unreadable  the keyring or token file could not be read
  missing     the token is no longer in the keyring or token file
  not_asked   --offline was given

The exit code is 0 if Quay accepts every token shown. Otherwise it is 2 if
QUAY_AUTH_TOKEN or another setting is invalid, else 5 if a token is refused,
else 4 if a keyring or token file failed, else 3 if one is missing, else 7.";

const EXAMPLES: &str = "\
Examples:
  # Show all profiles
  quay-auth status

  # Show what is stored, without the network
  quay-auth status --offline

  # Check one host in a script
  quay-auth status --host quay.io --json | jq -r '.profiles[].state'";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Do not contact Quay
    #[arg(long)]
    offline: bool,

    /// Print a JSON object instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// The output of `--json`, documented in docs/reference.md. Fields may be added, but not renamed or removed.
#[derive(Serialize)]
struct Json<'a> {
    profiles: Vec<Row<'a>>,
    /// The host for which `QUAY_AUTH_TOKEN` is used instead of the stored token.
    environment_token_for: Option<&'a Host>,
    environment_token: Option<EnvironmentRow<'a>>,
    /// Tokens that should be gone but could not be deleted.
    leftovers: Vec<LeftoverRow>,
}

#[derive(Serialize)]
struct LeftoverRow {
    /// `NAME@HOST`.
    profile: String,
    store: StoreKind,
}

#[derive(Serialize)]
struct Row<'a> {
    /// `NAME@HOST`.
    profile: String,
    host: &'a Host,
    name: &'a ProfileName,
    user: Option<&'a ServerText>,
    scopes: Option<&'a Scopes>,
    store: StoreKind,
    obtained_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// By this machine's clock.
    expired: bool,
    /// Whether Quay has accepted the token at least once.
    verified: bool,
    /// The name of a [`TokenState`].
    state: &'static str,
    reason: Option<String>,
}

/// `QUAY_AUTH_TOKEN`.
#[derive(Serialize)]
struct EnvironmentRow<'a> {
    host: Option<&'a Host>,
    user: Option<&'a ServerText>,
    state: &'static str,
    reason: Option<String>,
}

/// A profile with a token, and the token's state.
struct CheckedProfile {
    profile: Profile,
    token: StoredToken,
    state: TokenState,
}

/// The state of `QUAY_AUTH_TOKEN`.
struct CheckedVariable {
    /// `None` if it is used for no host.
    host: Option<Host>,
    state: TokenState,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let filter = settings.profile_filter();
    let included = settings.profiles.iter().filter(|profile| filter.includes(&profile.id));
    let with_token = included.filter_map(|profile| Some((profile.clone(), profile.token.clone()?)));
    let mut checked: Vec<CheckedProfile> =
        with_token.map(|(profile, token)| CheckedProfile { profile, token, state: TokenState::NotAsked }).collect();
    let (mut variable, variable_query) = CheckedVariable::find(settings);
    warn_if_without_host(&settings.token_variable(), terminal);
    for leftover in settings.profiles.leftovers() {
        terminal.warn(&format!("{leftover}."));
        terminal.hint(CommandLine::of("login", &leftover.id).purpose("to delete it, log in again"));
    }
    let has_token = !checked.is_empty() || variable.as_ref().is_some_and(|variable| variable.host.is_some());
    let no_token = if has_token { None } else { Some(nothing_to_show(settings)?) };

    if has_token && !args.offline {
        let mut queries = checked.iter().map(|checked| checked.query(settings)).collect::<Result<Vec<_>, Error>>()?;
        queries.extend(variable_query);
        terminal.start_waiting("Waiting for Quay");
        let mut states = check_all(queries, settings).into_iter();
        terminal.stop_waiting();
        for (checked, state) in checked.iter_mut().zip(&mut states) {
            checked.state = state;
            checked.save_verification(settings, terminal);
        }
        for (variable, state) in variable.iter_mut().zip(states) {
            variable.state = state;
        }
    }

    let rows: Vec<Row<'_>> = checked.iter().map(CheckedProfile::row).collect();
    if args.json {
        terminal.print_json(&Json {
            profiles: rows,
            environment_token_for: variable.as_ref().and_then(|variable| variable.host.as_ref()),
            environment_token: variable.as_ref().map(CheckedVariable::row),
            leftovers: settings.profiles.leftovers().iter().map(LeftoverRow::from).collect(),
        })?;
    } else if has_token {
        if let Some(CheckedVariable { host: Some(host), state }) = &variable {
            let state = state.name();
            terminal.say(&format!(
                "QUAY_AUTH_TOKEN is set and is used instead of the stored token for {host} (status: {state})."
            ));
        }
        if !rows.is_empty() {
            let head = ["PROFILE", "USER", "SCOPES", "STORE", "EXPIRES", "STATUS"].map(str::to_owned);
            let table: Vec<_> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
            terminal.print_table(&table)?;
        }
    }
    for checked in &checked {
        warn_if_expiring(&checked.profile.id, &checked.token, EXPIRES_SOON, terminal);
    }
    report(checked, variable, terminal).and(no_token.map_or(Ok(()), Err))
}

impl CheckedProfile {
    fn query(&self, settings: &Settings) -> Result<TokenQuery, Error> {
        let source = TokenSource::Store(Box::new(self.profile.clone()), settings.vault()?);
        Ok(TokenQuery { profile: self.profile.id.clone(), source })
    }

    fn row(&self) -> Row<'_> {
        let CheckedProfile { profile, token, state } = self;
        Row {
            profile: profile.id.to_string(),
            host: &profile.id.host,
            name: &profile.id.name,
            user: token.user.as_ref(),
            scopes: token.scopes.as_ref(),
            store: profile.store,
            obtained_at: token.obtained_at,
            expires_at: token.expires_at,
            expired: token.expires_at.is_some_and(Timestamp::is_past),
            verified: token.verified,
            state: state.name(),
            reason: state.reason(),
        }
    }

    /// Saves what Quay says about a token that was stored while Quay could not be asked.
    fn save_verification(&mut self, settings: &Settings, terminal: &mut Terminal) {
        let TokenState::Accepted(Identity { user, uuid }) = &self.state else { return };
        let before = self.token.clone();
        self.token.verified = true;
        if let (Some(before), Some(now)) = (&before.user, user)
            && before != now
        {
            let id = &self.profile.id;
            terminal.warn(&format!("Quay says that the token of {id} belongs to {now}, and not to {before}."));
        }
        // What Quay says now counts: the user may have been renamed.
        self.token.user = user.clone().or(self.token.user.take());
        self.token.uuid = uuid.clone().or(self.token.uuid.take());
        let Ok(vault) = settings.vault() else { return };
        if self.token == before {
            return;
        }
        // Fails harmlessly on a read-only disk; the next `status` retries.
        let _ = vault.try_update(|profiles| {
            // A login may have stored another token meanwhile, about which this answer says nothing.
            if profiles.find(&self.profile.id) == Some(&self.profile) {
                profiles.put(Profile { token: Some(self.token.clone()), ..self.profile.clone() });
            }
        });
    }
}

impl From<&Leftover> for LeftoverRow {
    fn from(leftover: &Leftover) -> Self {
        LeftoverRow { profile: leftover.id.to_string(), store: leftover.store }
    }
}

impl CheckedVariable {
    /// The variable, unless it is unset or for a host that is not shown; and what to ask about its token, if it has one.
    fn find(settings: &Settings) -> (Option<Self>, Option<TokenQuery>) {
        match settings.token_variable() {
            TokenVariable::Unset | TokenVariable::Empty => (None, None),
            TokenVariable::WithoutHost(_) => (Some(CheckedVariable { host: None, state: TokenState::Unused }), None),
            TokenVariable::ForHost(host, _) if !settings.profile_filter().includes_host(&host) => (None, None),
            TokenVariable::ForHost(host, Err(error)) => {
                (Some(CheckedVariable { host: Some(host), state: TokenState::Malformed(error) }), None)
            }
            TokenVariable::ForHost(host, Ok(token)) => {
                let profile = ProfileId { host: host.clone(), name: ProfileName::default() };
                let query = TokenQuery { profile, source: TokenSource::Variable(token) };
                (Some(CheckedVariable { host: Some(host), state: TokenState::NotAsked }), Some(query))
            }
        }
    }

    fn row(&self) -> EnvironmentRow<'_> {
        let user = match &self.state {
            TokenState::Accepted(identity) => identity.user.as_ref(),
            _ => None,
        };
        EnvironmentRow { host: self.host.as_ref(), user, state: self.state.name(), reason: self.state.reason() }
    }
}

impl Row<'_> {
    /// Without the day of the login, so that the table nearly always fits into 80 columns.
    fn cells(&self) -> [String; 6] {
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
        let expires = match self.expires_at {
            Some(expires_at) if self.expired => format!("{} (expired)", expires_at.day_or_time()),
            Some(expires_at) => expires_at.day_or_time(),
            None => "unknown".to_owned(),
        };
        [
            self.profile.clone(),
            or_unknown(self.user.map(ToString::to_string)),
            or_unknown(self.scopes.map(ToString::to_string)),
            self.store.to_string(),
            expires,
            if self.verified { self.state.to_owned() } else { format!("{} (unverified)", self.state) },
        ]
    }
}

/// Ends with the worst error, after a warning for each of the others.
fn report(
    profiles: Vec<CheckedProfile>,
    variable: Option<CheckedVariable>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let profiles = profiles.into_iter().map(|CheckedProfile { profile, state, .. }| {
        (format!("the token of {}", profile.id), profile.id, Some(profile.store), state)
    });
    let variable = variable.and_then(|CheckedVariable { host, state }| {
        let id = ProfileId { host: host?, name: ProfileName::default() };
        Some(("the token in QUAY_AUTH_TOKEN".to_owned(), id, None, state))
    });
    let mut errors = Vec::new();
    // What is the same for all tokens of a host is said once.
    let mut unknown: Vec<(Host, Arc<Error>, Vec<String>)> = Vec::new();
    for (token, id, store, state) in profiles.chain(variable) {
        match state {
            TokenState::Unknown(cause) => {
                let is_same = |(host, known, _): &&mut (Host, Arc<Error>, _)| {
                    *host == id.host && known.summary() == cause.summary()
                };
                match unknown.iter_mut().find(is_same) {
                    Some((_, _, tokens)) => tokens.push(token),
                    None => unknown.push((id.host, cause, vec![token])),
                }
            }
            state => errors.extend(state.into_error(&token, &id, store)),
        }
    }
    errors.extend(unknown.iter().map(|(host, cause, tokens)| unknown_error(host, tokens, cause)));
    errors.sort_by_key(|error| WORST_FIRST.iter().position(|exit| *exit == error.exit));
    let mut errors = errors.into_iter();
    let worst = errors.next();
    let mut warnings: Vec<String> = errors.map(|error| error.one_line()).collect();
    warnings.dedup();
    warnings.iter().for_each(|warning| terminal.warn(warning));
    worst.map_or(Ok(()), Err)
}

/// The error if there is no profile to show. Fails with another one if it is not known whether there are profiles.
fn nothing_to_show(settings: &Settings) -> Result<Error, Error> {
    settings.vault()?;
    let filter = settings.profile_filter();
    let error = |message: &str| Error::new(Exit::NoLogin, message);
    Ok(match (settings.profile(), filter.name()) {
        (Ok(profile), _) => {
            let log_in = settings.login_command(&profile);
            let error = match filter.is_set() {
                true => Error::no_login(&profile, log_in),
                false => error("you are not logged in").hint(log_in),
            };
            let hint = hint_about_unused(settings, &profile.host);
            hint.into_iter().fold(error, Error::first_hint)
        }
        (Err(_), Some(name)) => error(&format!("no host has a profile named {name}")).hint(CommandLine::new("status")),
        (Err(_), None) => error("you are not logged in").hint("log in with `quay-auth login --host HOST`"),
    })
}
