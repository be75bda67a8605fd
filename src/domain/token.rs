//! `AccessToken`: the secret, in a type that does not print itself and is wiped.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The user name that goes with a token where a password is asked for (recorded case V1). In a shell it needs single quotes.
pub(crate) const BASIC_USER: &str = "$oauthtoken";

/// An OAuth 2 access token of Quay: 20 to 4096 characters of `[A-Za-z0-9._~+/=-]`.
///
/// Quay's own have 40 letters and digits; a JWT of the server's OIDC provider is taken as well. Made only by [`AccessToken::parse`],
/// so no other text is ever stored, printed or put in a header. Not `Clone`, not `PartialEq`, and `Debug` does not show it.
pub(crate) struct AccessToken(Zeroizing<String>);

/// Not a token: a wrong length or a character that no token holds. Never says which, since the text may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token: one has 20 to 4096 letters, digits or `._~+/=-`, on one line")]
pub(crate) struct MalformedToken;

impl AccessToken {
    /// Takes `text` as a token; it is wiped when it is none.
    pub(crate) fn parse(text: impl Into<Zeroizing<String>>) -> Result<Self, MalformedToken> {
        let text = text.into();
        let fits = (20..=4096).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~+/=-".contains(&b));
        if fits { Ok(AccessToken(text)) } else { Err(MalformedToken) }
    }

    /// The secret itself. Each call is a place where it may leave: read it twice.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// A short name of the token that gives nothing of it away: 16 hex digits of its SHA-256.
    pub(crate) fn fingerprint(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether both are the same token, in constant time.
    pub(crate) fn same_as(&self, other: &AccessToken) -> bool {
        self.is(&other.0)
    }

    /// Whether the text is this token, in constant time.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The text without anything in it that could be a token, or a long part of one: for words that repeat what somebody typed.
pub(crate) fn without_tokens(text: &str) -> String {
    let in_a_word = |c: char| c.is_ascii_alphanumeric() || "._~+-".contains(c);
    let is_random =
        |part: &str| part.len() >= 20 && part.contains(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase());
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| in_a_word(c) != in_a_word(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length);
        // A JWT has dots and dashes, but no uuid or host name has so long a part.
        let is_secret = in_a_word(first) && run.split(['.', '-']).any(is_random);
        shown.push_str(if is_secret { "…" } else { run });
        rest = after;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AccessToken, MalformedToken> {
        AccessToken::parse(text.to_owned())
    }

    #[test]
    fn holds_quays_tokens_and_jwts_and_nothing_else() {
        for good in ["a".repeat(20), "A1".repeat(20), "eyJhbGciOi.eyJzdWIi_-.c2ln==".to_owned(), "a".repeat(4096)] {
            assert_eq!(parse(&good).unwrap().expose(), good);
        }
        let forty = "a".repeat(39);
        for bad in ["".to_owned(), "a".repeat(19), "a".repeat(4097)]
            .into_iter()
            .chain(["\n", " ", "\0", "\x1b", "é", "\"", "%", "\r"].map(|odd| format!("{forty}{odd}")))
        {
            assert_eq!(parse(&bad).unwrap_err(), MalformedToken, "{bad:?}");
        }
    }

    #[test]
    fn a_token_in_a_text_is_not_repeated() {
        let secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";
        assert_eq!(without_tokens(&format!("unexpected argument '{secret}' found")), "unexpected argument '…' found");
        assert_eq!(
            without_tokens(&format!("https://a:{secret}@quay.io:1/#access_token={secret}&x")),
            "https://a:…@quay.io:1/#access_token=…&x"
        );
        for harmless in [
            "",
            "the value '--redirect-uri' is wrong",
            "docker-credential-quay-auth",
            "é – 日本",
            "0a1b2c3d-0000-4000-8000-000000000000",
        ] {
            assert_eq!(without_tokens(harmless), harmless);
        }
    }

    #[test]
    fn compares_and_does_not_print_itself() {
        let token = parse(&"a".repeat(40)).unwrap();
        assert!(token.same_as(&parse(&"a".repeat(40)).unwrap()));
        assert!(!token.same_as(&parse(&"b".repeat(40)).unwrap()));
        assert!(!token.same_as(&parse(&"a".repeat(41)).unwrap()));
        assert_eq!(format!("{token:?}"), "[redacted]");
        // printf %s aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | sha256sum
        assert_eq!(token.fingerprint(), "e33cdf9c7f7120b9");
    }
}
