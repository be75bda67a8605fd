//! `status`: what is remembered of every login.

use serde::Serialize;

use crate::domain::{Host, ProfileName, Scopes, ServerText, StoreKind, Timestamp};
use crate::error::{Error, Exit};
use crate::settings::Settings;
use crate::store::Record;
use crate::terminal::Terminal;

/// Shows the logins of this machine: host, user, scopes, where the token is kept, and when it ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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
    /// Whether Quay accepted it when it was obtained.
    verified: bool,
}

impl<'a> Row<'a> {
    /// The row of a login; `None` once its token was forgotten.
    fn of(record: &'a Record) -> Option<Self> {
        let token = record.token.as_ref()?;
        Some(Row {
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
        })
    }

    /// The cells of the table.
    fn cells(&self) -> [String; 6] {
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
        ]
    }
}

/// Shows the logins. Exit 3 when there is none.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let wanted = settings.chosen();
    let records = settings.profiles.iter().filter(|record| wanted.includes(&record.profile));
    let rows: Vec<Row<'_>> = records.filter_map(Row::of).collect();
    let environment_host = settings.token_variable()?.map(|(host, _)| host);
    if args.json {
        terminal.json(&Json { profiles: rows, environment_token_for: environment_host.as_ref() })?;
        return Ok(());
    }
    if let Some(host) = &environment_host {
        terminal.say(&format!("QUAY_AUTH_TOKEN is set and replaces the stored token of {host}."));
    }
    if rows.is_empty() {
        // Without a home nobody knows.
        settings.data_folder()?;
        let nothing = |what: String| Error::new(Exit::NoLogin, what);
        return Err(match (settings.profile(), wanted.name()) {
            (Ok(profile), _) if wanted.is_named() => Error::no_login(&profile),
            (Ok(profile), _) => {
                nothing("there is no login here".to_owned()).hint(format!("quay-auth login {}", profile.flags()))
            }
            (Err(_), Some(name)) => {
                nothing(format!("there is no login named {name} at any host")).hint("quay-auth status")
            }
            (Err(_), None) => nothing("there is no login here".to_owned()).hint("quay-auth login --host HOST"),
        });
    }
    let mut table = vec![["PROFILE", "USER", "SCOPES", "STORE", "MADE", "ENDS"].map(str::to_owned)];
    table.extend(rows.iter().map(Row::cells));
    terminal.table(&table)
}
