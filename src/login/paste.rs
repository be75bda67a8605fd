//! What a person pastes as the answer: the address where the browser ended on another machine, or a token alone.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::answer::{Answer, Rejection};
use super::authorize::Authorization;
use crate::domain::AccessToken;

/// Why a pasted text is not the answer. None of them repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasteError {
    /// An address, but of another login or another site.
    #[error("this address is not the answer to this login")]
    AnotherLogin,
    /// An address of this login without an answer in it; the part behind `#` may be missing.
    #[error("there is neither a token nor a refusal in this address; copy all of it, with everything behind its #")]
    NoAnswer,
    /// Neither an address nor a token.
    #[error("this is neither an address nor a token")]
    Neither,
}

impl Authorization {
    /// Reads a pasted text as the answer to this request.
    ///
    /// An address must be the one that Quay was asked to send the browser to, nonce included, and a state, where there is one, must
    /// match: the same lock as for an answer by the catcher. A bare token is the person's own act.
    pub(crate) fn read_paste(&self, text: Zeroizing<String>) -> Result<Answer, PasteError> {
        if !text.contains("://") {
            let token = AccessToken::parse(text).map_err(|_| PasteError::Neither)?;
            return Ok(Answer::Token { token: Arc::new(token), expires_in: None });
        }
        let (address, fragment) = text.split_once('#').unwrap_or((&text, ""));
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        if address != self.redirect_uri() {
            return Err(PasteError::AnotherLogin);
        }
        Answer::read(query, fragment, &self.state()).map_err(|rejection| match rejection {
            Rejection::WrongState => PasteError::AnotherLogin,
            Rejection::NoHandOver | Rejection::Invalid => PasteError::NoAnswer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";

    #[test]
    fn an_address_must_be_of_this_login() {
        let login = Authorization::answered_at("http://127.0.0.1:7829/callback/N", "st8");
        let read = |text: &str| {
            login.read_paste(Zeroizing::new(text.to_owned())).map(|answer| match answer {
                Answer::Token { token, .. } => token.expose().to_owned(),
                Answer::Refused(refusal) => format!("{refusal:?}"),
            })
        };
        let token = || Ok(TOKEN.to_owned());
        assert_eq!(
            read(&format!("http://127.0.0.1:7829/callback/N?scope=a&state=st8#access_token={TOKEN}&token_type=Bearer")),
            token()
        );
        assert_eq!(read(&format!("http://127.0.0.1:7829/callback/N?scope=a#access_token={TOKEN}")), token());
        assert_eq!(read(TOKEN), token());
        assert_eq!(read("http://127.0.0.1:7829/callback/N?error=authorization_denied"), Ok("Denied".to_owned()));
        for (text, error) in [
            (&*format!("http://127.0.0.1:7829/callback/M#access_token={TOKEN}"), PasteError::AnotherLogin),
            (&*format!("http://127.0.0.1:7829/callback#access_token={TOKEN}"), PasteError::AnotherLogin),
            (&*format!("http://127.0.0.1:7829/callback/N?state=other#access_token={TOKEN}"), PasteError::AnotherLogin),
            (&*format!("https://evil.example/callback/N#access_token={TOKEN}"), PasteError::AnotherLogin),
            ("http://127.0.0.1:7829/callback/N?state=st8", PasteError::NoAnswer),
            ("short", PasteError::Neither),
            ("a b", PasteError::Neither),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
    }
}
