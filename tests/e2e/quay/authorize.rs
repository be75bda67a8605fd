//! The authorization endpoints and their order of checks: authorize, authorizeapp, denyapp, assignuser.

use super::ask::{Ask, Fields};
use super::pages::{self, Consent};
use super::reply::Reply;
use super::world::{self, Assignment, World};
use super::{redirect, scopes};

/// What is asked for, by the query of authorize or by the form of its consent page.
pub(super) struct Wish {
    pub(super) response_type: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) assignment: Option<String>,
}

impl Wish {
    fn read(fields: &Fields) -> Wish {
        let text = |name| fields.get(name).unwrap_or_default().to_owned();
        Wish {
            // Missing means the code flow (D7, K1).
            response_type: fields.get("response_type").unwrap_or("code").to_owned(),
            client_id: text("client_id"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: fields.get("state").map(str::to_owned),
            assignment: fields.get("assignment_uuid").map(str::to_owned),
        }
    }

    /// Back to the application with an error in the query, without state (C1, D5, K3).
    fn refused(&self, error: &str) -> Reply {
        Reply::found(&redirect::with_query(&self.redirect_uri, &[("error", Some(error))]))
    }
}

/// `GET /oauth/authorize`: parameters, session, client id, leave, live grant, redirect URI, scope, in this order.
///
/// Source: README "Authorize"; recorded cases A, D to J.
pub(super) fn authorize(world: &mut World, ask: &Ask) -> Reply {
    for name in ["client_id", "redirect_uri", "scope"] {
        if ask.query.get(name).is_none() {
            return Reply::complaint(400, &format!("Required param: {name}"));
        }
    }
    let wish = Wish::read(&ask.query);
    let visitor = world.visitor(ask);
    if world.release.refuses_strangers() && visitor.is_none() {
        return Reply::bare(401);
    }
    let Some(application) = world.applications.get(&wish.client_id) else {
        return Reply::not_found();
    };
    if let Some(user) = visitor.as_ref().filter(|_| world.release.refuses_strangers()) {
        let assignment = world.assignment(wish.assignment.as_deref(), user, &wish.client_id);
        if assignment.is_some() && wish.response_type != "token" {
            return Reply::bare(400);
        }
        if assignment.is_none() && !world.is_admin(user, application) {
            return Reply::bare(403);
        }
    }
    match visitor {
        Some(user) if world.covers(&user, &wish.client_id, &wish.scope) => issue(world, &user, &wish).uncached(),
        visitor => ask_for_consent(world, ask, &wish, visitor.is_some()),
    }
}

fn ask_for_consent(world: &World, ask: &Ask, wish: &Wish, is_signed_in: bool) -> Reply {
    let application = &world.applications[&wish.client_id];
    if !world.accepts_redirect(application, &wish.redirect_uri) {
        return Reply::found(&redirect::with_query(
            &application.redirect_uri,
            &[("error", Some("redirect_uri_mismatch"))],
        ))
        .uncached();
    }
    let scopes = scopes::parse(&wish.scope);
    if scopes.is_empty() {
        return Reply::not_found();
    }
    let page = Consent {
        application,
        scopes: &scopes,
        wish,
        csrf: world.session(ask).map_or("", |session| &session.csrf),
        returns_state: world.release.returns_state(),
    };
    if !is_signed_in {
        let page = pages::sign_in_first(application, &ask.uri.to_string());
        return Reply::html(200, page).framed().framed().uncached();
    }
    match ask.wants_json() {
        true => Reply::json(200, page.json()).framed().uncached(),
        false => Reply::html(200, page.html()).framed().framed().uncached(),
    }
}

/// `POST /oauth/authorizeapp`, the consent page's "Authorize Application" (B, F6, H4, I3, J6, K3).
pub(super) fn authorize_application(world: &mut World, ask: &Ask) -> Reply {
    let Some(user) = world.visitor(ask) else {
        return Reply::bare(401);
    };
    if !world.csrf_holds(ask) {
        return csrf_missing(world, ask);
    }
    issue(world, &user, &Wish::read(&ask.form))
}

/// `POST /oauth/denyapp`, the consent page's "Cancel" and "Deny"; CSRF comes before the session (C5).
pub(super) fn deny_application(world: &World, ask: &Ask) -> Reply {
    if !world.csrf_holds(ask) {
        return csrf_missing(world, ask);
    }
    if world.visitor(ask).is_none() {
        return Reply::bare(401);
    }
    let wish = Wish::read(&ask.form);
    match world.applications.get(&wish.client_id) {
        Some(application) if world.accepts_redirect(application, &wish.redirect_uri) => {
            wish.refused("authorization_denied")
        }
        _ => Reply::invalid_request(),
    }
}

/// `POST /oauth/authorize/assignuser`, by which an admin gives a user leave to authorize once (J1).
pub(super) fn assign_user(world: &mut World, ask: &Ask) -> Reply {
    if !world.csrf_holds(ask) {
        return csrf_missing(world, ask);
    }
    let Some(visitor) = world.visitor(ask) else {
        return Reply::bare(401);
    };
    let Some(application) = ask.query.get("client_id").and_then(|id| world.applications.get(id)) else {
        return Reply::not_found();
    };
    if !world.is_admin(&visitor, application) {
        return Reply::bare(403);
    }
    let user = ask.query.get("username").unwrap_or_default();
    if !world.users.contains_key(user) {
        return Reply::not_found();
    }
    world.assignments.push(Assignment {
        uuid: world::random_uuid(),
        user: user.to_owned(),
        client_id: Wish::read(&ask.query).client_id,
    });
    const DONE: &str = "Token assigned successfully";
    match ask.wants_json() {
        true => Reply::json(200, format!("{{\"message\":\"{DONE}\"}}\n")).framed().uncached(),
        false => Reply::html(200, pages::message(DONE)).framed().framed().uncached(),
    }
}

/// The answer of the OAuth library to a user who agrees, now or by a live grant: a new token, or why not.
///
/// An unsupported response type and an unknown client are sent to whatever URI was given (F6, K3).
fn issue(world: &mut World, user: &str, wish: &Wish) -> Reply {
    if !["token", "code"].contains(&wish.response_type.as_str()) {
        return wish.refused("unsupported_response_type");
    }
    let assignment = world.assignment(wish.assignment.as_deref(), user, &wish.client_id);
    let Some(application) = world.applications.get(&wish.client_id) else {
        return wish.refused("unauthorized_client");
    };
    if world.release.refuses_strangers() && assignment.is_none() && !world.is_admin(user, application) {
        return wish.refused("unauthorized_client");
    }
    if !world.accepts_redirect(application, &wish.redirect_uri) {
        return Reply::invalid_request();
    }
    if scopes::parse(&wish.scope).is_empty() {
        return wish.refused("invalid_scope");
    }
    if let Some(assignment) = assignment {
        world.assignments.remove(assignment);
    }
    let state = wish.state.as_deref().filter(|_| world.release.returns_state());
    let mut parameters = vec![("scope", Some(wish.scope.as_str())), ("state", state)];
    if wish.response_type == "code" {
        // A code that nothing redeems: `/oauth/access_token` is shut behind the new UI's proxy (K2).
        let code = world::random_text(40);
        parameters.push(("code", Some(&code)));
        return Reply::found(&redirect::with_query(&wish.redirect_uri, &parameters));
    }
    let uri = redirect::with_query(&wish.redirect_uri, &parameters);
    let token = &world.mint(user, &wish.client_id, &wish.scope).value;
    let life = world::TOKEN_LIFE.as_secs();
    Reply::found(&format!("{uri}#access_token={token}&token_type=Bearer&expires_in={life}"))
}

/// The refusal of a form that does not come from Quay's own page (B6, C5, J1b).
pub(super) fn csrf_missing(world: &World, ask: &Ask) -> Reply {
    let who = world.visitor(ask).map(|user| format!(" (authorized: user {user})")).unwrap_or_default();
    Reply::complaint(403, &format!("CSRF token was invalid or missing.{who}"))
}
