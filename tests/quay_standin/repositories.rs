//! `/api/v1/repository`: lists, one repository, its permissions and tags (cases P3d, T).

use serde_json::{Value, json};

use super::api_replies::{done, good, insufficient_scope, invalid_request, not_found};
use super::caller::Caller;
use super::database::Database;
use super::pages::avatar;
use super::records::{Repository, Role};
use super::reply::Reply;
use super::request::HttpRequest;
use super::validation;

/// How many tags a page has by default.
const TAGS: usize = 50;

/// `GET /repository`: those that the caller may see, whatever the scopes. With a revoked or expired token there are none (cases T1, T5, W2).
pub(super) fn list(database: &Database, request: &HttpRequest, caller: &Caller) -> Reply {
    let is_set = |name| request.query.get(name).is_some_and(|value| value == "true");
    let namespace = request.query.get("namespace");
    if namespace.is_none() && !is_set("starred") && !is_set("public") {
        return invalid_request(database, "namespace, starred or public are required for this API call");
    }
    if is_set("starred") {
        return match caller.user() {
            Some(_) => good(r#"{"repositories": []}"#.to_owned()),
            None => Reply::not_understood(),
        };
    }
    let may_see = |repository: &&Repository| {
        namespace.is_none_or(|namespace| repository.namespace == namespace)
            && (repository.is_public && is_set("public")
                || caller
                    .user()
                    .is_some_and(|user| database.role(user, &repository.namespace, &repository.name).is_some()))
    };
    let seen: Vec<&Repository> = database.repositories.iter().filter(may_see).collect();
    let start: usize = match request.query.get("next_page") {
        // Quay encrypts these tokens. A client must not read them.
        Some(page) => match page
            .strip_prefix("page-")
            .and_then(|page| page.strip_suffix('='))
            .and_then(|start| start.parse().ok())
        {
            Some(start) => start,
            None => return invalid_request(database, "Invalid page token"),
        },
        None => 0,
    };
    let end = seen.len().min(start + database.page_size);
    let rows: Vec<String> = seen[start.min(end)..end].iter().map(|repository| row(repository)).collect();
    let next = if end < seen.len() { format!(r#", "next_page": "page-{end}=""#) } else { String::new() };
    good(format!(r#"{{"repositories": [{}]{next}}}"#, rows.join(", ")))
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

/// `POST /repository` (case T4).
pub(super) fn create(database: &mut Database, request: &HttpRequest, caller: &Caller) -> Reply {
    let body = match request.json() {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("repository"));
    match caller.must_have("repo:create", database) {
        Ok(user) if database.administers(user, &namespace) => {}
        Ok(_) => return insufficient_scope(database),
        Err(refusal) => return refusal,
    }
    if database.repository(&namespace, &name).is_some() {
        return invalid_request(database, "Repository already exists");
    }
    let answer = format!(r#"{{"namespace": {}, "name": {}, "kind": "image"}}"#, json!(namespace), json!(name));
    database.repositories.push(Repository {
        description: Some(text("description")),
        is_public: text("visibility") == "public",
        ..Repository::new(&namespace, &name)
    });
    good(answer).status(201)
}

/// `GET`, `PUT` and `DELETE /repository/NAMESPACE/NAME`. Deleting one that does not exist succeeds (cases P3d, T3, T7c).
pub(super) fn one(
    database: &mut Database,
    request: &HttpRequest,
    caller: &Caller,
    [namespace, name]: [&str; 2],
) -> Reply {
    let needs = match request.method.as_str() {
        "PUT" => Role::Write,
        "DELETE" => Role::Admin,
        _ => Role::Read,
    };
    if let Err(refusal) = may(database, caller, needs, namespace, name) {
        return refusal;
    }
    let is_asked_for = |known: &Repository| known.namespace == namespace && known.name == name;
    let Some(at) = database.repositories.iter().position(is_asked_for) else {
        return if needs == Role::Admin { done() } else { not_found(database) };
    };
    match request.method.as_str() {
        "DELETE" => {
            database.repositories.remove(at);
            done()
        }
        "PUT" => match request.json() {
            Ok(body) => {
                database.repositories[at].description = body["description"].as_str().map(str::to_owned);
                good(r#"{"success": true}"#.to_owned())
            }
            Err(refusal) => refusal,
        },
        _ => shown(database, request, caller, &database.repositories[at]),
    }
}

fn shown(database: &Database, request: &HttpRequest, caller: &Caller, repository: &Repository) -> Reply {
    let Repository { namespace, name, .. } = repository;
    let tags = if request.query.get("includeTags") == Some("false") { "" } else { r#""tags": {}, "# };
    good(format!(
        concat!(
            r#"{{"namespace": {}, "name": {}, "kind": "image", "description": {}, "is_public": {}, "#,
            r#""is_organization": {}, "is_starred": false, "status_token": "{}", "trust_enabled": false, "#,
            r#""tag_expiration_s": 1209600, "is_free_account": true, "state": "NORMAL", {}"can_write": {}, "can_admin": {}}}"#,
        ),
        json!(namespace),
        json!(name),
        json!(repository.description),
        repository.is_public,
        database.organizations.contains(namespace),
        if repository.is_public { "" } else { "REDACTEDstatustoken" },
        tags,
        may(database, caller, Role::Write, namespace, name).is_ok(),
        may(database, caller, Role::Admin, namespace, name).is_ok(),
    ))
}

/// `GET /repository/NAMESPACE/NAME/tag/`, whose pages have numbers.
pub(super) fn tags(database: &Database, request: &HttpRequest, caller: &Caller, [namespace, name]: [&str; 2]) -> Reply {
    if let Err(refusal) = may(database, caller, Role::Read, namespace, name) {
        return refusal;
    }
    let Some(repository) = database.repository(namespace, name) else { return not_found(database) };
    let page = request.query.number("page").unwrap_or(1).max(1);
    let limit = request.query.number("limit").unwrap_or(TAGS).clamp(1, 100);
    let start = (page - 1) * limit;
    let rows: Vec<Value> = repository.tags.iter().skip(start).take(limit).map(|tag| json!({"name": tag})).collect();
    let has_additional = repository.tags.len() > start + limit;
    good(format!(r#"{{"tags": {}, "page": {page}, "has_additional": {has_additional}}}"#, json!(rows)))
}

/// `GET` and `PUT /repository/NAMESPACE/NAME/permissions/team/TEAM`, and the same for a user (cases T2).
pub(super) fn permission(
    database: &mut Database,
    request: &HttpRequest,
    caller: &Caller,
    [namespace, name, kind, who]: [&str; 4],
) -> Reply {
    if let Err(refusal) = may(database, caller, Role::Admin, namespace, name) {
        return refusal;
    }
    let key = format!("{kind}/{who}");
    let Some(at) = database.repositories.iter().position(|known| known.namespace == namespace && known.name == name)
    else {
        return Reply::internal_error();
    };
    if request.is_read() {
        return match database.repositories[at].roles.get(&key) {
            Some(role) => good(format!(r#"{{"role": "{}"}}"#, role.name())),
            None => not_found(database),
        };
    }
    let body = match request.json() {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(role) = body["role"].as_str().and_then(Role::of) else {
        return invalid_request(database, &validation::role(&body, kind));
    };
    let is_known = match kind {
        "team" => {
            database.organizations.get(namespace).is_some_and(|organization| organization.teams.contains_key(who))
        }
        _ => database.users.contains(who),
    };
    if !is_known {
        let message = match kind {
            "team" => format!("No team {who} in organization {namespace}"),
            _ => format!("Invalid username: {who}"),
        };
        return invalid_request(database, &message);
    }
    database.repositories[at].roles.insert(key, role);
    let person = if kind == "user" { r#""is_robot": false, "is_org_member": true, "# } else { "" };
    good(format!(r#"{{"role": "{}", "name": {}, {person}"avatar": {}}}"#, role.name(), json!(who), avatar(who, kind)))
}

/// Fails unless the caller has that role, by the user's rights and by the token's scopes.
fn may(database: &Database, caller: &Caller, role: Role, namespace: &str, name: &str) -> Result<(), Reply> {
    let is_public = database.repository(namespace, name).is_some_and(|repository| repository.is_public);
    if role == Role::Read && is_public {
        return Ok(());
    }
    let user = caller.must_have(role.scope(), database)?;
    match database.role(user, namespace, name).is_some_and(|has| has >= role) {
        true => Ok(()),
        false => Err(insufficient_scope(database)),
    }
}
