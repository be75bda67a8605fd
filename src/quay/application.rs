//! Looks up an application by its client ID: `/api/v1/app/CLIENT_ID`, which needs no token unless anonymous access is off.

use std::time::Duration;

use serde::Deserialize;

use super::client::{Client, Error, Limits, authorization};
use crate::domain::{AccessToken, ApiPath, ClientId, ServerText};

/// Short, because the user is waiting.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), size: 64 * 1024 };

/// The public part of an application.
#[derive(Debug)]
pub(crate) struct Application {
    /// As the consent page shows it.
    pub(crate) name: ServerText,
    pub(crate) organization: Option<String>,
}

impl Application {
    /// The path of its tokens. `None` if Quay names no organization, or one that does not fit into a path.
    pub(super) fn tokens_path(&self, client_id: &ClientId) -> Option<ApiPath> {
        let organization = self.organization.as_ref()?;
        format!("organization/{organization}/applications/{client_id}/tokens").parse().ok()
    }
}

/// The result of looking up a client ID.
#[derive(Debug)]
pub(crate) enum ApplicationLookup {
    Known(Application),
    Unknown,
    /// Quay gave another answer with this HTTP status: anonymous access may be off, or it is busy.
    Unclear {
        status: u16,
    },
    Unreachable(Error),
}

/// Asks Quay for the application with that client ID, with a token if there is one (docs/quay.md, cases R and Y3).
pub(crate) fn look_up_application(
    client: &Client,
    client_id: &ClientId,
    token: Option<&AccessToken>,
) -> ApplicationLookup {
    #[derive(Deserialize)]
    struct Body {
        name: String,
        organization: Option<Organization>,
    }
    #[derive(Deserialize)]
    struct Organization {
        name: String,
    }
    let authorization = token.map(|token| authorization("Bearer", token.expose()));
    let response = match client.get(&format!("/api/v1/app/{client_id}"), authorization, LIMITS) {
        Ok(response) => response,
        Err(error) => return ApplicationLookup::Unreachable(error),
    };
    match response.status {
        200 => match serde_json::from_slice::<Body>(&response.body) {
            Ok(body) => ApplicationLookup::Known(Application {
                name: body.name.into(),
                organization: body.organization.map(|organization| organization.name),
            }),
            Err(_) => ApplicationLookup::Unclear { status: 200 },
        },
        404 => ApplicationLookup::Unknown,
        status => ApplicationLookup::Unclear { status },
    }
}
