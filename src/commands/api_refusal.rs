//! Explains why Quay refused an API request: a token that is not valid, a missing scope, or a right that the user does not have.

use serde::Deserialize;

use super::selected_token::SelectedToken;
use crate::domain::{ApiPath, Scopes, ServerText};
use crate::error::{Error, Exit, login_with_more_scopes};
use crate::hint::{CommandLine, Hint};
use crate::quay::http::Method;
use crate::quay::{Client, HttpResponse, TokenRefusal, Verification, needed_scope, verify};

/// A request that Quay refused.
pub(super) struct ApiRefusal<'a> {
    pub(super) selected: &'a SelectedToken,
    pub(super) client: &'a Client,
    pub(super) method: &'a Method,
    pub(super) path: &'a ApiPath,
    /// The scope that the request needs. If it is not known, Quay is asked.
    pub(super) needed: Option<Scopes>,
}

/// What the body of a refusal says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusalBody {
    /// Such as `insufficient_scope`.
    error_type: String,
    pub(crate) message: Option<ServerText>,
}

impl RefusalBody {
    /// Reads the body: JSON in one of Quay's four forms, or anything else, which says nothing.
    pub(crate) fn parse(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            error_type: Option<String>,
            detail: Option<String>,
            error_message: Option<String>,
            message: Option<String>,
            error: Option<String>,
        }
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let messages = [body.detail, body.error_message, body.message, body.error].into_iter().flatten();
        // The lines after the first repeat the schema that a request breaks (docs/quay.md, cases S4d and T2b).
        let messages = messages.map(|message| message.lines().next().unwrap_or_default().to_owned());
        RefusalBody {
            error_type: body.error_type.unwrap_or_default(),
            message: messages.map(ServerText::from).find(|message| !message.as_str().is_empty()),
        }
    }

    /// Whether the token may be what Quay refuses. On a write, Quay takes a request whose token is not valid for one of a browser
    /// without its CSRF token (docs/quay.md, case T2f).
    fn may_mean_the_token(&self, status: u16) -> bool {
        status == 401 || self.message.as_ref().is_some_and(|message| message.as_str().contains("CSRF token"))
    }
}

impl ApiRefusal<'_> {
    /// The error for this response, whose status is 400 or more. Its exit code is that of a refusal only if it is about the token or the
    /// user.
    pub(super) fn error(&self, response: &HttpResponse) -> Error {
        let error = self.explained(response);
        if matches!(response.status, 401 | 403) { error.with_exit(Exit::Refused) } else { error }
    }

    fn explained(&self, response: &HttpResponse) -> Error {
        let body = RefusalBody::parse(&response.body);
        let (host, origin) = (&self.selected.profile.host, self.selected.profile.host.origin());
        if body.may_mean_the_token(response.status) {
            return match verify(self.client, &self.selected.token) {
                Verification::Refused(refusal) => self.token_not_accepted(&refusal),
                Verification::Accepted(_) => self.missing_scope(&body),
                Verification::Unreachable(_) | Verification::Unclear { .. } => {
                    self.refused(response.status, &body).hint(format!(
                        "the token is not valid or lacks a scope; {host} does not say which just now, so try again later"
                    ))
                }
            };
        }
        match response.status {
            403 if body.error_type == "insufficient_scope" => self.missing_scope(&body),
            404 => self.refused(404, &body).hint(format!(
                "check the path, including a slash at its end; the paths that there are: {origin}/api/v1/discovery"
            )),
            429 => self
                .refused(429, &RefusalBody::default())
                .caused_by("too many requests")
                .hint("wait a minute, then try again"),
            status if response.is_read_only() => self
                .refused(status, &RefusalBody::default())
                .caused_by("the registry is read-only: reading and pulling still work")
                .hint("try again when its administrators have finished"),
            500.. => self.refused(response.status, &body).hint("the server is busy or has a problem: try again later"),
            status => {
                self.refused(status, &body).hint(format!("the paths and what they expect: {origin}/api/v1/discovery"))
            }
        }
    }

    fn refused(&self, status: u16, body: &RefusalBody) -> Error {
        let host = &self.selected.profile.host;
        error(format!("{host} answered {} {} with {status}", self.method, self.path.path()), body)
    }

    pub(super) fn token_not_accepted(&self, refusal: &TokenRefusal) -> Error {
        let profile = &self.selected.profile;
        let hints = match self.selected.stored {
            Some(_) => vec![CommandLine::of("login", profile).into()],
            None => vec![
                "set QUAY_AUTH_TOKEN to another token; the password of an account or a robot is not a token".into(),
                "or unset QUAY_AUTH_TOKEN to use the stored token".into(),
            ],
        };
        Error::token_refused(&profile.host, &format!("the token of {profile}"), refusal, hints)
    }

    /// The token is valid. Either it lacks a scope, or the user lacks the right.
    fn missing_scope(&self, body: &RefusalBody) -> Error {
        let SelectedToken { profile, stored, .. } = self.selected;
        let granted = self.selected.scopes();
        let ask = || needed_scope(self.client, self.method.as_str(), self.path);
        let needed = self.needed.clone().or_else(ask);
        let user = stored.as_ref().and_then(|stored| stored.user.as_ref());
        let user = user.map_or_else(|| "its user".to_owned(), ToString::to_string);
        // Quay answers so too if there is nothing to delete (docs/quay.md, case T7b).
        let may_not = match *self.method {
            Method::DELETE => "may not do this, or it does not exist",
            _ => "may not do this",
        };
        let login = |scopes: &Scopes| match stored {
            Some(_) => login_with_more_scopes(profile, scopes).into(),
            None => {
                Hint::from(format!("set QUAY_AUTH_TOKEN to a token with {scopes}, or unset it to use the stored token"))
            }
        };
        match (needed, granted) {
            (Some(needed), Some(granted)) if granted.missing(&needed).is_none() => {
                error(format!("the token of {profile} has {needed}, but {user} {may_not}"), body).hint(format!(
                    "ask an administrator at {}; no scope gives a right that the user does not have",
                    profile.host
                ))
            }
            (Some(needed), Some(_)) => {
                error(format!("the token of {profile} lacks {needed}"), body).hint(login(&needed))
            }
            (Some(needed), None) => {
                error(format!("the token of {profile} lacks {needed}, or {user} {may_not}"), body).hint(login(&needed))
            }
            (None, _) => error(format!("the token of {profile} lacks a scope, or {user} {may_not}"), body)
                .hint(match stored {
                    Some(_) => {
                        format!("run `{}`", CommandLine::of("login", profile).option("--add-scopes", Some("SCOPES")))
                    }
                    None => "set QUAY_AUTH_TOKEN to a token with more scopes, or unset it".to_owned(),
                })
                .hint(format!("the scopes are {}", Scopes::known_names().collect::<Vec<_>>().join(", "))),
        }
    }
}

/// An error with what Quay says as its cause.
fn error(message: String, body: &RefusalBody) -> Error {
    let error = Error::new(Exit::Failure, message);
    match &body.message {
        Some(message) => error.caused_by(format!("Quay says: {message}")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_message_of_every_form() {
        let message = |body: &str| {
            RefusalBody::parse(body.as_bytes()).message.map(|message| message.to_string()).unwrap_or_default()
        };
        assert_eq!(message(r#"{"detail": "a", "error_message": "b"}"#), "a");
        assert_eq!(message(r#"{"detail": "", "error_message": "b"}"#), "b");
        assert_eq!(message(r#"{"error": "CSRF token was invalid or missing."}"#), "CSRF token was invalid or missing.");
        assert_eq!(message(r#"{"message": "No\u001b[31m"}"#), "No\\u{1b}[31m");
        let detail = r#"{"detail": "0 is less than the minimum of 1\n\nFailed validating 'minimum' in schema"}"#;
        assert_eq!(message(detail), "0 is less than the minimum of 1");
        for odd in ["", "<html>", "[]", r#"{"detail": 1}"#, "{}"] {
            assert_eq!(message(odd), "", "{odd}");
        }
    }

    #[test]
    fn a_401_and_a_csrf_error_may_mean_the_token() {
        let may_mean_the_token = |status, body: &str| RefusalBody::parse(body.as_bytes()).may_mean_the_token(status);
        assert!(may_mean_the_token(401, "<html>"));
        assert!(may_mean_the_token(403, r#"{"error": "CSRF token was invalid or missing."}"#));
        assert!(!may_mean_the_token(403, r#"{"detail": "Unauthorized", "error_type": "insufficient_scope"}"#));
        assert!(!may_mean_the_token(404, ""));
    }
}
