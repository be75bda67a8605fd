//! A configuration file for curl that sends the token to Quay's API.

use zeroize::Zeroizing;

use crate::domain::AccessToken;

/// Uses curl's own option for tokens and not a header: curl does not send credentials to another host after a redirect.
pub(super) fn write(token: &AccessToken) -> Zeroizing<String> {
    Zeroizing::new(format!("oauth2-bearer = \"{}\"\n", token.expose()))
}
