//! The client id: one that Quay knows.

use super::{Context, Finding, Outcome, fail, ok, warn};
use crate::quay::{ApplicationAnswer, ask_application};

/// Asks Quay for it.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "client id";
    let (host, profile) = (context.host(), &context.login.profile);
    let Some(client_id) = &context.login.client_id else {
        let next = format!("quay-auth login {} says how to get one", profile.flags());
        return vec![warn(NAME, format!("none is known for {profile}"), next)];
    };
    let client = match context.client() {
        Ok(client) => client,
        Err(error) => return vec![fail(NAME, error)],
    };
    vec![match ask_application(&client, client_id) {
        ApplicationAnswer::Known(application) => {
            let owner = application.organization.map(|name| format!(" of {}", crate::domain::ServerText::from(name)));
            ok(NAME, format!("{client_id} is \"{}\"{}", application.name, owner.unwrap_or_default()))
        }
        ApplicationAnswer::Unknown => Finding {
            check: NAME,
            outcome: Outcome::Fail,
            detail: format!("{host} knows no application {client_id}"),
            next: Some("look it up in Quay under \"OAuth Information\", and name it: --client-id ID".to_owned()),
        },
        ApplicationAnswer::Unclear { status } => warn(
            NAME,
            format!("{host} does not say whether it knows {client_id} (status {status})"),
            "nothing, if logins work; else check it in Quay under \"OAuth Information\"",
        ),
        ApplicationAnswer::Unreachable(error) => fail(NAME, error),
    }]
}
