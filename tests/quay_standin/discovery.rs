//! `/api/v1/discovery` and `/.well-known/app-capabilities`: what Quay publishes about its API.

use std::collections::BTreeMap;

use serde_json::json;

use super::api_replies::good;
use super::database::Database;
use super::reply::Reply;
use super::scopes;

/// The operations that discovery lists here: path, method, name, scope. Only 3.18 has the last one.
const OPERATIONS: [(&str, &str, &str, &str); 15] = [
    ("/api/v1/repository", "get", "listRepos", "repo:read"),
    ("/api/v1/repository", "post", "createRepo", "repo:create"),
    ("/api/v1/repository/{repository}", "get", "getRepo", "repo:read"),
    ("/api/v1/repository/{repository}", "put", "updateRepo", "repo:write"),
    ("/api/v1/repository/{repository}", "delete", "deleteRepository", "repo:admin"),
    ("/api/v1/repository/{repository}/tag/", "get", "listRepoTags", "repo:read"),
    ("/api/v1/repository/{repository}/permissions/user/{username}", "get", "getUserPermissions", "repo:admin"),
    ("/api/v1/repository/{repository}/permissions/user/{username}", "put", "changeUserPermissions", "repo:admin"),
    ("/api/v1/repository/{repository}/permissions/team/{teamname}", "get", "getTeamPermissions", "repo:admin"),
    ("/api/v1/repository/{repository}/permissions/team/{teamname}", "put", "changeTeamPermissions", "repo:admin"),
    ("/api/v1/user/", "get", "getLoggedInUser", "user:read"),
    ("/api/v1/user/authorizations", "get", "listUserAuthorizations", "user:admin"),
    ("/api/v1/user/authorizations/{access_token_uuid}", "delete", "deleteUserAuthorization", "user:admin"),
    ("/api/v1/organization/{orgname}/applications", "get", "getOrganizationApplications", "org:admin"),
    (
        "/api/v1/organization/{orgname}/applications/{client_id}/tokens",
        "get",
        "listOrganizationApplicationTokens",
        "org:admin",
    ),
];

/// `GET /api/v1/discovery`: the scopes, and some of the paths with the scope that each needs (case U1).
///
/// The recorded Quay has no superusers, so it hides `super:user`, although authorize accepts it.
pub(super) fn discovery(database: &Database) -> Reply {
    let scopes = scopes::ALL
        .iter()
        .filter(|scope| scope.name != "super:user")
        .map(|scope| format!(r#""{}": "{}""#, scope.name, scope.description))
        .collect::<Vec<_>>()
        .join(", ");
    let mut paths: BTreeMap<&str, BTreeMap<&str, serde_json::Value>> = BTreeMap::new();
    for (path, method, name, scope) in OPERATIONS {
        let operation = json!({"operationId": name, "security": [{"oauth2_implicit": [scope]}]});
        if name != "listOrganizationApplicationTokens" || database.release.has_token_api() {
            paths.entry(path).or_default().insert(method, operation);
        }
    }
    let mut paths = json!(paths);
    // Other members, which clients must ignore.
    for item in paths.as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        item["x-name"] = json!("endpoints.api");
        item["parameters"] = json!([]);
    }
    good(format!(
        concat!(
            r#"{{"swagger": "2.0", "host": "{host}", "basePath": "/", "schemes": ["http"], "info": {{"version": "v1", "#,
            r#""title": "Quay Frontend", "description": "This API allows you to perform many of the operations "#,
            r#"required to work with Quay repositories, users, and organizations.", "termsOfService": "", "#,
            r#""contact": {{"email": "admin@example.com"}}}}, "securityDefinitions": {{"oauth2_implicit": "#,
            r#"{{"type": "oauth2", "flow": "implicit", "authorizationUrl": "{origin}/oauth/authorize", "#,
            r#""scopes": {{{scopes}}}}}}}, "paths": {paths}}}"#,
        ),
        host = database.authority(),
        origin = database.origin,
        scopes = scopes,
        paths = paths,
    ))
}

/// `GET /.well-known/app-capabilities` (case N5).
pub(super) fn app_capabilities(database: &Database) -> Reply {
    let origin = &database.origin;
    let path = "{namespace}/{reponame}";
    let text = format!(
        concat!(
            r#"{{"appName": "io.quay", "capabilities": {{"io.quay.view-image": {{"url-template": "{0}/{1}:{{tag}}"}}, "#,
            r#""io.quay.image-security": {{"rest-api-template": "{0}/api/v1/repository/{1}/image/{{imageid}}/security", "#,
            r#""deprecated": true}}, "io.quay.manifest-security": {{"rest-api-template": "#,
            r#""{0}/api/v1/repository/{1}/manifest/{{digest}}/security"}}}}}}"#,
        ),
        origin, path,
    );
    Reply::json(200, text)
}
