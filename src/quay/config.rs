//! What a server publishes about itself at `/config`. quay-auth uses it for hints, and for the redirect URI of `login --paste`. Any of it may
//! be missing.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};
use ureq::http::header;

use super::client::{Client, Error, Limits};
use crate::domain::ServerText;

/// Short, because the user is waiting.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), size: 1024 * 1024 };

/// The value of `registry_state` while a registry accepts no changes.
const READ_ONLY: &str = "readonly";

/// The releases between which quay-auth's hints differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    Unknown,
    /// Up to 3.11: the consent page has a sign-in form, and any user can authorize an application.
    AnyUserMayAuthorize,
    /// 3.12 to 3.15: only administrators and assigned users can authorize; the old web UI.
    OldWebUi,
    /// 3.16 and later: the new web UI.
    NewWebUi,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServerConfig {
    pub(crate) release: Release,
    /// The redirect URI that the server accepts for every application, and where it shows the token on a page of its own
    /// (`/oauth/localapp` in docs/quay.md). Quay compares it as text.
    pub(crate) local_app: Option<String>,
    /// The registry accepts no changes: it creates and revokes no tokens (docs/quay.md, cases Y1).
    pub(crate) is_read_only: bool,
    /// Not switched off: a login with an assignment is refused then (docs/quay.md, case Y5).
    pub(crate) accepts_assignments: bool,
}

/// Asks the server for its configuration, which it publishes since 3.8. A failure counts as an unknown release: hints are then less
/// specific.
pub(crate) fn ask_config(client: &Client) -> ServerConfig {
    let unknown =
        ServerConfig { release: Release::Unknown, local_app: None, is_read_only: false, accepts_assignments: true };
    match client.get("/config", None, LIMITS) {
        Ok(response) if response.status == 200 => read(&response.body).unwrap_or(unknown),
        _ => unknown,
    }
}

/// What `doctor` shows about a server.
#[derive(Debug)]
pub(crate) struct Server {
    /// For example `Quay 3.18.0`.
    pub(crate) version: Option<ServerText>,
    /// It answers as Quay does.
    pub(crate) is_quay: bool,
    /// The registry accepts no changes.
    pub(crate) is_read_only: bool,
    /// The time by its clock.
    pub(crate) date: Option<SystemTime>,
}

/// Asks the server what it is.
pub(crate) fn ask_server(client: &Client) -> Result<Server, Error> {
    let response = client.get("/config", None, LIMITS)?;
    let date = response.headers.get(header::DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let version = body["version_number"].as_str().filter(|version| !version.is_empty()).map(ServerText::from);
    // Releases before 3.8 have no `/config`, but all have a registry.
    let is_quay = body["config"].is_object()
        || client.get("/v2/", None, LIMITS).is_ok_and(|response| {
            response
                .headers
                .get(header::WWW_AUTHENTICATE)
                .is_some_and(|challenge| challenge.as_bytes().starts_with(b"Bearer realm="))
        });
    let is_read_only = body["registry_state"] == READ_ONLY;
    Ok(Server { version, is_quay, is_read_only, date })
}

/// `None` if the body is not a configuration of Quay's.
pub(crate) fn read(body: &[u8]) -> Option<ServerConfig> {
    #[derive(Deserialize)]
    struct Body {
        config: Map<String, Value>,
        #[serde(default)]
        registry_state: Value,
    }
    let Body { config, registry_state } = serde_json::from_slice(body).ok()?;
    let release = if config.contains_key("DEFAULT_UI") {
        Release::NewWebUi
    } else if config.contains_key("FEATURE_ASSIGN_OAUTH_TOKEN") {
        Release::OldWebUi
    } else {
        Release::AnyUserMayAuthorize
    };
    let text = |key: &str| config.get(key)?.as_str();
    let local_app = || {
        let scheme = text("PREFERRED_URL_SCHEME").filter(|scheme| ["http", "https"].contains(scheme))?;
        let handler = text("LOCAL_OAUTH_HANDLER").unwrap_or("/oauth/localapp");
        Some(format!("{scheme}://{}{handler}", text("SERVER_HOSTNAME")?))
    };
    // It becomes part of a URL that the user opens, so anything that is not a plain URL is dropped.
    let local_app = local_app().filter(|uri| url::Url::parse(uri).is_ok() && uri.bytes().all(|b| b.is_ascii_graphic()));
    let accepts_assignments = config.get("FEATURE_ASSIGN_OAUTH_TOKEN") != Some(&Value::Bool(false));
    Some(ServerConfig { release, local_app, is_read_only: registry_state == READ_ONLY, accepts_assignments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_recognized_by_its_settings() {
        let release = |config: &str| read(format!(r#"{{"config":{config}}}"#).as_bytes()).map(|config| config.release);
        assert_eq!(release(r#"{"DEFAULT_UI":"react","FEATURE_ASSIGN_OAUTH_TOKEN":true}"#), Some(Release::NewWebUi));
        assert_eq!(release(r#"{"FEATURE_ASSIGN_OAUTH_TOKEN":true}"#), Some(Release::OldWebUi));
        assert_eq!(release(r#"{"SERVER_HOSTNAME":"q"}"#), Some(Release::AnyUserMayAuthorize));
        assert_eq!(read(b"<html>"), None);
    }

    #[test]
    fn a_read_only_registry_says_so() {
        let is_read_only = |rest: &str| read(format!(r#"{{"config":{{}}{rest}}}"#).as_bytes()).unwrap().is_read_only;
        assert!(is_read_only(r#","registry_state":"readonly""#));
        assert!(!is_read_only(r#","registry_state":"normal""#) && !is_read_only(r#","registry_state":1"#));
        assert!(!is_read_only(""));
    }

    #[test]
    fn the_local_app_is_built_from_scheme_and_host_name() {
        let local_app =
            |config: &str| read(format!(r#"{{"config":{config}}}"#).as_bytes()).and_then(|config| config.local_app);
        let whole = r#"{"PREFERRED_URL_SCHEME":"https","SERVER_HOSTNAME":"q.test:8443","LOCAL_OAUTH_HANDLER":"/oauth/localapp"}"#;
        assert_eq!(local_app(whole).as_deref(), Some("https://q.test:8443/oauth/localapp"));
        assert_eq!(local_app(r#"{"SERVER_HOSTNAME":"q.test"}"#), None);
        assert_eq!(local_app(r#"{"PREFERRED_URL_SCHEME":"javascript","SERVER_HOSTNAME":"q.test"}"#), None);
        assert_eq!(local_app(r#"{"PREFERRED_URL_SCHEME":"https","SERVER_HOSTNAME":"q test"}"#), None);
    }
}
