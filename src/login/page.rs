//! What the catcher shows and answers: the page of `static/` with its blanks filled, and one body for each outcome.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::{Host, RedirectUri, ServerText};

/// The script, as it is served.
pub(super) fn script() -> String {
    bare(include_str!("../../static/page.js"))
}

/// The style sheet, as it is served.
pub(super) fn style() -> String {
    bare(include_str!("../../static/page.css"))
}

/// The page before its blanks are filled.
fn page() -> String {
    bare(include_str!("../../static/page.html"))
}

/// The text without what is there for who reads it here: indentation, and comments that have a line of their own.
fn bare(text: &str) -> String {
    let is_comment = |line: &str| {
        let encloses = |begin: &str, end: &str| line.starts_with(begin) && line.ends_with(end);
        line.starts_with("//") || encloses("/*", "*/") || encloses("<!--", "-->")
    };
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !is_comment(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

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
        let blank = page();
        let page = |outcome: &str, host: &str, redirect_uri: &str, command: &str| {
            blank
                .replace("{{outcome}}", outcome)
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
        assert!(page().len() + script().len() + style().len() <= 20 * 1024);
        assert!(!page().contains("<!--") && !style().contains("/*") && !script().contains("\n//"));
    }
}
