//! The server: is it a Quay, and do its clock and ours agree?

use std::time::{Duration, SystemTime};

use super::{Context, Finding, fail, ok, warn};
use crate::hint::Hint;
use crate::quay::ask_server;

/// A difference of the clocks that does no harm, neither to certificates nor to the expiry of tokens.
const HARMLESS: Duration = Duration::from_secs(60);

/// Needs no token.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "server";
    let host = context.host();
    let server = match context.client().and_then(|client| ask_server(&client)) {
        Ok(server) => server,
        Err(error) => return vec![fail(NAME, error)],
    };
    let answers = match (&server.version, server.is_quay) {
        (Some(version), _) => ok(NAME, format!("{host} answers: {version}")),
        (None, true) => ok(NAME, format!("{host} is a Quay that does not say its version")),
        (None, false) => {
            warn(NAME, format!("{host} answers, but not as Quay does"), "is this the right host? Check --host")
        }
    };
    let mut findings = vec![answers];
    if server.is_read_only {
        let message = format!("{host} is read-only: it creates and revokes no tokens; reading and pulling work");
        findings.push(warn("registry", message, "log in when its administrators have finished"));
    }
    findings.push(clock(server.date));
    findings
}

fn clock(date: Option<SystemTime>) -> Finding {
    const NAME: &str = "clock";
    let Some(date) = date else { return ok(NAME, "not checked: the server did not send its time") };
    let now = SystemTime::now();
    let difference = now.duration_since(date).or_else(|_| date.duration_since(now)).unwrap_or_default();
    if difference <= HARMLESS {
        return ok(NAME, "differs from that of the server by less than a minute");
    }
    let difference = humantime::format_duration(Duration::from_secs(difference.as_secs()));
    warn(
        NAME,
        format!("differs from that of the server by {difference}"),
        Hint::shell("set the clock of this machine, for example with", "timedatectl set-ntp true"),
    )
}
