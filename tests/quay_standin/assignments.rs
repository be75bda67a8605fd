//! Assignments: an administrator lets a user authorize an application once (docs/quay.md, "Applications and tokens").

use serde_json::json;

use super::api_replies::{done, good, not_found};
use super::authorize::{AuthorizationRequest, csrf_missing};
use super::caller::Caller;
use super::database::{self, Database};
use super::pages::{self, avatar};
use super::records::Assignment;
use super::reply::Reply;
use super::request::HttpRequest;
use super::scopes;

/// `POST /oauth/authorize/assignuser`: an administrator assigns an application to a user (cases J1).
pub(super) fn assign_user(database: &mut Database, request: &HttpRequest) -> Reply {
    if !database.has_csrf_token(request) {
        return csrf_missing(database, request);
    }
    let Some(visitor) = database.visitor(request) else {
        return Reply::bare(401);
    };
    let asked = AuthorizationRequest::read(&request.query);
    let Some(application) = database.applications.get(&asked.client_id) else {
        return Reply::not_found();
    };
    if !database.is_admin(&visitor, application) {
        return Reply::bare(403);
    }
    let user = request.query.get("username").unwrap_or_default();
    if !database.users.contains(user) {
        return Reply::not_found();
    }
    database.assignments.push(Assignment {
        uuid: database::random_uuid(),
        user: user.to_owned(),
        client_id: asked.client_id,
        scopes: asked.scope,
        redirect_uri: asked.redirect_uri,
    });
    const DONE: &str = "Token assigned successfully";
    match request.wants_json() {
        true => Reply::json(200, format!("{{\"message\":\"{DONE}\"}}\n")).uncached(),
        false => Reply::html(200, pages::message(DONE)).without_frames().uncached(),
    }
}

/// `GET /api/v1/user/assignedauthorization`: the caller's assignments that are not used up (cases J2, J12c, J13b).
pub(super) fn list(database: &Database, caller: &Caller) -> Reply {
    let user = match caller.must_have("user:admin", database) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let own = database.assignments.iter().filter(|assignment| assignment.user == user);
    let list = own.map(|assignment| assignment_json(database, assignment)).collect::<Vec<_>>().join(", ");
    good(format!(r#"{{"authorizations": [{list}]}}"#))
}

fn assignment_json(database: &Database, assignment: &Assignment) -> String {
    let application = &database.applications[&assignment.client_id];
    format!(
        concat!(
            r#"{{"application": {{"name": {}, "clientId": {}, "description": {}, "url": {}, "avatar": {}, "#,
            r#""organization": {{"name": {}, "avatar": {}}}}}, "uuid": "{}", "redirectUri": {}, "scopes": [{}], "#,
            r#""responseType": "token"}}"#,
        ),
        json!(application.name),
        json!(assignment.client_id),
        json!(application.description),
        json!(application.homepage),
        avatar(&application.name, "app"),
        json!(application.organization),
        avatar(&application.organization, "org"),
        assignment.uuid,
        json!(assignment.redirect_uri),
        scopes::described(&assignment.scopes),
    )
}

/// `DELETE /api/v1/user/assignedauthorization/UUID`: the user deletes an assignment (case J10).
pub(super) fn delete(database: &mut Database, caller: &Caller, uuid: &str) -> Reply {
    let user = match caller.must_have("user:admin", database) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let is_asked_for = |assignment: &Assignment| assignment.uuid == uuid && assignment.user == user;
    let Some(index) = database.assignments.iter().position(is_asked_for) else {
        return not_found(database);
    };
    database.assignments.remove(index);
    done()
}
