//! Which scopes a host offers: `/api/v1/discovery`, asked only for a word that this program does not know.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::client::{Client, Error, Limits};

/// Discovery is some 150 KB.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), size: 10 * 1024 * 1024 };

/// The scopes that the host lists (recorded case U1c); empty where it answers with something else.
pub(crate) fn offered_scopes(client: &Client) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Discovery {
        #[serde(rename = "securityDefinitions")]
        security_definitions: Definitions,
    }
    #[derive(Deserialize)]
    struct Definitions {
        oauth2_implicit: Implicit,
    }
    #[derive(Deserialize)]
    struct Implicit {
        scopes: BTreeMap<String, IgnoredAny>,
    }
    let answer = client.get("/api/v1/discovery", None, LIMITS)?;
    let discovery = serde_json::from_slice::<Discovery>(&answer.body);
    Ok(discovery
        .map(|found| found.security_definitions.oauth2_implicit.scopes.into_keys().collect())
        .unwrap_or_default())
}
