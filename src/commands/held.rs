//! The token at hand for a profile: the one of `QUAY_AUTH_TOKEN`, else the stored one. No network, no prompt.

use crate::domain::{AccessToken, Profile};
use crate::error::Error;
use crate::settings::Settings;
use crate::store::{self, TokenRecord};

/// A token at hand.
pub(super) struct Held {
    /// Whose token it is.
    pub(super) profile: Profile,
    /// The secret.
    pub(super) token: AccessToken,
    /// What is known of it; nothing of one from the environment.
    pub(super) record: Option<TokenRecord>,
}

/// The token of the profile that is meant.
pub(super) fn held(settings: &Settings) -> Result<Held, Error> {
    held_as(settings, settings.profile()?)
}

/// The token of that profile. Fails with exit 3 where there is none, with 4 where its store fails.
pub(super) fn held_as(settings: &Settings, profile: Profile) -> Result<Held, Error> {
    if let Some((host, token)) = settings.token_variable()?
        && host == profile.host
    {
        return Ok(Held { profile, token, record: None });
    }
    // Without a home there can be no login, and that is not the same as none.
    let folder = settings.data_folder()?;
    let found = settings.profiles.find(&profile).and_then(|record| Some((record.store, record.token.clone()?)));
    let Some((store, record)) = found else { return Err(Error::no_login(&profile)) };
    match store::open(store, &folder).get(&profile)? {
        Some(token) => Ok(Held { profile, token, record: Some(record) }),
        None => {
            Err(Error::no_login(&profile)
                .caused_by(format!("the {store} no longer holds the token that was put there")))
        }
    }
}
