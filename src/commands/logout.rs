//! `logout`: ends a token at Quay where its scopes allow that, and forgets it here in every case.

use std::path::Path;

use super::revoking::{Doomed, by_hand};
use crate::domain::{AccessToken, Profile};
use crate::error::{Error, Exit};
use crate::quay::{Authority, Client, Revocation};
use crate::settings::{LoginFlags, Settings};
use crate::store::{self, Profiles, Record, TokenRecord};
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
    Profiles::prove_writable(&folder)?;
    let (record, token) = &look_again(record, &folder)?;
    let ended = match (token, &record.token) {
        (Some(token), Some(known)) if !args.no_revoke => end(token, known, record, settings, terminal),
        _ => Revocation::OutOfReach,
    };
    let is_revoked = matches!(ended, Revocation::Done);
    let is_gone = forget_here(profile, token.as_ref(), args.purge, &folder).map_err(|error| match is_revoked {
        true => {
            error.hint(format!("the token is revoked at {}; it is only this machine that still has it", profile.host))
        }
        false => error,
    })?;
    let result = if record.token.is_some() { say(profile, ended, terminal) } else { Ok(()) };
    match (is_gone, args.purge) {
        (true, true) => terminal.done(&format!("Forgot the settings of {profile}.")),
        (true, false) => {}
        (false, _) => {
            terminal.warn(&format!("a login has put another token for {profile} there meanwhile; that one stays."))
        }
    }
    result
}

/// The record as it is now, and its token. Read while no login is between its writes: else the one might be the old login's and the
/// other the new one's, and what is ended at Quay not what is forgotten here.
fn look_again(record: &Record, folder: &Path) -> Result<(Record, Option<AccessToken>), Error> {
    let (_change, known) = Profiles::begin_change(folder)?;
    let record = known.find(&record.profile).unwrap_or(record).clone();
    let token = match &record.token {
        Some(_) => store::open(record.store, folder).get(&record.profile)?,
        None => None,
    };
    Ok((record, token))
}

/// Forgets the token, and the settings too where that is wanted. `false` where by now another token is kept: a login has ended
/// meanwhile, and nobody wanted its token to go.
fn forget_here(profile: &Profile, token: Option<&AccessToken>, purge: bool, folder: &Path) -> Result<bool, Error> {
    let (_change, known) = Profiles::begin_change(folder)?;
    if let Some(Record { store, token: Some(_), .. }) = known.find(profile) {
        let store = store::open(*store, folder);
        if store.get(profile)?.is_some_and(|kept| token.is_none_or(|token| !kept.same_as(token))) {
            return Ok(false);
        }
        // The token goes first: if its store fails, the record still says that there is one.
        store.delete(profile)?;
    }
    Profiles::update(folder, |profiles| if purge { profiles.forget(profile) } else { profiles.forget_token(profile) })?;
    Ok(true)
}

/// Ends the token by its own word.
fn end(
    token: &AccessToken,
    known: &TokenRecord,
    record: &Record,
    settings: &Settings,
    terminal: &mut Terminal,
) -> Revocation {
    let profile = &record.profile;
    let doomed = Doomed { known, record, token: Some(token) };
    let authority = Authority { token, scopes: known.scopes.as_ref() };
    if !doomed.is_within_reach_of(&authority) {
        return Revocation::OutOfReach;
    }
    // What keeps Quay from being asked does not keep the token from being forgotten.
    let client = settings
        .login(&LoginFlags::default(), profile.clone())
        .map_err(|error| error.to_string())
        .and_then(|login| Client::new(&profile.host, login.ca_file.as_deref()).map_err(|error| error.to_string()));
    match client {
        Err(reason) => Revocation::Failed(reason),
        Ok(client) => {
            terminal.wait_for(&format!("Ending the token at {}", profile.host), None);
            let ended = doomed.revoke(&client, &authority);
            terminal.waited();
            ended
        }
    }
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
