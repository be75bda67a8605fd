//! A `config.json` for docker that contains the token itself, for places where no helper can run.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::Exported;
use crate::domain::{AccessToken, Host, OAUTH_TOKEN_USER};

/// `{"auths": {HOST: {"auth": base64 of "$oauthtoken:TOKEN"}}}`.
pub(super) fn write(host: &Host, token: &AccessToken) -> Exported {
    let credentials = Zeroizing::new(format!("{OAUTH_TOKEN_USER}:{}", token.expose()));
    let auth = Zeroizing::new(BASE64_STANDARD.encode(credentials.as_bytes()));
    let registry = host.registry();
    let text = Zeroizing::new(format!(
        "{{\n  \"auths\": {{\n    \"{registry}\": {{\n      \"auth\": \"{}\"\n    }}\n  }}\n}}\n",
        *auth
    ));
    Exported { text, encoded: vec![auth] }
}
