//! Whether a client id is known: `/api/v1/app/CLIENT_ID`, which anybody may ask.

use std::time::Duration;

use serde::Deserialize;

use super::client::{Client, Error, Limits};
use crate::domain::{ClientId, ServerText};

/// A person waits for this.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), size: 64 * 1024 };

/// What anybody may know of an application.
#[derive(Debug)]
pub(crate) struct Application {
    /// What the consent page calls it.
    pub(crate) name: ServerText,
    /// The organization that it belongs to, as it stands in paths.
    pub(crate) organization: Option<String>,
}

/// What Quay says of a client id.
#[derive(Debug)]
pub(crate) enum ApplicationAnswer {
    /// There is such an application.
    Known(Application),
    /// There is none (recorded case R1c).
    Unknown,
    /// Quay does not say: anonymous access is off, or it is busy.
    Unclear {
        /// The HTTP status.
        status: u16,
    },
    /// Quay could not be asked.
    Unreachable(Error),
}

/// Asks Quay whether it knows the client id (recorded cases "R …").
pub(crate) fn ask_application(client: &Client, client_id: &ClientId) -> ApplicationAnswer {
    #[derive(Deserialize)]
    struct Body {
        name: String,
        organization: Option<Organization>,
    }
    #[derive(Deserialize)]
    struct Organization {
        name: String,
    }
    let answer = match client.get(&format!("/api/v1/app/{client_id}"), None, LIMITS) {
        Ok(answer) => answer,
        Err(error) => return ApplicationAnswer::Unreachable(error),
    };
    match answer.status {
        200 => match serde_json::from_slice::<Body>(&answer.body) {
            Ok(body) => ApplicationAnswer::Known(Application {
                name: body.name.into(),
                organization: body.organization.map(|organization| organization.name),
            }),
            Err(_) => ApplicationAnswer::Unclear { status: 200 },
        },
        404 => ApplicationAnswer::Unknown,
        status => ApplicationAnswer::Unclear { status },
    }
}
