//! What a server tells of itself: `/config`. Hints for words only, and for `--paste` its own name; any of it may be missing.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};
use ureq::http::header;

use super::client::{Client, Error, Limits};
use crate::domain::ServerText;

/// Waited for beside other questions.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), size: 1024 * 1024 };

/// How far the words for a release can be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// The server does not tell.
    Unknown,
    /// Up to 3.11: a sign-in form on the consent page, and any user may authorize.
    AnyUserMayAuthorize,
    /// 3.12 to 3.15: administrators and assignees only; the old web UI.
    OldWebUi,
    /// 3.16 and later: the new web UI.
    NewWebUi,
}

/// What is known of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServerConfig {
    /// Which words fit.
    pub(crate) release: Release,
    /// The redirect URI that it accepts for every application, and which shows the token on a page of its own; exact text.
    pub(crate) local_app: Option<String>,
}

/// Asks the server (since 3.8).
pub(crate) fn ask_config(client: &Client) -> ServerConfig {
    let nothing = ServerConfig { release: Release::Unknown, local_app: None };
    match client.get("/config", None, LIMITS) {
        Ok(answer) if answer.status == 200 => read(&answer.body).unwrap_or(nothing),
        _ => nothing,
    }
}

/// What a server says to anybody.
#[derive(Debug)]
pub(crate) struct Server {
    /// As it names itself, e.g. `Quay 3.18.0`.
    pub(crate) version: Option<ServerText>,
    /// Whether it answers as Quay does.
    pub(crate) is_quay: bool,
    /// Its clock.
    pub(crate) date: Option<SystemTime>,
}

/// Asks the server who it is.
pub(crate) fn ask_server(client: &Client) -> Result<Server, Error> {
    let answer = client.get("/config", None, LIMITS)?;
    let date = answer.headers.get(header::DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let version = body["version_number"].as_str().filter(|version| !version.is_empty()).map(ServerText::from);
    // Before 3.8 there was no such address, but a registry there always was.
    let is_quay = body["config"].is_object()
        || client.get("/v2/", None, LIMITS).is_ok_and(|answer| {
            answer
                .headers
                .get(header::WWW_AUTHENTICATE)
                .is_some_and(|realm| realm.as_bytes().starts_with(b"Bearer realm="))
        });
    Ok(Server { version, is_quay, date })
}

/// Reads the answer.
pub(crate) fn read(body: &[u8]) -> Option<ServerConfig> {
    #[derive(Deserialize)]
    struct Body {
        config: Map<String, Value>,
    }
    let config = serde_json::from_slice::<Body>(body).ok()?.config;
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
    // It goes into an address that a person opens: a name that is none is not used.
    let local_app = local_app().filter(|uri| url::Url::parse(uri).is_ok() && uri.bytes().all(|b| b.is_ascii_graphic()));
    Some(ServerConfig { release, local_app })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_the_release_by_what_stands_there() {
        let release = |config: &str| read(format!(r#"{{"config":{config}}}"#).as_bytes()).map(|config| config.release);
        assert_eq!(release(r#"{"DEFAULT_UI":"react","FEATURE_ASSIGN_OAUTH_TOKEN":true}"#), Some(Release::NewWebUi));
        assert_eq!(release(r#"{"FEATURE_ASSIGN_OAUTH_TOKEN":true}"#), Some(Release::OldWebUi));
        assert_eq!(release(r#"{"SERVER_HOSTNAME":"q"}"#), Some(Release::AnyUserMayAuthorize));
        assert_eq!(read(b"<html>"), None);
    }

    #[test]
    fn names_the_servers_own_page_for_tokens() {
        let local_app =
            |config: &str| read(format!(r#"{{"config":{config}}}"#).as_bytes()).and_then(|config| config.local_app);
        let whole = r#"{"PREFERRED_URL_SCHEME":"https","SERVER_HOSTNAME":"q.test:8443","LOCAL_OAUTH_HANDLER":"/oauth/localapp"}"#;
        assert_eq!(local_app(whole).as_deref(), Some("https://q.test:8443/oauth/localapp"));
        assert_eq!(local_app(r#"{"SERVER_HOSTNAME":"q.test"}"#), None);
        assert_eq!(local_app(r#"{"PREFERRED_URL_SCHEME":"javascript","SERVER_HOSTNAME":"q.test"}"#), None);
        assert_eq!(local_app(r#"{"PREFERRED_URL_SCHEME":"https","SERVER_HOSTNAME":"q test"}"#), None);
    }
}
