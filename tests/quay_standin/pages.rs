//! The pages that a browser shows: the consent page, the sign-in page, and pages of the two web UIs.

use serde_json::{Value, json};

use super::authorize::AuthorizationRequest;
use super::records::Application;
use super::release::Release;
use super::scopes::Scope;

/// The content of the consent page (cases A1, A2, B4a, J4, X2).
pub(super) struct Consent<'a> {
    pub(super) application: &'a Application,
    pub(super) scopes: &'a [&'static Scope],
    pub(super) asked: &'a AuthorizationRequest,
    pub(super) csrf: &'a str,
    pub(super) release: Release,
    /// The path of the page, if it needs a sign-in form: up to 3.11, for a browser that is not signed in.
    pub(super) sign_in: Option<String>,
}

impl Consent<'_> {
    fn is_dangerous(&self) -> bool {
        self.scopes.iter().any(|scope| scope.is_dangerous)
    }

    /// The page. It has two forms, and two more in a dialog, which asks again before dangerous scopes are granted.
    pub(super) fn html(&self) -> String {
        let name = escaped(&self.application.name);
        let state = self.release.returns_state().then(|| self.asked.state.as_deref().unwrap_or("None"));
        let authorize = match self.is_dangerous() {
            true => "<button type=\"button\" onclick=\"document.getElementById('confirm').showModal()\">Authorize Application</button>\n".to_owned(),
            false => self.authorize_form(state),
        };
        let cancel = self.deny_form(state, "Cancel");
        let scopes: String =
            self.scopes.iter().map(|scope| format!("<dt>{}<dd>{}\n", scope.title, scope.description)).collect();
        let organization = escaped(&self.application.organization);
        let homepage = escaped(&self.application.homepage);
        let confirm = self.authorize_form(None);
        let deny = self.deny_form(None, "Deny");
        // Quay signs in by JavaScript and then shows the forms, whose CSRF token is the old one (case X2c). Here the
        // sign-in form loads the page once more.
        let (sign_in, hidden) = match &self.sign_in {
            Some(here) => (sign_in_form(here), " hidden"),
            None => (String::new(), ""),
        };
        document(
            &format!("Authorize {name} · Quay"),
            &format!(
                "<h2><a href=\"{homepage}\">{name}</a></h2>\n<h4>{organization}</h4>\n\
                 <p>This application would like permission to:</p>\n<dl>\n{scopes}</dl>\n\
                 {sign_in}<div{hidden}>\n{authorize}{cancel}</div>\n\
                 <dialog id=\"confirm\">\n<h4>Confirm Authorization</h4>\n\
                 <p>The application <strong>{name}</strong> is requesting permission to perform actions which are \
                 potentially dangerous.</p>\n{confirm}{deny}</dialog>\n"
            ),
        )
    }

    fn authorize_form(&self, state: Option<&str>) -> String {
        let mut fields = vec![("response_type", self.asked.response_type.as_str())];
        fields.extend(self.common_fields(state));
        let assignment = self.asked.assignment.as_deref().filter(|_| self.release.checks_who_may_authorize());
        fields.extend(assignment.map(|uuid| ("assignment_uuid", uuid)));
        form("/oauth/authorizeapp", &fields, "Authorize Application")
    }

    fn deny_form(&self, state: Option<&str>, button: &str) -> String {
        form("/oauth/denyapp", &self.common_fields(state), button)
    }

    fn common_fields<'a>(&'a self, state: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
        let mut fields = vec![
            ("client_id", self.asked.client_id.as_str()),
            ("redirect_uri", &self.asked.redirect_uri),
            ("scope", &self.asked.scope),
            ("_csrf_token", self.csrf),
        ];
        fields.extend(state.map(|state| ("state", state)));
        fields
    }

    /// The data of the page, for `format=json` (cases A2, J12). The keys are in alphabetical order.
    pub(super) fn json(&self) -> String {
        let application = self.application;
        let scopes: Vec<Value> = self
            .scopes
            .iter()
            .map(|scope| {
                json!({
                    "dangerous": scope.is_dangerous,
                    "description": scope.description,
                    "icon": scope.icon,
                    "scope": scope.name,
                    "title": scope.title,
                })
            })
            .collect();
        json!({
            "application": {
                "avatar": avatar(&application.name, "app"),
                "description": application.description,
                "name": application.name,
                "organization": {
                    "avatar": avatar(&application.organization, "org"),
                    "name": application.organization,
                },
                "url": application.homepage,
            },
            "assignment_uuid": self.asked.assignment,
            "client_id": self.asked.client_id,
            "csrf_token_val": self.csrf,
            "has_dangerous_scopes": self.is_dangerous(),
            "redirect_uri": self.asked.redirect_uri,
            "response_type": self.asked.response_type,
            "scope": self.asked.scope,
            "scopes": scopes,
            "state": self.asked.state,
        })
        .to_string()
            + "\n"
    }
}

/// `/signin` of the new UI (case N6), with a form that needs no JavaScript.
pub(super) fn sign_in(destination: &str) -> String {
    document("Quay", &format!("{NO_SCRIPT}{}", sign_in_form(destination)))
}

fn sign_in_form(destination: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/signin\">\n\
         <input type=\"hidden\" name=\"destination\" value=\"{}\">\n\
         <label>Username <input name=\"username\"></label>\n\
         <label>Password <input name=\"password\" type=\"password\"></label>\n\
         <button type=\"submit\">Sign in</button>\n</form>\n",
        escaped(destination)
    )
}

const NO_SCRIPT: &str = "<noscript>Enabling JavaScript is required to run this app.</noscript>\n";

/// The page of the new UI, which is the same for all its paths, such as `/oauth/localapp` (cases N1, N5).
pub(super) fn new_ui() -> String {
    document("Quay", NO_SCRIPT)
}

/// The page of the old UI that shows a token, which its script reads from the fragment (case N2).
pub(super) fn generated_token() -> String {
    document(
        "OAuth Access Token · Quay",
        "<p>Your access token: <code id=\"token\"></code></p>\n\
         <script>document.getElementById('token').textContent = \
         new URLSearchParams(location.hash.slice(1)).get('access_token')</script>\n",
    )
}

/// A page of the old UI with one message (cases J1f, N2d).
pub(super) fn message(words: &str) -> String {
    document("Quay", &format!("<p>{words}</p>\n"))
}

fn form(action: &str, fields: &[(&str, &str)], button: &str) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escaped(value)))
        .collect();
    format!("<form method=\"post\" action=\"{action}\">\n{fields}<button type=\"submit\">{button}</button>\n</form>\n")
}

/// The path of the style of all pages. It is a file of its own, and has all that Quay's pages do not, because the recordings are compared
/// with the text of the pages.
pub(super) const STYLE_PATH: &str = "/stand-in.css";

pub(super) const STYLE: &str = include_str!("page.css");

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\n{body}</html>\n"
    )
}

/// An avatar. Quay derives its hash and colour from the name. Recordings are compared without them.
pub(super) fn avatar(name: &str, kind: &str) -> String {
    let hash = "0".repeat(64);
    format!(r##"{{"name": {}, "hash": "{hash}", "color": "#ff7f0e", "kind": "{kind}"}}"##, json!(name))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;").replace('"', "&#34;")
}
