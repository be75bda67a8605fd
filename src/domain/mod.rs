//! The words of `quay-auth` as types: parsing, comparing, formatting. No I/O, and nothing of ours is imported here.
//!
//! To add a word: a file here, its `FromStr` with an error that says what was meant, its tests at the end of the file.

mod api_path;
mod application;
mod host;
mod lifetime;
mod profile;
mod scopes;
mod server_text;
mod timestamp;
mod token;

pub(crate) use api_path::ApiPath;
pub(crate) use application::{AssignmentId, ClientId, LoopbackHost, RedirectUri};
pub(crate) use host::{Host, HostArgument, Scheme};
pub(crate) use lifetime::Lifetime;
pub(crate) use profile::{Profile, ProfileName, StoreKind};
pub(crate) use scopes::{KnownScope, Scopes};
pub(crate) use server_text::{ServerText, steers_a_terminal};
pub(crate) use timestamp::Timestamp;
pub(crate) use token::{AccessToken, BASIC_USER, MalformedToken, without_tokens};

/// Lets each of these types stand in a file or in JSON as the text that `FromStr` reads and `Display` writes.
macro_rules! stands_as_text {
    ($($word:ty),+) => {$(
        impl serde::Serialize for $word {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $word {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

stands_as_text!(ClientId, Host, ProfileName, RedirectUri, Scopes, StoreKind);

/// The word of `known` that is nearest to `word`, when it is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
