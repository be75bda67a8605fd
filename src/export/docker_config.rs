//! A `config.json` of docker's that holds the token itself, for places where no helper can run.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::domain::{AccessToken, BASIC_USER, Host};

/// `{"auths": {HOST: {"auth": base64 of "$oauthtoken:TOKEN"}}}`.
pub(super) fn write(host: &Host, token: &AccessToken) -> Zeroizing<String> {
    let credentials = Zeroizing::new(format!("{BASIC_USER}:{}", token.expose()));
    let auth = Zeroizing::new(BASE64_STANDARD.encode(credentials.as_bytes()));
    let registry = host.registry();
    Zeroizing::new(format!(
        "{{\n  \"auths\": {{\n    \"{registry}\": {{\n      \"auth\": \"{}\"\n    }}\n  }}\n}}\n",
        *auth
    ))
}
