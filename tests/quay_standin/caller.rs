//! Who calls the API, and with which scopes.

use std::time::SystemTime;

use super::api_replies::{insufficient_scope, requires_authentication};
use super::database::Database;
use super::reply::Reply;
use super::request::HttpRequest;
use super::scopes;

/// Basic authentication has no effect here (case P2h), and neither has an invalid token (cases P3c, R1b, W).
pub(super) enum Caller {
    Anonymous,
    /// With the session of a browser, which has all scopes.
    Person(String),
    Bearer {
        user: String,
        scopes: String,
    },
}

impl Caller {
    pub(super) fn of(database: &mut Database, request: &HttpRequest) -> Caller {
        let session = database.session(request).and_then(|session| session.user.clone());
        let users = &database.users;
        let is_enabled = |name: &str| users.get(name).is_some_and(|user| user.is_enabled);
        let bearer = request.bearer().unwrap_or_default();
        let token = database
            .tokens
            .iter_mut()
            .find(|token| token.value == bearer && token.is_active() && is_enabled(&token.user));
        match (token, session) {
            (Some(token), _) => {
                token.last_accessed = Some(SystemTime::now());
                Caller::Bearer { user: token.user.clone(), scopes: token.scopes.clone() }
            }
            (None, Some(user)) if is_enabled(&user) => Caller::Person(user),
            (None, _) => Caller::Anonymous,
        }
    }

    pub(super) fn is_bearer(&self) -> bool {
        matches!(self, Caller::Bearer { .. })
    }

    pub(super) fn is_anonymous(&self) -> bool {
        matches!(self, Caller::Anonymous)
    }

    /// The user, whatever the scopes.
    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Caller::Anonymous => None,
            Caller::Person(user) | Caller::Bearer { user, .. } => Some(user),
        }
    }

    /// The user, if the caller has this scope.
    pub(super) fn user_with(&self, scope: &str) -> Option<&str> {
        match self {
            Caller::Anonymous => None,
            Caller::Person(user) => Some(user),
            Caller::Bearer { user, scopes } => scopes::allows(&scopes::parse(scopes), scope).then_some(user),
        }
    }

    /// The same. Fails with 401 without a valid token, and with 403 if it lacks the scope (cases Q1, S1).
    pub(super) fn must_have(&self, scope: &str, database: &Database) -> Result<&str, Reply> {
        match self {
            Caller::Anonymous => Err(requires_authentication(database)),
            _ => self.user_with(scope).ok_or_else(|| insufficient_scope(database)),
        }
    }
}
