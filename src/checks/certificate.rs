//! The host's certificate: trusted, whose it is, and who vouches for it.

use super::{Context, Finding, fail, ok};
use crate::domain::Scheme;
use crate::quay::{Error, look_at_certificate};

/// Shakes hands with the host.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "certificate";
    let host = context.host();
    if host.scheme() == Scheme::Http {
        return vec![ok(NAME, "not needed: plain http")];
    }
    match look_at_certificate(host, context.login.ca_file.as_deref()) {
        Ok(shown) => vec![ok(NAME, format!("{}, issued by {}", shown.subject, shown.issuer))],
        Err(error @ (Error::Tls { .. } | Error::CaFile { .. })) => vec![fail(NAME, error)],
        // Behind a proxy nothing may be reached directly.
        Err(_) if !context.proxies.is_empty() => {
            vec![ok(NAME, "cannot be looked at: the host is reached by a proxy only")]
        }
        Err(error) => vec![fail(NAME, error)],
    }
}
