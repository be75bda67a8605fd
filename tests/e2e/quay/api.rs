//! The API as far as quay-auth asks it: who calls, the user, an application's public face, discovery; and `/config`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::json;

use super::ask::Ask;
use super::authorize::csrf_missing;
use super::organizations;
use super::pages::avatar;
use super::reply::Reply;
use super::repositories;
use super::scopes;
use super::token_api;
use super::world::World;

/// Any path under `/api/v1/`.
pub(super) fn answer(world: &mut World, ask: &Ask) -> Reply {
    if is_browser_without_leave(ask) {
        return Reply::complaint(
            400,
            "API calls must be invoked with an X-Requested-With header if called from a browser",
        );
    }
    let caller = Caller::of(world, ask);
    if !ask.is_read() && !caller.is_bearer() && !world.csrf_holds(ask) {
        return csrf_missing(world, ask);
    }
    let path = ask.uri.path().trim_start_matches("/api/v1/");
    match path.split('/').collect::<Vec<_>>()[..] {
        ["user"] => Reply::moved(&format!("{}/api/v1/user/", world.origin)),
        ["user", ""] if ask.is_read() => user(world, &caller),
        ["user", "authorizations"] if ask.is_read() => token_api::authorizations(world, &caller),
        ["user", "authorizations", uuid] => token_api::authorization(world, ask, &caller, uuid),
        ["organization", name, "applications", client_id, "tokens", ref rest @ ..] if world.release.has_token_api() => {
            token_api::tokens(world, ask, &caller, name, client_id, rest)
        }
        ["repository"] if ask.is_read() => repositories::list(world, ask, &caller),
        ["repository"] if ask.method == "POST" => repositories::create(world, ask, &caller),
        ["repository", namespace, name] => repositories::one(world, ask, &caller, namespace, name),
        ["repository", namespace, name, "tag", ""] if ask.is_read() => {
            repositories::tags(world, ask, &caller, namespace, name)
        }
        ["repository", namespace, name, "permissions", kind @ ("team" | "user"), who] => {
            repositories::permission(world, ask, &caller, [namespace, name, kind, who])
        }
        ["organization", name] if ask.is_read() => organizations::organization(world, &caller, name),
        ["organization", name, "applications", ref rest @ ..] if ask.is_read() => {
            organizations::applications(world, &caller, name, rest)
        }
        ["app", client_id] if ask.is_read() => organizations::application(world, client_id),
        ["discovery"] if ask.is_read() => discovery(world),
        _ if ask.is_read() => not_found(world),
        _ => method_not_allowed(),
    }
}

/// A `GET` by a browser must say that a script sent it (P2n).
fn is_browser_without_leave(ask: &Ask) -> bool {
    ask.method == "GET"
        && ask.header("user-agent").is_some_and(|agent| agent.contains("Mozilla/"))
        && ask.header("x-requested-with") != Some("XMLHttpRequest")
}

/// Who calls the API. `Basic` counts for nothing here (P2h), and neither does a bad token (P3c, R1b).
pub(super) enum Caller {
    Nobody,
    /// By the session of a browser, with every right that the user has.
    Person(String),
    Bearer {
        user: String,
        scopes: String,
    },
}

impl Caller {
    fn of(world: &mut World, ask: &Ask) -> Caller {
        let session = world.session(ask).and_then(|session| session.user.clone());
        let bearer = ask.bearer().unwrap_or_default();
        let token = world.tokens.iter_mut().find(|token| token.value == bearer && token.is_live());
        match (token, session) {
            (Some(token), _) => {
                token.last_accessed = Some(SystemTime::now());
                Caller::Bearer { user: token.user.clone(), scopes: token.scopes.clone() }
            }
            (None, Some(user)) => Caller::Person(user),
            (None, None) => Caller::Nobody,
        }
    }

    fn is_bearer(&self) -> bool {
        matches!(self, Caller::Bearer { .. })
    }

    /// The user, whatever the scopes.
    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Caller::Nobody => None,
            Caller::Person(user) | Caller::Bearer { user, .. } => Some(user),
        }
    }

    /// The user, if the caller may use the rights of a scope.
    pub(super) fn user_with(&self, scope: &str) -> Option<&str> {
        match self {
            Caller::Nobody => None,
            Caller::Person(user) => Some(user),
            Caller::Bearer { user, scopes } => scopes::allows(&scopes::parse(scopes), scope).then_some(user),
        }
    }

    /// The same, or the refusal: 401 for nobody, 403 for a good token that lacks the scope (Q1, S1).
    pub(super) fn must_have(&self, scope: &str, world: &World) -> Result<&str, Reply> {
        match self {
            Caller::Nobody => Err(error(world, 401, "invalid_token", "Requires authentication", "")),
            _ => self.user_with(scope).ok_or_else(|| insufficient_scope(world)),
        }
    }
}

/// `GET /api/v1/user/`, which needs `user:read` or `user:admin`: a good token without them is refused like a wrong
/// one (P1, P2).
fn user(world: &World, caller: &Caller) -> Reply {
    let admin = caller.user_with("user:admin");
    let Some(name) = admin.or_else(|| caller.user_with("user:read")) else {
        return error(world, 401, "invalid_token", "Requires authentication", r#""session_required": false, "#);
    };
    let private = match admin {
        Some(_) => format!(
            concat!(
                r#""can_create_repo": true, "is_me": true, "verified": true, "email": {}, "logins": [], "#,
                r#""invoice_email": false, "invoice_email_address": null, "preferred_namespace": false, "#,
                r#""tag_expiration_s": 1209600, "prompts": [], "company": null, "family_name": null, "#,
                r#""given_name": null, "location": null, "is_free_account": true, "has_password_set": true, "#,
            ),
            json!(world.users.get(name).map(|user| &user.email))
        ),
        None => String::new(),
    };
    let organizations = world
        .organizations
        .iter()
        .filter(|(_, organization)| {
            let mut people = organization.admins.iter().chain(&organization.members);
            people.any(|person| person == name)
        })
        .map(|(organization, _)| {
            format!(
                r#"{{"name": {}, "avatar": {}, "can_create_repo": false, "public": false}}"#,
                json!(organization),
                avatar(organization, "org")
            )
        })
        .collect::<Vec<_>>()
        .join(", ");
    good(format!(
        r#"{{"anonymous": false, "username": {}, "avatar": {}, {private}"organizations": [{organizations}]}}"#,
        json!(name),
        avatar(name, "user"),
    ))
}

/// The operations that discovery lists here: path, method, name, scope. The last one tells a 3.18.
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

/// `GET /api/v1/discovery`: the scopes on offer, and some of the paths with the scope that each needs (U1).
///
/// The recorded Quay has no superusers, so `super:user` is hidden here, though authorize takes it.
fn discovery(world: &World) -> Reply {
    let scopes = scopes::ALL
        .iter()
        .filter(|scope| scope.name != "super:user")
        .map(|scope| format!(r#""{}": "{}""#, scope.name, scope.description))
        .collect::<Vec<_>>()
        .join(", ");
    let mut paths: BTreeMap<&str, BTreeMap<&str, serde_json::Value>> = BTreeMap::new();
    for (path, method, name, scope) in OPERATIONS {
        let operation = json!({"operationId": name, "security": [{"oauth2_implicit": [scope]}]});
        if name != "listOrganizationApplicationTokens" || world.release.has_token_api() {
            paths.entry(path).or_default().insert(method, operation);
        }
    }
    let mut paths = json!(paths);
    // What else stands there, for who reads it to pass over.
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
        host = world.authority(),
        origin = world.origin,
        scopes = scopes,
        paths = paths,
    ))
}

/// `GET /config`: of some hundred settings those that tell which server it is; keys in the order of the alphabet.
///
/// Source: README "Which server is it?"; recorded case O.
pub(super) fn config(world: &World) -> Reply {
    let mut config = json!({
        "AUTHENTICATION_TYPE": "Database",
        "AVATAR_KIND": "local",
        "BRANDING": {
            "footer_img": null,
            "footer_url": null,
            "logo": "/static/img/quay-horizontal-color.svg",
            "logo_dark": "/static/img/quay-horizontal-whiteblue-nobackground.svg",
        },
        "CHANNEL_COLORS": [
            "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896", "#9467bd",
            "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7", "#bcbd22", "#1f77b4",
            "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede", "#9ecae1", "#31a354", "#b5cf6b",
            "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
        ],
        "LOCAL_OAUTH_HANDLER": "/oauth/localapp",
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_HOSTNAME": world.authority(),
    });
    if world.release.prefers_new_ui() {
        config["DEFAULT_UI"] = json!("react");
    }
    if world.release.refuses_strangers() {
        config["FEATURE_ASSIGN_OAUTH_TOKEN"] = json!(true);
    }
    let body = json!({
        "account_recovery_mode": false,
        "config": config,
        "external_login": [],
        "features": {},
        "registry_state": "normal",
        "version_number": format!("Quay {}", world.release.number()),
    });
    Reply::json(200, body.to_string()).framed()
}

/// A good answer of the API; its JSON ends in a newline.
pub(super) fn good(body: String) -> Reply {
    Reply::json(200, body + "\n").open().framed()
}

/// Done, with nothing to say (P4).
pub(super) fn done() -> Reply {
    Reply::json(204, "").open().framed()
}

/// A refusal in Flask's own words (S4, S6g).
pub(super) fn refused(status: u16, words: &str) -> Reply {
    Reply::json(status, format!("{{\"message\": \"{words}\"}}\n")).open()
}

pub(super) fn method_not_allowed() -> Reply {
    refused(405, "The method is not allowed for the requested URL.")
}

pub(super) fn not_found(world: &World) -> Reply {
    error(world, 404, "not_found", "Not Found", "")
}

pub(super) fn insufficient_scope(world: &World) -> Reply {
    error(world, 403, "insufficient_scope", "Unauthorized", "")
}

/// The API's way of saying no; `first` goes before everything else (P2, R1c).
pub(super) fn error(world: &World, status: u16, kind: &str, words: &str, first: &str) -> Reply {
    let origin = &world.origin;
    let body = format!(
        concat!(
            r#"{{{first}"detail": "{words}", "error_message": "{words}", "error_type": "{kind}", "#,
            r#""title": "{kind}", "type": "{origin}/api/v1/error/{kind}", "status": {status}}}"#,
        ),
        first = first,
        words = words,
        kind = kind,
        origin = origin,
        status = status,
    );
    Reply::json(status, body + "\n").open()
}
