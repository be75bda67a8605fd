//! The certificate of the host: is it trusted, and who issued it?

use super::{Context, Finding, fail, ok};
use crate::domain::Scheme;

pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "certificate";
    let host = context.host();
    if host.scheme() == Scheme::Http {
        return vec![ok(NAME, "not needed: plain http")];
    }
    match context.client().and_then(|client| client.certificate()) {
        Ok(shown) => vec![ok(NAME, format!("{}, issued by {}", shown.subject, shown.issuer))],
        Err(error) => vec![fail(NAME, error)],
    }
}
