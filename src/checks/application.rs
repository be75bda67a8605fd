//! The client ID: is it that of an application at this host?

use super::{CheckStatus, Context, Finding, fail, ok, warn};
use crate::domain::ServerText;
use crate::quay::{ApplicationLookup, look_up_application};

pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "client ID";
    let (host, profile) = (context.host(), &context.login.profile);
    let Some(client_id) = &context.login.client_id else {
        let next = context.login.command().purpose("to see how to get one");
        return vec![warn(NAME, format!("not known for {profile}"), next)];
    };
    let client = match context.client() {
        Ok(client) => client,
        Err(error) => return vec![fail(NAME, error)],
    };
    vec![match look_up_application(&client, client_id, None) {
        ApplicationLookup::Known(application) => {
            let organization = application.organization.map(|name| format!(" of {}", ServerText::from(name)));
            let organization = organization.unwrap_or_default();
            ok(NAME, format!("{client_id} is the application \"{}\"{organization}", application.name))
        }
        ApplicationLookup::Unknown => Finding {
            check: NAME,
            outcome: CheckStatus::Fail,
            detail: format!("{host} has no application with the client ID {client_id}"),
            next: Some(
                format!(
                    "look it up in Quay under \"OAuth Information\", then run `{}`",
                    context.login.command().option("--client-id", Some("ID"))
                )
                .into(),
            ),
        },
        ApplicationLookup::Unclear { status } => warn(
            NAME,
            format!(
                "{host} does not say whether it has an application with the client ID {client_id} (status {status})"
            ),
            "nothing to do if logins work; otherwise compare it with \"OAuth Information\" in Quay",
        ),
        ApplicationLookup::Unreachable(error) => fail(NAME, error),
    }]
}
