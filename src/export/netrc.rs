//! A `.netrc`, by which tools log in with name and password: at the registry, since Quay's API takes no password.

use zeroize::Zeroizing;

use crate::domain::{AccessToken, BASIC_USER, Host};

/// One line. A `.netrc` knows no ports.
pub(super) fn write(host: &Host, token: &AccessToken) -> Zeroizing<String> {
    let name = host.name().trim_matches(['[', ']']);
    Zeroizing::new(format!("machine {name} login {BASIC_USER} password {}\n", token.expose()))
}
