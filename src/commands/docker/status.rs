//! `docker status`: who is asked for the hosts, and what stands in the way.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Gets, Opened, gets};
use crate::docker::{HELPER, Obstacle};
use crate::domain::{Host, Profile};
use crate::error::{Error, Exit};
use crate::settings::Settings;
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth docker status
quay-auth docker status --host quay.io --json";

/// What `docker status` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = "Ends with 1 when docker gets no token of quay-auth for one of the hosts.")]
pub(crate) struct Args {
    /// Print a JSON object instead
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Documented in the README; only ever added to.
#[derive(Serialize)]
struct Json {
    /// Docker's settings.
    config_file: String,
    /// The hosts.
    hosts: Vec<Row>,
}

/// One host.
#[derive(Serialize)]
struct Row {
    /// The host.
    host: Host,
    /// The helper that docker asks for it.
    helper: Option<String>,
    /// The profile whose token docker gets.
    #[serde(serialize_with = "as_text")]
    profile: Profile,
    /// What docker gets.
    gets: Gets,
    /// What stands in the way.
    obstacles: Vec<Obstacle>,
}

impl Row {
    /// Whether quay-auth is asked and answers.
    fn is_served(&self) -> bool {
        self.helper.as_deref() == Some(HELPER) && self.gets == Gets::Token
    }

    /// What makes it so.
    fn next(&self) -> String {
        match self.gets {
            Gets::NoLogin => format!("quay-auth login {}", self.profile.flags()),
            Gets::Token | Gets::LoggedOut => format!("quay-auth docker install --host {}", self.host),
        }
    }
}

/// `NAME@HOST`.
fn as_text<S: serde::Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(profile)
}

/// Shows the hosts.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let opened = Opened::read(settings)?;
    let hosts = match settings.chosen().is_named() {
        true => BTreeSet::from([settings.profile()?.host]),
        false => settings.hosts(),
    };
    let rows = hosts.into_iter().map(|host| row(host, &opened, settings)).collect::<Result<Vec<_>, Error>>()?;
    let unserved = rows.iter().find(|row| !row.is_served()).map(|row| (row.host.clone(), row.next()));
    if rows.is_empty() {
        return Err(Error::new(Exit::NoLogin, "there is no login here").hint("quay-auth login --host HOST"));
    }
    if args.json {
        terminal.json(&Json { config_file: opened.path.display().to_string(), hosts: rows })?;
    } else {
        let mut table = vec![["HOST", "DOCKER ASKS", "AND GETS"].map(str::to_owned)];
        table.extend(rows.iter().map(|row| {
            let gets = match row.gets {
                Gets::Token => format!("the token of {}", row.profile),
                Gets::LoggedOut => "nothing since docker logout".to_owned(),
                Gets::NoLogin => "nothing: there is no login".to_owned(),
            };
            [row.host.to_string(), row.helper.clone().unwrap_or_else(|| "nobody".to_owned()), gets]
        }));
        terminal.table(&table)?;
        for obstacle in rows.iter().flat_map(|row| &row.obstacles) {
            terminal.warn(&format!("{}.", obstacle.what));
            terminal.hint(&obstacle.mend);
        }
    }
    match unserved {
        None => Ok(()),
        Some((host, next)) => {
            Err(Error::new(Exit::Failure, format!("docker gets no token of quay-auth for {host}")).hint(next))
        }
    }
}

/// The row of a host.
fn row(host: Host, opened: &Opened, settings: &Settings) -> Result<Row, Error> {
    let profile: Profile = settings.docker_profile(&host)?;
    Ok(Row {
        helper: opened.config.helper(&host),
        gets: gets(&profile, settings)?,
        profile,
        obstacles: opened.obstacles(&host),
        host,
    })
}
