//! `/api/v1/repository`: lists, one repository, its permissions and tags (recorded cases P3d, T).

use serde_json::{Value, json};

use super::api::{self, Caller};
use super::ask::Ask;
use super::pages::avatar;
use super::reply::Reply;
use super::world::{Repository, Role, World};

/// How many a page of tags has where nobody says otherwise.
const TAGS: usize = 50;

/// `GET /repository`: those that the caller may see, whatever the scopes (T1).
pub(super) fn list(world: &World, ask: &Ask, caller: &Caller) -> Reply {
    let is_set = |name| ask.query.get(name).is_some_and(|value| value == "true");
    let namespace = ask.query.get("namespace");
    if namespace.is_none() && !is_set("starred") && !is_set("public") {
        let words = "namespace, starred or public are required for this API call";
        return api::error(world, 400, "invalid_request", words, "");
    }
    if is_set("starred") {
        return match caller.user() {
            Some(_) => api::good(r#"{"repositories": []}"#.to_owned()),
            None => api::refused(400, "The browser (or proxy) sent a request that this server could not understand."),
        };
    }
    let may_see = |repository: &&Repository| {
        namespace.is_none_or(|namespace| repository.namespace == namespace)
            && (repository.is_public && is_set("public")
                || caller
                    .user()
                    .is_some_and(|user| world.role(user, &repository.namespace, &repository.name).is_some()))
    };
    let seen: Vec<&Repository> = world.repositories.iter().filter(may_see).collect();
    let start: usize = match ask.query.get("next_page") {
        // Quay's own are encrypted; what counts is that they mean nothing to the client.
        Some(page) => match page
            .strip_prefix("page-")
            .and_then(|page| page.strip_suffix('='))
            .and_then(|start| start.parse().ok())
        {
            Some(start) => start,
            None => return api::error(world, 400, "invalid_request", "Invalid page token", ""),
        },
        None => 0,
    };
    let end = seen.len().min(start + world.page_size);
    let rows: Vec<String> = seen[start.min(end)..end].iter().map(|repository| row(repository)).collect();
    let next = if end < seen.len() { format!(r#", "next_page": "page-{end}=""#) } else { String::new() };
    api::good(format!(r#"{{"repositories": [{}]{next}}}"#, rows.join(", ")))
}

fn row(repository: &Repository) -> String {
    format!(
        concat!(
            r#"{{"namespace": {}, "name": {}, "description": {}, "is_public": {}, "kind": "image", "#,
            r#""state": "NORMAL", "is_starred": false}}"#,
        ),
        json!(repository.namespace),
        json!(repository.name),
        json!(repository.description),
        repository.is_public
    )
}

/// `POST /repository` (T4).
pub(super) fn create(world: &mut World, ask: &Ask, caller: &Caller) -> Reply {
    let body = match body(ask) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("repository"));
    match caller.must_have("repo:create", world) {
        Ok(user) if world.administers(user, &namespace) => {}
        Ok(_) => return api::insufficient_scope(world),
        Err(refusal) => return refusal,
    }
    if world.repository(&namespace, &name).is_some() {
        return api::error(world, 400, "invalid_request", "Repository already exists", "");
    }
    let answer = format!(r#"{{"namespace": {}, "name": {}, "kind": "image"}}"#, json!(namespace), json!(name));
    world.repositories.push(Repository {
        description: Some(text("description")),
        is_public: text("visibility") == "public",
        ..Repository::new(&namespace, &name)
    });
    api::good(answer).status(201)
}

/// `GET`, `PUT` and `DELETE /repository/NAMESPACE/NAME` (P3d, T3).
pub(super) fn one(world: &mut World, ask: &Ask, caller: &Caller, namespace: &str, name: &str) -> Reply {
    let needs = match ask.method.as_str() {
        "PUT" => Role::Write,
        "DELETE" => Role::Admin,
        _ => Role::Read,
    };
    if let Err(refusal) = may(world, caller, needs, namespace, name) {
        return refusal;
    }
    let Some(at) = world.repositories.iter().position(|known| known.namespace == namespace && known.name == name)
    else {
        return api::not_found(world);
    };
    match ask.method.as_str() {
        "DELETE" => {
            world.repositories.remove(at);
            api::done()
        }
        "PUT" => match body(ask) {
            Ok(body) => {
                world.repositories[at].description = body["description"].as_str().map(str::to_owned);
                api::good(r#"{"success": true}"#.to_owned())
            }
            Err(refusal) => refusal,
        },
        _ => shown(world, ask, caller, &world.repositories[at]),
    }
}

fn shown(world: &World, ask: &Ask, caller: &Caller, repository: &Repository) -> Reply {
    let Repository { namespace, name, .. } = repository;
    let tags = if ask.query.get("includeTags") == Some("false") { "" } else { r#""tags": {}, "# };
    api::good(format!(
        concat!(
            r#"{{"namespace": {}, "name": {}, "kind": "image", "description": {}, "is_public": {}, "#,
            r#""is_organization": {}, "is_starred": false, "status_token": "{}", "trust_enabled": false, "#,
            r#""tag_expiration_s": 1209600, "is_free_account": true, "state": "NORMAL", {}"can_write": {}, "can_admin": {}}}"#,
        ),
        json!(namespace),
        json!(name),
        json!(repository.description),
        repository.is_public,
        world.organizations.contains_key(namespace),
        if repository.is_public { "" } else { "REDACTEDstatustoken" },
        tags,
        may(world, caller, Role::Write, namespace, name).is_ok(),
        may(world, caller, Role::Admin, namespace, name).is_ok(),
    ))
}

/// `GET /repository/NAMESPACE/NAME/tag/`, by Quay's other way of paging.
pub(super) fn tags(world: &World, ask: &Ask, caller: &Caller, namespace: &str, name: &str) -> Reply {
    if let Err(refusal) = may(world, caller, Role::Read, namespace, name) {
        return refusal;
    }
    let Some(repository) = world.repository(namespace, name) else { return api::not_found(world) };
    let number = |name, usual| ask.query.get(name).and_then(|value| value.parse().ok()).unwrap_or(usual);
    let (page, limit) = (number("page", 1).max(1), number("limit", TAGS).clamp(1, 100));
    let start = (page - 1) * limit;
    let rows: Vec<Value> = repository.tags.iter().skip(start).take(limit).map(|tag| json!({"name": tag})).collect();
    let has_additional = repository.tags.len() > start + limit;
    api::good(format!(r#"{{"tags": {}, "page": {page}, "has_additional": {has_additional}}}"#, json!(rows)))
}

/// `GET` and `PUT /repository/NAMESPACE/NAME/permissions/team/TEAM`, and the same for a user (T2).
pub(super) fn permission(
    world: &mut World,
    ask: &Ask,
    caller: &Caller,
    [namespace, name, kind, who]: [&str; 4],
) -> Reply {
    if let Err(refusal) = may(world, caller, Role::Admin, namespace, name) {
        return refusal;
    }
    let key = format!("{kind}/{who}");
    let Some(at) = world.repositories.iter().position(|known| known.namespace == namespace && known.name == name)
    else {
        return Reply::nginx(500, "<title>Internal Server Error</title>\n<h1>Internal Server Error</h1>\n");
    };
    if ask.is_read() {
        return match world.repositories[at].roles.get(&key) {
            Some(role) => api::good(format!(r#"{{"role": "{}"}}"#, role.word())),
            None => api::not_found(world),
        };
    }
    let body = match body(ask) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(role) = body["role"].as_str().and_then(Role::of) else {
        return api::error(world, 400, "invalid_request", "not one of ['read', 'write', 'admin']", "");
    };
    let is_known = match kind {
        "team" => world.organizations.get(namespace).is_some_and(|organization| organization.teams.contains_key(who)),
        _ => world.users.contains_key(who),
    };
    if !is_known {
        let words = match kind {
            "team" => format!("No team {who} in organization {namespace}"),
            _ => format!("Invalid username: {who}"),
        };
        return api::error(world, 400, "invalid_request", &words, "");
    }
    world.repositories[at].roles.insert(key, role);
    let person = if kind == "user" { r#""is_robot": false, "is_org_member": true, "# } else { "" };
    api::good(format!(
        r#"{{"role": "{}", "name": {}, {person}"avatar": {}}}"#,
        role.word(),
        json!(who),
        avatar(who, kind)
    ))
}

/// Whether the caller has that role, by the own rights and by the token's scopes.
fn may(world: &World, caller: &Caller, role: Role, namespace: &str, name: &str) -> Result<(), Reply> {
    let is_public = world.repository(namespace, name).is_some_and(|repository| repository.is_public);
    if role == Role::Read && is_public {
        return Ok(());
    }
    let user = caller.must_have(role.scope(), world)?;
    match world.role(user, namespace, name).is_some_and(|has| has >= role) {
        true => Ok(()),
        false => Err(api::insufficient_scope(world)),
    }
}

/// The body of a request that changes something (T2h).
fn body(ask: &Ask) -> Result<Value, Reply> {
    if ask.header("content-type") != Some("application/json") {
        let words = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";
        return Err(api::refused(415, words));
    }
    serde_json::from_slice(&ask.body).map_err(|_| api::refused(400, "Failed to decode JSON object"))
}
