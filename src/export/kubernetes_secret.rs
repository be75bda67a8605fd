//! A Kubernetes secret that pulls images, as `kubectl apply --filename -` takes it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{SecretName, docker_config};
use crate::domain::{AccessToken, Host};

/// A secret of type `kubernetes.io/dockerconfigjson`.
pub(super) fn write(host: &Host, token: &AccessToken, SecretName(name): &SecretName) -> Zeroizing<String> {
    let config = Zeroizing::new(BASE64_STANDARD.encode(docker_config::write(host, token).as_bytes()));
    Zeroizing::new(format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: kubernetes.io/dockerconfigjson\ndata:\n  \
         .dockerconfigjson: {}\n",
        *config
    ))
}
