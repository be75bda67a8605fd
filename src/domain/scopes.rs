//! `Scopes`: what a token is allowed to do.

use std::fmt;
use std::str::FromStr;

/// A scope that this version of quay-auth knows.
pub(crate) struct KnownScope {
    pub(crate) name: &'static str,
    /// What it allows, in one line.
    pub(crate) allows: &'static str,
    pub(crate) implies: &'static [&'static str],
    /// Quay asks the user twice before it grants the scope, and then does not send `state` back.
    pub(crate) is_dangerous: bool,
}

/// Quay's scopes (Quay's auth/scopes.py; docs/quay.md, case U1c). None gives a token a right that its user does not have.
const KNOWN: [KnownScope; 8] = [
    KnownScope { name: "repo:read", allows: "see and pull repositories", implies: &[], is_dangerous: false },
    KnownScope {
        name: "repo:write",
        allows: "push to them; to a new one only with repo:create",
        implies: &["repo:read"],
        is_dangerous: false,
    },
    KnownScope {
        name: "repo:admin",
        allows: "change their settings and permissions, delete them",
        implies: &["repo:write", "repo:read"],
        is_dangerous: false,
    },
    KnownScope {
        name: "repo:create",
        allows: "create repositories, also by a push (with repo:write)",
        implies: &[],
        is_dangerous: false,
    },
    KnownScope { name: "user:read", allows: "read user name and organizations", implies: &[], is_dangerous: false },
    KnownScope {
        name: "user:admin",
        allows: "change the account, its robots and authorizations",
        implies: &[],
        is_dangerous: true,
    },
    KnownScope {
        name: "org:admin",
        allows: "change organizations, teams and applications, create and revoke tokens",
        implies: &[],
        is_dangerous: true,
    },
    KnownScope { name: "super:user", allows: "administer the whole server", implies: &[], is_dangerous: true },
];

/// A list of scopes in Quay's spelling, without duplicates.
///
/// Written comma-separated without spaces (`repo:read,user:read`); spaces are accepted when reading.
/// Fails on an empty list and on characters that no scope can contain. `quay::discovery` asks a host which scopes it offers.
/// Source: RFC 6749 section 3.3; docs/quay.md, cases E.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<String>);

impl Scopes {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The scopes that this version of quay-auth does not know. The host may know them.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.iter().filter(|scope| KNOWN.iter().all(|known| known.name != *scope))
    }

    /// The scopes of `wanted` that these scopes neither contain nor imply.
    pub(crate) fn missing(&self, wanted: &Scopes) -> Option<Scopes> {
        let grants = |scope: &str| {
            self.iter().any(|own| {
                own == scope || KNOWN.iter().any(|known| known.name == own && known.implies.contains(&scope))
            })
        };
        let missing: Vec<String> = wanted.iter().filter(|scope| !grants(scope)).map(str::to_owned).collect();
        (!missing.is_empty()).then_some(Scopes(missing))
    }

    pub(crate) fn union(&self, more: &Scopes) -> Scopes {
        let mut scopes = self.0.clone();
        scopes.extend(more.0.iter().filter(|scope| !self.0.contains(scope)).cloned());
        Scopes(scopes)
    }

    /// The scope with which docker can pull private images.
    pub(crate) fn pull() -> Self {
        Scopes(vec!["repo:read".to_owned()])
    }

    /// The scope with which a token can list, create and revoke tokens of an application.
    pub(crate) fn org_admin() -> Self {
        Scopes(vec!["org:admin".to_owned()])
    }

    pub(crate) fn known() -> impl Iterator<Item = &'static KnownScope> {
        KNOWN.iter()
    }

    pub(crate) fn known_names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|known| known.name)
    }
}

impl Default for Scopes {
    /// Enough to pull, and for the first request that people try, `api user/`.
    fn default() -> Self {
        Scopes(vec!["repo:read".to_owned(), "user:read".to_owned()])
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// Why a text is not a list of scopes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidScopes {
    #[error("there is no scope; write scopes like repo:read,user:read")]
    Empty,
    /// A character that RFC 6749 does not allow in a `scope-token`, or a scope that is too long.
    #[error("scopes are words like repo:read, separated by commas")]
    Character,
}

impl FromStr for Scopes {
    type Err = InvalidScopes;

    fn from_str(text: &str) -> Result<Self, InvalidScopes> {
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.split([',', ' ']).filter(|scope| !scope.is_empty()) {
            let fits = scope.len() <= 64 && scope.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b));
            if !fits {
                return Err(InvalidScopes::Character);
            }
            if !scopes.iter().any(|seen| seen == scope) {
                scopes.push(scope.to_owned());
            }
        }
        if scopes.is_empty() { Err(InvalidScopes::Empty) } else { Ok(Scopes(scopes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    #[test]
    fn scopes_are_separated_by_commas_or_spaces() {
        assert_eq!(scopes("repo:read, user:read repo:read,").to_string(), "repo:read,user:read");
        assert_eq!("".parse::<Scopes>(), Err(InvalidScopes::Empty));
        assert_eq!(" , ".parse::<Scopes>(), Err(InvalidScopes::Empty));
        assert_eq!("repo:réad".parse::<Scopes>(), Err(InvalidScopes::Character));
        assert_eq!("repo:read\n".parse::<Scopes>(), Err(InvalidScopes::Character));
    }

    #[test]
    fn an_implied_scope_is_not_missing() {
        assert_eq!(scopes("repo:admin").missing(&scopes("repo:read,repo:write")), None);
        assert_eq!(scopes("repo:read").missing(&scopes("repo:write,repo:read")), Some(scopes("repo:write")));
        assert_eq!(scopes("user:admin").missing(&scopes("user:read")), Some(scopes("user:read")));
    }

    #[test]
    fn unknown_scopes_are_found_and_the_nearest_one_is_suggested() {
        assert_eq!(scopes("repo:read,repo:raed").unknown().collect::<Vec<_>>(), ["repo:raed"]);
        assert_eq!(super::super::nearest("repo:raed", Scopes::known_names()), Some("repo:read"));
        assert_eq!(super::super::nearest("x", Scopes::known_names()), None);
    }
}
