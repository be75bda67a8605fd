//! Types that parse, compare and format: hosts, profiles, scopes, tokens. No I/O, and no imports from the rest of the crate.

mod api_path;
mod application;
mod credentials;
mod host;
mod lifetime;
mod listen_address;
mod profile;
mod scopes;
mod server_text;
mod timestamp;
mod token;

pub(crate) use api_path::ApiPath;
pub(crate) use application::{AssignmentId, ClientId, InvalidClientId, InvalidRedirectUri, LoopbackHost, RedirectUri};
pub(crate) use credentials::{Password, UserName};
pub(crate) use host::{Host, HostArgument, Scheme};
pub(crate) use lifetime::Lifetime;
pub(crate) use listen_address::ListenAddress;
pub(crate) use profile::{ProfileId, ProfileName, StoreKind};
pub(crate) use scopes::{KnownScope, Scopes};
pub(crate) use server_text::{ServerText, is_terminal_control};
pub(crate) use timestamp::Timestamp;
pub(crate) use token::{AccessToken, Fingerprint, MalformedToken, OAUTH_TOKEN_USER, redact_tokens};

/// Implements serde's traits by `FromStr` and `Display`.
macro_rules! serialize_as_text {
    ($($type:ty),+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

serialize_as_text!(ClientId, Host, ProfileName, RedirectUri, Scopes, StoreKind);

/// Finds the word in `known` that `word` is probably a misspelling of.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
