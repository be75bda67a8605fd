//! The registry's door: `/v2/auth`, which tells whose token it is, and `/v2/`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::ask::Ask;
use super::reply::Reply;
use super::world::{Repository, Role, Verify, World};
use super::{scopes, signing};

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
        Ok(credentials) => granted(world, ask, &credentials),
        Err(message) => refused(world, message),
    }
}

/// Whose credentials these are.
struct Credentials {
    /// The claim `sub`.
    subject: String,
    /// The claim `context`.
    context: Value,
    /// The user, if anybody.
    user: Option<String>,
    /// What the token may do; a password may do everything.
    scopes: Option<String>,
}

impl Credentials {
    fn allows(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes::allows(&scopes::parse(scopes), scope))
    }
}

fn caller(world: &World, ask: &Ask) -> Result<Credentials, &'static str> {
    let Some((name, password)) = ask.basic() else {
        return match ask.header("authorization") {
            Some(_) => Err("Specified credentials are invalid"),
            None if pulls_public(world, ask) => Ok(Credentials {
                subject: "(anonymous)".to_owned(),
                context: json!({"version": 2}),
                user: None,
                scopes: None,
            }),
            None => Err("access to the requested resource is not authorized"),
        };
    };
    if name != "$oauthtoken" {
        return match world.has_password(&name, &password) {
            true => Ok(Credentials {
                subject: name.clone(),
                context: json!({"version": 2, "kind": "user", "user": name}),
                user: Some(name),
                scopes: None,
            }),
            false => Err("Invalid Username or Password"),
        };
    }
    match world.token(&password) {
        None => Err("OAuth access token could not be validated"),
        Some(token) if token.has_expired() => Err("OAuth access token has expired"),
        Some(token) => Ok(Credentials {
            subject: token.user.clone(),
            context: json!({"version": 2, "kind": "oauth", "oauth": token.uuid, "user": token.user}),
            user: Some(token.user.clone()),
            scopes: Some(token.scopes.clone()),
        }),
    }
}

fn pulls_public(world: &World, ask: &Ask) -> bool {
    ask.query
        .get("scope")
        .and_then(|scope| scope.strip_prefix("repository:")?.strip_suffix(":pull")?.split_once('/'))
        .is_some_and(|(namespace, name)| world.repository(namespace, name).is_some_and(|known| known.is_public))
}

/// What of the asked for is granted: a pull of what the user may read, a push where the user may write, each as far as the scopes
/// of the token go. A push to a repository that is not there makes it, where the user may (README "Registry and headers").
fn access(world: &mut World, ask: &Ask, caller: &Credentials) -> Vec<Value> {
    let asked = ask.query.all("scope").flat_map(|scope| scope.split(' ')).map(str::to_owned).collect::<Vec<_>>();
    let mut access = Vec::new();
    for scope in asked {
        let Some((path, actions)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':')) else {
            continue;
        };
        let Some((namespace, name)) = path.split_once('/') else { continue };
        let mut granted = Vec::new();
        for action in actions.split(',') {
            let role = if action == "pull" { Role::Read } else { Role::Write };
            let is_there = world.repository(namespace, name).is_some();
            let is_public = world.repository(namespace, name).is_some_and(|known| known.is_public);
            let may = caller.user.as_deref().is_some_and(|user| world.role(user, namespace, name) >= Some(role));
            let makes = action == "push" && !is_there && caller.allows("repo:create");
            if makes && may && caller.allows(role.scope()) {
                world.repositories.push(Repository::new(namespace, name));
            }
            let is_granted = may && caller.allows(role.scope()) && (is_there || makes || action == "pull");
            if is_granted || action == "pull" && is_public {
                granted.push(action);
            }
        }
        access.push(json!({"type": "repository", "name": path, "actions": granted}));
    }
    access
}

fn granted(world: &mut World, ask: &Ask, credentials: &Credentials) -> Reply {
    let access = access(world, ask, credentials);
    let subject = match &world.verify {
        Verify::As(other) => other,
        _ => &credentials.subject,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs();
    let claims = json!({
        "iss": "quay",
        "aud": ask.query.get("service"),
        "nbf": now,
        "iat": now,
        "exp": now + 3600,
        "sub": subject,
        "access": access,
        "context": credentials.context,
    });
    let token = signing::sign(&claims);
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
