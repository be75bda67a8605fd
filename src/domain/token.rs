//! `AccessToken`: the secret. Its type does not print it and wipes it from memory when it is dropped.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The user name for a token that is used as a password (docs/quay.md, case V1). In a shell it needs single quotes.
pub(crate) const OAUTH_TOKEN_USER: &str = "$oauthtoken";

/// An OAuth 2 access token of Quay: 20 to 4096 characters of `[A-Za-z0-9._~+/=-]`.
///
/// Those that Quay creates have 40 letters and digits; Quay also accepts a JWT from the server's OIDC provider.
/// [`AccessToken::parse`] is the only constructor, so no other text is ever stored, printed or sent as a token. Not `Clone`, not
/// `PartialEq`; `Debug` does not show it.
pub(crate) struct AccessToken(Zeroizing<String>);

/// A wrong length or a wrong character. The error does not repeat the text, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token: a token is one line of 20 to 4096 letters, digits or `._~+/=-`")]
pub(crate) struct MalformedToken;

impl AccessToken {
    /// Wipes `text` if it is not a token.
    pub(crate) fn parse(text: impl Into<Zeroizing<String>>) -> Result<Self, MalformedToken> {
        let text = text.into();
        let fits = (20..=4096).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~+/=-".contains(&b));
        if fits { Ok(AccessToken(text)) } else { Err(MalformedToken) }
    }

    /// The secret itself. Each call is a place where it could leak, so review it with care.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.0.as_bytes())
    }

    /// Compares in constant time.
    pub(crate) fn same_as(&self, other: &AccessToken) -> bool {
        self.equals(&other.0)
    }

    /// Compares in constant time.
    pub(crate) fn equals(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

/// Identifies a secret without revealing it: the first 16 hex digits of its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    pub(crate) fn of(secret: &[u8]) -> Self {
        Fingerprint(Sha256::digest(secret).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Replaces everything in the text that could be a token, or a long part of one. For messages that repeat what a person typed.
pub(crate) fn redact_tokens(text: &str) -> String {
    let is_token_character = |c: char| c.is_ascii_alphanumeric() || "._~+-".contains(c);
    let looks_random =
        |part: &str| part.len() >= 20 && part.contains(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase());
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| is_token_character(c) != is_token_character(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length);
        // A JWT has dots and dashes. UUIDs and host names have them too, but their parts are short.
        let may_be_token = is_token_character(first) && run.split(['.', '-']).any(looks_random);
        redacted.push_str(if may_be_token { "…" } else { run });
        rest = after;
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AccessToken, MalformedToken> {
        AccessToken::parse(text.to_owned())
    }

    #[test]
    fn tokens_of_quay_and_jwts_are_accepted_and_nothing_else() {
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
    fn redact_tokens_replaces_tokens_only() {
        let secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";
        assert_eq!(redact_tokens(&format!("unexpected argument '{secret}' found")), "unexpected argument '…' found");
        assert_eq!(
            redact_tokens(&format!("https://a:{secret}@quay.io:1/#access_token={secret}&x")),
            "https://a:…@quay.io:1/#access_token=…&x"
        );
        for harmless in [
            "",
            "the value '--redirect-uri' is wrong",
            "docker-credential-quay-auth",
            "é – 日本",
            "0a1b2c3d-0000-4000-8000-000000000000",
        ] {
            assert_eq!(redact_tokens(harmless), harmless);
        }
    }

    #[test]
    fn tokens_are_compared_and_not_printed() {
        let token = parse(&"a".repeat(40)).unwrap();
        assert!(token.same_as(&parse(&"a".repeat(40)).unwrap()));
        assert!(!token.same_as(&parse(&"b".repeat(40)).unwrap()));
        assert!(!token.same_as(&parse(&"a".repeat(41)).unwrap()));
        assert_eq!(format!("{token:?}"), "[redacted]");
        // printf %s aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | sha256sum
        assert_eq!(token.fingerprint(), Fingerprint("e33cdf9c7f7120b9".to_owned()));
    }
}
