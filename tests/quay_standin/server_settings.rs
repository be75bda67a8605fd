//! What an operator of Quay can set, and failures in front of Quay. Tests change these.

use std::time::Duration;

/// The settings of a server. The defaults are those of the recorded server.
pub(crate) struct ServerSettings {
    /// `FEATURE_ANONYMOUS_ACCESS`: whether the API answers without a token (case Y3).
    pub(crate) allows_anonymous_access: bool,
    /// `FEATURE_ASSIGN_OAUTH_TOKEN`: whether administrators can assign applications to users (case Y5).
    pub(crate) assigns_applications: bool,
    /// `REGISTRY_STATE: readonly`: reading works, changes get 503 (case Y1).
    pub(crate) is_read_only: bool,
    /// `OAUTH_APPLICATION_MAXIMUM_TOKEN_COUNT`: how many active tokens an application may have before the API
    /// refuses to create another one (case Y4).
    pub(crate) token_limit: Option<usize>,
    /// `DIRECT_OAUTH_CLIENTID_WHITELIST`: the client IDs that may be authorized by user name and password (case AA1).
    pub(crate) direct_client_ids: Vec<String>,
    /// How long a user cannot log in after a wrong password (case AA9).
    pub(crate) wrong_password_delay: Duration,
    /// Whether Quay's own nginx is in front of it, which adds `X-Frame-Options` to successful answers and redirects.
    /// The recorded 3.11 had a plain proxy instead (cases X).
    pub(crate) has_own_nginx: bool,
}

impl Default for ServerSettings {
    fn default() -> ServerSettings {
        ServerSettings {
            allows_anonymous_access: true,
            assigns_applications: true,
            is_read_only: false,
            token_limit: None,
            direct_client_ids: Vec::new(),
            wrong_password_delay: Duration::from_secs(1),
            has_own_nginx: true,
        }
    }
}

/// How `/v2/auth` answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verify {
    /// As Quay does.
    Normal,
    /// Every credential is refused, as a wrong token is (case V3).
    Unauthorized,
    /// It never answers.
    Hang,
    /// With this status and an HTML page, as a proxy in front of Quay does.
    Status(u16),
    /// It says that every valid token belongs to this user.
    As(String),
}

/// An answer of a proxy in front of Quay, for a rate limit (cases Z) or an outage.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The beginning of the paths that it is for.
    path: String,
    /// Such as 429, 502 or 503.
    pub(super) status: u16,
    /// The value of `Retry-After`: seconds or a date.
    pub(super) retry_after: Option<String>,
    /// How many more requests fail.
    remaining: usize,
}

impl Failure {
    /// All requests whose path begins like this get that status.
    pub(crate) fn new(path: &str, status: u16) -> Failure {
        Failure { path: path.to_owned(), status, retry_after: None, remaining: usize::MAX }
    }

    /// Adds the header `Retry-After`.
    pub(crate) fn retry_after(self, value: &str) -> Failure {
        Failure { retry_after: Some(value.to_owned()), ..self }
    }

    /// Only this number of requests fails.
    pub(crate) fn times(self, times: usize) -> Failure {
        Failure { remaining: times, ..self }
    }

    /// Whether this request fails. Counts it.
    pub(super) fn applies_to(&mut self, path: &str) -> bool {
        let hits = self.remaining > 0 && path.starts_with(&self.path);
        self.remaining -= usize::from(hits);
        hits
    }
}
