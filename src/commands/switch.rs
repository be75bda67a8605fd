//! `switch`: sets the profile that commands use if none is named.

use super::choice::choose;
use crate::domain::{HostArgument, ProfileId, redact_tokens};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::{ProfileFilter, Settings};
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Sets the profile that is used by commands without --host and --profile. At a
terminal, offers a list if no profile is named. QUAY_AUTH_HOST,
QUAY_AUTH_PROFILE and default_host in config.toml come first.";

const EXAMPLES: &str = "\
Examples:
  # Use the default profile of a host
  quay-auth switch quay.io

  # Use another profile
  quay-auth switch admin@quay.io";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Host, name of a profile, or NAME@HOST
    #[arg(value_name = "HOST|PROFILE")]
    target: Option<String>,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let filter = settings.profile_filter();
    let all = settings.profiles.iter().map(|profile| &profile.id);
    let all: Vec<&ProfileId> = all.filter(|id| args.target.is_none() || filter.includes(id)).collect();
    let id = match &args.target {
        Some(target) => find(target, &all, &filter, settings)?,
        None if filter.is_set() => settings.profile()?,
        None => match choose("Which profile?", &all, terminal)? {
            Some(id) => (*id).clone(),
            None => {
                return Err(Error::new(Exit::Usage, "no profile was named")
                    .hint(CommandLine::new("status").purpose("to list the profiles")));
            }
        },
    };
    if !all.contains(&&id) {
        return Err(Error::no_login(&id, settings.login_command(&id)));
    }
    let obstacle = obstacle(&id, settings)?;
    settings.vault()?.update(|profiles| profiles.set_default(id.clone()))?;
    terminal.done(&format!("{id} is now the default."));
    if let Some(obstacle) = obstacle {
        terminal.warn(&format!("this has no effect as long as {obstacle}."));
    }
    Ok(())
}

/// What keeps commands from using this profile although it is the default.
fn obstacle(id: &ProfileId, settings: &Settings) -> Result<Option<String>, Error> {
    let host = settings.configured_host().filter(|host| *host != id.host);
    let name = settings.profile_variable()?.filter(|name| *name != id.name);
    Ok(match (host, name) {
        (Some(host), _) if settings.has_host_variable() => Some(format!("QUAY_AUTH_HOST is set to {host}")),
        (Some(host), _) => Some(format!("default_host in config.toml is {host}")),
        (None, Some(name)) => Some(format!("QUAY_AUTH_PROFILE is set to {name}")),
        (None, None) if settings.token_variable().is_for(&id.host) => Some("QUAY_AUTH_TOKEN is set".to_owned()),
        (None, None) => None,
    })
}

/// The profile that is meant: by its name and host, by its host, or by its name. `all` are those that the options allow.
fn find(target: &str, all: &[&ProfileId], filter: &ProfileFilter, settings: &Settings) -> Result<ProfileId, Error> {
    if let Some(id) = settings.profile_named(target).filter(|id| filter.includes(id)) {
        return Ok(id);
    }
    let hosts = all.iter().map(|id| &id.host);
    let host = target.parse().ok().and_then(|argument: HostArgument| argument.find(hosts).cloned());
    let meant: Vec<&&ProfileId> = match &host {
        Some(host) => {
            let of_host = || all.iter().filter(|id| id.host == *host);
            let default: Vec<_> = of_host().filter(|id| id.name.is_default()).collect();
            if default.is_empty() { of_host().collect() } else { default }
        }
        None => all.iter().filter(|id| id.name.to_string() == target).collect(),
    };
    let shown = redact_tokens(target);
    match meant[..] {
        [id] => Ok((**id).clone()),
        [] => Err(Error::new(Exit::NoLogin, format!("there is no profile `{shown}`{filter}"))
            .hint(CommandLine::new("status").purpose("to list the profiles"))),
        _ => {
            let error = Error::new(Exit::Usage, format!("several profiles match `{shown}`{filter}"));
            Err(meant.iter().fold(error, |error, id| error.hint(CommandLine::new("switch").argument(id))))
        }
    }
}
