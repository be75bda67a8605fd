//! The host's name: its addresses.

use super::{Context, Finding, Outcome, ok};
use crate::quay::resolve;

/// Looks the name up, as the system does. Behind a proxy it is the proxy that has to know it.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "host name";
    let host = context.host();
    let trouble = match resolve(host) {
        Ok(addresses) if !addresses.is_empty() => {
            let shown: Vec<String> = addresses.iter().take(4).map(|address| address.ip().to_string()).collect();
            return vec![ok(NAME, format!("{} is {}", host.name(), shown.join(", ")))];
        }
        Ok(_) => "it has no address".to_owned(),
        Err(error) => error.to_string(),
    };
    let outcome = if context.proxies.is_empty() { Outcome::Fail } else { Outcome::Warn };
    let next = Some("check the name (--host), the network and, in a company, its VPN".to_owned());
    vec![Finding { check: NAME, outcome, detail: format!("{} cannot be looked up: {trouble}", host.name()), next }]
}
