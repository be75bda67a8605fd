//! Variables, one a line: for `docker run --env-file`, systemd's `EnvironmentFile`, and a shell after `set -a`.

use zeroize::Zeroizing;

use crate::domain::{AccessToken, Host};

/// The variables that terraform and Ansible read. No quotes: docker would take them for part of the value, and no value needs any.
pub(super) fn write(host: &Host, token: &AccessToken) -> Zeroizing<String> {
    Zeroizing::new(format!("QUAY_TOKEN={}\nQUAY_URL={}\nQUAY_HOST={host}\n", token.expose(), host.origin()))
}
