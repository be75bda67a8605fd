//! What a host says of its own API: `/api/v1/discovery`. Asked only for what this program does not know.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, Error, Limits};
use crate::domain::{ApiPath, Scopes, ServerText};

/// Discovery is some 150 KB.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), size: 10 * 1024 * 1024 };

/// As much of it as is read.
#[derive(Default, Deserialize)]
struct Discovery {
    /// The scopes, and what they allow.
    #[serde(default, rename = "securityDefinitions")]
    security_definitions: Definitions,
    /// By path, with names in braces, and method.
    #[serde(default)]
    paths: BTreeMap<String, Value>,
}

/// The ways to be let in.
#[derive(Default, Deserialize)]
struct Definitions {
    /// By token.
    #[serde(default)]
    oauth2_implicit: Implicit,
}

/// The token's scopes.
#[derive(Default, Deserialize)]
struct Implicit {
    /// By word.
    #[serde(default)]
    scopes: BTreeMap<String, Value>,
}

/// Reads it; one that is something else says nothing.
fn ask(client: &Client) -> Result<Discovery, Error> {
    let answer = client.get("/api/v1/discovery", None, LIMITS)?;
    Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// The scopes that the host lists, and what it says of each (recorded case U1c); empty where it answers with something else.
pub(crate) fn offered_scopes(client: &Client) -> Result<BTreeMap<ServerText, ServerText>, Error> {
    let scopes = ask(client)?.security_definitions.oauth2_implicit.scopes;
    Ok(scopes.into_iter().map(|(word, says)| (word.into(), says.as_str().unwrap_or_default().into())).collect())
}

/// Whether the host lists and makes tokens of applications (3.18); `None` where it does not say.
pub(crate) fn has_tokens_api(client: &Client) -> Option<bool> {
    let paths = ask(client).ok()?.paths;
    let is_listed = paths.values().any(|item| item["get"]["operationId"] == "listOrganizationApplicationTokens");
    (!paths.is_empty()).then_some(is_listed)
}

/// The scope that the host asks for on this path; `None` where it does not say.
pub(crate) fn needed_scope(client: &Client, method: &str, path: &ApiPath) -> Option<Scopes> {
    let paths = ask(client).ok()?.paths;
    let fitting = paths.iter().filter_map(|(template, item)| Some((literal_parts(template, path.path())?, item)));
    let (_, item) = fitting.max_by_key(|(literal, _)| *literal)?;
    let scopes = item.get(method.to_ascii_lowercase())?.get("security")?.get(0)?.get("oauth2_implicit")?;
    scopes.get(0)?.as_str()?.parse().ok()
}

/// How many parts of the path stand in the template word for word; `None` where it does not fit. `{repository}` is namespace and name.
fn literal_parts(template: &str, path: &str) -> Option<usize> {
    let mut parts = path.split('/');
    let mut literal = 0;
    for wanted in template.split('/') {
        let part = parts.next()?;
        let is_name = wanted.starts_with('{') && wanted.ends_with('}');
        if wanted == "{repository}" {
            parts.next()?;
        }
        literal += usize::from(!is_name);
        if if is_name { part.is_empty() } else { part != wanted } {
            return None;
        }
    }
    parts.next().is_none().then_some(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_fits_by_its_words_and_a_repository_is_two() {
        let fits = |template: &str, path: &str| literal_parts(template, path).is_some();
        let permission = "/api/v1/repository/{repository}/permissions/user/{username}";
        assert!(fits(permission, "/api/v1/repository/acme/app/permissions/user/bob"));
        assert!(fits("/api/v1/repository/{repository}", "/api/v1/repository/acme/app"));
        assert!(fits("/api/v1/user/", "/api/v1/user/"));
        for path in [
            "/api/v1/repository/acme/permissions/user/bob",
            "/api/v1/repository/acme/app/permissions/user/",
            "/api/v1/repository/acme/app/permissions/user/bob/x",
            "/api/v1/repository/acme/app/permissions/team/bob",
        ] {
            assert!(!fits(permission, path), "{path}");
        }
        assert!(!fits("/api/v1/user/", "/api/v1/user"));
        let literal = |template| literal_parts(template, "/api/v1/user/authorizations");
        assert!(literal("/api/v1/user/authorizations") > literal("/api/v1/user/{name}"));
    }
}
