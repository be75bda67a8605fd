//! Which function answers which path, behind Quay's nginx (case N5).

use axum::http::Method;
use serde_json::json;

use super::database::Database;
use super::reply::Reply;
use super::request::HttpRequest;
use super::{api, assignments, authorize, config, discovery, pages, registry, sign_in};

/// The answer to a request, as it leaves nginx.
pub(super) fn answer(database: &mut Database, request: &HttpRequest) -> Reply {
    if let Some(failure) = database.failure(request.uri.path()) {
        let reply = Reply::nginx_error(failure.status);
        return match &failure.retry_after {
            Some(value) => reply.with("retry-after", value),
            None => reply,
        };
    }
    let reply = by_rules(database, request);
    match database.settings.has_own_nginx {
        true => reply.through_nginx(),
        false => reply,
    }
}

fn by_rules(database: &mut Database, request: &HttpRequest) -> Reply {
    let path = request.uri.path();
    let is_post = request.method == Method::POST;
    if request.method == Method::OPTIONS {
        let reply = Reply::html(200, "");
        return if path.starts_with("/api/") { reply.with_cors() } else { reply };
    }
    if path.starts_with("/oauth/")
        && let Some(refusal) = sign_in::too_many_logins(database, request)
    {
        return refusal;
    }
    match path {
        "/oauth/authorize" if request.is_read() => authorize::authorize(database, request),
        "/oauth/authorizeapp" if is_post => authorize::authorize_application(database, request),
        "/oauth/denyapp" if is_post => authorize::deny_application(database, request),
        "/oauth/authorize/assignuser" if is_post && database.release.checks_who_may_authorize() => {
            assignments::assign_user(database, request)
        }
        "/v2/auth" if request.is_read() => registry::auth(database, request),
        "/oauth/authorize" | "/v2/auth" => Reply::bare(405),
        "/v2/" => registry::base(database, request),
        "/config" if database.release.has_config() => config::config(database),
        "/config" => Reply::not_found(),
        "/csrf_token" => sign_in::csrf_token(database, request),
        "/signin" if is_post => sign_in::by_form(database, request),
        "/signin" => sign_in::page(database, request, shows_old_ui(database, request)),
        pages::STYLE_PATH => Reply::css(pages::STYLE),
        "/oauth/localapp" => local_application(database, request),
        "/.well-known/app-capabilities" => discovery::app_capabilities(database),
        path if path.starts_with("/api/v1/") => api::answer(database, request),
        path if is_for_quay(path) && !path.ends_with('/') && request.is_read() => api::unknown_path(database, request),
        _ if request.is_read() => Reply::nginx(pages::new_ui()),
        _ => Reply::nginx_error(405),
    }
}

/// Paths that nginx passes on to Quay.
fn is_for_quay(path: &str) -> bool {
    ["/oauth/authorize", "/oauth/denyapp", "/oauth2/", "/.well-known/"].iter().any(|start| path.starts_with(start))
}

/// `HOST/angular` and `HOST/react` store the choice in a cookie. Without a cookie the release decides.
fn shows_old_ui(database: &Database, request: &HttpRequest) -> bool {
    match request.cookie("defaultui") {
        Some(choice) => choice == "angular",
        None => !database.release.prefers_new_ui(),
    }
}

/// The page of Quay that shows the token. In the old UI it needs a login (cases N1, N2).
fn local_application(database: &Database, request: &HttpRequest) -> Reply {
    if !shows_old_ui(database, request) {
        return Reply::nginx(pages::new_ui());
    }
    if database.visitor(request).is_none() {
        return Reply::bare(401);
    }
    if request.wants_json() {
        let token = json!({"access_token": request.query.get("access_token")});
        return Reply::json(200, format!("{token}\n"));
    }
    let page = match request.query.get("scope") {
        Some(_) => pages::generated_token(),
        None => pages::message("Authorization canceled"),
    };
    Reply::html(200, page).without_frames()
}
