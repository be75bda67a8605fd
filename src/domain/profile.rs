//! `Profile`: one login at one host, and the two kinds of place that can keep its token.

use std::fmt;
use std::str::FromStr;

use super::{Host, without_tokens};

/// The name of a profile: 1 to 64 of letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProfileName(String);

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ProfileName {
    /// Whether it is the name that goes without saying.
    pub(crate) fn is_default(&self) -> bool {
        self.0 == "default"
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        ProfileName("default".to_owned())
    }
}

/// A profile name with a character that none may hold, or of a wrong length.
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

/// One login at one host. Written `NAME@HOST[:PORT]`; that is also its name in the keyring and in `profiles.toml`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Profile {
    /// The Quay.
    pub(crate) host: Host,
    /// Tells several logins at that host apart.
    pub(crate) name: ProfileName,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host.authority())
    }
}

impl Profile {
    /// The flags that name this profile on a command line: `--host quay.io`, with `--profile` where it is not the default.
    pub(crate) fn flags(&self) -> String {
        if self.name.is_default() {
            format!("--host {}", self.host)
        } else {
            format!("--host {} --profile {}", self.host, self.name)
        }
    }
}

/// Where a token is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// The operating system's own keyring.
    #[default]
    Keyring,
    /// A plain file that only its owner may read; never without the user's word.
    File,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreKind::Keyring => "keyring",
            StoreKind::File => "file",
        })
    }
}

/// Neither `keyring` nor `file`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is kept in the `keyring` or in a `file`, not in `{0}`")]
pub(crate) struct UnknownStore(String);

impl FromStr for StoreKind {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, UnknownStore> {
        match text {
            "keyring" => Ok(StoreKind::Keyring),
            "file" => Ok(StoreKind::File),
            _ => Err(UnknownStore(without_tokens(&text.chars().take(20).collect::<String>()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["default", "ci-2.read_only", &"a".repeat(64)] {
            assert!(good.parse::<ProfileName>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a@b", "é", "a/b", &"a".repeat(65)] {
            assert_eq!(bad.parse::<ProfileName>(), Err(InvalidProfileName), "{bad}");
        }
    }

    #[test]
    fn is_written_with_host_and_port() {
        let profile = |host: &str, name: &str| Profile { host: host.parse().unwrap(), name: name.parse().unwrap() };
        assert_eq!(profile("quay.io", "default").to_string(), "default@quay.io");
        assert_eq!(profile("http://localhost:8080", "admin").to_string(), "admin@localhost:8080");
        assert_eq!(profile("http://quay.test", "a").to_string(), "a@quay.test:80");
        assert_eq!(profile("quay.io", "admin").flags(), "--host quay.io --profile admin");
    }
}
