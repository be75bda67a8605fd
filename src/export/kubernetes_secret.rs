//! A Kubernetes secret for pulling images, as input for `kubectl apply --filename -`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{Exported, SecretName, docker_config};
use crate::domain::{AccessToken, Host};

/// A secret of type `kubernetes.io/dockerconfigjson`.
pub(super) fn write(host: &Host, token: &AccessToken, SecretName(name): &SecretName) -> Exported {
    let Exported { text: config, mut encoded } = docker_config::write(host, token);
    let config = Zeroizing::new(BASE64_STANDARD.encode(config.as_bytes()));
    let text = Zeroizing::new(format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: kubernetes.io/dockerconfigjson\ndata:\n  \
         .dockerconfigjson: {}\n",
        *config
    ));
    encoded.push(config);
    Exported { text, encoded }
}
