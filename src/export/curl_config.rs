//! A configuration of curl's that sends the token as Quay's API takes it.

use zeroize::Zeroizing;

use crate::domain::AccessToken;

/// Not a `header`: what curl knows as credentials, it does not take along to another host.
pub(super) fn write(token: &AccessToken) -> Zeroizing<String> {
    Zeroizing::new(format!("oauth2-bearer = \"{}\"\n", token.expose()))
}
