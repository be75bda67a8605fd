//! The catcher's page, made from the files in `static/`, and the JSON with the outcome of the login that the page shows.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asset::{Asset, Template};
use crate::domain::{Host, ProfileId, RedirectUri, Scopes, ServerText, StoreKind, Timestamp};
use crate::hint::CommandLine;
use crate::system::{RandomError, random_hex};

/// Occurs in every page, so that a login can recognize another one that has its port.
pub(super) const PAGE_MARKER: &str = "<meta name=\"application-name\" content=\"quay-auth\">";

/// What the page shows of one login. Only a browser that knows the redirect URI of this login gets the command lines.
const PLACEHOLDERS: [&str; 7] =
    ["{{outcome}}", "{{host}}", "{{redirect_uri}}", "{{again}}", "{{with_token}}", "{{other_profile}}", "{{reopen}}"];

/// The page in the three states in which the catcher serves it, and the files that it loads.
pub(crate) struct Pages {
    /// At the redirect URI of this login.
    pub(super) waiting: String,
    /// If the application's redirect URI at Quay is a different one.
    pub(super) mismatch: String,
    /// At any other path. It reveals nothing about the login.
    pub(super) unknown: String,
    pub(super) script: Asset,
    pub(super) style: Asset,
}

impl Pages {
    /// Fills in the placeholders. `can_type` is whether the login listens to what a user types. `again` repeats the login, and `with_token`
    /// stores a token that the user copies from the page.
    pub(crate) fn new(
        host: &Host,
        redirect_uri: &RedirectUri,
        again: &CommandLine,
        with_token: &CommandLine,
        can_type: bool,
    ) -> Result<Self, RandomError> {
        // Not the nonce of the redirect URI, because anyone may see the page for unknown paths.
        let folder = random_hex()?;
        let template =
            Template::new(&folder, include_str!("../../static/page.html"), include_str!("../../static/page.js"));
        let page = |texts: [&str; 7]| template.fill(PLACEHOLDERS.into_iter().zip(texts));
        let (host, redirect_uri) = (host.to_string(), redirect_uri.as_str());
        let other_profile = again.clone().option("--profile", Some("NAME")).to_string();
        let [again, with_token] = [again.to_string(), with_token.to_string()];
        // The page for unknown paths says nothing about this login.
        let with_token_anywhere = CommandLine::new("login").flag("--with-token").to_string();
        let reopen = match can_type {
            true => "press Enter in its terminal to open Quay again",
            false => "open the URL that the login shows again",
        };
        Ok(Pages {
            waiting: page(["waiting", &host, redirect_uri, &again, &with_token, &other_profile, reopen]),
            mismatch: page(["mismatch", &host, redirect_uri, "", "", "", reopen]),
            unknown: page(["unknown", "", "", "", &with_token_anywhere, "", ""]),
            script: template.script,
            style: template.style,
        })
    }
}

/// How the login ended, for the page.
#[derive(Clone, Debug)]
pub(crate) enum LoginOutcome {
    Stored(StoredSummary),
    /// Quay or the user refused.
    Refused {
        message: String,
    },
    /// Quay does not accept the token, so it was not stored.
    NotValid,
    /// The token could not be stored. The page still has it.
    StoreFailed,
    /// The profile belongs to another user, whose token was not replaced.
    AnotherUser {
        /// The user of the new token. Unknown if Quay did not say it.
        user: Option<ServerText>,
    },
}

/// What the page shows about a stored token.
#[derive(Clone, Debug)]
pub(crate) struct StoredSummary {
    pub(crate) profile: ProfileId,
    /// Unknown if Quay did not say it.
    pub(crate) user: Option<ServerText>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) store: StoreKind,
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether Quay confirmed that it accepts the token.
    pub(crate) verified: bool,
    /// Whether the browser's history may have a URL with a token that is still valid.
    pub(crate) in_history: bool,
}

impl LoginOutcome {
    /// The response to the page's POST. `static/page.js` knows the same outcomes.
    pub(super) fn status_and_json(&self) -> (StatusCode, Value) {
        match self {
            LoginOutcome::Stored(stored) => (
                StatusCode::OK,
                json!({
                    "outcome": if stored.verified { "stored" } else { "stored_unverified" },
                    "user": stored.user.as_ref().map(ServerText::as_str),
                    "profile": stored.profile.to_string(),
                    "host": stored.profile.host.to_string(),
                    "scopes": stored.scopes.as_ref().map(Scopes::to_string),
                    "store": format!("the {}", stored.store.description()),
                    "expires": stored.expires_at.map(Timestamp::day),
                    "in_history": stored.in_history,
                }),
            ),
            LoginOutcome::Refused { message } => (StatusCode::OK, json!({"outcome": "refused", "message": message})),
            LoginOutcome::NotValid => (StatusCode::BAD_GATEWAY, json!({"outcome": "not_valid"})),
            LoginOutcome::StoreFailed => (StatusCode::INSUFFICIENT_STORAGE, json!({"outcome": "store_failed"})),
            LoginOutcome::AnotherUser { user } => (
                StatusCode::CONFLICT,
                json!({"outcome": "another_user", "user": user.as_ref().map(ServerText::as_str)}),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::asset::escape_html;
    use super::*;

    #[test]
    fn placeholders_are_filled_in_and_the_unknown_page_reveals_nothing() {
        let again = CommandLine::new("login").option("--ca-file", Some("<x>"));
        let with_token = again.clone().flag("--with-token");
        let host = "http://quay.test:8080".parse().unwrap();
        let pages = Pages::new(&host, &RedirectUri::default(), &again, &with_token, true).unwrap();
        for page in [&pages.waiting, &pages.mismatch, &pages.unknown] {
            assert!(!page.contains("{{") && !page.contains("<x>"));
            assert!(page.contains(PAGE_MARKER));
        }
        assert!(pages.waiting.contains("data-outcome=\"waiting\""));
        for command in [again.to_string(), with_token.to_string(), format!("{again} --profile NAME")] {
            assert!(pages.waiting.contains(&format!("<code>{}</code>", escape_html(&command))), "{command}");
        }
        assert!(!pages.mismatch.contains("--ca-file"));
        assert!(pages.mismatch.contains("http://127.0.0.1:7829/callback"));
        assert!(!pages.unknown.contains("quay.test") && !pages.unknown.contains("7829"));
    }

    #[test]
    fn the_page_is_small_and_has_no_comments() {
        let command = CommandLine::new("login");
        let pages = Pages::new(&"quay.io".parse().unwrap(), &RedirectUri::default(), &command, &command, true).unwrap();
        let (script, style) = (pages.script.text(), pages.style.text());
        assert!(pages.unknown.len() + script.len() + style.len() <= 22 * 1024);
        assert!(!pages.unknown.contains("<!--") && !style.contains("/*") && !script.contains("\n//"));
    }
}
