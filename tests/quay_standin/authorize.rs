//! The authorization endpoints and the order of their checks: authorize, authorizeapp, denyapp.

use super::database::{self, Database};
use super::pages::Consent;
use super::reply::Reply;
use super::request::{Fields, HttpRequest};
use super::{redirect, scopes};

/// The parameters of RFC 6749 section 4.2.1, in the query of authorize or in the form of the consent page.
pub(super) struct AuthorizationRequest {
    pub(super) response_type: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) assignment: Option<String>,
}

impl AuthorizationRequest {
    pub(super) fn read(fields: &Fields) -> AuthorizationRequest {
        let text = |name| fields.get(name).unwrap_or_default().to_owned();
        AuthorizationRequest {
            // Without it, the code flow is used (cases D7, K1).
            response_type: fields.get("response_type").unwrap_or("code").to_owned(),
            client_id: text("client_id"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: fields.get("state").map(str::to_owned),
            assignment: fields.get("assignment_uuid").filter(|uuid| !uuid.is_empty()).map(str::to_owned),
        }
    }

    /// Redirects to the application, with an error in the query and without state (cases C1, D5, K3).
    fn refused(&self, error: &str) -> Reply {
        Reply::found(&redirect::with_query(&self.redirect_uri, &[("error", Some(error))]))
    }
}

/// `GET /oauth/authorize`: checks parameters, session, client ID, permission, active tokens, redirect URI and scope, in this order
/// (docs/quay.md, "Authorize"; cases A, D to J, X, Y).
pub(super) fn authorize(database: &mut Database, request: &HttpRequest) -> Reply {
    for name in ["client_id", "redirect_uri", "scope"] {
        if request.query.get(name).is_none() {
            return Reply::html_error(400, &format!("Required param: {name}"));
        }
    }
    let asked = AuthorizationRequest::read(&request.query);
    let visitor = database.visitor(request);
    if database.release.checks_who_may_authorize()
        && let Err(refusal) = permission(database, visitor.as_deref(), &asked)
    {
        return refusal;
    }
    if !database.applications.contains(&asked.client_id) {
        return Reply::not_found();
    }
    match visitor {
        Some(user) if database.covers(&user, &asked.client_id, &asked.scope) => {
            issue(database, &user, &asked).map_or_else(|read_only| read_only, Reply::uncached)
        }
        visitor => ask_for_consent(database, request, &asked, visitor.is_some()),
    }
}

/// Whether the visitor may authorize the application: as an administrator of its organization, or by an assignment.
fn permission(database: &Database, visitor: Option<&str>, asked: &AuthorizationRequest) -> Result<(), Reply> {
    let user = visitor.ok_or_else(|| Reply::bare(401))?;
    let application = database.applications.get(&asked.client_id).ok_or_else(Reply::not_found)?;
    if asked.assignment.is_some() && !database.settings.assigns_applications {
        return Err(Reply::bare(400));
    }
    match database.assignment(asked.assignment.as_deref(), user, &asked.client_id) {
        Some(_) if asked.response_type != "token" => Err(Reply::bare(400)),
        None if !database.is_admin(user, application) => Err(Reply::bare(403)),
        _ => Ok(()),
    }
}

fn ask_for_consent(
    database: &Database,
    request: &HttpRequest,
    asked: &AuthorizationRequest,
    is_signed_in: bool,
) -> Reply {
    let application = &database.applications[&asked.client_id];
    if !database.accepts_redirect(application, &asked.redirect_uri) {
        let mismatch = [("error", Some("redirect_uri_mismatch"))];
        return Reply::found(&redirect::with_query(&application.redirect_uri, &mismatch)).uncached();
    }
    let scopes = scopes::parse(&asked.scope);
    if scopes.is_empty() {
        return Reply::not_found();
    }
    let page = Consent {
        application,
        scopes: &scopes,
        asked,
        csrf: database.session(request).map_or("", |session| &session.csrf),
        release: database.release,
        sign_in: (!is_signed_in).then(|| request.uri.to_string()),
    };
    match request.wants_json() {
        true => Reply::json(200, page.json()).uncached(),
        false => Reply::html(200, page.html()).without_frames().uncached(),
    }
}

/// `POST /oauth/authorizeapp`, the consent page's "Authorize Application" (cases B, F6, H4, I3, J6, K3).
///
/// If direct approval is allowed for the application, a user who sends a password needs no CSRF token (cases AA).
pub(super) fn authorize_application(database: &mut Database, request: &HttpRequest) -> Reply {
    let Some(user) = database.visitor(request) else {
        return Reply::bare(401);
    };
    let asked = AuthorizationRequest::read(&request.form);
    let is_direct = database.settings.direct_client_ids.contains(&asked.client_id) && request.basic().is_some();
    if !is_direct && !database.has_csrf_token(request) {
        return csrf_missing(database, request);
    }
    issue(database, &user, &asked).unwrap_or_else(|read_only| read_only)
}

/// `POST /oauth/denyapp`, the consent page's "Cancel" and "Deny". Checks the CSRF token before the session (case C5).
pub(super) fn deny_application(database: &Database, request: &HttpRequest) -> Reply {
    if !database.has_csrf_token(request) {
        return csrf_missing(database, request);
    }
    if database.visitor(request).is_none() {
        return Reply::bare(401);
    }
    let asked = AuthorizationRequest::read(&request.form);
    match database.applications.get(&asked.client_id) {
        Some(application) if database.accepts_redirect(application, &asked.redirect_uri) => {
            asked.refused("authorization_denied")
        }
        _ => Reply::invalid_request(),
    }
}

/// The answer of Quay's OAuth library if the user approves, or has active tokens with these scopes: a new token, or an error.
///
/// The errors for an unsupported response type and an unknown client go to any redirect URI (cases F6, K3). Fails while the registry is
/// read-only (cases Y1q, Y1r).
fn issue(database: &mut Database, user: &str, asked: &AuthorizationRequest) -> Result<Reply, Reply> {
    if !["token", "code"].contains(&asked.response_type.as_str()) {
        return Ok(asked.refused("unsupported_response_type"));
    }
    let assignment = database.assignment(asked.assignment.as_deref(), user, &asked.client_id);
    let Some(application) = database.applications.get(&asked.client_id) else {
        return Ok(asked.refused("unauthorized_client"));
    };
    if database.release.checks_who_may_authorize() && assignment.is_none() && !database.is_admin(user, application) {
        return Ok(asked.refused("unauthorized_client"));
    }
    if !database.accepts_redirect(application, &asked.redirect_uri) {
        return Ok(Reply::invalid_request());
    }
    if scopes::parse(&asked.scope).is_empty() {
        return Ok(asked.refused("invalid_scope"));
    }
    if database.settings.is_read_only {
        return Err(Reply::read_only());
    }
    if let Some(assignment) = assignment {
        database.assignments.remove(assignment);
    }
    let state = asked.state.as_deref().filter(|_| database.release.returns_state());
    let mut parameters = vec![("scope", Some(asked.scope.as_str())), ("state", state)];
    if asked.response_type == "code" {
        // Nothing can exchange the code for a token, because nginx refuses `/oauth/access_token` (case K2).
        let code = database::random_text(40);
        parameters.push(("code", Some(&code)));
        return Ok(Reply::found(&redirect::with_query(&asked.redirect_uri, &parameters)));
    }
    let uri = redirect::with_query(&asked.redirect_uri, &parameters);
    let token = &database.create_token(user, &asked.client_id, &asked.scope).value;
    let lifetime = database::TOKEN_LIFETIME.as_secs();
    Ok(Reply::found(&format!("{uri}#access_token={token}&token_type=Bearer&expires_in={lifetime}")))
}

/// The answer to a form without the right CSRF token (cases B6, C5, J1b, X2c).
pub(super) fn csrf_missing(database: &Database, request: &HttpRequest) -> Reply {
    let user = database.visitor(request).map(|user| format!(" (authorized: user {user})")).unwrap_or_default();
    Reply::html_error(403, &format!("CSRF token was invalid or missing.{user}"))
}
