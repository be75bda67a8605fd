//! The API about organizations: their public face, their applications for admins, and an application's face for anybody.

use serde_json::json;

use super::api::{Caller, good, insufficient_scope, not_found};
use super::pages::avatar;
use super::reply::Reply;
use super::world::{Application, World};

/// `GET /api/v1/organization/NAME`: what anybody may know; Quay tells members more (R2e).
pub(super) fn organization(world: &World, caller: &Caller, name: &str) -> Reply {
    let Some(organization) = world.organizations.get(name) else {
        return not_found(world);
    };
    let is_admin = caller.user_with("org:admin").is_some_and(|user| world.administers(user, name));
    let is_member = caller.user().is_some_and(|user| {
        let mut people = organization.admins.iter().chain(&organization.members);
        people.any(|person| person == user)
    });
    good(format!(
        r#"{{"name": {}, "email": "", "avatar": {}, "is_admin": {is_admin}, "is_member": {is_member}}}"#,
        json!(name),
        avatar(name, "user"),
    ))
}

/// `GET /api/v1/organization/NAME/applications[/CLIENT_ID]`, for admins: redirect URIs and secrets too (R2).
pub(super) fn applications(world: &World, caller: &Caller, name: &str, rest: &[&str]) -> Reply {
    let user = match caller.must_have("org:admin", world) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    if !world.administers(user, name) {
        return insufficient_scope(world);
    }
    let mut theirs = world.applications.iter().filter(|(_, application)| application.organization == name);
    match rest {
        [] => {
            let list = theirs.map(|(client_id, application)| secrets_of(client_id, application));
            good(format!(r#"{{"applications": [{}]}}"#, list.collect::<Vec<_>>().join(", ")))
        }
        [client_id] => match theirs.find(|(known, _)| known == client_id) {
            Some((client_id, application)) => good(secrets_of(client_id, application)),
            None => not_found(world),
        },
        _ => not_found(world),
    }
}

fn secrets_of(client_id: &str, application: &Application) -> String {
    format!(
        concat!(
            r#"{{"name": {}, "description": {}, "application_uri": {}, "client_id": {}, "client_secret": "{}", "#,
            r#""redirect_uri": {}, "avatar_email": null}}"#,
        ),
        json!(application.name),
        json!(application.description),
        json!(application.homepage),
        json!(client_id),
        // Nothing here takes it; it has the form of Quay's.
        format_args!("{:S<40}", client_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect::<String>()),
        json!(application.redirect_uri),
    )
}

/// `GET /api/v1/app/CLIENT_ID`: what anybody may know of an application; not its redirect URI (R1).
pub(super) fn application(world: &World, client_id: &str) -> Reply {
    let Some(application) = world.applications.get(client_id) else {
        return not_found(world);
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
