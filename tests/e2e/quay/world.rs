//! What Quay's database holds, as plain data that a test may change, and the questions that the rules ask of it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::ask::Ask;
use super::images::Registry;
use super::release::Release;
use super::{redirect, scopes};

/// How long a token lives: ten years (README "Authorize").
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(315_576_000);

/// Everything that the stand-in knows. A fresh one holds alice, bob and carol (password "password") and the
/// organization acme, of which alice is an admin and bob a member: the cast of the recordings.
pub(crate) struct World {
    /// Where the stand-in is reached; Quay's `PREFERRED_URL_SCHEME://SERVER_HOSTNAME`.
    pub(super) origin: String,
    pub(super) release: Release,
    pub(super) verify: Verify,
    /// By user name.
    pub(crate) users: BTreeMap<String, User>,
    /// By name.
    pub(crate) organizations: BTreeMap<String, Organization>,
    /// By client id.
    pub(crate) applications: BTreeMap<String, Application>,
    /// Minted ones, and those that a test adds; revoked ones stay, marked.
    pub(crate) tokens: Vec<Token>,
    /// Those not yet used.
    pub(crate) assignments: Vec<Assignment>,
    /// In the order in which they were made.
    pub(crate) repositories: Vec<Repository>,
    /// How many repositories a page of a list has.
    pub(crate) page_size: usize,
    /// The registry behind it, once images are served.
    pub(super) registry: Option<Registry>,
    pub(super) requests: Vec<Request>,
    /// What the last request brought along.
    pub(crate) last_body: Vec<u8>,
    pub(super) sessions: Vec<Session>,
    /// The id of the session that a browser without one counts as having.
    pub(super) everyone: Option<String>,
    /// The registry tokens given out, which `/v2/` takes (V4b).
    pub(super) registry_tokens: Vec<String>,
}

/// How `/v2/auth` answers, instead of by the rules.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verify {
    /// By the rules.
    Normal,
    /// Every credential is refused, as a wrong token is (V3).
    Unauthorized,
    /// No answer, ever, until the stand-in ends.
    Hang,
    /// This status and a page of HTML, as proxies in front of Quay send.
    Status(u16),
    /// A good credential is said to be this user's.
    As(String),
}

/// A person with an account.
pub(crate) struct User {
    /// For the sign-in form and for `Basic`.
    pub(crate) password: String,
    /// Shown to `user:admin` (P1).
    pub(crate) email: String,
}

/// An organization.
pub(crate) struct Organization {
    /// Users who may authorize its applications (I1).
    pub(crate) admins: Vec<String>,
    /// Users who belong to it and may not.
    pub(crate) members: Vec<String>,
    /// Teams and the users in them.
    pub(crate) teams: BTreeMap<String, Vec<String>>,
}

/// A repository of images.
pub(crate) struct Repository {
    /// A user's or an organization's.
    pub(crate) namespace: String,
    /// Its name there.
    pub(crate) name: String,
    /// Shown in lists; a fresh one has none.
    pub(crate) description: Option<String>,
    /// Whether anybody may pull it (V3d).
    pub(crate) is_public: bool,
    /// What `user/NAME` and `team/NAME` may do with it, who do not administer the namespace.
    pub(crate) roles: BTreeMap<String, Role>,
    /// As the API lists them.
    pub(crate) tags: Vec<String>,
}

impl Repository {
    /// A private one without anything in it.
    pub(crate) fn new(namespace: &str, name: &str) -> Repository {
        Repository {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            description: None,
            is_public: false,
            roles: BTreeMap::new(),
            tags: Vec::new(),
        }
    }
}

/// What somebody may do with a repository, the lesser first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Pull.
    Read,
    /// Push too.
    Write,
    /// Change it.
    Admin,
}

impl Role {
    /// The role of this word.
    pub(super) fn of(word: &str) -> Option<Role> {
        [Role::Read, Role::Write, Role::Admin].into_iter().find(|role| role.word() == word)
    }

    /// Quay's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Write => "write",
            Role::Admin => "admin",
        }
    }

    /// The scope that a token needs for it.
    pub(super) fn scope(self) -> &'static str {
        match self {
            Role::Read => "repo:read",
            Role::Write => "repo:write",
            Role::Admin => "repo:admin",
        }
    }
}

/// An OAuth application.
pub(crate) struct Application {
    /// The organization that owns it.
    pub(crate) organization: String,
    /// What the consent page calls it.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: String,
    /// The "Homepage URL".
    pub(crate) homepage: String,
    /// The registered redirect URI; empty where none is.
    pub(crate) redirect_uri: String,
}

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The secret, 40 letters and digits.
    pub(crate) value: String,
    /// What the API and the registry token name it by.
    pub(crate) uuid: String,
    /// Whose token it is.
    pub(crate) user: String,
    /// As they were asked for.
    pub(crate) scopes: String,
    /// The application that it was made for.
    pub(crate) client_id: String,
    /// Only those have one that were made by the API.
    pub(crate) name: Option<String>,
    /// When it was made.
    pub(crate) created: SystemTime,
    /// From then on it is refused.
    pub(crate) expires_at: SystemTime,
    /// When the API last saw it.
    pub(crate) last_accessed: Option<SystemTime>,
    /// Quay deletes the row; the stand-in keeps it for the test to see.
    pub(crate) revoked: bool,
}

/// Leave for a user to authorize an application once (J).
pub(crate) struct Assignment {
    /// The value of `assignment_uuid`.
    pub(crate) uuid: String,
    /// Who may use it.
    pub(crate) user: String,
    /// The application that it is for.
    pub(crate) client_id: String,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// In capitals.
    pub(crate) method: String,
    /// As sent, escapes and all.
    pub(crate) path: String,
    /// As sent, without the question mark; empty where there was none.
    pub(crate) query: String,
    /// Whether an `Authorization` header came with it.
    pub(crate) authorization: bool,
    /// Who asked, if it said so.
    pub(crate) user_agent: Option<String>,
}

/// A browser's session, signed in or not.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) user: Option<String>,
    pub(super) csrf: String,
}

impl World {
    pub(super) fn new(origin: String) -> World {
        let user = |name: &str| {
            let user = User { password: "password".to_owned(), email: format!("{name}@example.test") };
            (name.to_owned(), user)
        };
        let acme = Organization {
            admins: vec!["alice".to_owned()],
            members: vec!["bob".to_owned()],
            teams: [("devs".to_owned(), vec!["bob".to_owned()])].into(),
        };
        World {
            origin,
            release: Release::V3_18,
            verify: Verify::Normal,
            users: ["alice", "bob", "carol"].map(user).into(),
            organizations: [("acme".to_owned(), acme)].into(),
            applications: BTreeMap::new(),
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

    /// Begins a session and tells its id.
    pub(super) fn begin_session(&mut self, user: Option<&str>) -> String {
        let id = random_text(32);
        self.sessions.push(Session { id: id.clone(), user: user.map(str::to_owned), csrf: random_text(64) });
        id
    }

    /// The session of a request: its cookie's, else the one that everyone has.
    pub(super) fn session(&self, ask: &Ask) -> Option<&Session> {
        let by_id = |id: &str| self.sessions.iter().find(|session| session.id == id);
        ask.cookie("session").and_then(by_id).or_else(|| by_id(self.everyone.as_deref()?))
    }

    /// Who sits at the browser, by session or by `Basic` user name and password (D15).
    pub(super) fn visitor(&self, ask: &Ask) -> Option<String> {
        match ask.basic() {
            Some((name, password)) => self.has_password(&name, &password).then_some(name),
            None => self.session(ask)?.user.clone(),
        }
    }

    pub(super) fn has_password(&self, name: &str, password: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.password == password)
    }

    /// Whether a form or a header brings the session's CSRF token along (B6, B6b, J1b).
    pub(super) fn csrf_holds(&self, ask: &Ask) -> bool {
        let sent = ask.form.get("_csrf_token").or_else(|| ask.header("x-csrf-token"));
        self.session(ask).is_some_and(|session| sent == Some(session.csrf.as_str()))
    }

    /// Whether a user is an admin of the organization that owns an application.
    pub(super) fn is_admin(&self, user: &str, application: &Application) -> bool {
        self.organizations
            .get(&application.organization)
            .is_some_and(|organization| organization.admins.iter().any(|admin| admin == user))
    }

    /// A repository by its name.
    pub(super) fn repository(&self, namespace: &str, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|known| known.namespace == namespace && known.name == name)
    }

    /// Whether a user may do everything in a namespace: the own one, or that of an organization whose admin it is.
    pub(super) fn administers(&self, user: &str, namespace: &str) -> bool {
        let is_admin = |organization: &Organization| organization.admins.iter().any(|admin| admin == user);
        user == namespace || self.organizations.get(namespace).is_some_and(is_admin)
    }

    /// What a user may do with a repository, whether there is one or not.
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

    /// The place of an assignment of this uuid, user and application.
    pub(super) fn assignment(&self, uuid: Option<&str>, user: &str, client_id: &str) -> Option<usize> {
        self.assignments.iter().position(|assignment| {
            Some(assignment.uuid.as_str()) == uuid && assignment.user == user && assignment.client_id == client_id
        })
    }

    /// Whether an application may be answered at a URI: at its own, or at Quay's page for every application (N3, N4).
    pub(super) fn accepts_redirect(&self, application: &Application, redirect_uri: &str) -> bool {
        redirect_uri == format!("{}/oauth/localapp", self.origin)
            || redirect::is_accepted(self.release, &application.redirect_uri, redirect_uri)
    }

    /// Whether a user's live tokens of an application, taken together, cover scopes (D1 to D21).
    pub(super) fn covers(&self, user: &str, client_id: &str, scopes: &str) -> bool {
        let granted: Vec<_> = self
            .tokens
            .iter()
            .filter(|token| token.user == user && token.client_id == client_id && token.is_live())
            .flat_map(|token| scopes::parse(&token.scopes))
            .collect();
        scopes::covers(&granted, scopes)
    }

    /// Makes a token.
    pub(super) fn mint(&mut self, user: &str, client_id: &str, scopes: &str) -> &mut Token {
        let now = SystemTime::now();
        self.tokens.push(Token {
            value: random_text(40),
            uuid: random_uuid(),
            user: user.to_owned(),
            scopes: scopes.to_owned(),
            client_id: client_id.to_owned(),
            name: None,
            created: now,
            expires_at: now + TOKEN_LIFE,
            last_accessed: None,
            revoked: false,
        });
        let last = self.tokens.len() - 1;
        &mut self.tokens[last]
    }

    /// The token of a secret, expired or not, unless it was revoked.
    pub(super) fn token(&self, value: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.value == value && !token.revoked)
    }
}

impl Token {
    pub(super) fn has_expired(&self) -> bool {
        self.expires_at <= SystemTime::now()
    }

    pub(super) fn is_live(&self) -> bool {
        !self.revoked && !self.has_expired()
    }
}

/// Letters and digits, as Quay's tokens, codes and session ids are.
pub(super) fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system's random numbers");
    bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).collect()
}

/// A uuid of version 4.
pub(super) fn random_uuid() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random numbers");
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}
