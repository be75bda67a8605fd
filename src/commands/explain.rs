//! Why Quay refused a request, in words: a bad token, a missing scope, or a right that the user does not have.

use serde::Deserialize;

use super::held::Held;
use crate::domain::{ApiPath, Scopes, ServerText};
use crate::error::{Error, Exit};
use crate::quay::http::Method;
use crate::quay::{Answer, Client, Verdict, needed_scope, verify};

/// A request that was refused.
pub(super) struct Explain<'a> {
    /// The token that it was made with.
    pub(super) held: &'a Held,
    /// Who was asked.
    pub(super) client: &'a Client,
    /// The method.
    pub(super) method: &'a Method,
    /// The path.
    pub(super) path: &'a ApiPath,
}

/// What Quay says in the body of a refusal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Its kind, such as `insufficient_scope`.
    kind: String,
    /// The words.
    pub(crate) words: Option<ServerText>,
}

impl Reason {
    /// Reads the body: JSON in one of three forms, or a page.
    pub(crate) fn of(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            error_type: Option<String>,
            detail: Option<String>,
            error_message: Option<String>,
            message: Option<String>,
            error: Option<String>,
        }
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let words = [body.detail, body.error_message, body.message, body.error].into_iter().flatten();
        Reason {
            kind: body.error_type.unwrap_or_default(),
            words: words.map(ServerText::from).find(|words| !words.as_str().is_empty()),
        }
    }

    /// Whether the token may not be good: on a write, Quay takes a bad one for a browser without its CSRF token (recorded case T2f).
    fn doubts_the_token(&self, status: u16) -> bool {
        status == 401 || self.words.as_ref().is_some_and(|words| words.as_str().contains("CSRF token"))
    }
}

impl Explain<'_> {
    /// The error for that answer, of a status of 400 or more.
    pub(super) fn refusal(&self, answer: &Answer) -> Error {
        let reason = Reason::of(&answer.body);
        let host = &self.held.profile.host;
        if reason.doubts_the_token(answer.status) {
            return match verify(self.client, &self.held.token) {
                Verdict::Refused(why) => self.bad_token(&why),
                Verdict::Accepted(_) => self.missing_scope(&reason),
                Verdict::Unreachable(_) | Verdict::Unclear { .. } => said(self.refused(answer.status), &reason).hint(
                    format!("the token is not good, or lacks a scope; which one: {host} cannot be asked just now"),
                ),
            };
        }
        match answer.status {
            403 if reason.kind == "insufficient_scope" => self.missing_scope(&reason),
            404 => said(self.refused(404), &reason).hint(format!(
                "check the path, a slash at its end too; what there is: {}/api/v1/discovery",
                host.origin()
            )),
            429 | 500.. => {
                said(self.refused(answer.status), &reason).hint("the server is busy or broken: try again later")
            }
            _ => said(self.refused(answer.status), &reason)
                .hint(format!("what it takes: {}/api/v1/discovery", host.origin())),
        }
    }

    /// What was refused, with the status.
    fn refused(&self, status: u16) -> Error {
        let host = &self.held.profile.host;
        Error::new(Exit::Failure, format!("{host} answers {} {} with {status}", self.method, self.path.path()))
    }

    /// The token is none, or none any more.
    fn bad_token(&self, why: &ServerText) -> Error {
        let profile = &self.held.profile;
        let error = Error::new(Exit::Failure, format!("{} does not accept the token of {profile}", profile.host))
            .caused_by(format!("Quay says: {why}"));
        match self.held.record {
            Some(_) => error.hint(format!("quay-auth login {}", profile.flags())),
            None => error
                .hint("put another token into QUAY_AUTH_TOKEN; a robot's or account password is none")
                .hint("or unset it, to use the stored login"),
        }
    }

    /// The token is good: it lacks a scope, or its user lacks the right.
    fn missing_scope(&self, reason: &Reason) -> Error {
        let profile = &self.held.profile;
        let granted = self.held.record.as_ref().and_then(|record| record.scopes.as_ref());
        let needed = needed_scope(self.client, self.method.as_str(), self.path);
        let user = self.held.record.as_ref().and_then(|record| record.user.as_ref());
        let user = user.map_or_else(|| "its user".to_owned(), ToString::to_string);
        let error = |message: String| said(Error::new(Exit::Failure, message), reason);
        // A login is of no use where the variable goes on winning.
        let has_login = self.held.record.is_some();
        let login = |scopes: &Scopes| {
            let scopes = granted.map_or_else(|| scopes.clone(), |granted| granted.with(scopes));
            match has_login {
                true => format!("quay-auth login {} --scopes {scopes}", profile.flags()),
                false => {
                    format!("put a token with {scopes} into QUAY_AUTH_TOKEN, or unset it, to use the stored login")
                }
            }
        };
        match (needed, granted) {
            (Some(needed), Some(granted)) if granted.missing(&needed).is_none() => error(format!(
                "the token of {profile} has {needed}, but {user} may not do this"
            ))
            .hint(format!("ask an administrator at {}; no scope gives a right that the user lacks", profile.host)),
            (Some(needed), Some(_)) => error(format!("the token of {profile} lacks {needed}")).hint(login(&needed)),
            (Some(needed), None) => {
                error(format!("the token of {profile} lacks {needed}, or {user} may not do this")).hint(login(&needed))
            }
            (None, _) => error(format!("the token of {profile} lacks a scope, or {user} may not do this"))
                .hint(format!("the scopes: {}", Scopes::known_words().collect::<Vec<_>>().join(", ")))
                .hint(match has_login {
                    true => format!("quay-auth login {} --scopes SCOPES", profile.flags()),
                    false => "put a token with more scopes into QUAY_AUTH_TOKEN, or unset it".to_owned(),
                }),
        }
    }
}

/// The error with Quay's own words as its cause.
fn said(error: Error, reason: &Reason) -> Error {
    match &reason.words {
        Some(words) => error.caused_by(format!("Quay says: {words}")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_a_refusal() {
        let words = |body: &str| Reason::of(body.as_bytes()).words.map(|words| words.to_string()).unwrap_or_default();
        assert_eq!(words(r#"{"detail": "a", "error_message": "b"}"#), "a");
        assert_eq!(words(r#"{"detail": "", "error_message": "b"}"#), "b");
        assert_eq!(words(r#"{"error": "CSRF token was invalid or missing."}"#), "CSRF token was invalid or missing.");
        assert_eq!(words(r#"{"message": "No\u001b[31m"}"#), "No\\u{1b}[31m");
        for odd in ["", "<html>", "[]", r#"{"detail": 1}"#, "{}"] {
            assert_eq!(words(odd), "", "{odd}");
        }
    }

    #[test]
    fn a_bad_token_is_suspected_where_quay_would_say_something_else() {
        let doubts = |status, body: &str| Reason::of(body.as_bytes()).doubts_the_token(status);
        assert!(doubts(401, "<html>"));
        assert!(doubts(403, r#"{"error": "CSRF token was invalid or missing."}"#));
        assert!(!doubts(403, r#"{"detail": "Unauthorized", "error_type": "insufficient_scope"}"#));
        assert!(!doubts(404, ""));
    }
}
