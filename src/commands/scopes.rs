//! `scopes`: what each scope allows, which scopes are dangerous, and which scopes a host offers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{KnownScope, Scopes, ServerText, nearest};
use crate::error::{Error, Exit};
use crate::quay::{Client, offered_scopes};
use crate::settings::Settings;
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Without --host, shows the scopes that Quay has today and asks no server. With
--host, shows the scopes that this host offers.

No scope gives a right that the user does not have. Quay asks for another
confirmation before it grants a dangerous scope.";

const EXAMPLES: &str = "\
Examples:
  # Show the scopes of a host
  quay-auth scopes --host quay.example.com

  # List the dangerous scopes
  quay-auth scopes --json | jq -r '.scopes[] | select(.dangerous).scope'";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print a JSON object instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// The output of `--json`, documented in docs/reference.md. Fields may be added, but not renamed or removed.
#[derive(Serialize)]
struct Json<'a> {
    /// In Quay's order, followed by those that only the host knows.
    scopes: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    scope: String,
    allows: String,
    /// The scopes that this one includes.
    implies: &'a [&'a str],
    /// Whether Quay asks for another confirmation before it grants the scope; unknown if only the host knows the scope.
    dangerous: Option<bool>,
}

impl From<&'static KnownScope> for Row<'static> {
    fn from(known: &'static KnownScope) -> Self {
        Row {
            scope: known.name.to_owned(),
            allows: known.allows.to_owned(),
            implies: known.implies,
            dangerous: Some(known.is_dangerous),
        }
    }
}

impl Row<'_> {
    fn cells(&self) -> [String; 4] {
        let dangerous = if self.dangerous == Some(true) { "yes" } else { "" };
        [self.scope.clone(), self.allows.clone(), self.implies.join(", "), dangerous.to_owned()]
    }
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let offered = if settings.profile_filter().has_host() { Some(ask(settings, terminal)?) } else { None };
    let is_offered = |known: &&KnownScope| {
        offered.as_ref().is_none_or(|offered| offered.contains_key(&ServerText::from(known.name)))
    };
    let mut rows: Vec<Row<'_>> = Scopes::known().filter(is_offered).map(Row::from).collect();
    for (scope, description) in offered.into_iter().flatten() {
        if !Scopes::known_names().any(|known| known == scope.as_str()) {
            rows.push(Row { scope: scope.to_string(), allows: description.to_string(), implies: &[], dangerous: None });
        }
    }
    if args.json {
        return terminal.print_json(&Json { scopes: rows });
    }
    let mut table = vec![["SCOPE", "ALLOWS", "INCLUDES", "DANGEROUS"].map(str::to_owned)];
    table.extend(rows.iter().map(Row::cells));
    terminal.print_table(&table)
}

/// The error for a scope that is not one of these.
pub(super) fn unknown_scope(scope: &str, known: &[&str]) -> Error {
    let suggestion = nearest(scope, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    Error::new(Exit::Usage, format!("unknown scope `{scope}`{}", suggestion.unwrap_or_default()))
        .hint(format!("choose from {}", known.join(", ")))
}

/// The scopes that the host offers, with its descriptions.
fn ask(settings: &Settings, terminal: &mut Terminal) -> Result<BTreeMap<ServerText, ServerText>, Error> {
    let profile = settings.profile()?;
    let host = &profile.host;
    let connection = settings.connection(&profile)?;
    terminal.start_waiting(&format!("Waiting for {host}"));
    let offered = Client::new(&connection).and_then(|client| offered_scopes(&client));
    terminal.stop_waiting();
    let offered = offered?;
    if offered.is_empty() {
        return Err(Error::new(Exit::Failure, format!("{host} does not say which scopes it offers"))
            .hint("is this really a Quay? Check --host"));
    }
    Ok(offered)
}
