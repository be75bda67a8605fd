//! `/api/v1/organization/NAME/applications/CLIENT_ID/tokens`: the tokens of an application, from 3.18 on (cases S).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::api_replies::{done, good, insufficient_scope, invalid_request, not_found};
use super::caller::Caller;
use super::database::{Database, TOKEN_LIFETIME};
use super::organizations::administrator;
use super::records::Token;
use super::reply::Reply;
use super::request::HttpRequest;
use super::{scopes, validation};

const PAGE_SIZE: usize = 50;

/// The caller, who must administer the organization, if the application belongs to it (cases S1, S8).
fn administrator_of<'a>(
    database: &Database,
    caller: &'a Caller,
    [name, client_id]: [&str; 2],
) -> Result<&'a str, Reply> {
    let user = administrator(database, caller, name)?;
    match database.applications.get(client_id) {
        Some(application) if application.organization == name => Ok(user),
        _ => Err(not_found(database)),
    }
}

/// `GET`: the active tokens, the newest first (cases S1, S5, S9).
pub(super) fn list(database: &Database, request: &HttpRequest, caller: &Caller, path: [&str; 2]) -> Reply {
    if let Err(refusal) = administrator_of(database, caller, path) {
        return refusal;
    }
    let start = request.query.number("next_page").unwrap_or_default();
    let of_application = |token: &&Token| token.client_id == path[1] && token.is_active();
    let mut tokens = database.tokens.iter().rev().filter(of_application).skip(start);
    let page: Vec<String> = tokens.by_ref().take(PAGE_SIZE).map(|token| format!("{{{}}}", token_json(token))).collect();
    let next = match tokens.next() {
        Some(_) => format!(r#", "next_page": "{}""#, start + PAGE_SIZE),
        None => String::new(),
    };
    good(format!(r#"{{"tokens": [{}]{next}}}"#, page.join(", ")))
}

/// `DELETE …/UUID`. The token may have expired (cases S8c, S10, W2g, W3d).
pub(super) fn revoke(database: &mut Database, caller: &Caller, [name, client_id, uuid]: [&str; 3]) -> Reply {
    if let Err(refusal) = administrator_of(database, caller, [name, client_id]) {
        return refusal;
    }
    let is_asked_for = |token: &&mut Token| token.uuid == uuid && token.client_id == client_id && !token.revoked;
    match database.tokens.iter_mut().find(is_asked_for) {
        Some(token) => {
            token.revoked = true;
            done()
        }
        None => not_found(database),
    }
}

/// `POST`: checks the JSON, its fields, their values, the scopes of the caller's token, and the number of tokens (cases S2 to S4, S7, Y4).
pub(super) fn create(database: &mut Database, request: &HttpRequest, caller: &Caller, path: [&str; 2]) -> Reply {
    let user = match administrator_of(database, caller, path) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let sent = match request.json() {
        Ok(sent) => sent,
        Err(refusal) => return refusal,
    };
    if let Err(message) = validation::new_token(&sent) {
        return invalid_request(database, &message);
    }
    let lifetime = sent["expiration"].as_f64().map_or(TOKEN_LIFETIME, Duration::from_secs_f64).min(TOKEN_LIFETIME);
    let (name, scope) = (sent["name"].as_str().unwrap_or_default().trim(), sent["scope"].as_str().unwrap_or_default());
    if name.is_empty() {
        return Reply::refused(400, "'name' must not be empty");
    }
    let scopes = scopes::parse(scope);
    if scopes.is_empty() {
        return Reply::refused(400, &format!("Invalid scope: {scope}"));
    }
    // The stand-in has no superusers, so this scope cannot be passed on (case S4i).
    let may_pass_on = |scope: &str| scope != "super:user" && caller.must_have(scope, database).is_ok();
    if !scopes.iter().all(|scope| may_pass_on(scope.name)) {
        return insufficient_scope(database);
    }
    let client_id = path[1];
    let active = database.tokens.iter().filter(|token| token.client_id == client_id && token.is_active()).count();
    if let Some(limit) = database.settings.token_limit.filter(|limit| active >= *limit) {
        let message = format!("Token limit reached: maximum {limit} non-expired tokens per application");
        return Reply::refused(400, &message);
    }
    let token = database.create_token(user, client_id, &scope.replace(',', " "));
    token.name = Some(name.to_owned());
    token.expires_at = token.created + lifetime;
    good(format!(r#"{{{}, "token": "{}"}}"#, token_json(token), token.value))
}

fn token_json(token: &Token) -> String {
    format!(
        concat!(
            r#""uuid": "{}", "name": {}, "scope": "{}", "expires_at": {}, "created": {}, "created_by": {}, "#,
            r#""last_accessed": {}"#
        ),
        token.uuid,
        json!(token.name),
        token.scopes,
        json!(timestamp(token.expires_at)),
        json!(timestamp(token.created)),
        json!(token.user),
        json!(token.last_accessed.map(timestamp)),
    )
}

/// A time as Quay writes it, `2026-11-23T09:05:37.128719Z`.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (mut year, mut day) = (1970, days);
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let mut month = 1;
    while day >= days_in(year, month) {
        day -= days_in(year, month);
        month += 1;
    }
    format!(
        "{year}-{month:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        day + 1,
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_micros()
    )
}

fn days_of(year: u64) -> u64 {
    337 + days_in(year, 2)
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
