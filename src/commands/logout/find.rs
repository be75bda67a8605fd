//! Finds the tokens to log out of: those of the profiles, and those that `profiles.toml` does not list.

use super::{Args, Login};
use crate::commands::login::new_profile;
use crate::domain::{ProfileId, StoreKind};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::{LoginFlags, Settings};
use crate::store::{self, Leftover, Lookup, Profile, StoredToken, Vault};

/// The profiles to log out of. With `--all`, also those that only a store knows, since `profiles.toml` was lost, and an error if a store
/// could not be searched.
pub(super) fn ids(args: &Args, settings: &Settings, vault: &Vault) -> Result<(Vec<ProfileId>, Option<Error>), Error> {
    if !args.all {
        return Ok((vec![settings.profile()?], None));
    }
    let mut ids: Vec<ProfileId> = settings.profiles.iter().map(|profile| profile.id.clone()).collect();
    let mut search_error = None;
    for kind in StoreKind::ALL {
        match vault.names(kind) {
            Ok(names) => ids.extend(names.iter().filter_map(|name| settings.profile_named(name))),
            Err(error) => search_error = Some(Error::from(error).with_exit(Exit::Store)),
        }
    }
    let filter = settings.profile_filter();
    ids.retain(|id| filter.includes(id));
    ids.sort();
    ids.dedup();
    Ok((ids, search_error))
}

/// The token of that profile, and tokens in its stores that `profiles.toml` does not list.
pub(super) fn find_logins(id: &ProfileId, settings: &Settings, vault: &Vault) -> Result<Vec<Login>, Error> {
    let listed = settings.profiles.find(id);
    let without_token = |error: Error| {
        let profile = listed?.clone();
        let stored = profile.token.clone()?;
        Some(Login { profile, stored, token: Err(error), is_listed: true })
    };
    let login = match vault.find(id, listed) {
        Ok(Lookup::Found(profile, token)) => {
            let stored = profile.token.clone().unwrap_or_else(|| StoredToken::unverified(&token));
            Some(Login { profile: *profile, stored, token: Ok(token), is_listed: true })
        }
        Ok(Lookup::Missing(store)) => {
            let message = format!("the {} no longer has the token of {id}", store.description());
            without_token(Error::new(Exit::NoLogin, message))
        }
        Err(error @ (store::Error::Mismatch(..) | store::Error::Damaged(..) | store::Error::BrokenFile(_))) => {
            without_token(error.into())
        }
        Err(error) => return Err(Error::in_store(error, CommandLine::of("login", id))),
        Ok(Lookup::NoToken) => None,
    };
    let mut logins = find_unlisted(id, settings, vault)?;
    logins.extend(login);
    Ok(logins)
}

/// The tokens of that profile that `profiles.toml` does not list, not even as leftovers.
fn find_unlisted(id: &ProfileId, settings: &Settings, vault: &Vault) -> Result<Vec<Login>, Error> {
    let listed = settings.profiles.find(id);
    // If the profile is listed, another store is searched too, but need not work.
    let (profile, vault) = match listed {
        Some(profile) => (profile.clone(), &vault.without_prompts()),
        None => (new_profile(&settings.login(&LoginFlags::default(), id.clone())?), vault),
    };
    let mut logins = Vec::new();
    for store in StoreKind::ALL {
        let is_its_own = listed.is_some_and(|profile| profile.token.is_some() && profile.store == store);
        if is_its_own || settings.profiles.leftovers().contains(&Leftover { id: id.clone(), store }) {
            continue;
        }
        let tokens = match vault.unlisted(store, id, &settings.profiles) {
            Err(_) if listed.is_some() => Vec::new(),
            tokens => tokens?,
        };
        logins.extend(tokens.into_iter().map(|token| Login {
            profile: Profile { store, ..profile.clone() },
            stored: StoredToken::unverified(&token),
            token: Ok(token),
            is_listed: false,
        }));
    }
    Ok(logins)
}
