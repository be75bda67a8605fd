//! `/api/v1/find/repositories`: the search, which ends at page 10 (case T9).

use serde_json::json;

use super::api_replies::good;
use super::caller::Caller;
use super::database::Database;
use super::pages::avatar;
use super::records::Repository;
use super::reply::Reply;
use super::request::HttpRequest;

const PAGE_SIZE: usize = 10;

/// Later pages are the same as this one, and `has_additional` stays true.
const LAST_PAGE: usize = 10;

/// `GET /api/v1/find/repositories?query=…&page=…`: the repositories that the caller may see.
pub(super) fn repositories(database: &Database, request: &HttpRequest, caller: &Caller) -> Reply {
    let query = request.query.get("query").unwrap_or_default();
    let page = request.query.number("page").unwrap_or(1).clamp(1, LAST_PAGE);
    let start = (page - 1) * PAGE_SIZE;
    let may_see = |repository: &Repository| {
        let role = |user| database.role(user, &repository.namespace, &repository.name);
        repository.is_public || caller.user().and_then(role).is_some()
    };
    let mut found = database
        .repositories
        .iter()
        .filter(|repository| repository.name.contains(query) && may_see(repository))
        .skip(start);
    let results: Vec<String> = found.by_ref().take(PAGE_SIZE).map(|repository| result(database, repository)).collect();
    good(format!(
        r#"{{"results": [{}], "has_additional": {}, "page": {page}, "page_size": {PAGE_SIZE}, "start_index": {start}}}"#,
        results.join(", "),
        found.next().is_some(),
    ))
}

fn result(database: &Database, repository: &Repository) -> String {
    let Repository { namespace, name, .. } = repository;
    let (title, kind, path) = match database.organizations.contains(namespace) {
        true => ("org", "organization", "organization"),
        false => ("user", "user", "user"),
    };
    format!(
        concat!(
            r#"{{"kind": "repository", "title": "repo", "namespace": {{"title": "{}", "kind": "{}", "avatar": {}, "#,
            r#""name": {}, "score": 1, "href": "/{}/{}"}}, "name": {}, "description": {}, "is_public": {}, "#,
            r#""score": 4, "href": "/repository/{}/{}"}}"#,
        ),
        title,
        kind,
        avatar(namespace, title),
        json!(namespace),
        path,
        namespace,
        json!(name),
        json!(repository.description.as_deref().unwrap_or_default()),
        repository.is_public,
        namespace,
        name,
    )
}
