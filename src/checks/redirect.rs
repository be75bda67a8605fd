//! The redirect address: free to be listened on.

use super::{Context, Finding, fail, ok};
use crate::login::Bound;

/// Listens there for a moment.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "redirect address";
    let redirect_uri = &context.login.redirect_uri;
    match Bound::bind(redirect_uri) {
        Ok(_) => vec![ok(NAME, format!("{redirect_uri} is free; the application in Quay must have this very text"))],
        Err(error) => vec![fail(NAME, error)],
    }
}
