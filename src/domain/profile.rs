//! `ProfileId`: the name and host of a stored login, and `StoreKind`: where its token is stored.

use std::fmt;
use std::str::FromStr;

use super::{Host, redact_tokens};

/// The name of a profile: 1 to 64 of letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProfileName(String);

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ProfileName {
    pub(crate) fn is_default(&self) -> bool {
        self.0 == "default"
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        ProfileName("default".to_owned())
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a profile name has 1 to 64 letters, digits, `.`, `_` or `-`")]
pub(crate) struct InvalidProfileName;

impl FromStr for ProfileName {
    type Err = InvalidProfileName;

    fn from_str(text: &str) -> Result<Self, InvalidProfileName> {
        let fits =
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if fits { Ok(ProfileName(text.to_owned())) } else { Err(InvalidProfileName) }
    }
}

/// Identifies a profile. Written `NAME@HOST[:PORT]`; that is also its name in the keyring and in `profiles.toml`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct ProfileId {
    pub(crate) host: Host,
    pub(crate) name: ProfileName,
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host.authority())
    }
}

/// Where a token is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StoreKind {
    /// The operating system's keyring.
    #[default]
    Keyring,
    /// The token file, which only its owner can read. Only used if the user asks for it.
    File,
}

impl StoreKind {
    pub(crate) const ALL: [StoreKind; 2] = [StoreKind::Keyring, StoreKind::File];

    /// For messages.
    pub(crate) fn description(self) -> &'static str {
        match self {
            StoreKind::Keyring => "keyring",
            StoreKind::File => "token file",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreKind::Keyring => "keyring",
            StoreKind::File => "file",
        })
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store must be `keyring` or `file`, not `{0}`")]
pub(crate) struct UnknownStore(String);

impl FromStr for StoreKind {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, UnknownStore> {
        match text {
            "keyring" => Ok(StoreKind::Keyring),
            "file" => Ok(StoreKind::File),
            _ => Err(UnknownStore(redact_tokens(&text.chars().take(20).collect::<String>()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_names_have_1_to_64_plain_characters() {
        for good in ["default", "ci-2.read_only", &"a".repeat(64)] {
            assert!(good.parse::<ProfileName>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a@b", "é", "a/b", &"a".repeat(65)] {
            assert_eq!(bad.parse::<ProfileName>(), Err(InvalidProfileName), "{bad}");
        }
    }

    #[test]
    fn profiles_are_written_with_host_and_port() {
        let profile = |host: &str, name: &str| ProfileId { host: host.parse().unwrap(), name: name.parse().unwrap() };
        assert_eq!(profile("quay.io", "default").to_string(), "default@quay.io");
        assert_eq!(profile("http://localhost:8080", "admin").to_string(), "admin@localhost:8080");
        assert_eq!(profile("http://quay.test", "a").to_string(), "a@quay.test:80");
    }
}
