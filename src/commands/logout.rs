//! `logout`: forgets a token, here. Ending it at Quay is told, not done.

use crate::domain::Profile;
use crate::error::{Error, Exit};
use crate::settings::Settings;
use crate::store::{self, Profiles, Record};
use crate::terminal::Terminal;

/// Forgets the token of a login. The settings stay, so that the next `quay-auth login` asks nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Forget the tokens of all logins
    #[arg(long, conflicts_with_all = ["host", "profile"])]
    all: bool,

    /// Forget the remembered settings too
    #[arg(long)]
    purge: bool,
}

/// Forgets one token, or all.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let folder = settings.data_folder()?;
    let variable = settings.token_variable()?;
    let chosen: Vec<Record> = if args.all {
        settings.profiles.iter().cloned().collect()
    } else {
        settings.profiles.find(&settings.profile()?).cloned().into_iter().collect()
    };
    let mut is_forgotten = false;
    for record in &chosen {
        let profile = &record.profile;
        if record.token.is_some() {
            // The token goes first: if its store fails, the record still says that there is one.
            store::open(record.store, &folder).delete(profile)?;
            Profiles::update(&folder, |profiles| profiles.forget_token(profile))?;
            terminal.done(&format!("Forgot the token of {profile}."));
            say_that_it_lives_on(profile, terminal);
        }
        if args.purge {
            Profiles::update(&folder, |profiles| profiles.forget(profile))?;
            terminal.done(&format!("Forgot the settings of {profile}."));
        }
        is_forgotten |= record.token.is_some() || args.purge;
    }
    if let Some((host, _)) = variable {
        terminal
            .warn(&format!("QUAY_AUTH_TOKEN is still set, and goes on standing in for the stored token of {host}."));
    }
    match is_forgotten {
        true => Ok(()),
        false if args.all => Err(Error::new(Exit::NoLogin, "there is no login to forget").hint("quay-auth status")),
        false => Err(Error::no_login(&settings.profile()?)),
    }
}

/// A forgotten token is still good at Quay.
fn say_that_it_lives_on(profile: &Profile, terminal: &mut Terminal) {
    terminal.hint(&format!(
        "it stays valid at {}; end it in the web UI: account settings, \"External Logins And Applications\" (newer: \
         \"External logins\"), \"Authorized Applications\", \"Revoke Authorization\"",
        profile.host
    ));
}
