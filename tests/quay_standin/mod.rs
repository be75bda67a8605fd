//! A stand-in for Quay: an HTTP server that follows Quay's rules, and is compared with recorded answers of a real Quay. The tests and
//! `examples/first-login.rs` use it.
//!
//! | file | subject |
//! | --- | --- |
//! | `database.rs`, `records.rs`, `table.rs` | its data, which tests can change |
//! | `server_settings.rs` | what an operator can set, and failures in front of Quay, which tests can change too |
//! | `release.rs` | how releases differ |
//! | `scopes.rs`, `redirect.rs` | the rules about scopes and redirect URIs |
//! | `authorize.rs`, `assignments.rs`, `sign_in.rs` | the authorization endpoints, assignments, sessions |
//! | `registry.rs`, `signing.rs`, `images.rs` | `/v2/auth` and `/v2/`: who may pull and push what; a real registry |
//! | `api.rs`, `caller.rs`, `api_replies.rs`, `validation.rs` | `/api/v1/`: paths, authentication, replies |
//! | `users.rs`, `authorizations.rs`, `token_api.rs`, `organizations.rs`, `repositories.rs`, `search.rs` | one subject of the API each |
//! | `config.rs`, `discovery.rs` | what Quay publishes about itself |
//! | `request.rs`, `reply.rs`, `pages.rs` | requests, answers, pages |
//! | `server.rs`, `routes.rs` | the HTTP server; which function answers which path |
//! | `browser.rs` | a small browser for tests of the stand-in |
//! | `recordings/` | compares the stand-in with the recorded answers |
//! | `tests.rs` | tests of what no recording shows |
//!
//! "Case B6" is a recorded case (docs/quay.md, "The recordings").
#![allow(clippy::expect_used, reason = "what cannot be set up or understood here fails the test that needs it")]

mod api;
mod api_replies;
mod assignments;
mod authorizations;
mod authorize;
mod browser;
mod caller;
mod config;
mod database;
mod discovery;
mod images;
mod organizations;
mod pages;
#[cfg(test)]
mod recordings;
mod records;
mod redirect;
mod registry;
mod release;
mod reply;
mod repositories;
mod request;
mod routes;
mod scopes;
mod search;
mod server;
mod server_settings;
mod sign_in;
mod signing;
mod table;
#[cfg(test)]
mod tests;
mod token_api;
mod users;
mod validation;

use std::net::SocketAddr;
use std::sync::MutexGuard;

pub(crate) use browser::{Answer, Browser};
pub(crate) use database::{Database, Request};
pub(crate) use records::{Application, Assignment, Organization, Repository, Token, User};
pub(crate) use release::Release;
pub(crate) use server_settings::{Failure, Verify};

/// A running stand-in. It stops when it is dropped.
pub(crate) struct Quay {
    server: server::Server,
}

impl Quay {
    /// Starts one on a free port of 127.0.0.1.
    pub(crate) fn start() -> Quay {
        Quay::start_on(0)
    }

    /// Starts one on this port of 127.0.0.1.
    pub(crate) fn start_on(port: u16) -> Quay {
        Quay { server: server::Server::start(port) }
    }

    /// `http://127.0.0.1:PORT`, as `--host` takes it.
    pub(crate) fn host(&self) -> String {
        format!("http://{}", self.address())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The data, to read and to change. No request is answered until it is dropped.
    pub(crate) fn database(&self) -> MutexGuard<'_, Database> {
        self.server.database()
    }

    /// Registers an application "quay-auth test" in the organization acme, of which alice is an admin.
    pub(crate) fn add_application(&self, client_id: &str, redirect_uri: &str) {
        let application = Application {
            organization: "acme".to_owned(),
            name: "quay-auth test".to_owned(),
            description: String::new(),
            homepage: String::new(),
            redirect_uri: redirect_uri.to_owned(),
        };
        self.database().applications.insert(client_id.to_owned(), application);
    }

    /// Gives an application another name.
    pub(crate) fn set_application_name(&self, client_id: &str, name: &str) {
        if let Some(application) = self.database().applications.get_mut(client_id) {
            name.clone_into(&mut application.name);
        }
    }

    /// Signs in every browser that has no session as this user, or signs it out.
    pub(crate) fn set_everyone_is(&self, user: Option<&str>) {
        let mut database = self.database();
        database.everyone = user.map(|user| database.begin_session(Some(user)));
    }

    /// Adds a private repository `NAMESPACE/NAME`.
    pub(crate) fn add_repository(&self, name: &str) {
        let (namespace, name) = name.split_once('/').expect("a namespace and a name");
        self.database().repositories.push(Repository::new(namespace, name));
    }

    /// Starts a real registry behind the stand-in, so that images can be pushed and pulled.
    pub(crate) fn serve_images(&self) {
        let registry = images::Registry::start(&self.host());
        self.database().registry = Some(registry);
    }

    /// Sets how `/v2/auth` answers.
    pub(crate) fn set_verify(&self, verify: Verify) {
        self.database().verify = verify;
    }

    /// Behaves as this release from now on.
    pub(crate) fn set_release(&self, release: Release) {
        self.database().release = release;
    }

    /// Adds a failure in front of Quay, before those that were added earlier.
    pub(crate) fn fail(&self, failure: Failure) {
        self.database().failures.insert(0, failure);
    }

    /// Disables a user's account, or enables it again.
    pub(crate) fn set_enabled(&self, user: &str, is_enabled: bool) {
        if let Some(user) = self.database().users.get_mut(user) {
            user.is_enabled = is_enabled;
        }
    }

    /// Assigns an application to a user.
    pub(crate) fn assign(&self, uuid: &str, user: &str, client_id: &str, scopes: &str) {
        let mut database = self.database();
        let redirect_uri = database.applications[client_id].redirect_uri.clone();
        database.assignments.push(Assignment {
            uuid: uuid.to_owned(),
            user: user.to_owned(),
            client_id: client_id.to_owned(),
            scopes: scopes.to_owned(),
            redirect_uri,
        });
    }

    /// Deletes an application with its tokens.
    pub(crate) fn delete_application(&self, client_id: &str) {
        let mut database = self.database();
        database.applications.remove(client_id);
        for token in database.tokens.iter_mut().filter(|token| token.client_id == client_id) {
            token.revoked = true;
        }
    }

    /// Every request so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.database().requests.clone()
    }

    /// Every token so far, in order, revoked ones too.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        self.database().tokens.clone()
    }

    /// Revokes a token.
    pub(crate) fn revoke(&self, token: &str) {
        for known in &mut self.database().tokens {
            known.revoked |= known.value == token;
        }
    }

    /// Opens an authorize URL as a person would, and approves it. Returns the URL to which Quay redirects the browser, with its fragment.
    /// Fails with Quay's answer if that is no redirect.
    ///
    /// The person is the one of `set_everyone_is`, or else alice, who signs in first.
    pub(crate) fn authorize(&self, url: &str) -> Result<String, String> {
        self.press(url, "/oauth/authorizeapp")
    }

    /// The same, but presses "Cancel".
    pub(crate) fn deny(&self, url: &str) -> Result<String, String> {
        self.press(url, "/oauth/denyapp")
    }

    fn press(&self, url: &str, action: &str) -> Result<String, String> {
        let mut browser = Browser::new(self.address());
        let somebody_sits_there = self.database().everyone.is_some();
        if !somebody_sits_there {
            browser.sign_in("alice", "password");
        }
        let target = url.strip_prefix(&self.host()).ok_or_else(|| format!("not an address of this Quay: {url}"))?;
        let page = browser.get(target);
        let answer = match page.forms().iter().find(|form| form.action == action) {
            Some(form) => browser.post(action, &form.fields),
            None => page,
        };
        match answer.location() {
            Some(location) => Ok(location.to_owned()),
            None => Err(format!("{}: {}", answer.status, answer.words())),
        }
    }
}
