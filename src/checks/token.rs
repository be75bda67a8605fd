//! The tokens: the stored one is there and has not expired, and `QUAY_AUTH_TOKEN`, if it is set, contains one.

use super::{Context, Finding, fail, ok, warn};
use crate::domain::Timestamp;
use crate::error::Error;
use crate::hint::{CommandLine, Hint};
use crate::settings::{self, TokenVariable};
use crate::store::{self, Lookup};

/// Whether Quay accepts the tokens is what `status` asks.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    [stored(context)].into_iter().chain(variable(context)).collect()
}

/// Whether it is in its store and, by this machine's clock, has not expired.
fn stored(context: &Context) -> Finding {
    const NAME: &str = "token";
    let profile = &context.login.profile;
    let Some(stored) = &context.token else { return ok(NAME, format!("none is stored for {profile}")) };
    let login = || CommandLine::of("login", profile);
    let lookup = context.vault.profiles().and_then(|profiles| context.vault.find(profile, profiles.find(profile)));
    match lookup {
        Ok(Lookup::Missing(store)) => {
            let message = format!("the token of {profile} is no longer in the {}", store.description());
            return warn(NAME, message, login());
        }
        Err(error @ (store::Error::Mismatch(..) | store::Error::Damaged(..))) => {
            return fail(NAME, Error::in_store(error, login()));
        }
        // If the store cannot be used, its own check says so.
        Ok(Lookup::Found(..) | Lookup::NoToken) | Err(_) => {}
    }
    match stored.expires_at {
        Some(expires_at) if expires_at.is_past() => warn(
            NAME,
            format!(
                "the token of {profile} expired on {}; by this machine's clock it is {}",
                expires_at.day_or_time(),
                Timestamp::now().day_or_time()
            ),
            login(),
        ),
        Some(expires_at) => ok(NAME, format!("the token of {profile} expires on {}", expires_at.day_or_time())),
        None => ok(NAME, format!("it is not known when the token of {profile} expires")),
    }
}

/// Fails only if the commands for this host do.
fn variable(context: &Context) -> Option<Finding> {
    const NAME: &str = "QUAY_AUTH_TOKEN";
    let host = context.host();
    Some(match &context.token_variable {
        TokenVariable::Unset => return None,
        TokenVariable::Empty => {
            warn(NAME, "it is empty", "unset it, or check that this job may read the secret that it comes from")
        }
        TokenVariable::WithoutHost(_) => warn(
            NAME,
            "it is not used: several hosts have a profile, and nothing says which one it is for",
            Hint::variable(format!("to use it for {host}"), "QUAY_AUTH_HOST", host),
        ),
        TokenVariable::ForHost(own, Err(error)) if own == host => fail(NAME, settings::Error::Token(*error)),
        TokenVariable::ForHost(own, Err(_)) => {
            warn(NAME, format!("it does not contain a token; it is for {own}"), "set it to one token, or unset it")
        }
        TokenVariable::ForHost(own, Ok(_)) if own == host => {
            ok(NAME, format!("it is used for {host} instead of any stored token"))
        }
        TokenVariable::ForHost(own, Ok(_)) => ok(NAME, format!("it is for {own}, and not used for {host}")),
    })
}
