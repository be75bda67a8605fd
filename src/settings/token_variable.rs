//! `QUAY_AUTH_TOKEN`: a token that is used instead of the stored one of one host.

use super::{Error, Settings, SeveralHosts, environment};
use crate::domain::{AccessToken, Host, MalformedToken};

/// What `QUAY_AUTH_TOKEN` contains, and the host that it is for: the one that is configured, else the only one in use. No other host may get
/// the token.
#[derive(Debug)]
pub(crate) enum TokenVariable {
    Unset,
    /// Set to nothing, as in a CI job that may not read the secret. It counts as unset.
    Empty,
    /// These hosts have a profile and none of them is configured, so it is not known which of them may get the token.
    WithoutHost(Vec<Host>),
    /// For this host. An error if it is not a token: then only commands that would use it fail.
    ForHost(Host, Result<AccessToken, MalformedToken>),
}

impl TokenVariable {
    /// Whether it is used instead of the stored token of this host, or would be if it contained a token.
    pub(crate) fn is_for(&self, host: &Host) -> bool {
        self.host() == Some(host)
    }

    /// The host that it is for.
    pub(crate) fn host(&self) -> Option<&Host> {
        match self {
            TokenVariable::ForHost(host, _) => Some(host),
            TokenVariable::Unset | TokenVariable::Empty | TokenVariable::WithoutHost(_) => None,
        }
    }

    /// The token to use instead of the stored one of this host, if there is one. Fails if it is not a token.
    pub(crate) fn token_for(self, host: &Host) -> Result<Option<AccessToken>, Error> {
        match self {
            TokenVariable::ForHost(own, token) if own == *host => Ok(Some(token?)),
            _ => Ok(None),
        }
    }
}

impl Settings {
    /// Reads the variable again, because its token cannot be copied.
    pub(crate) fn token_variable(&self) -> TokenVariable {
        let Some(text) = environment::token() else { return TokenVariable::Unset };
        if text.is_empty() {
            return TokenVariable::Empty;
        }
        // `switch` must not send the token to another host.
        match self.configured_host().map_or_else(|| self.only_host(), Ok) {
            Ok(host) => TokenVariable::ForHost(host, AccessToken::parse(text)),
            Err(SeveralHosts { hosts, .. }) => TokenVariable::WithoutHost(hosts),
        }
    }
}
