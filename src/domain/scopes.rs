//! `Scopes`: what a token may do, in Quay's words.

use std::fmt;
use std::str::FromStr;

/// One scope that Quay has today.
pub(crate) struct KnownScope {
    /// Quay's word.
    pub(crate) word: &'static str,
    /// What it allows, in one line.
    pub(crate) allows: &'static str,
    /// The words that it brings along.
    pub(crate) implies: &'static [&'static str],
    /// Whether Quay asks twice before it is granted, and gives no `state` back.
    pub(crate) is_dangerous: bool,
}

/// Quay's scopes (auth/scopes.py; recorded case U1c). None gives a right that the user lacks.
const KNOWN: [KnownScope; 8] = [
    KnownScope { word: "repo:read", allows: "see and pull repositories", implies: &[], is_dangerous: false },
    KnownScope { word: "repo:write", allows: "push to them", implies: &["repo:read"], is_dangerous: false },
    KnownScope {
        word: "repo:admin",
        allows: "change their settings and permissions, delete them",
        implies: &["repo:write", "repo:read"],
        is_dangerous: false,
    },
    KnownScope { word: "repo:create", allows: "make repositories", implies: &[], is_dangerous: false },
    KnownScope { word: "user:read", allows: "read user name and e-mail address", implies: &[], is_dangerous: false },
    KnownScope {
        word: "user:admin",
        allows: "change the account, its robots and authorizations",
        implies: &[],
        is_dangerous: true,
    },
    KnownScope {
        word: "org:admin",
        allows: "change organizations, teams and applications, make and end tokens",
        implies: &[],
        is_dangerous: true,
    },
    KnownScope { word: "super:user", allows: "administer the whole Quay", implies: &[], is_dangerous: true },
];

/// The scopes that a token was granted, in Quay's spelling and order.
///
/// Format: comma-separated, no blanks (`repo:read,user:read`); blanks are accepted too, commas are written.
/// Fails on an empty list and on a character that no scope may hold; whether a host knows the word, `quay::scopes` asks.
/// Source: RFC 6749 section 3.3; recorded cases "E scope …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<String>);

impl Scopes {
    /// The words, in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The words that this program does not know; a host may.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.words().filter(|word| KNOWN.iter().all(|known| known.word != *word))
    }

    /// The words of `wanted` that these scopes neither hold nor imply.
    pub(crate) fn missing(&self, wanted: &Scopes) -> Option<Scopes> {
        let grants = |word: &str| {
            self.words().any(|held| {
                held == word || KNOWN.iter().any(|known| known.word == held && known.implies.contains(&word))
            })
        };
        let missing: Vec<String> = wanted.words().filter(|word| !grants(word)).map(str::to_owned).collect();
        (!missing.is_empty()).then_some(Scopes(missing))
    }

    /// These scopes and those of `more`, each once.
    pub(crate) fn with(&self, more: &Scopes) -> Scopes {
        let mut words = self.0.clone();
        words.extend(more.0.iter().filter(|word| !self.0.contains(word)).cloned());
        Scopes(words)
    }

    /// Quay's scopes of today.
    pub(crate) fn known() -> impl Iterator<Item = &'static KnownScope> {
        KNOWN.iter()
    }

    /// Their words.
    pub(crate) fn known_words() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|known| known.word)
    }
}

impl Default for Scopes {
    /// The least that is useful: `repo:read`.
    fn default() -> Self {
        Scopes(vec!["repo:read".to_owned()])
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
    /// No word in it.
    #[error("no scope is named; write them as repo:read,user:read")]
    Empty,
    /// A character outside RFC 6749's `scope-token`, or a word that is no scope by its length.
    #[error("scopes are words such as repo:read, separated by commas")]
    Character,
}

impl FromStr for Scopes {
    type Err = InvalidScopes;

    fn from_str(text: &str) -> Result<Self, InvalidScopes> {
        let mut words: Vec<String> = Vec::new();
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            let fits = word.len() <= 64 && word.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b));
            if !fits {
                return Err(InvalidScopes::Character);
            }
            if !words.iter().any(|seen| seen == word) {
                words.push(word.to_owned());
            }
        }
        if words.is_empty() { Err(InvalidScopes::Empty) } else { Ok(Scopes(words)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    #[test]
    fn reads_commas_and_blanks_and_writes_commas() {
        assert_eq!(scopes("repo:read, user:read repo:read,").to_string(), "repo:read,user:read");
        assert_eq!("".parse::<Scopes>(), Err(InvalidScopes::Empty));
        assert_eq!(" , ".parse::<Scopes>(), Err(InvalidScopes::Empty));
        assert_eq!("repo:réad".parse::<Scopes>(), Err(InvalidScopes::Character));
        assert_eq!("repo:read\n".parse::<Scopes>(), Err(InvalidScopes::Character));
    }

    #[test]
    fn a_wider_scope_grants_the_narrower() {
        assert_eq!(scopes("repo:admin").missing(&scopes("repo:read,repo:write")), None);
        assert_eq!(scopes("repo:read").missing(&scopes("repo:write,repo:read")), Some(scopes("repo:write")));
        assert_eq!(scopes("user:admin").missing(&scopes("user:read")), Some(scopes("user:read")));
    }

    #[test]
    fn tells_the_words_that_it_does_not_know() {
        assert_eq!(scopes("repo:read,repo:raed").unknown().collect::<Vec<_>>(), ["repo:raed"]);
        assert_eq!(super::super::nearest("repo:raed", Scopes::known_words()), Some("repo:read"));
        assert_eq!(super::super::nearest("x", Scopes::known_words()), None);
    }
}
