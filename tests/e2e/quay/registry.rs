//! The registry's door: `/v2/auth`, which tells whose token it is, and `/v2/`.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::ask::Ask;
use super::reply::Reply;
use super::world::{Verify, World, random_text};

/// `GET /v2/auth`: a registry token for good credentials, whatever their scopes; `service` is not checked.
///
/// Source: README "Is a token good, and whose is it?"; recorded cases P3b, V1 to V3.
pub(super) fn auth(world: &mut World, ask: &Ask) -> Reply {
    match world.verify {
        Verify::Unauthorized => return refused(world, "OAuth access token could not be validated"),
        Verify::Status(status) => {
            return Reply::nginx(status, format!("<html><h1>{status}</h1></html>\n"));
        }
        Verify::Normal | Verify::Hang | Verify::As(_) => {}
    }
    match caller(world, ask) {
        Ok((subject, context)) => granted(world, ask, &subject, context),
        Err(message) => refused(world, message),
    }
}

/// Whose credentials these are, and what the registry token says about them.
fn caller(world: &World, ask: &Ask) -> Result<(String, Value), &'static str> {
    let Some((name, password)) = ask.basic() else {
        return match ask.header("authorization") {
            Some(_) => Err("Specified credentials are invalid"),
            None if pulls_public(world, ask) => Ok(("(anonymous)".to_owned(), json!({"version": 2}))),
            None => Err("access to the requested resource is not authorized"),
        };
    };
    if name != "$oauthtoken" {
        return match world.has_password(&name, &password) {
            true => Ok((name.clone(), json!({"version": 2, "kind": "user", "user": name}))),
            false => Err("Invalid Username or Password"),
        };
    }
    match world.token(&password) {
        None => Err("OAuth access token could not be validated"),
        Some(token) if token.has_expired() => Err("OAuth access token has expired"),
        Some(token) => {
            Ok((token.user.clone(), json!({"version": 2, "kind": "oauth", "oauth": token.uuid, "user": token.user})))
        }
    }
}

fn pulls_public(world: &World, ask: &Ask) -> bool {
    ask.query
        .get("scope")
        .and_then(|scope| scope.strip_prefix("repository:")?.strip_suffix(":pull"))
        .is_some_and(|name| world.public_repositories.iter().any(|known| known == name))
}

fn granted(world: &mut World, ask: &Ask, subject: &str, context: Value) -> Reply {
    let subject = match &world.verify {
        Verify::As(other) => other,
        _ => subject,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs();
    let claims = json!({
        "iss": "quay",
        "aud": ask.query.get("service"),
        "nbf": now,
        "iat": now,
        "exp": now + 3600,
        "sub": subject,
        "access": [],
        "context": context,
    });
    // Nobody checks the signature: `/v2/` knows what it gave out.
    let token = [json!({"typ": "JWT", "alg": "RS256"}).to_string(), claims.to_string(), random_text(64)]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let body = format!(r#"{{"token":"{token}"}}"#);
    world.registry_tokens.push(token);
    Reply::json(200, body).uncached().framed()
}

fn refused(world: &World, message: &str) -> Reply {
    let body = format!(r#"{{"errors":[{{"code":"UNAUTHORIZED","detail":{{}},"message":"{message}"}}]}}"#);
    challenged(world, Reply::json(401, body + "\n"))
}

/// `GET /v2/`: a challenge, and whether a registry token is one of ours; an OAuth token is none (V4).
pub(super) fn base(world: &World, ask: &Ask) -> Reply {
    match ask.bearer() {
        None => challenged(world, Reply::html(401, "true")),
        Some(token) if world.registry_tokens.iter().any(|known| known == token) => {
            challenged(world, Reply::html(200, "true")).framed()
        }
        Some(_) => challenged(world, Reply::complaint(401, "Invalid bearer token format")),
    }
}

fn challenged(world: &World, reply: Reply) -> Reply {
    let challenge = format!(r#"Bearer realm="{}/v2/auth",service="{}""#, world.origin, world.authority());
    reply.with("www-authenticate", challenge)
}
