//! The variables that name proxies, and whether this host goes through one.

use super::{Context, Finding, ok, warn};
use crate::domain::Scheme;

/// Reads the variables; a proxy that does not work shows in the server's check.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "proxy";
    let host = context.host();
    if context.proxies.is_empty() {
        return vec![ok(NAME, "none is named")];
    }
    let set: Vec<String> = context.proxies.iter().map(ToString::to_string).collect();
    let set = set.join(", ");
    if host.is_loopback() || host.scheme() == Scheme::Http {
        return vec![ok(NAME, format!("not used for {host}, which is plain http or this machine: {set}"))];
    }
    match context.proxies.iter().find(|proxy| proxy.is_odd()) {
        Some(odd) => {
            vec![warn(NAME, format!("{odd} is no address of a proxy"), "write it as http://proxy.example.com:3128")]
        }
        None => vec![ok(NAME, set)],
    }
}
