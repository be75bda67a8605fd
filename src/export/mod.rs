//! The token in the formats of other tools, one file each: a function of host and token. To add one: a file here, a variant and an arm
//! below, a test that feeds the tool itself.

mod curl_config;
mod docker_config;
mod env;
mod kubernetes_secret;
mod netrc;

use zeroize::Zeroizing;

use crate::domain::{AccessToken, Host};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// `docker-config`
    DockerConfig,
    /// `kubernetes-secret`
    KubernetesSecret,
    /// `env`
    Env,
    /// `curl-config`
    CurlConfig,
    /// `netrc`
    Netrc,
}

impl Format {
    /// Host and token in this format, with a newline at the end. `name` is that of a Kubernetes secret.
    pub(crate) fn write(self, host: &Host, token: &AccessToken, name: &SecretName) -> Zeroizing<String> {
        match self {
            Format::DockerConfig => docker_config::write(host, token),
            Format::KubernetesSecret => kubernetes_secret::write(host, token, name),
            Format::Env => env::write(host, token),
            Format::CurlConfig => curl_config::write(token),
            Format::Netrc => netrc::write(host, token),
        }
    }
}

/// The name of a Kubernetes object: 1 to 253 lower-case letters, digits, `-` and `.`, each part between dots with a letter or digit at
/// both ends (RFC 1123 subdomain).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretName(String);

/// Not a name that Kubernetes takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Kubernetes name has lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit")]
pub(crate) struct InvalidSecretName;

impl std::str::FromStr for SecretName {
    type Err = InvalidSecretName;

    fn from_str(text: &str) -> Result<Self, InvalidSecretName> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_part = |part: &str| {
            part.starts_with(is_plain) && part.ends_with(is_plain) && part.chars().all(|c| is_plain(c) || c == '-')
        };
        let fits = text.len() <= 253 && text.split('.').all(is_part);
        if fits { Ok(SecretName(text.to_owned())) } else { Err(InvalidSecretName) }
    }
}

impl SecretName {
    /// The name that goes without saying: the host's own, with dashes for what Kubernetes does not take.
    pub(crate) fn of(host: &Host) -> Self {
        let name = host.registry().replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
        SecretName(name.trim_matches('-').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, host: &str) -> String {
        let host: Host = host.parse().unwrap();
        let token = AccessToken::parse("0123456789abcdefghij".to_owned()).unwrap();
        format.write(&host, &token, &SecretName::of(&host)).to_string()
    }

    #[test]
    fn each_format_is_as_its_tool_reads_it() {
        // printf '$oauthtoken:0123456789abcdefghij' | base64
        let auth = "JG9hdXRodG9rZW46MDEyMzQ1Njc4OWFiY2RlZmdoaWo=";
        assert_eq!(
            written(Format::DockerConfig, "quay.io"),
            format!("{{\n  \"auths\": {{\n    \"quay.io\": {{\n      \"auth\": \"{auth}\"\n    }}\n  }}\n}}\n")
        );
        assert_eq!(
            written(Format::Env, "http://localhost:8080"),
            "QUAY_TOKEN=0123456789abcdefghij\nQUAY_URL=http://localhost:8080\nQUAY_HOST=http://localhost:8080\n"
        );
        assert_eq!(written(Format::CurlConfig, "quay.io"), "oauth2-bearer = \"0123456789abcdefghij\"\n");
        assert_eq!(
            written(Format::Netrc, "quay.test:8443"),
            "machine quay.test login $oauthtoken password 0123456789abcdefghij\n"
        );
        let secret = written(Format::KubernetesSecret, "quay.test:8443");
        assert!(secret.starts_with("apiVersion: v1\nkind: Secret\nmetadata:\n  name: quay.test-8443\n"), "{secret}");
    }

    #[test]
    fn names_are_kubernetes_names() {
        for good in ["quay.io", "a", "quay-io-pull-secret", "quay.test-8443"] {
            assert!(good.parse::<SecretName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a..b", ".a", "a\nb", &"a".repeat(254)] {
            assert_eq!(bad.parse::<SecretName>(), Err(InvalidSecretName), "{bad:?}");
        }
        for host in ["quay.io", "[::1]:8443", "http://localhost:8080"] {
            let SecretName(name) = SecretName::of(&host.parse().unwrap());
            assert!(name.parse::<SecretName>().is_ok(), "{name}");
        }
    }
}
