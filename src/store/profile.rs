//! What is stored of a profile besides the secret: its settings, and what is known of its token; and what is stored for docker.

use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{
    AccessToken, ClientId, Fingerprint, ProfileId, ProfileName, RedirectUri, Scopes, ServerText, StoreKind, Timestamp,
};

/// One stored login: the settings that it used, and what is known of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    #[serde(flatten)]
    pub(crate) id: ProfileId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<RedirectUri>,
    /// The scopes that were requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Scopes>,
    /// Where the token is stored, or was before it was deleted.
    pub(crate) store: StoreKind,
    /// A file of CA certificates to trust besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether plain http to another machine was allowed.
    #[serde(default)]
    pub(crate) allow_http: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<StoredToken>,
    /// The profile that a login is storing now, or was when it was killed. It is used as soon as its token is in its store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Box<Profile>>,
}

impl Profile {
    /// This profile, and the pending one.
    pub(super) fn with_pending(&self) -> impl Iterator<Item = &Profile> {
        iter::once(self).chain(self.pending.as_deref())
    }
}

/// What is known of a stored token besides the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredToken {
    /// Identifies the token in the store. No other one is used.
    pub(crate) fingerprint: Fingerprint,
    /// The user in Quay. Unknown if Quay could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<ServerText>,
    /// Unknown for a token from elsewhere, unless `--scopes` or its URL named them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Scopes>,
    /// Quay's identifier of the token, by which it can be revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uuid: Option<ServerText>,
    pub(crate) obtained_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether Quay has accepted the token at least once.
    pub(crate) verified: bool,
}

impl StoredToken {
    /// A new token, of which only the secret is known.
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

    /// When the token expired, by this machine's clock. `None` if it has not, or if that is not known.
    pub(crate) fn past_expiry(&self) -> Option<Timestamp> {
        self.expires_at.filter(|expires_at| expires_at.is_past())
    }
}

/// A token of this data folder that should be gone but could not be deleted. The next login of its profile and every logout try again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leftover {
    #[serde(flatten)]
    pub(crate) id: ProfileId,
    pub(crate) store: StoreKind,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an older token of {} is still in the {}", self.id, self.store.description())
    }
}

/// What is stored of a host for docker and the other container tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DockerState {
    /// The profile of the last `docker install`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<ProfileName>,
    /// Whether `docker logout` came after the last login. Then docker gets no token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_logged_out: bool,
    /// The helper that `docker install --force` replaced, by the path of docker's settings file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) replaced: BTreeMap<PathBuf, String>,
}

/// What docker's settings file contained before `docker install`, as far as `docker uninstall` cannot see it in the file. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "was", content = "text", rename_all = "snake_case")]
pub(crate) enum OriginalDockerFile {
    Missing,
    /// This text, which has no settings.
    Blank(String),
    /// An empty `credHelpers`, with this text.
    EmptyHelpers(String),
    /// Anything else: nothing needs to be known.
    Other,
}
