//! The rows of Quay's database: users, organizations, repositories, applications, tokens, assignments.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

/// A person with an account.
pub(crate) struct User {
    /// For the sign-in form and for `Basic`.
    pub(crate) password: String,
    /// Shown to `user:admin` (case P1).
    pub(crate) email: String,
    /// False if an administrator has disabled the account. Then its sessions and tokens are refused (case W6).
    pub(crate) is_enabled: bool,
    /// Until then every login by password is refused, because of an earlier one with a wrong password (case AA9).
    pub(super) no_login_until: Option<Instant>,
}

impl User {
    /// An account with the password "password".
    pub(crate) fn new(name: &str) -> User {
        User {
            password: "password".to_owned(),
            email: format!("{name}@example.test"),
            is_enabled: true,
            no_login_until: None,
        }
    }
}

#[derive(Default)]
pub(crate) struct Organization {
    /// Users who may authorize its applications (case I1).
    pub(crate) admins: Vec<String>,
    /// Users who belong to it but may not.
    pub(crate) members: Vec<String>,
    /// Teams and the users in them.
    pub(crate) teams: BTreeMap<String, Vec<String>>,
}

impl Organization {
    pub(super) fn has_admin(&self, user: &str) -> bool {
        self.admins.iter().any(|admin| admin == user)
    }

    pub(super) fn has_member(&self, user: &str) -> bool {
        self.has_admin(user) || self.members.iter().any(|member| member == user)
    }
}

/// A repository of images.
pub(crate) struct Repository {
    /// The name of a user or an organization.
    pub(crate) namespace: String,
    /// Its name in the namespace.
    pub(crate) name: String,
    /// Shown in lists. A new repository has none.
    pub(crate) description: Option<String>,
    /// Whether it can be pulled without a login (case V3d).
    pub(crate) is_public: bool,
    /// What `user/NAME` and `team/NAME` may do with it. Administrators of the namespace may do everything.
    pub(crate) roles: BTreeMap<String, Role>,
    /// As the API lists them.
    pub(crate) tags: Vec<String>,
}

impl Repository {
    /// A private, empty repository.
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

/// What a user may do with a repository. Each role includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Pull.
    Read,
    /// Push too.
    Write,
    /// Change its settings too.
    Admin,
}

impl Role {
    /// The role of this name.
    pub(super) fn of(name: &str) -> Option<Role> {
        [Role::Read, Role::Write, Role::Admin].into_iter().find(|role| role.name() == name)
    }

    /// Quay's name for it.
    pub(super) fn name(self) -> &'static str {
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
    pub(crate) description: String,
    /// The "Homepage URL".
    pub(crate) homepage: String,
    /// The registered redirect URI. Empty if there is none.
    pub(crate) redirect_uri: String,
}

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The secret, 40 letters and digits.
    pub(crate) value: String,
    /// Its identifier in the API and in registry tokens.
    pub(crate) uuid: String,
    /// The user whose rights it has.
    pub(crate) user: String,
    /// As requested: with commas from a browser, with spaces from the API (case S9).
    pub(crate) scopes: String,
    /// The application that it belongs to.
    pub(crate) client_id: String,
    /// Only tokens created through the API have one.
    pub(crate) name: Option<String>,
    pub(crate) created: SystemTime,
    pub(crate) expires_at: SystemTime,
    pub(crate) last_accessed: Option<SystemTime>,
    /// Quay deletes a revoked token. The stand-in does not, so that tests can look at it.
    pub(crate) revoked: bool,
}

impl Token {
    pub(super) fn has_expired(&self) -> bool {
        self.expires_at <= SystemTime::now()
    }

    pub(super) fn is_active(&self) -> bool {
        !self.revoked && !self.has_expired()
    }
}

/// A single-use permission for a user to authorize an application of an organization (docs/quay.md, cases J).
pub(crate) struct Assignment {
    /// The value of `assignment_uuid`.
    pub(crate) uuid: String,
    /// The user who may use it.
    pub(crate) user: String,
    /// The application that it was created for. Quay takes it for any application of the same organization (case J12e).
    pub(crate) client_id: String,
    /// The scopes that it was created with. Quay does not enforce them (case J9).
    pub(crate) scopes: String,
    /// The redirect URI that it was created with. Quay does not enforce it.
    pub(crate) redirect_uri: String,
}
