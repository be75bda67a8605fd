//! The server: it answers as Quay does, and its clock is ours.

use std::time::{Duration, SystemTime};

use super::{Context, Finding, fail, ok, warn};
use crate::quay::ask_server;

/// A difference of clocks that certificates and tokens' ends do not notice.
const HARMLESS: Duration = Duration::from_secs(60);

/// Asks what anybody may ask.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "server";
    let host = context.host();
    let server = match context.client().and_then(|client| ask_server(&client)) {
        Ok(server) => server,
        Err(error) => return vec![fail(NAME, error)],
    };
    let answers = match (&server.version, server.is_quay) {
        (Some(version), _) => ok(NAME, format!("{host} answers: {version}")),
        (None, true) => ok(NAME, format!("{host} answers as a Quay that does not tell its version")),
        (None, false) => {
            warn(NAME, format!("{host} answers, but not as Quay does"), "is that the right host? Check --host")
        }
    };
    vec![answers, clock(server.date)]
}

/// Holds the server's clock against ours.
fn clock(date: Option<SystemTime>) -> Finding {
    const NAME: &str = "clock";
    let Some(date) = date else { return ok(NAME, "the server does not tell the time") };
    let now = SystemTime::now();
    let apart = now.duration_since(date).or_else(|_| date.duration_since(now)).unwrap_or_default();
    if apart <= HARMLESS {
        return ok(NAME, "as the server's");
    }
    let apart = humantime::format_duration(Duration::from_secs(apart.as_secs()));
    warn(
        NAME,
        format!("{apart} apart from the server's"),
        "set this machine's clock, or let it be set: timedatectl set-ntp true",
    )
}
