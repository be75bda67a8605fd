//! Which proxy the host is reached through.

use super::{Context, Finding, ok};

/// Names it; one that does not work shows in the checks of the certificate and the server.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "proxy";
    let host = context.host();
    vec![match (&context.login.connection.proxy, context.proxy_variables.as_slice()) {
        (Some(proxy), _) => ok(NAME, format!("{host} is reached through {proxy}")),
        (None, []) => ok(NAME, "no variable names one"),
        (None, set) => ok(NAME, format!("{host} is reached without one; set: {}", set.join(", "))),
    }]
}
