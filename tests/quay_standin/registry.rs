//! The registry's login: `/v2/auth`, which also says whose token it is, and `/v2/`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::api::anonymous_access_is_off;
use super::database::Database;
use super::records::{Repository, Role};
use super::reply::{READ_ONLY, Reply};
use super::request::HttpRequest;
use super::server_settings::Verify;
use super::{scopes, signing};

/// `GET /v2/auth`: a registry token for valid credentials, whatever their scopes. `service` is not checked
/// (docs/quay.md, "Is a token good, and whose is it?"; cases P3b, V, W, Y).
pub(super) fn auth(database: &mut Database, request: &HttpRequest) -> Reply {
    match database.verify {
        Verify::Unauthorized => return refused(database, "OAuth access token could not be validated"),
        Verify::Status(status) => return Reply::nginx_error(status),
        Verify::Normal | Verify::Hang | Verify::As(_) => {}
    }
    match credentials(database, request) {
        Ok(credentials) if credentials.user.is_none() && !database.settings.allows_anonymous_access => {
            anonymous_access_is_off()
        }
        Ok(credentials) => match access(database, request, &credentials) {
            Ok(access) => granted(database, request, &credentials, &access),
            Err(refusal) => refusal,
        },
        Err(_) if !database.settings.allows_anonymous_access => anonymous_access_is_off(),
        Err(message) => refused(database, message),
    }
}

/// Whose credentials these are.
struct Credentials {
    /// The claim `sub`.
    subject: String,
    /// The claim `context`.
    context: Value,
    /// None for an anonymous pull.
    user: Option<String>,
    /// What the token may do. A password may do everything.
    scopes: Option<String>,
}

impl Credentials {
    fn allows(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes::allows(&scopes::parse(scopes), scope))
    }
}

fn credentials(database: &mut Database, request: &HttpRequest) -> Result<Credentials, &'static str> {
    let Some((name, password)) = request.basic() else {
        return match request.header("authorization") {
            Some(_) => Err("Specified credentials are invalid"),
            None if pulls_public(database, request) => Ok(Credentials {
                subject: "(anonymous)".to_owned(),
                context: json!({"version": 2}),
                user: None,
                scopes: None,
            }),
            None => Err("access to the requested resource is not authorized"),
        };
    };
    if name != "$oauthtoken" {
        return match database.has_password(&name, &password) {
            true => Ok(Credentials {
                subject: name.clone(),
                context: json!({"version": 2, "kind": "user", "user": name}),
                user: Some(name),
                scopes: None,
            }),
            false => Err("Invalid Username or Password"),
        };
    }
    let token = database.token(&password).ok_or("OAuth access token could not be validated")?;
    if token.has_expired() {
        return Err("OAuth access token has expired");
    }
    token.last_accessed = Some(SystemTime::now());
    let token = token.clone();
    if !database.is_enabled(&token.user) {
        return Err("Granter of the oauth access token is disabled");
    }
    Ok(Credentials {
        subject: token.user.clone(),
        context: json!({"version": 2, "kind": "oauth", "oauth": token.uuid, "user": token.user}),
        user: Some(token.user),
        scopes: Some(token.scopes),
    })
}

fn pulls_public(database: &Database, request: &HttpRequest) -> bool {
    request
        .query
        .get("scope")
        .and_then(|scope| scope.strip_prefix("repository:")?.strip_suffix(":pull")?.split_once('/'))
        .is_some_and(|(namespace, name)| database.repository(namespace, name).is_some_and(|known| known.is_public))
}

/// The part of the requested access that the user's rights and the token's scopes allow. It may be empty.
fn access(database: &mut Database, request: &HttpRequest, caller: &Credentials) -> Result<Vec<Value>, Reply> {
    let mut access = Vec::new();
    for scope in request.query.all("scope").flat_map(|scope| scope.split(' ')) {
        let Some((path, asked)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':')) else {
            continue;
        };
        let Some((namespace, name)) = path.split_once('/') else { continue };
        let mut granted = Vec::new();
        for action in ["push", "pull", "*"] {
            if asked.split(',').any(|word| word == action) && is_granted(database, caller, action, namespace, name)? {
                granted.push(action);
            }
        }
        access.push(json!({"type": "repository", "name": path, "actions": granted}));
    }
    Ok(access)
}

/// A push to a repository that does not exist creates it, for which `repo:create` is enough (cases V5 to V5h).
fn is_granted(
    database: &mut Database,
    caller: &Credentials,
    action: &str,
    namespace: &str,
    name: &str,
) -> Result<bool, Reply> {
    let role = match action {
        "pull" => Role::Read,
        "push" => Role::Write,
        _ => Role::Admin,
    };
    let repository = database.repository(namespace, name);
    if action == "pull" && repository.is_some_and(|repository| repository.is_public) {
        return Ok(true);
    }
    let Some(user) = caller.user.as_deref() else { return Ok(false) };
    if action == "push" && repository.is_none() {
        let may_create = database.administers(user, namespace) && caller.allows("repo:create");
        if may_create && database.settings.is_read_only {
            return Err(read_only());
        }
        if may_create {
            database.repositories.push(Repository::new(namespace, name));
        }
        return Ok(may_create);
    }
    Ok(database.role(user, namespace, name) >= Some(role) && caller.allows(role.scope()))
}

fn granted(database: &mut Database, request: &HttpRequest, credentials: &Credentials, access: &[Value]) -> Reply {
    let subject = match &database.verify {
        Verify::As(other) => other,
        _ => &credentials.subject,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs();
    let claims = json!({
        "iss": "quay",
        "aud": request.query.get("service"),
        "nbf": now,
        "iat": now,
        "exp": now + 3600,
        "sub": subject,
        "access": access,
        "context": credentials.context,
    });
    let token = signing::sign(&claims);
    let body = format!("{{\"token\":\"{token}\"}}\n");
    database.registry_tokens.push(token);
    Reply::json(200, body).uncached()
}

fn refused(database: &Database, message: &str) -> Reply {
    let body = format!(r#"{{"errors":[{{"code":"UNAUTHORIZED","detail":{{}},"message":"{message}"}}]}}"#);
    challenged(database, Reply::json(401, body + "\n"))
}

/// The registry's error for "read-only" (case Y1e).
fn read_only() -> Reply {
    let error = json!({"code": "DENIED", "detail": {}, "is_readonly": true, "message": READ_ONLY});
    Reply::json(405, json!({"errors": [error]}).to_string() + "\n")
}

/// `GET /v2/`: accepts a registry token of the stand-in, and answers anything else, such as an OAuth token, with a challenge (cases V4).
pub(super) fn base(database: &Database, request: &HttpRequest) -> Reply {
    let reply = match request.bearer() {
        None => Reply::html(401, "true"),
        Some(token) if database.registry_tokens.iter().any(|known| known == token) => Reply::html(200, "true"),
        Some(_) => Reply::html_error(401, "Invalid bearer token format"),
    };
    challenged(database, reply)
}

fn challenged(database: &Database, reply: Reply) -> Reply {
    let challenge = format!(r#"Bearer realm="{}/v2/auth",service="{}""#, database.origin, database.authority());
    reply.with("www-authenticate", challenge)
}
