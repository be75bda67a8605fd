//! The pages that a browser shows: the consent page with its forms, the sign-in form, shells of the two web UIs.

use serde_json::{Value, json};

use super::authorize::Wish;
use super::scopes::Scope;
use super::world::Application;

/// What the consent page of Quay holds (A1, A2, B4a, J4).
pub(super) struct Consent<'a> {
    pub(super) application: &'a Application,
    pub(super) scopes: &'a [&'static Scope],
    pub(super) wish: &'a Wish,
    pub(super) csrf: &'a str,
    /// False up to 3.6, whose forms know no state.
    pub(super) returns_state: bool,
}

impl Consent<'_> {
    fn is_dangerous(&self) -> bool {
        self.scopes.iter().any(|scope| scope.is_dangerous)
    }

    /// The page: two forms, and two more in a dialog, which is the only way on for dangerous scopes.
    pub(super) fn html(&self) -> String {
        let name = escaped(&self.application.name);
        let state = self.returns_state.then(|| self.wish.state.as_deref().unwrap_or("None"));
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
        document(
            &format!("Authorize {name} · Quay"),
            &format!(
                "<h2><a href=\"{homepage}\">{name}</a></h2>\n<h4>{organization}</h4>\n\
                 <p>This application would like permission to:</p>\n<dl>\n{scopes}</dl>\n\
                 {authorize}{cancel}\
                 <dialog id=\"confirm\">\n<h4>Confirm Authorization</h4>\n\
                 <p>The application <strong>{name}</strong> is requesting permission to perform actions which are \
                 potentially dangerous.</p>\n{confirm}{deny}</dialog>\n"
            ),
        )
    }

    fn authorize_form(&self, state: Option<&str>) -> String {
        let mut fields = vec![("response_type", self.wish.response_type.as_str())];
        fields.extend(self.common_fields(state));
        if let Some(uuid) = self.wish.assignment.as_deref().filter(|uuid| !uuid.is_empty()) {
            fields.push(("assignment_uuid", uuid));
        }
        form("/oauth/authorizeapp", &fields, "Authorize Application")
    }

    fn deny_form(&self, state: Option<&str>, button: &str) -> String {
        form("/oauth/denyapp", &self.common_fields(state), button)
    }

    fn common_fields<'a>(&'a self, state: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
        let mut fields = vec![
            ("client_id", self.wish.client_id.as_str()),
            ("redirect_uri", &self.wish.redirect_uri),
            ("scope", &self.wish.scope),
            ("_csrf_token", self.csrf),
        ];
        fields.extend(state.map(|state| ("state", state)));
        fields
    }

    /// The page's data, for `format=json` (A2); keys in the order of the alphabet.
    pub(super) fn json(&self) -> String {
        let application = self.application;
        let scopes: Vec<Value> = self
            .scopes
            .iter()
            .map(|scope| {
                json!({
                    "dangerous": scope.is_dangerous,
                    "description": scope.description,
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
            "assignment_uuid": self.wish.assignment,
            "client_id": self.wish.client_id,
            "csrf_token_val": self.csrf,
            "has_dangerous_scopes": self.is_dangerous(),
            "redirect_uri": self.wish.redirect_uri,
            "response_type": self.wish.response_type,
            "scope": self.wish.scope,
            "scopes": scopes,
            "state": self.wish.state,
        })
        .to_string()
    }
}

/// The consent page of a browser that is not signed in, up to 3.11: a sign-in form in its place.
pub(super) fn sign_in_first(application: &Application, here: &str) -> String {
    document(&format!("Authorize {} · Quay", escaped(&application.name)), &sign_in_form(here))
}

/// `/signin`: the new UI's shell (N6) with a form that works without its JavaScript.
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

/// Whatever address the new UI answers by itself, `/oauth/localapp` among them (N1, N5).
pub(super) fn new_ui() -> String {
    document("Quay", NO_SCRIPT)
}

/// The old UI's page that shows a token, which only the browser sees (N2).
pub(super) fn generated_token() -> String {
    document(
        "OAuth Access Token · Quay",
        "<p>Your access token: <code id=\"token\"></code></p>\n\
         <script>document.getElementById('token').textContent = \
         new URLSearchParams(location.hash.slice(1)).get('access_token')</script>\n",
    )
}

/// A page of the old UI that says one thing (J1f, N2d).
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

fn document(title: &str, body: &str) -> String {
    format!("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n{body}</html>\n")
}

/// An avatar as the recordings have it. Quay derives hash and colour from the e-mail address; what shows is the name.
pub(super) fn avatar(name: &str, kind: &str) -> String {
    let (hash, color) = match kind {
        "user" if name == "alice" => ("69b1145a03334875161ea18c1373b5703aeeff144990a9f847867ff83ed5aaad", "#c5b0d5"),
        "team" => ("03f53542fc2f985f2913c6a5484c82fa526a6939502229428a61c20bc848a300", "#ffbb78"),
        _ => ("e2dc3f6f94e5aeda7719ab19275ee5165ab86d8178e87b88266ddb6f7eef6bff", "#ff7f0e"),
    };
    format!(r#"{{"name": {}, "hash": "{hash}", "color": "{color}", "kind": "{kind}"}}"#, json!(name))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;").replace('"', "&#34;")
}
