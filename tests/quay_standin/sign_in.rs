//! Sign-in: sessions, CSRF tokens, and the delay after a wrong password.

use std::time::Instant;

use serde_json::json;

use super::api_replies::good;
use super::database::Database;
use super::pages;
use super::reply::Reply;
use super::request::HttpRequest;

/// `GET /csrf_token`. A browser without a session gets one (case O "GET /csrf_token").
pub(super) fn csrf_token(database: &mut Database, request: &HttpRequest) -> Reply {
    let reply = |csrf: &str| Reply::json(200, format!("{{\"csrf_token\":\"{csrf}\"}}\n"));
    if let Some(session) = database.session(request) {
        return reply(&session.csrf);
    }
    let cookie = begin_session(database, None);
    reply(&database.sessions[database.sessions.len() - 1].csrf).with("set-cookie", cookie)
}

/// `GET /signin`. Afterwards, the new UI goes to `redirect_url`, and the old one to its front page.
pub(super) fn page(database: &Database, request: &HttpRequest, is_old_ui: bool) -> Reply {
    let destination = request
        .query
        .get("redirect_url")
        .filter(|_| !is_old_ui)
        .and_then(|url| url.strip_prefix(database.origin.as_str()));
    Reply::nginx(pages::sign_in(destination.unwrap_or("/")))
}

/// `POST /signin`: the form of the stand-in's pages. Quay's pages use a script and `POST /api/v1/signin`.
pub(super) fn by_form(database: &mut Database, request: &HttpRequest) -> Reply {
    let user = request.form.get("username").unwrap_or_default();
    if !database.has_password(user, request.form.get("password").unwrap_or_default()) {
        return Reply::bare(403);
    }
    let destination = request.form.get("destination").filter(|path| path.starts_with('/') && !path.starts_with("//"));
    let cookie = begin_session(database, Some(user));
    Reply::found(&format!("{}{}", database.origin, destination.unwrap_or("/"))).with("set-cookie", cookie)
}

/// `POST /api/v1/signin`. The session gets a new CSRF token, so older forms are refused (cases X2b to X2e).
pub(super) fn by_api(database: &mut Database, request: &HttpRequest) -> Reply {
    let sent = match request.json() {
        Ok(sent) => sent,
        Err(refusal) => return refusal,
    };
    let text = |name: &str| sent[name].as_str().unwrap_or_default();
    let (name, password) = (text("username"), text("password"));
    let message = match database.users.get(name) {
        Some(user) if user.password == password && user.is_enabled => {
            let cookie = begin_session(database, Some(name));
            return good(r#"{"success": true}"#.to_owned()).with("set-cookie", cookie);
        }
        Some(user) if user.password == password => "This user has been disabled. Please contact your administrator.",
        _ => "Invalid Username or Password",
    };
    let body =
        format!(r#"{{"needsEmailVerification": false, "invalidCredentials": true, "message": {}}}"#, json!(message));
    good(body).status(403)
}

fn begin_session(database: &mut Database, user: Option<&str>) -> String {
    let id = database.begin_session(user);
    format!("session={id}; Path=/; HttpOnly; SameSite=Lax")
}

/// Counts a wrong password of Basic authentication. Returns an answer if one was sent shortly before (cases AA8, AA9).
pub(super) fn too_many_logins(database: &mut Database, request: &HttpRequest) -> Option<Reply> {
    let (name, password) = request.basic()?;
    let delay = database.settings.wrong_password_delay;
    let user = database.users.get_mut(&name)?;
    if user.no_login_until.is_some_and(|time| Instant::now() < time) {
        let message = "Too many login attempts. \nPlease reset your Quay password and try again.";
        return Some(Reply::html(429, message).with_cors().with("retry-after", "0"));
    }
    user.no_login_until = (user.password != password).then(|| Instant::now() + delay);
    None
}
