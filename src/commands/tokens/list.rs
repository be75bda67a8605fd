//! `tokens list`: the live tokens of the application, with their last use.

use serde::Serialize;

use super::Asking;
use crate::domain::{ServerText, Timestamp};
use crate::error::Error;
use crate::quay::Listed;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth tokens list
quay-auth tokens list --json | jq -r '.tokens[].name'";

/// What `tokens list` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST)]
pub(crate) struct Args {
    /// Print a JSON object instead
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Documented in the README; only ever added to.
#[derive(Serialize)]
struct Json<'a> {
    /// The newest first.
    tokens: Vec<Row<'a>>,
}

/// One token.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    /// Quay's name of it.
    uuid: &'a ServerText,
    /// The name that it was given.
    name: Option<&'a ServerText>,
    /// What it may do.
    scopes: &'a ServerText,
    /// When it was made.
    created_at: Option<Timestamp>,
    /// By whom.
    created_by: Option<&'a ServerText>,
    /// When it was last used.
    last_used_at: Option<Timestamp>,
    /// When it ends.
    expires_at: Option<Timestamp>,
    /// Whether it is the one that asks.
    this_login: bool,
}

impl<'a> Row<'a> {
    /// The row of a token.
    pub(super) fn of(token: &'a Listed, asking: &Asking) -> Self {
        let own = asking.held.record.as_ref().and_then(|record| record.uuid.as_ref());
        Row {
            uuid: &token.uuid,
            name: token.name.as_ref(),
            scopes: &token.scope,
            created_at: token.created,
            created_by: token.created_by.as_ref(),
            last_used_at: token.last_accessed,
            expires_at: token.expires_at,
            this_login: own == Some(&token.uuid),
        }
    }

    /// The cells of the table.
    fn cells(&self) -> [String; 7] {
        let day = |moment: Option<Timestamp>, none: &str| moment.map_or_else(|| none.to_owned(), Timestamp::day);
        let text = |text: Option<&ServerText>, none: &str| text.map_or_else(|| none.to_owned(), ToString::to_string);
        let mark = if self.this_login { " (this login)" } else { "" };
        [
            format!("{}{mark}", text(self.name, "-")),
            self.scopes.to_string(),
            text(self.created_by, "unknown"),
            day(self.created_at, "unknown"),
            day(self.last_used_at, "never"),
            day(self.expires_at, "unknown"),
            self.uuid.to_string(),
        ]
    }
}

/// Shows the tokens.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let asking = Asking::begin(settings)?;
    let listed = asking.ask(terminal, |tokens| tokens.list())?;
    let rows: Vec<Row<'_>> = listed.iter().map(|token| Row::of(token, &asking)).collect();
    if args.json {
        return terminal.json(&Json { tokens: rows });
    }
    let mut table = vec![["NAME", "SCOPES", "MADE BY", "MADE", "LAST USED", "ENDS", "UUID"].map(str::to_owned)];
    table.extend(rows.iter().map(Row::cells));
    terminal.table(&table)
}
