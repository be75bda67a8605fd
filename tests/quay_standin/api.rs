//! `/api/v1/`, as far as quay-auth uses it: its paths, and what all of them check.

use super::api_replies::method_not_allowed;
use super::authorize::csrf_missing;
use super::caller::Caller;
use super::database::Database;
use super::release::Release;
use super::reply::Reply;
use super::request::HttpRequest;
use super::{assignments, authorizations, discovery, organizations, repositories, search, sign_in, token_api, users};

/// The paths below `/api/v1/` that the stand-in knows. Quay has many more.
enum Resource<'a> {
    SignIn,
    User,
    Authorizations,
    Authorization(&'a str),
    Assignments,
    Assignment(&'a str),
    Organizations,
    Organization(&'a str),
    Applications(&'a str),
    Application([&'a str; 2]),
    Tokens([&'a str; 2]),
    Token([&'a str; 3]),
    PublicApplication(&'a str),
    Repositories,
    Repository([&'a str; 2]),
    Tags([&'a str; 2]),
    Permission([&'a str; 4]),
    Search,
    Discovery,
}

impl Resource<'_> {
    fn of(path: &str, release: Release) -> Option<Resource<'_>> {
        Some(match path.strip_prefix("/api/v1/")?.split('/').collect::<Vec<_>>()[..] {
            ["signin"] => Resource::SignIn,
            ["user", ""] => Resource::User,
            ["user", "authorizations"] => Resource::Authorizations,
            ["user", "authorizations", uuid] => Resource::Authorization(uuid),
            ["user", "assignedauthorization"] => Resource::Assignments,
            ["user", "assignedauthorization", uuid] => Resource::Assignment(uuid),
            ["organization", ""] => Resource::Organizations,
            ["organization", name] => Resource::Organization(name),
            ["organization", name, "applications"] => Resource::Applications(name),
            ["organization", name, "applications", id] => Resource::Application([name, id]),
            ["organization", name, "applications", id, "tokens"] if release.has_token_api() => {
                Resource::Tokens([name, id])
            }
            ["organization", name, "applications", id, "tokens", uuid]
                if release.has_token_api() && !uuid.is_empty() =>
            {
                Resource::Token([name, id, uuid])
            }
            ["app", id] => Resource::PublicApplication(id),
            ["repository"] => Resource::Repositories,
            ["repository", namespace, name] => Resource::Repository([namespace, name]),
            ["repository", namespace, name, "tag", ""] => Resource::Tags([namespace, name]),
            ["repository", namespace, name, "permissions", kind @ ("team" | "user"), of] => {
                Resource::Permission([namespace, name, kind, of])
            }
            ["find", "repositories"] => Resource::Search,
            ["discovery"] => Resource::Discovery,
            _ => return None,
        })
    }

    /// Whether it answers without a token even if anonymous access is off (cases Y3i, Y3m).
    fn is_open_to_all(&self) -> bool {
        matches!(self, Resource::SignIn | Resource::User | Resource::Discovery)
    }
}

/// Any path under `/api/v1/`.
pub(super) fn answer(database: &mut Database, request: &HttpRequest) -> Reply {
    let Some(resource) = Resource::of(request.uri.path(), database.release) else {
        return unknown_path(database, request);
    };
    if is_browser_without_script(request) {
        let message = "API calls must be invoked with an X-Requested-With header if called from a browser";
        return Reply::html_error(400, message);
    }
    let caller = Caller::of(database, request);
    if !request.is_read() && !caller.is_bearer() && !database.has_csrf_token(request) {
        return csrf_missing(database, request);
    }
    if caller.is_anonymous() && !database.settings.allows_anonymous_access && !resource.is_open_to_all() {
        return anonymous_access_is_off();
    }
    if database.settings.is_read_only && !request.is_read() && !matches!(resource, Resource::SignIn) {
        return Reply::read_only();
    }
    let method = if request.is_read() { "GET" } else { request.method.as_str() };
    match (resource, method) {
        (Resource::SignIn, "POST") => sign_in::by_api(database, request),
        (Resource::User, "GET") => users::user(database, &caller),
        (Resource::Authorizations, "GET") => authorizations::list(database, &caller),
        (Resource::Authorization(uuid), "GET" | "DELETE") => authorizations::one(database, request, &caller, uuid),
        (Resource::Assignments, "GET") => assignments::list(database, &caller),
        (Resource::Assignment(uuid), "DELETE") => assignments::delete(database, &caller, uuid),
        (Resource::Organizations, "POST") => organizations::create(database, request, &caller),
        (Resource::Organization(name), "GET") => organizations::organization(database, &caller, name),
        (Resource::Organization(name), "DELETE") => organizations::delete(database, &caller, name),
        (Resource::Applications(name), "GET") => organizations::applications(database, &caller, name),
        (Resource::Application(path), "GET") => organizations::application(database, &caller, path),
        (Resource::Tokens(path), "GET") => token_api::list(database, request, &caller, path),
        (Resource::Tokens(path), "POST") => token_api::create(database, request, &caller, path),
        (Resource::Token(path), "DELETE") => token_api::revoke(database, &caller, path),
        (Resource::PublicApplication(id), "GET") => organizations::public_application(database, id),
        (Resource::Repositories, "GET") => repositories::list(database, request, &caller),
        (Resource::Repositories, "POST") => repositories::create(database, request, &caller),
        (Resource::Repository(path), "GET" | "PUT" | "DELETE") => repositories::one(database, request, &caller, path),
        (Resource::Tags(path), "GET") => repositories::tags(database, request, &caller, path),
        (Resource::Permission(path), "GET" | "PUT") => repositories::permission(database, request, &caller, path),
        (Resource::Search, "GET") => search::repositories(database, request, &caller),
        (Resource::Discovery, "GET") => discovery::discovery(database),
        // A path without a `GET` counts as unknown there (case S6f).
        (_, "GET") => unknown_path(database, request),
        _ => method_not_allowed(),
    }
}

/// A `GET` by a browser must say that a script sent it (case P2n).
fn is_browser_without_script(request: &HttpRequest) -> bool {
    request.method == "GET"
        && request.header("user-agent").is_some_and(|agent| agent.contains("Mozilla/"))
        && request.header("x-requested-with") != Some("XMLHttpRequest")
}

/// The answer if anonymous access is off, also to a bad token (cases Y3b, Y3e, Y3f).
pub(super) fn anonymous_access_is_off() -> Reply {
    Reply::html_error(401, "Anonymous access is not allowed")
}

/// A path that Quay does not know could be a repository's page that lacks its slash (cases T8, X3b).
pub(super) fn unknown_path(database: &Database, request: &HttpRequest) -> Reply {
    let path = request.uri.path();
    // Flask redirects every method of a path that it knows with a slash (case P2m).
    match request.is_read() || path == "/api/v1/user" {
        true if path.ends_with('/') => Reply::not_found(),
        true => Reply::moved(&format!("{}{path}/", database.origin)),
        false if database.release.fails_on_unknown_paths() => Reply::internal_error(),
        false => Reply::bare(405),
    }
}
