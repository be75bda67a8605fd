//! A stand-in for Quay: a real HTTP server with Quay's rules, held to the recorded answers by the recordings.
//!
//! | file | subject |
//! | --- | --- |
//! | `world.rs` | what its database holds: plain data, for tests to change |
//! | `release.rs` | how releases differ |
//! | `scopes.rs`, `redirect.rs` | the rules about scopes and redirect URIs |
//! | `authorize.rs` | authorize, authorizeapp, denyapp, assignuser |
//! | `registry.rs`, `signing.rs` | `/v2/auth` and `/v2/`: who may pull and push what |
//! | `images.rs` | a real registry behind it |
//! | `api.rs`, `token_api.rs`, `organizations.rs`, `repositories.rs` | `/api/v1/`: callers and users; tokens; organizations and applications; repositories; and `/config` |
//! | `pages.rs`, `reply.rs`, `ask.rs` | pages, answers, requests |
//! | `server.rs` | socket, thread, routes, sign-in |
//! | `browser.rs` | a small browser to try it with |
#![allow(clippy::expect_used, reason = "what cannot be set up or understood here fails the test that needs it")]

mod api;
mod ask;
mod authorize;
mod browser;
mod images;
mod organizations;
mod pages;
mod redirect;
mod registry;
mod release;
mod reply;
mod repositories;
mod scopes;
mod server;
mod signing;
#[cfg(test)]
mod tests;
mod token_api;
mod world;

use std::net::SocketAddr;
use std::sync::MutexGuard;

pub(crate) use browser::{Answer, Browser};
pub(crate) use release::Release;
pub(crate) use world::{Application, Assignment, Repository, Request, Token, Verify, World};

/// A running stand-in; ends when it is dropped.
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

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The data, to look at and to change; no request is answered while it is held.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.server.world()
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
        self.world().applications.insert(client_id.to_owned(), application);
    }

    /// Names an application, for hostile names on the pages of others.
    pub(crate) fn set_application_name(&self, client_id: &str, name: &str) {
        if let Some(application) = self.world().applications.get_mut(client_id) {
            name.clone_into(&mut application.name);
        }
    }

    /// Lets every browser without a session of its own count as signed in as this user, or as nobody.
    pub(crate) fn set_everyone_is(&self, user: Option<&str>) {
        let mut world = self.world();
        world.everyone = user.map(|user| world.begin_session(Some(user)));
    }

    /// Adds a private repository `NAMESPACE/NAME`.
    pub(crate) fn add_repository(&self, name: &str) {
        let (namespace, name) = name.split_once('/').expect("a namespace and a name");
        self.world().repositories.push(Repository::new(namespace, name));
    }

    /// Puts a real registry behind it: images can be pushed and pulled from now on.
    pub(crate) fn serve_images(&self) {
        let registry = images::Registry::start(&self.host());
        self.world().registry = Some(registry);
    }

    /// Sets how `/v2/auth` answers.
    pub(crate) fn set_verify(&self, verify: Verify) {
        self.world().verify = verify;
    }

    /// Makes it behave as this release.
    pub(crate) fn set_release(&self, release: Release) {
        self.world().release = release;
    }

    /// Every request so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.world().requests.clone()
    }

    /// Every token so far, in order, revoked ones too.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        self.world().tokens.clone()
    }

    /// Revokes a token: from now on it is refused, and covers no scopes.
    pub(crate) fn revoke(&self, token: &str) {
        for known in &mut self.world().tokens {
            known.revoked |= known.value == token;
        }
    }

    /// Plays the person who opens an authorize URL and agrees. Returns where Quay sends the browser, fragment included;
    /// an error says what Quay answered instead.
    ///
    /// The person is whom `set_everyone_is` names, else alice, who signs in first.
    pub(crate) fn authorize(&self, url: &str) -> Result<String, String> {
        self.press(url, "/oauth/authorizeapp")
    }

    /// Plays the person who opens an authorize URL and presses "Cancel"; otherwise as `authorize`.
    pub(crate) fn deny(&self, url: &str) -> Result<String, String> {
        self.press(url, "/oauth/denyapp")
    }

    fn press(&self, url: &str, action: &str) -> Result<String, String> {
        let mut browser = Browser::new(self.address());
        let somebody_sits_there = self.world().everyone.is_some();
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
