//! `scopes`: what each scope allows, which are dangerous, which brings along which; and what a host offers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{KnownScope, Scopes, ServerText};
use crate::error::{Error, Exit};
use crate::quay::{Client, offered_scopes};
use crate::settings::{LoginFlags, Settings};
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth scopes
quay-auth scopes --host quay.example.com";

/// Stands below the help.
const NOTES: &str = "\
Without --host nobody is asked: these are Quay's scopes of today. With it, those that the host offers.
No scope gives a right that the user does not have.";

/// What `scopes` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Print a JSON object instead
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Documented in the README; only ever added to.
#[derive(Serialize)]
struct Json<'a> {
    /// In Quay's order; what only the host knows comes last.
    scopes: Vec<Row<'a>>,
}

/// One scope.
#[derive(Serialize)]
struct Row<'a> {
    /// Quay's word.
    scope: String,
    /// What it allows.
    allows: String,
    /// The words that it brings along.
    implies: &'a [&'a str],
    /// Whether Quay asks twice before it is granted; not known of a scope that only the host knows.
    dangerous: Option<bool>,
}

impl From<&'static KnownScope> for Row<'static> {
    fn from(known: &'static KnownScope) -> Self {
        Row {
            scope: known.word.to_owned(),
            allows: known.allows.to_owned(),
            implies: known.implies,
            dangerous: Some(known.is_dangerous),
        }
    }
}

impl Row<'_> {
    /// The cells of the table.
    fn cells(&self) -> [String; 4] {
        let danger = if self.dangerous == Some(true) { "dangerous" } else { "" };
        [self.scope.clone(), self.allows.clone(), self.implies.join(", "), danger.to_owned()]
    }
}

/// Shows the scopes.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let offered = if settings.chosen().names_host() { Some(ask(settings, terminal)?) } else { None };
    let is_offered = |known: &&KnownScope| {
        offered.as_ref().is_none_or(|offered| offered.contains_key(&ServerText::from(known.word)))
    };
    let mut rows: Vec<Row<'_>> = Scopes::known().filter(is_offered).map(Row::from).collect();
    for (word, says) in offered.into_iter().flatten() {
        if !Scopes::known_words().any(|known| known == word.as_str()) {
            rows.push(Row { scope: word.to_string(), allows: says.to_string(), implies: &[], dangerous: None });
        }
    }
    if args.json {
        return terminal.json(&Json { scopes: rows });
    }
    let mut table = vec![["SCOPE", "ALLOWS TO", "BRINGS ALONG", ""].map(str::to_owned)];
    table.extend(rows.iter().map(Row::cells));
    terminal.table(&table)
}

/// What the host offers.
fn ask(settings: &Settings, terminal: &mut Terminal) -> Result<BTreeMap<ServerText, ServerText>, Error> {
    let login = settings.login(&LoginFlags::default(), settings.profile()?)?;
    let host = &login.profile.host;
    terminal.wait_for(&format!("Asking {host}"), None);
    let offered = Client::new(host, login.ca_file.as_deref()).and_then(|client| offered_scopes(&client));
    terminal.waited();
    let offered = offered?;
    if offered.is_empty() {
        return Err(Error::new(Exit::Failure, format!("{host} does not say which scopes it offers"))
            .hint("is this really a Quay? Check --host"));
    }
    Ok(offered)
}
