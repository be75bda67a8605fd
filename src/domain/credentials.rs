//! A user name and a password of Quay, for direct approval (docs/quay.md, "Direct approval").

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// The name of a user who has a password: no colon, which ends it in Basic authentication (RFC 7617), and no control character. A robot,
/// whose name has a `+`, cannot get a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserName(String);

impl UserName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidUserName {
    #[error("a user name has 1 to 255 characters, no colon and no control character")]
    Character,
    #[error("a robot account cannot get a token; it logs in to the registry: docker login")]
    Robot,
}

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(text: &str) -> Result<Self, InvalidUserName> {
        let is_plain = |c: char| c != ':' && !c.is_control();
        if !(1..=255).contains(&text.len()) || !text.chars().all(is_plain) {
            return Err(InvalidUserName::Character);
        }
        if text.contains('+') { Err(InvalidUserName::Robot) } else { Ok(UserName(text.to_owned())) }
    }
}

/// A user's password. Wiped from memory when it is dropped. It cannot be printed, cloned or compared.
pub(crate) struct Password(Zeroizing<String>);

/// The error does not repeat the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password is one line, and is not empty")]
pub(crate) struct InvalidPassword;

impl Password {
    /// Wipes `text` if it is not a password. Spaces belong to it; the end of the line does not.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidPassword> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let fits = !line.is_empty() && !line.contains(char::is_control);
        if fits { Ok(Password(Zeroizing::new(line.to_owned()))) } else { Err(InvalidPassword) }
    }

    /// The secret itself. Each call is a place where it could leak, so review it with care.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_with_all_its_spaces() {
        for (text, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            (" two words \n", " two words "),
            ("grün", "grün"),
        ] {
            assert_eq!(Password::parse(text).map(|password| password.expose().to_owned()), Ok(password.to_owned()));
        }
        for bad in ["", "\n", "\r\n", "two\nlines", "secret\n\n", "a\tb", "\x1b[200~x"] {
            assert_eq!(Password::parse(bad).err(), Some(InvalidPassword), "{bad:?}");
        }
    }

    #[test]
    fn names_that_basic_authentication_cannot_hold_and_robots_are_rejected() {
        for good in ["alice", "a.l-i_c@e", "Ünal", "two words"] {
            assert_eq!(good.parse::<UserName>().unwrap().to_string(), good);
        }
        for bad in ["", "alice:x", "alice\n", &"a".repeat(256)] {
            assert_eq!(bad.parse::<UserName>(), Err(InvalidUserName::Character), "{bad:?}");
        }
        assert_eq!("acme+ci".parse::<UserName>(), Err(InvalidUserName::Robot));
    }
}
