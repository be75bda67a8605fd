//! The API about organizations and their applications.

use serde_json::json;

use super::api_replies::{done, good, insufficient_scope, invalid_request, not_found};
use super::caller::Caller;
use super::database::Database;
use super::pages::avatar;
use super::records::{Application, Organization};
use super::reply::Reply;
use super::request::HttpRequest;

/// `GET /api/v1/organization/NAME`: what everyone may see. Quay shows more to members (cases R2e, T7).
pub(super) fn organization(database: &Database, caller: &Caller, name: &str) -> Reply {
    let Some(organization) = database.organizations.get(name) else {
        return not_found(database);
    };
    let is_admin = caller.user_with("org:admin").is_some_and(|user| database.administers(user, name));
    let is_member = caller.user().is_some_and(|user| organization.has_member(user));
    good(format!(
        r#"{{"name": {}, "email": "", "avatar": {}, "is_admin": {is_admin}, "is_member": {is_member}}}"#,
        json!(name),
        avatar(name, "user"),
    ))
}

/// `POST /api/v1/organization/`, which needs `user:admin` (cases T6).
pub(super) fn create(database: &mut Database, request: &HttpRequest, caller: &Caller) -> Reply {
    let user = match caller.must_have("user:admin", database) {
        Ok(user) => user.to_owned(),
        Err(refusal) => return refusal,
    };
    let sent = match request.json() {
        Ok(sent) => sent,
        Err(refusal) => return refusal,
    };
    let name = sent["name"].as_str().unwrap_or_default();
    if database.organizations.contains(name) {
        return invalid_request(database, "A user or organization with this name already exists");
    }
    database.organizations.insert(name.to_owned(), Organization { admins: vec![user], ..Organization::default() });
    good(r#""Created""#.to_owned()).status(201)
}

/// `DELETE /api/v1/organization/NAME`. For one that does not exist, the answer is the same as for another user's (case T7b).
pub(super) fn delete(database: &mut Database, caller: &Caller, name: &str) -> Reply {
    if let Err(refusal) = administrator(database, caller, name) {
        return refusal;
    }
    database.organizations.remove(name);
    done()
}

/// `GET /api/v1/organization/NAME/applications`: with redirect URIs and client secrets (case R2d).
pub(super) fn applications(database: &Database, caller: &Caller, name: &str) -> Reply {
    if let Err(refusal) = administrator(database, caller, name) {
        return refusal;
    }
    let own = database.applications.iter().filter(|(_, application)| application.organization == name);
    let list = own.map(|(client_id, application)| with_secret(client_id, application));
    good(format!(r#"{{"applications": [{}]}}"#, list.collect::<Vec<_>>().join(", ")))
}

/// `GET /api/v1/organization/NAME/applications/CLIENT_ID` (case R2).
pub(super) fn application(database: &Database, caller: &Caller, [name, client_id]: [&str; 2]) -> Reply {
    if let Err(refusal) = administrator(database, caller, name) {
        return refusal;
    }
    match database.applications.get(client_id) {
        Some(application) if application.organization == name => good(with_secret(client_id, application)),
        _ => not_found(database),
    }
}

/// The caller, who must be an administrator of the organization, with `org:admin` or a session (cases R2, S8).
pub(super) fn administrator<'a>(database: &Database, caller: &'a Caller, name: &str) -> Result<&'a str, Reply> {
    let user = caller.must_have("org:admin", database)?;
    let organization = database.organizations.get(name);
    match organization.is_some_and(|organization| organization.has_admin(user)) {
        true => Ok(user),
        false => Err(insufficient_scope(database)),
    }
}

fn with_secret(client_id: &str, application: &Application) -> String {
    format!(
        concat!(
            r#"{{"name": {}, "description": {}, "application_uri": {}, "client_id": {}, "client_secret": "{}", "#,
            r#""redirect_uri": {}, "avatar_email": null}}"#,
        ),
        json!(application.name),
        json!(application.description),
        json!(application.homepage),
        json!(client_id),
        // The stand-in never checks it; it has the form of Quay's.
        format_args!("{:S<40}", client_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect::<String>()),
        json!(application.redirect_uri),
    )
}

/// `GET /api/v1/app/CLIENT_ID`: what everyone may see of an application, without its redirect URI (cases R1, W5d).
pub(super) fn public_application(database: &Database, client_id: &str) -> Reply {
    let Some(application) = database.applications.get(client_id) else {
        return not_found(database);
    };
    good(format!(
        concat!(
            r#"{{"name": {}, "description": {}, "uri": {}, "avatar": {}, "organization": {{"name": {}, "#,
            r#""email": "", "avatar": {}, "is_admin": false, "is_member": false, "teams": {{}}, "ordered_teams": []}}}}"#,
        ),
        json!(application.name),
        json!(application.description),
        json!(application.homepage),
        avatar(&application.name, "app"),
        json!(application.organization),
        avatar(&application.organization, "user"),
    ))
}
