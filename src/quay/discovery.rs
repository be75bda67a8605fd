//! What a host publishes about its API at `/api/v1/discovery`. quay-auth asks only for what it does not know itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, Error, Limits};
use crate::domain::{ApiPath, Scopes, ServerText};

/// The document has about 150 KB.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), size: 10 * 1024 * 1024 };

/// The parts of the document that quay-auth reads.
#[derive(Default, Deserialize)]
struct Discovery {
    #[serde(default, rename = "securityDefinitions")]
    security_definitions: Definitions,
    /// By path template, such as `/api/v1/repository/{repository}`.
    #[serde(default)]
    paths: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
struct Definitions {
    #[serde(default)]
    oauth2_implicit: Implicit,
}

#[derive(Default, Deserialize)]
struct Implicit {
    /// Descriptions by scope.
    #[serde(default)]
    scopes: BTreeMap<String, Value>,
}

/// Any other answer counts as a document without content.
fn fetch(client: &Client) -> Result<Discovery, Error> {
    let response = client.get("/api/v1/discovery", None, LIMITS)?;
    Ok(serde_json::from_slice(&response.body).unwrap_or_default())
}

/// The scopes that the host offers, with their descriptions (docs/quay.md, case U1c). Empty if the answer is not that of Quay.
pub(crate) fn offered_scopes(client: &Client) -> Result<BTreeMap<ServerText, ServerText>, Error> {
    let scopes = fetch(client)?.security_definitions.oauth2_implicit.scopes;
    let description = |value: Value| value.as_str().unwrap_or_default().into();
    Ok(scopes.into_iter().map(|(scope, value)| (scope.into(), description(value))).collect())
}

/// Whether the host can list and create tokens of applications (since 3.18). `None` if it does not say.
pub(crate) fn has_tokens_api(client: &Client) -> Option<bool> {
    let paths = fetch(client).ok()?.paths;
    let is_listed = paths.values().any(|item| item["get"]["operationId"] == "listOrganizationApplicationTokens");
    (!paths.is_empty()).then_some(is_listed)
}

/// The scope that a request to this path needs. `None` if the host does not say.
pub(crate) fn needed_scope(client: &Client, method: &str, path: &ApiPath) -> Option<Scopes> {
    let paths = fetch(client).ok()?.paths;
    let matching = paths.iter().filter_map(|(template, item)| Some((literal_segments(template, path.path())?, item)));
    let (_, item) = matching.max_by_key(|(literal, _)| *literal)?;
    let scopes = item.get(method.to_ascii_lowercase())?.get("security")?.get(0)?.get("oauth2_implicit")?;
    scopes.get(0)?.as_str()?.parse().ok()
}

/// Matches the path with the template. Returns the number of segments that are equal in both, so that the most specific template can be
/// chosen. `{repository}` stands for two segments: namespace and name.
fn literal_segments(template: &str, path: &str) -> Option<usize> {
    let mut segments = path.split('/');
    let mut literal = 0;
    for expected in template.split('/') {
        let segment = segments.next()?;
        let is_parameter = expected.starts_with('{') && expected.ends_with('}');
        if expected == "{repository}" {
            segments.next()?;
        }
        literal += usize::from(!is_parameter);
        let matches = if is_parameter { !segment.is_empty() } else { segment == expected };
        if !matches {
            return None;
        }
    }
    segments.next().is_none().then_some(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_match_by_segments_and_a_repository_has_two() {
        let matches = |template: &str, path: &str| literal_segments(template, path).is_some();
        let permission = "/api/v1/repository/{repository}/permissions/user/{username}";
        assert!(matches(permission, "/api/v1/repository/acme/app/permissions/user/bob"));
        assert!(matches("/api/v1/repository/{repository}", "/api/v1/repository/acme/app"));
        assert!(matches("/api/v1/user/", "/api/v1/user/"));
        for path in [
            "/api/v1/repository/acme/permissions/user/bob",
            "/api/v1/repository/acme/app/permissions/user/",
            "/api/v1/repository/acme/app/permissions/user/bob/x",
            "/api/v1/repository/acme/app/permissions/team/bob",
        ] {
            assert!(!matches(permission, path), "{path}");
        }
        assert!(!matches("/api/v1/user/", "/api/v1/user"));
        let literal = |template| literal_segments(template, "/api/v1/user/authorizations");
        assert!(literal("/api/v1/user/authorizations") > literal("/api/v1/user/{name}"));
    }
}
