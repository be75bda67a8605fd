//! A `.netrc`, with which tools log in by name and password. It works at the registry; Quay's API accepts no password.

use zeroize::Zeroizing;

use crate::domain::{AccessToken, Host, OAUTH_TOKEN_USER};

/// One line, without the port, since a `.netrc` has no ports.
pub(super) fn write(host: &Host, token: &AccessToken) -> Zeroizing<String> {
    let name = host.name().trim_matches(['[', ']']);
    Zeroizing::new(format!("machine {name} login {OAUTH_TOKEN_USER} password {}\n", token.expose()))
}
