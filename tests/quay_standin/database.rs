//! The data of the stand-in, which tests can change.

use std::time::{Duration, SystemTime};

use super::images::Registry;
use super::records::{Application, Assignment, Organization, Repository, Role, Token, User};
use super::release::Release;
use super::request::HttpRequest;
use super::server_settings::{Failure, ServerSettings, Verify};
use super::table::Table;
use super::{redirect, scopes};

/// How long a token is valid: ten years (docs/quay.md, "Authorize").
pub(super) const TOKEN_LIFETIME: Duration = Duration::from_secs(315_576_000);

/// At first it has the users alice, bob and carol (password "password") and the organization acme, of which alice is an administrator and bob
/// a member, as in the recordings.
pub(crate) struct Database {
    /// The URL of the stand-in: Quay's `PREFERRED_URL_SCHEME://SERVER_HOSTNAME`.
    pub(super) origin: String,
    pub(super) release: Release,
    /// What the operator can set.
    pub(crate) settings: ServerSettings,
    pub(super) verify: Verify,
    pub(super) failures: Vec<Failure>,
    /// By user name.
    pub(crate) users: Table<User>,
    /// By name.
    pub(crate) organizations: Table<Organization>,
    /// By client ID.
    pub(crate) applications: Table<Application>,
    /// Including the revoked ones.
    pub(crate) tokens: Vec<Token>,
    /// Those that are not used up.
    pub(crate) assignments: Vec<Assignment>,
    /// In the order in which they were created.
    pub(crate) repositories: Vec<Repository>,
    /// The number of repositories on a page of a list.
    pub(crate) page_size: usize,
    /// The registry behind the stand-in, if images are served.
    pub(super) registry: Option<Registry>,
    pub(super) requests: Vec<Request>,
    /// The body of the last request.
    pub(crate) last_body: Vec<u8>,
    pub(super) sessions: Vec<Session>,
    /// The ID of the session of all browsers that have none.
    pub(super) everyone: Option<String>,
    /// The registry tokens that `/v2/` accepts (case V4b).
    pub(super) registry_tokens: Vec<String>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// In capitals.
    pub(crate) method: String,
    /// As sent, with its escapes.
    pub(crate) path: String,
    /// As sent, without the question mark. Empty if there was none.
    pub(crate) query: String,
    /// Whether it had an `Authorization` header.
    pub(crate) authorization: bool,
    /// Its `User-Agent`.
    pub(crate) user_agent: Option<String>,
}

/// A browser's session, signed in or not.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) user: Option<String>,
    pub(super) csrf: String,
}

impl Database {
    pub(super) fn new(origin: String) -> Database {
        let acme = Organization {
            admins: vec!["alice".to_owned()],
            members: vec!["bob".to_owned()],
            teams: [("devs".to_owned(), vec!["bob".to_owned()])].into(),
        };
        Database {
            origin,
            release: Release::V3_18,
            settings: ServerSettings::default(),
            verify: Verify::Normal,
            failures: Vec::new(),
            users: ["alice", "bob", "carol"].into_iter().map(|name| (name.to_owned(), User::new(name))).collect(),
            organizations: [("acme".to_owned(), acme)].into_iter().collect(),
            applications: Table::default(),
            tokens: Vec::new(),
            assignments: Vec::new(),
            repositories: Vec::new(),
            page_size: 100,
            registry: None,
            requests: Vec::new(),
            last_body: Vec::new(),
            sessions: Vec::new(),
            everyone: None,
            registry_tokens: Vec::new(),
        }
    }

    /// `HOST:PORT`, as registry challenges and discovery have it.
    pub(super) fn authority(&self) -> &str {
        self.origin.trim_start_matches("http://")
    }

    /// The failure in front of Quay for a request to this path, if there is one.
    pub(super) fn failure(&mut self, path: &str) -> Option<&Failure> {
        self.failures.iter_mut().find_map(|failure| failure.applies_to(path).then_some(&*failure))
    }

    /// Begins a session and returns its ID.
    pub(super) fn begin_session(&mut self, user: Option<&str>) -> String {
        let id = random_text(32);
        self.sessions.push(Session { id: id.clone(), user: user.map(str::to_owned), csrf: random_text(64) });
        id
    }

    /// The session of the request: that of its cookie, or else the one of all browsers.
    pub(super) fn session(&self, request: &HttpRequest) -> Option<&Session> {
        let by_id = |id: &str| self.sessions.iter().find(|session| session.id == id);
        request.cookie("session").and_then(by_id).or_else(|| by_id(self.everyone.as_deref()?))
    }

    /// The user of a browser, by its session or by Basic authentication (case D15).
    pub(super) fn visitor(&self, request: &HttpRequest) -> Option<String> {
        match request.basic() {
            Some((name, password)) => self.has_password(&name, &password).then_some(name),
            None => self.session(request)?.user.clone().filter(|user| self.is_enabled(user)),
        }
    }

    pub(super) fn has_password(&self, name: &str, password: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.is_enabled && user.password == password)
    }

    /// Whether there is such an account, and it is not disabled.
    pub(super) fn is_enabled(&self, name: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.is_enabled)
    }

    /// Whether a form or a header has the session's CSRF token (cases B6, B6b, J1b).
    pub(super) fn has_csrf_token(&self, request: &HttpRequest) -> bool {
        let sent = request.form.get("_csrf_token").or_else(|| request.header("x-csrf-token"));
        self.session(request).is_some_and(|session| sent == Some(session.csrf.as_str()))
    }

    /// Whether a user administers the organization that owns an application.
    pub(super) fn is_admin(&self, user: &str, application: &Application) -> bool {
        self.organizations.get(&application.organization).is_some_and(|organization| organization.has_admin(user))
    }

    /// A repository by its name.
    pub(super) fn repository(&self, namespace: &str, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|known| known.namespace == namespace && known.name == name)
    }

    /// Whether a user may do everything in a namespace: the user's own, or that of an organization that the user
    /// administers.
    pub(super) fn administers(&self, user: &str, namespace: &str) -> bool {
        user == namespace || self.organizations.get(namespace).is_some_and(|organization| organization.has_admin(user))
    }

    /// What a user may do with a repository, which may not exist.
    pub(super) fn role(&self, user: &str, namespace: &str, name: &str) -> Option<Role> {
        if self.administers(user, namespace) {
            return Some(Role::Admin);
        }
        let teams = self.organizations.get(namespace).into_iter().flat_map(|organization| &organization.teams);
        let own_teams = teams.filter(|(_, people)| people.iter().any(|person| person == user));
        let keys = own_teams.map(|(team, _)| format!("team/{team}")).chain([format!("user/{user}")]);
        let roles = &self.repository(namespace, name)?.roles;
        keys.filter_map(|key| roles.get(&key).copied()).max()
    }

    /// The index of a user's assignment. It is valid for all applications of its organization (case J12e).
    pub(super) fn assignment(&self, uuid: Option<&str>, user: &str, client_id: &str) -> Option<usize> {
        let organization = |client_id: &str| Some(self.applications.get(client_id)?.organization.as_str());
        self.assignments.iter().position(|assignment| {
            Some(assignment.uuid.as_str()) == uuid
                && assignment.user == user
                && organization(&assignment.client_id) == organization(client_id)
        })
    }

    /// Whether an application accepts a redirect URI: its own, or Quay's page for every application (cases N3, N4).
    pub(super) fn accepts_redirect(&self, application: &Application, redirect_uri: &str) -> bool {
        redirect_uri == format!("{}/oauth/localapp", self.origin)
            || redirect::is_accepted(self.release, &application.redirect_uri, redirect_uri)
    }

    /// Whether the user's active tokens of the application together cover these scopes (cases D1 to D21).
    pub(super) fn covers(&self, user: &str, client_id: &str, scopes: &str) -> bool {
        let granted: Vec<_> = self
            .tokens
            .iter()
            .filter(|token| token.user == user && token.client_id == client_id && token.is_active())
            .flat_map(|token| scopes::parse(&token.scopes))
            .collect();
        scopes::covers(&granted, scopes)
    }

    pub(super) fn create_token(&mut self, user: &str, client_id: &str, scopes: &str) -> &mut Token {
        let now = SystemTime::now();
        self.tokens.push(Token {
            value: random_text(40),
            uuid: random_uuid(),
            user: user.to_owned(),
            scopes: scopes.to_owned(),
            client_id: client_id.to_owned(),
            name: None,
            created: now,
            expires_at: now + TOKEN_LIFETIME,
            last_accessed: None,
            revoked: false,
        });
        let last = self.tokens.len() - 1;
        &mut self.tokens[last]
    }

    /// The token with this value, unless it was revoked. It may have expired.
    pub(super) fn token(&mut self, value: &str) -> Option<&mut Token> {
        self.tokens.iter_mut().find(|token| token.value == value && !token.revoked)
    }
}

/// Letters and digits, as Quay's tokens, codes and session IDs are.
pub(super) fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system's random numbers");
    bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).collect()
}

/// A UUID of version 4.
pub(super) fn random_uuid() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random numbers");
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}
