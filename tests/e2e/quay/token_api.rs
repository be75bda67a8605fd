//! The API about tokens: a user's authorizations, and from 3.18 on an application's tokens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::api::{Caller, done, good, insufficient_scope, method_not_allowed, not_found, refused};
use super::ask::Ask;
use super::pages::avatar;
use super::reply::Reply;
use super::scopes;
use super::world::{TOKEN_LIFE, Token, World};

/// `GET /api/v1/user/authorizations`: all tokens of the user, expired ones too (Q1, Q2, Q5).
pub(super) fn authorizations(world: &World, caller: &Caller) -> Reply {
    let user = match caller.must_have("user:admin", world) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let list = world
        .tokens
        .iter()
        .filter(|token| token.user == user && !token.revoked)
        .map(|token| authorization_json(world, token))
        .collect::<Vec<_>>()
        .join(", ");
    good(format!(r#"{{"authorizations": [{list}]}}"#))
}

/// `GET` and `DELETE /api/v1/user/authorizations/UUID`, for tokens of the user's own (P4, Q3, Q4).
pub(super) fn authorization(world: &mut World, ask: &Ask, caller: &Caller, uuid: &str) -> Reply {
    let user = match caller.must_have("user:admin", world) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let is_asked_for = |token: &Token| token.uuid == uuid && token.user == user && !token.revoked;
    let Some(index) = world.tokens.iter().position(is_asked_for) else {
        return not_found(world);
    };
    match ask.method.as_str() {
        "GET" | "HEAD" => good(authorization_json(world, &world.tokens[index])),
        "DELETE" => {
            world.tokens[index].revoked = true;
            done()
        }
        _ => method_not_allowed(),
    }
}

fn authorization_json(world: &World, token: &Token) -> String {
    let application = &world.applications[&token.client_id];
    let scopes = scopes::parse(&token.scopes)
        .iter()
        .map(|scope| {
            format!(
                r#"{{"title": "{}", "scope": "{}", "description": "{}", "dangerous": {}}}"#,
                scope.title, scope.name, scope.description, scope.is_dangerous
            )
        })
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        concat!(
            r#"{{"application": {{"name": {}, "description": {}, "url": {}, "avatar": {}, "#,
            r#""organization": {{"name": {}, "avatar": {}}}}}, "scopes": [{}], "uuid": "{}"}}"#,
        ),
        json!(application.name),
        json!(application.description),
        json!(application.homepage),
        avatar(&application.name, "app"),
        json!(application.organization),
        avatar(&application.organization, "org"),
        scopes,
        token.uuid,
    )
}

/// `/api/v1/organization/NAME/applications/CLIENT_ID/tokens[/UUID]`, for admins of the organization (S).
pub(super) fn tokens(
    world: &mut World,
    ask: &Ask,
    caller: &Caller,
    organization: &str,
    client_id: &str,
    rest: &[&str],
) -> Reply {
    let method = ask.method.as_str();
    if rest.len() == 1 && ask.is_read() {
        // No such method; Quay takes the address for one that lacks its slash (S6f).
        return Reply::moved(&format!("{}{}/", world.origin, ask.uri.path()));
    }
    if !matches!((rest, method), ([], "GET" | "HEAD" | "POST") | ([_], "DELETE")) {
        return method_not_allowed();
    }
    let user = match caller.must_have("org:admin", world) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let is_admin = world
        .organizations
        .get(organization)
        .is_some_and(|organization| organization.admins.iter().any(|admin| admin == user));
    if !is_admin {
        return insufficient_scope(world);
    }
    let is_theirs =
        world.applications.get(client_id).is_some_and(|application| application.organization == organization);
    if !is_theirs {
        return not_found(world);
    }
    match (rest, method) {
        ([], "POST") => create(world, ask, caller, user, client_id),
        ([uuid], _) => {
            let mut tokens = world.tokens.iter_mut();
            match tokens.find(|token| token.uuid == *uuid && token.client_id == client_id && token.is_live()) {
                Some(token) => {
                    token.revoked = true;
                    done()
                }
                None => not_found(world),
            }
        }
        _ => list(world, ask, client_id),
    }
}

/// The live tokens of an application, the newest first, 50 a page (S1, S5).
fn list(world: &World, ask: &Ask, client_id: &str) -> Reply {
    const PAGE: usize = 50;
    let start: usize = ask.query.get("next_page").and_then(|page| page.parse().ok()).unwrap_or_default();
    let mut tokens =
        world.tokens.iter().rev().filter(|token| token.client_id == client_id && token.is_live()).skip(start);
    let page =
        tokens.by_ref().take(PAGE).map(|token| format!("{{{}}}", token_json(token))).collect::<Vec<_>>().join(", ");
    let next = match tokens.next() {
        Some(_) => format!(r#", "next_page": "{}""#, start + PAGE),
        None => String::new(),
    };
    good(format!(r#"{{"tokens": [{page}]{next}}}"#))
}

/// The order of the checks: the JSON, its fields, their values, the caller's own scopes (S2, S3, S4).
fn create(world: &mut World, ask: &Ask, caller: &Caller, user: &str, client_id: &str) -> Reply {
    if ask.header("content-type") != Some("application/json") {
        return refused(
            415,
            "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
        );
    }
    let Ok(wish) = serde_json::from_slice::<Value>(&ask.body) else {
        return refused(400, "The browser (or proxy) sent a request that this server could not understand.");
    };
    let (Some(name), Some(scope)) = (wish["name"].as_str(), wish["scope"].as_str()) else {
        return refused(400, "'name' and 'scope' are required properties");
    };
    let life = match &wish["expiration"] {
        Value::Null => TOKEN_LIFE,
        seconds => match seconds.as_u64() {
            Some(seconds @ 1..) => Duration::from_secs(seconds).min(TOKEN_LIFE),
            _ => return refused(400, &format!("{seconds} is less than the minimum of 1")),
        },
    };
    let name = name.trim();
    if name.is_empty() {
        return refused(400, "'name' must not be empty");
    }
    let scopes = scopes::parse(scope);
    if scopes.is_empty() {
        return refused(400, &format!("Invalid scope: {scope}"));
    }
    // The stand-in has no superusers, so nobody can hand that scope on (S4i).
    let may_hand_on = |scope: &str| scope != "super:user" && caller.must_have(scope, world).is_ok();
    if !scopes.iter().all(|scope| may_hand_on(scope.name)) {
        return insufficient_scope(world);
    }
    let token = world.mint(user, client_id, &scope.replace(',', " "));
    token.name = Some(name.to_owned());
    token.expires_at = token.created + life;
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
