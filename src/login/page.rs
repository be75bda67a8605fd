//! What the catcher shows and answers: the page of `static/` with its blanks filled, and one body for each outcome.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::{Host, RedirectUri, ServerText};

/// The script, embedded.
pub(super) const SCRIPT: &str = include_str!("../../static/page.js");

/// The style sheet, embedded.
pub(super) const STYLE: &str = include_str!("../../static/page.css");

/// The page before its blanks are filled.
const PAGE: &str = include_str!("../../static/page.html");

/// The page in the three states in which it is served.
pub(crate) struct Pages {
    /// At the redirect address of this login.
    pub(super) waiting: String,
    /// Where Quay has another redirect URI registered.
    pub(super) mismatch: String,
    /// Everywhere else: says nothing of this login.
    pub(super) unknown: String,
}

impl Pages {
    /// Fills the blanks. `command` is the line that takes a token by hand.
    pub(crate) fn new(host: &Host, redirect_uri: &RedirectUri, command: &str) -> Self {
        let page = |outcome: &str, host: &str, redirect_uri: &str, command: &str| {
            PAGE.replace("{{outcome}}", outcome)
                .replace("{{host}}", &escaped(host))
                .replace("{{redirect_uri}}", &escaped(redirect_uri))
                .replace("{{command}}", &escaped(command))
        };
        let host = host.to_string();
        Pages {
            waiting: page("waiting", &host, redirect_uri.as_str(), command),
            mismatch: page("mismatch", &host, redirect_uri.as_str(), command),
            unknown: page("unknown", "", "", ""),
        }
    }
}

/// The text, safe between tags and in a quoted attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// How the login ended, as the page tells it.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Stored.
    Stored(Stored),
    /// Quay refused, and why.
    Refused {
        /// One sentence.
        message: String,
    },
    /// Quay says that this token is not valid; not stored.
    NotValid,
    /// The store failed; the page still holds the token.
    StoreFailed,
    /// The profile is another user's; the old token was kept.
    AnotherUser {
        /// Whose token was not stored.
        user: ServerText,
    },
}

/// What is told of a token that was stored; all for people.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Whether Quay said that it is good.
    pub(crate) verified: bool,
    /// The user's name, empty where Quay did not tell.
    pub(crate) user: String,
    /// `NAME@HOST`.
    pub(crate) profile: String,
    /// The host.
    pub(crate) host: String,
    /// The scopes.
    pub(crate) scopes: String,
    /// Where it is kept, in words.
    pub(crate) store: String,
    /// The day on which it ends, empty where that is not known.
    pub(crate) expires: String,
}

impl Outcome {
    /// The answer to the page's POST (security.md 2.3).
    pub(super) fn response(&self) -> (StatusCode, Value) {
        match self {
            Outcome::Stored(stored) => (
                StatusCode::OK,
                json!({
                    "outcome": if stored.verified { "stored" } else { "stored_unverified" },
                    "user": stored.user,
                    "profile": stored.profile,
                    "host": stored.host,
                    "scopes": stored.scopes,
                    "store": stored.store,
                    "expires": stored.expires,
                }),
            ),
            Outcome::Refused { message } => (StatusCode::OK, json!({"outcome": "refused", "message": message})),
            Outcome::NotValid => (StatusCode::BAD_GATEWAY, json!({"outcome": "not_valid"})),
            Outcome::StoreFailed => (StatusCode::INSUFFICIENT_STORAGE, json!({"outcome": "store_failed"})),
            Outcome::AnotherUser { user } => {
                (StatusCode::CONFLICT, json!({"outcome": "another_user", "user": user.as_str()}))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_blank_is_left_and_nothing_of_the_login_is_told_elsewhere() {
        let pages =
            Pages::new(&"http://quay.test:8080".parse().unwrap(), &RedirectUri::default(), "quay-auth login '<x>'");
        for page in [&pages.waiting, &pages.mismatch, &pages.unknown] {
            assert!(!page.contains("{{") && !page.contains("<x>"));
        }
        assert!(pages.waiting.contains("data-outcome=\"waiting\"") && pages.waiting.contains("&#39;&lt;x&gt;&#39;"));
        assert!(pages.mismatch.contains("http://127.0.0.1:7829/callback"));
        assert!(!pages.unknown.contains("quay.test") && !pages.unknown.contains("7829"));
    }

    #[test]
    fn all_of_the_page_is_small() {
        assert!(PAGE.len() + SCRIPT.len() + STYLE.len() <= 24 * 1024);
    }
}
