//! The name of the host: can it be resolved?

use super::{CheckStatus, Context, Finding, ok};
use crate::quay::resolve;

/// Resolves the name as the system does. With a proxy a failure is only a warning, because the proxy resolves the name.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "host name";
    let host = context.host();
    let trouble = match resolve(host) {
        Ok(addresses) if !addresses.is_empty() => {
            let shown: Vec<String> = addresses.iter().take(4).map(|address| address.ip().to_string()).collect();
            return vec![ok(NAME, format!("{} has the address {}", host.name(), shown.join(", ")))];
        }
        Ok(_) => "it has no address".to_owned(),
        Err(error) => error.to_string(),
    };
    let outcome = if context.login.connection.proxy.is_none() { CheckStatus::Fail } else { CheckStatus::Warn };
    let next = Some("check --host, the network and, if your company has one, the VPN".into());
    vec![Finding { check: NAME, outcome, detail: format!("cannot resolve {}: {trouble}", host.name()), next }]
}
