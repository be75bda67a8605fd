//! The redirect URI: is its port free?

use super::{Context, Finding, fail, ok};
use crate::browser_login::BoundAddress;
use crate::error::Error;

pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "redirect URI";
    let redirect_uri = &context.login.redirect_uri;
    match BoundAddress::bind(redirect_uri, None) {
        Ok(_) => vec![ok(NAME, format!("{redirect_uri} is free; the application in Quay must have exactly this URI"))],
        Err(error) => vec![fail(NAME, Error::cannot_listen(error, &context.login))],
    }
}
