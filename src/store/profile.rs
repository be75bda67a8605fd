//! What is stored of one profile besides the secret: settings, facts about its token, and what docker gets of its host.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{
    AccessToken, ClientId, Fingerprint, ProfileId, ProfileName, RedirectUri, Scopes, ServerText, StoreKind, Timestamp,
};

/// One login at one host: the settings that it used, and the facts about its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    #[serde(flatten)]
    pub(crate) id: ProfileId,
    /// The client ID last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<ClientId>,
    /// The registered redirect URI last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<RedirectUri>,
    /// The scopes last asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Scopes>,
    /// Where the token is, or was last.
    pub(crate) store: StoreKind,
    /// A file of CA certificates to trust besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether plain http to another machine was allowed.
    #[serde(default)]
    pub(crate) allow_http: bool,
    /// The token, while there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<StoredToken>,
    /// The profile as a login is storing it now, or was when it was killed. It counts as soon as its store holds its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Box<Profile>>,
}

/// What is known of a token besides the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredToken {
    /// Tells which secret in the store is this token: no other is ever served.
    pub(crate) fingerprint: Fingerprint,
    /// The Quay user who granted it; unknown while Quay could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<ServerText>,
    /// The granted scopes; unknown for a token that was read from stdin without `--scopes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Scopes>,
    /// Quay's identifier of the token, by which it can be revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uuid: Option<ServerText>,
    pub(crate) obtained_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether Quay accepted it when it was obtained.
    pub(crate) verified: bool,
}

impl StoredToken {
    /// A token of which nothing is known yet but the secret.
    pub(crate) fn unverified(token: &AccessToken) -> Self {
        StoredToken {
            fingerprint: token.fingerprint(),
            user: None,
            scopes: None,
            uuid: None,
            obtained_at: Timestamp::now(),
            expires_at: None,
            verified: false,
        }
    }
}

/// A token of this data folder that should be gone but could not be deleted. Every later login and logout tries again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leftover {
    #[serde(flatten)]
    pub(crate) id: ProfileId,
    /// Where it still is.
    pub(crate) store: StoreKind,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an older token of {} is still in the {}", self.id, self.store.description())
    }
}

/// What is remembered of a host for docker and similar tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DockerState {
    /// The profile given to `docker install`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<ProfileName>,
    /// Whether `docker logout` came after the last login: the helper then returns no token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_logged_out: bool,
    /// The helper that quay-auth replaced, by the settings file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) replaced: BTreeMap<PathBuf, String>,
}

/// What a settings file of docker's was before quay-auth was added. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "was", content = "text", rename_all = "snake_case")]
pub(crate) enum OriginalDockerFile {
    Missing,
    /// Blank, with this text.
    Blank(String),
    /// With an empty `credHelpers` of this text.
    EmptyHelpers(String),
    /// Anything else, which can be seen from the file later.
    Other,
}
