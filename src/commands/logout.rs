//! `logout`: ends a token at Quay where its scopes allow that, and forgets it here in every case.

use super::revoking::{Doomed, by_hand};
use crate::domain::Profile;
use crate::error::{Error, Exit};
use crate::quay::{Authority, Client, Revocation};
use crate::settings::{LoginFlags, Settings};
use crate::store::{self, Profiles, Record};
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth logout
quay-auth logout --all";

/// Stands below the help.
const NOTES: &str = "\
A token ends itself where it has the scope user:admin, or org:admin on Quay 3.18 and later; of any
other it says where to end it by hand. The settings stay, so that the next login asks nothing.
Ends with 7 when the token was forgotten here and Quay could not be reached to revoke it.";

/// What `logout` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Forget the tokens of all logins
    #[arg(long, conflicts_with_all = ["host", "profile"])]
    all: bool,

    /// Forget the remembered settings too
    #[arg(long)]
    purge: bool,

    /// Ask Quay for nothing: the token stays valid there
    #[arg(long)]
    no_revoke: bool,
}

/// Ends and forgets one token, or all.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let variable = settings.token_variable()?;
    let chosen: Vec<Record> = if args.all {
        settings.profiles.iter().cloned().collect()
    } else {
        settings.profiles.find(&settings.profile()?).cloned().into_iter().collect()
    };
    let mut is_forgotten = false;
    let mut failures = Vec::new();
    for record in &chosen {
        is_forgotten |= record.token.is_some() || args.purge;
        failures.extend(forget(record, args, settings, terminal).err());
    }
    if let Some((host, _)) = variable {
        terminal
            .warn(&format!("QUAY_AUTH_TOKEN is still set, and goes on standing in for the stored token of {host}."));
    }
    // The first one is the exit; of all it is said what happened.
    let mut failures = failures.into_iter();
    let first = failures.next();
    failures.for_each(|failure| terminal.warn(&failure.in_one_line()));
    match (first, is_forgotten) {
        (Some(failure), _) => Err(failure),
        (None, true) => Ok(()),
        (None, false) if args.all => {
            settings.data_folder()?;
            Err(Error::new(Exit::NoLogin, "there is no login to forget").hint("quay-auth status"))
        }
        (None, false) => {
            settings.data_folder()?;
            Err(Error::no_login(&settings.profile()?))
        }
    }
}

/// Ends and forgets one token. When its store fails nothing is done; when Quay does, it is forgotten all the same.
fn forget(record: &Record, args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let (profile, folder) = (&record.profile, settings.data_folder()?);
    let mut result = Ok(());
    if record.token.is_some() {
        let ended = if args.no_revoke { Revocation::OutOfReach } else { end(record, settings, terminal)? };
        // The token goes first: if its store fails, the record still says that there is one.
        store::open(record.store, &folder).delete(profile)?;
        Profiles::update(&folder, |profiles| profiles.forget_token(profile))?;
        result = say(profile, ended, terminal);
    }
    if args.purge {
        Profiles::update(&folder, |profiles| profiles.forget(profile))?;
        terminal.done(&format!("Forgot the settings of {profile}."));
    }
    result
}

/// Ends the token by its own word.
fn end(record: &Record, settings: &Settings, terminal: &mut Terminal) -> Result<Revocation, Error> {
    let Some(known) = &record.token else { return Ok(Revocation::OutOfReach) };
    let profile = &record.profile;
    let Some(token) = store::open(record.store, &settings.data_folder()?).get(profile)? else {
        return Ok(Revocation::OutOfReach);
    };
    let doomed = Doomed { known, record, token: Some(&token) };
    let authority = Authority { token: &token, scopes: known.scopes.as_ref() };
    if !doomed.is_within_reach_of(&authority) {
        return Ok(Revocation::OutOfReach);
    }
    // What keeps Quay from being asked does not keep the token from being forgotten.
    let client = settings
        .login(&LoginFlags::default(), profile.clone())
        .map_err(|error| error.to_string())
        .and_then(|login| Client::new(&profile.host, login.ca_file.as_deref()).map_err(|error| error.to_string()));
    Ok(match client {
        Err(reason) => Revocation::Failed(reason),
        Ok(client) => {
            terminal.wait_for(&format!("Ending the token at {}", profile.host), None);
            let ended = doomed.revoke(&client, &authority);
            terminal.waited();
            ended
        }
    })
}

/// Says what became of the token, here and at Quay.
fn say(profile: &Profile, ended: Revocation, terminal: &mut Terminal) -> Result<(), Error> {
    let host = &profile.host;
    match ended {
        Revocation::Done => terminal.done(&format!("Revoked the token of {profile} at {host}, and forgot it.")),
        Revocation::AlreadyEnded => {
            terminal.done(&format!("Forgot the token of {profile}, which had ended at {host} before."));
        }
        Revocation::OutOfReach => {
            terminal.done(&format!("Forgot the token of {profile}."));
            terminal.hint(&format!("it stays valid at {host}; {}", by_hand(host)));
        }
        Revocation::Failed(reason) => {
            terminal.done(&format!("Forgot the token of {profile}."));
            return Err(Error::new(Exit::Network, format!("the token of {profile} could not be revoked at {host}"))
                .caused_by(reason)
                .hint(format!("it is forgotten here and stays valid there; {}", by_hand(host))));
        }
    }
    Ok(())
}
