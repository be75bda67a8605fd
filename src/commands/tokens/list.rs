//! `tokens list`: the active tokens of the application.

use serde::Serialize;

use super::TokensSession;
use crate::domain::{ServerText, Timestamp};
use crate::error::Error;
use crate::quay::ListedToken;
use crate::settings::Settings;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  # Show the tokens, the newest first
  quay-auth tokens list

  # Show the names only
  quay-auth tokens list --json | jq -r '.tokens[].name'";

#[derive(Debug, clap::Args)]
#[command(before_help = super::REQUIREMENTS, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print a JSON object instead of a table
    #[arg(long)]
    pub(in crate::commands) json: bool,
}

/// The output of `--json`, documented in docs/reference.md. Fields may be added, but not renamed or removed.
#[derive(Serialize)]
struct Json<'a> {
    /// The newest first.
    tokens: Vec<Row<'a>>,
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    uuid: &'a ServerText,
    name: Option<&'a ServerText>,
    scopes: &'a ServerText,
    /// The profile of this host that has it stored.
    profile: Option<String>,
    created_at: Option<Timestamp>,
    created_by: Option<&'a ServerText>,
    last_used_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    /// Whether it is the stored token that this command uses.
    this_login: bool,
}

impl<'a> Row<'a> {
    pub(super) fn new(token: &'a ListedToken, session: &TokensSession) -> Self {
        Row {
            uuid: &token.uuid,
            name: token.name.as_ref(),
            scopes: &token.scope,
            profile: session.profile_of(token).map(ToString::to_string),
            created_at: token.created,
            created_by: token.created_by.as_ref(),
            last_used_at: token.last_accessed,
            expires_at: token.expires_at,
            this_login: session.uses(token),
        }
    }

    fn cells(&self) -> [String; 7] {
        let day = |time: Option<Timestamp>, none: &str| time.map_or_else(|| none.to_owned(), Timestamp::day);
        let text = |text: Option<&ServerText>, none: &str| text.map_or_else(|| none.to_owned(), ToString::to_string);
        let this_login = if self.this_login { " (this login)" } else { "" };
        [
            format!("{}{this_login}", text(self.name, self.profile.as_deref().unwrap_or("-"))),
            self.scopes.to_string(),
            text(self.created_by, "unknown"),
            day(self.created_at, "unknown"),
            day(self.last_used_at, "never"),
            self.expires_at.map_or_else(|| "unknown".to_owned(), Timestamp::day_or_time),
            self.uuid.to_string(),
        ]
    }
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let session = TokensSession::open(settings, terminal)?;
    let tokens = session.call(terminal, |tokens| tokens.list())?;
    let rows: Vec<Row<'_>> = tokens.iter().map(|token| Row::new(token, &session)).collect();
    if args.json {
        return terminal.print_json(&Json { tokens: rows });
    }
    let head = ["NAME", "SCOPES", "CREATED BY", "CREATED", "LAST USED", "EXPIRES", "UUID"].map(str::to_owned);
    let table: Vec<_> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    terminal.print_table(&table)
}
