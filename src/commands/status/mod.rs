//! `status`: every login, what is remembered of it, and whether Quay still accepts its token.

mod check;

use std::time::Duration;

use serde::Serialize;

use crate::domain::{Host, Profile, ProfileName, Scopes, ServerText, StoreKind, Timestamp};
use crate::error::{Error, Exit};
use crate::quay::Identity;
use crate::settings::Settings;
use crate::store::{Profiles, Record, TokenRecord};
use crate::terminal::Terminal;

use check::{Place, Question, State, ask_all};

/// How long before its end a token is worth a word.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth status
quay-auth status --host quay.io --json | jq -r '.profiles[].state'";

/// Stands below the help.
const NOTES: &str = "\
Ends with 0 only when Quay accepts every token that is shown; else with 5 (refused), 4 (its store
fails), 3 (its store no longer holds it) or 7 (not known), the first of these that holds.";

/// What `status` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Ask nobody: show what is remembered
    #[arg(long)]
    offline: bool,

    /// Print a JSON object instead
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Documented in the README; only ever added to.
#[derive(Serialize)]
struct Json<'a> {
    /// The logins, by host and name.
    profiles: Vec<Row<'a>>,
    /// The host whose stored token `QUAY_AUTH_TOKEN` replaces just now.
    environment_token_for: Option<&'a Host>,
    /// What Quay says of that token.
    environment_token: Option<EnvironmentRow>,
}

/// One login.
#[derive(Serialize)]
struct Row<'a> {
    /// `NAME@HOST`.
    profile: String,
    /// The host.
    host: &'a Host,
    /// The name.
    name: &'a ProfileName,
    /// The Quay user.
    user: Option<&'a ServerText>,
    /// The scopes, where they are known.
    scopes: Option<&'a Scopes>,
    /// Where the token is kept.
    store: StoreKind,
    /// When it was obtained.
    obtained_at: Timestamp,
    /// When it ends.
    expires_at: Option<Timestamp>,
    /// Whether that end has passed.
    expired: bool,
    /// Whether Quay accepted it when it was obtained, or since.
    verified: bool,
    /// `accepted`, `refused`, `unknown`, `unreadable`, `missing`, `not asked`.
    state: &'static str,
    /// Why, where there is more to say.
    reason: Option<String>,
}

/// The token of the environment.
#[derive(Serialize)]
struct EnvironmentRow {
    /// Its host.
    host: Host,
    /// The Quay user, where Quay told.
    user: Option<ServerText>,
    /// As for a login.
    state: &'static str,
    /// Why, where there is more to say.
    reason: Option<String>,
}

impl<'a> Row<'a> {
    /// The row of a login with a token.
    fn of(record: &'a Record, token: &'a TokenRecord, state: &State) -> Self {
        Row {
            profile: record.profile.to_string(),
            host: &record.profile.host,
            name: &record.profile.name,
            user: token.user.as_ref(),
            scopes: token.scopes.as_ref(),
            store: record.store,
            obtained_at: token.obtained_at,
            expires_at: token.expires_at,
            expired: token.expires_at.is_some_and(Timestamp::is_past),
            verified: token.verified,
            state: state.word(),
            reason: state.reason(),
        }
    }

    /// The cells of the table.
    fn cells(&self) -> [String; 7] {
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
        let ends = match (self.expires_at, self.expired) {
            (Some(end), false) => end.day(),
            (Some(end), true) => format!("{} (ended)", end.day()),
            (None, _) => "unknown".to_owned(),
        };
        let made =
            if self.verified { self.obtained_at.day() } else { format!("{} (unverified)", self.obtained_at.day()) };
        [
            self.profile.clone(),
            or_unknown(self.user.map(ToString::to_string)),
            or_unknown(self.scopes.map(ToString::to_string)),
            self.store.to_string(),
            made,
            ends,
            self.state.to_owned(),
        ]
    }
}

/// Shows the logins, each with what Quay says of its token.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let wanted = settings.chosen();
    let mut records: Vec<Record> =
        settings.profiles.iter().filter(|record| wanted.includes(&record.profile)).cloned().collect();
    records.retain(|record| record.token.is_some());
    let variable = settings.token_variable()?.filter(|(host, _)| wanted.includes_host(host));
    let environment_host = variable.as_ref().map(|(host, _)| host.clone());
    if records.is_empty() && variable.is_none() && !args.json {
        return Err(nothing_here(settings)?);
    }

    let folder = if records.is_empty() { None } else { Some(settings.data_folder()?) };
    let stored = records.iter().zip(folder.iter().cycle());
    let mut questions: Vec<Question> = stored
        .map(|(record, folder)| Question {
            profile: record.profile.clone(),
            place: Place::Store(record.store, folder.clone()),
        })
        .collect();
    questions.extend(variable.map(|(host, token)| Question {
        profile: Profile { host, name: ProfileName::default() },
        place: Place::Here(token),
    }));
    let mut states: Vec<State> = if args.offline {
        questions.iter().map(|_| State::NotAsked).collect()
    } else {
        terminal.wait_for("Asking Quay", None);
        let states = ask_all(questions, settings);
        terminal.waited();
        states
    };
    let environment = environment_host.clone().and_then(|host| Some((host, states.pop()?)));
    for (record, state) in records.iter_mut().zip(&states) {
        learn(record, state, settings);
    }

    let rows: Vec<Row<'_>> = records
        .iter()
        .zip(&states)
        .filter_map(|(record, state)| Some(Row::of(record, record.token.as_ref()?, state)))
        .collect();
    if args.json {
        let environment_token = environment.as_ref().map(|(host, state)| EnvironmentRow {
            host: host.clone(),
            user: match state {
                State::Accepted(identity) => identity.user.clone(),
                _ => None,
            },
            state: state.word(),
            reason: state.reason(),
        });
        terminal.json(&Json { profiles: rows, environment_token_for: environment_host.as_ref(), environment_token })?;
    } else {
        if let Some((host, state)) = &environment {
            let says = if args.offline { String::new() } else { format!(" It is {} there.", state.word()) };
            terminal.say(&format!("QUAY_AUTH_TOKEN is set and replaces the stored token of {host}.{says}"));
        }
        if !rows.is_empty() {
            let mut table =
                vec![["PROFILE", "USER", "SCOPES", "STORE", "MADE", "ENDS", "QUAY SAYS"].map(str::to_owned)];
            table.extend(rows.iter().map(Row::cells));
            terminal.table(&table)?;
        }
    }
    records.iter().for_each(|record| warn_of_an_end(record, terminal));
    end(records, states, environment, terminal)
}

/// Quay's answer counts as the check that a login without the network could not make.
fn learn(record: &mut Record, state: &State, settings: &Settings) {
    let before = record.clone();
    let (State::Accepted(Identity { user, uuid }), Some(token)) = (state, &mut record.token) else { return };
    if token.verified && token.uuid.is_some() {
        return;
    }
    token.verified = true;
    token.user = token.user.take().or(user.clone());
    token.uuid = token.uuid.take().or(uuid.clone());
    if let Ok(folder) = settings.data_folder() {
        // In vain on a read-only disk: then the next status finds out once more.
        let _ = Profiles::try_update(&folder, |profiles| {
            // A login may have put another token there meanwhile, of which this answer says nothing.
            if profiles.find(&before.profile) == Some(&before) {
                profiles.put(record.clone());
            }
        });
    }
}

/// Says that a token ends soon.
fn warn_of_an_end(record: &Record, terminal: &mut Terminal) {
    let profile = &record.profile;
    let Some(token) = &record.token else { return };
    let Some(end) = token.expires_at else { return };
    // One that was made to end soon is worth a word in its last quarter.
    let soon = SOON.min(end.since(token.obtained_at) / 4);
    let is_soon = Timestamp::now().after(soon).is_some_and(|soon| end < soon);
    if is_soon && !end.is_past() {
        terminal.warn(&format!("the token of {profile} ends on {}.", end.day()));
        terminal.hint(&format!("a new one: quay-auth login {}", profile.flags()));
    }
}

/// The worst that was found is how it ends; all else is said before.
fn end(
    records: Vec<Record>,
    states: Vec<State>,
    environment: Option<(Host, State)>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let stored = records.into_iter().zip(states).map(|(record, state)| {
        (
            state.rank(),
            state.into_error(&format!("the token of {}", record.profile), &record.profile, Some(record.store)),
        )
    });
    let environment = environment.map(|(host, state)| {
        let profile = Profile { host, name: ProfileName::default() };
        (state.rank(), state.into_error("the token in QUAY_AUTH_TOKEN", &profile, None))
    });
    let mut wrong: Vec<(u8, Error)> =
        stored.chain(environment).filter_map(|(rank, error)| Some((rank, error?))).collect();
    wrong.sort_by_key(|(rank, _)| *rank);
    let mut wrong = wrong.into_iter().map(|(_, error)| error);
    let worst = wrong.next();
    wrong.for_each(|error| terminal.warn(&error.in_one_line()));
    worst.map_or(Ok(()), Err)
}

/// There is no login of those that are meant; or, where nobody can know without a home, that.
fn nothing_here(settings: &Settings) -> Result<Error, Error> {
    settings.data_folder()?;
    let wanted = settings.chosen();
    let nothing = |what: String| Error::new(Exit::NoLogin, what);
    Ok(match (settings.profile(), wanted.name()) {
        (Ok(profile), _) if wanted.is_named() => Error::no_login(&profile),
        (Ok(profile), _) => {
            nothing("there is no login here".to_owned()).hint(format!("quay-auth login {}", profile.flags()))
        }
        (Err(_), Some(name)) => nothing(format!("there is no login named {name} at any host")).hint("quay-auth status"),
        (Err(_), None) => nothing("there is no login here".to_owned()).hint("quay-auth login --host HOST"),
    })
}
