//! Assignments: an administrator lets a user authorize an application once (docs/quay.md, cases J).

use std::time::Duration;

use serde::Deserialize;

use super::client::{Client, Error, Limits, authorization};
use super::config::ask_config;
use crate::domain::{AccessToken, AssignmentId, ClientId};

/// Short, because the user is waiting.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), size: 256 * 1024 };

/// The assignment of this application to the token's user, if there is one that is not used up. The token needs `user:admin` (case J13b);
/// with another one, there is none.
pub(crate) fn find_assignment(
    client: &Client,
    token: &AccessToken,
    client_id: &ClientId,
) -> Result<Option<AssignmentId>, Error> {
    #[derive(Deserialize)]
    struct Body {
        authorizations: Vec<Assignment>,
    }
    #[derive(Deserialize)]
    struct Assignment {
        application: Application,
        uuid: String,
    }
    #[derive(Deserialize)]
    struct Application {
        #[serde(rename = "clientId")]
        client_id: String,
    }
    let bearer = authorization("Bearer", token.expose());
    let response = client.get("/api/v1/user/assignedauthorization", Some(bearer), LIMITS)?;
    let list = serde_json::from_slice::<Body>(&response.body).map_or_else(|_| Vec::new(), |body| body.authorizations);
    let own = list.into_iter().find(|assignment| assignment.application.client_id == client_id.as_str());
    let own = own.and_then(|assignment| assignment.uuid.parse().ok());
    // Where assignments are switched off, Quay refuses every login with one (case Y5).
    Ok(own.filter(|_| ask_config(client).accepts_assignments))
}
