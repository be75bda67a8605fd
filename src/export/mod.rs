//! The token in the formats of other tools, one file for each format.

mod curl_config;
mod docker_config;
mod env;
mod kubernetes_secret;
mod netrc;

pub(crate) use env::Shell;

use zeroize::Zeroizing;

use crate::domain::{AccessToken, Host};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// docker's config.json, for a CI job or a container
    DockerConfig,
    /// a secret that lets Kubernetes pull images
    KubernetesSecret,
    /// QUAY_TOKEN, QUAY_URL and QUAY_HOST, one on each line
    Env,
    /// the same for the next steps of a GitHub Actions job
    GithubEnv,
    /// options for `curl --config`
    CurlConfig,
    /// for tools that log in with a user name and a password
    Netrc,
}

/// What only some formats use.
pub(crate) struct Options {
    /// The name of a Kubernetes secret.
    pub(crate) name: SecretName,
    /// The shell that reads the variables.
    pub(crate) shell: Option<Shell>,
}

/// A token in the format of another tool.
pub(crate) struct Exported {
    /// Ends with a newline.
    pub(crate) text: Zeroizing<String>,
    /// The words in the text, or in what it encodes, from which the token can be decoded, although they do not contain it.
    pub(crate) encoded: Vec<Zeroizing<String>>,
}

impl Exported {
    /// A text that contains the token itself.
    fn plain(text: Zeroizing<String>) -> Self {
        Exported { text, encoded: Vec::new() }
    }
}

impl Format {
    /// Host and token in this format.
    pub(crate) fn write(self, host: &Host, token: &AccessToken, options: &Options) -> Exported {
        match self {
            Format::DockerConfig => docker_config::write(host, token),
            Format::KubernetesSecret => kubernetes_secret::write(host, token, &options.name),
            Format::Env | Format::GithubEnv => Exported::plain(env::write(host, token, options.shell)),
            Format::CurlConfig => Exported::plain(curl_config::write(token)),
            Format::Netrc => Exported::plain(netrc::write(host, token)),
        }
    }
}

/// The name of a Kubernetes object: 1 to 253 lower-case letters, digits, `-` and `.`. Each part between dots begins and ends with a letter
/// or digit (an RFC 1123 subdomain).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretName(String);

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
    /// The default name: that of the host, with dashes for characters that Kubernetes does not accept.
    pub(crate) fn default_for(host: &Host) -> Self {
        let name = host.registry().replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
        SecretName(name.trim_matches('-').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(format: Format, host: &str) -> String {
        let host: Host = host.parse().unwrap();
        let token = AccessToken::parse("0123456789abcdefghij".to_owned()).unwrap();
        format.write(&host, &token, &Options { name: SecretName::default_for(&host), shell: None }).text.to_string()
    }

    #[test]
    fn formats_are_written_as_their_tools_read_them() {
        // printf '$oauthtoken:0123456789abcdefghij' | base64
        let auth = "JG9hdXRodG9rZW46MDEyMzQ1Njc4OWFiY2RlZmdoaWo=";
        assert_eq!(
            write(Format::DockerConfig, "quay.io"),
            format!("{{\n  \"auths\": {{\n    \"quay.io\": {{\n      \"auth\": \"{auth}\"\n    }}\n  }}\n}}\n")
        );
        assert_eq!(
            write(Format::Env, "http://localhost:8080"),
            "QUAY_TOKEN=0123456789abcdefghij\nQUAY_URL=http://localhost:8080\nQUAY_HOST=http://localhost:8080\n"
        );
        assert_eq!(write(Format::CurlConfig, "quay.io"), "oauth2-bearer = \"0123456789abcdefghij\"\n");
        assert_eq!(
            write(Format::Netrc, "quay.test:8443"),
            "machine quay.test login $oauthtoken password 0123456789abcdefghij\n"
        );
        let secret = write(Format::KubernetesSecret, "quay.test:8443");
        assert!(secret.starts_with("apiVersion: v1\nkind: Secret\nmetadata:\n  name: quay.test-8443\n"), "{secret}");
    }

    #[test]
    fn secret_names_are_valid_kubernetes_names() {
        for good in ["quay.io", "a", "quay-io-pull-secret", "quay.test-8443"] {
            assert!(good.parse::<SecretName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a..b", ".a", "a\nb", &"a".repeat(254)] {
            assert_eq!(bad.parse::<SecretName>(), Err(InvalidSecretName), "{bad:?}");
        }
        for host in ["quay.io", "[::1]:8443", "http://localhost:8080"] {
            let SecretName(name) = SecretName::default_for(&host.parse().unwrap());
            assert!(name.parse::<SecretName>().is_ok(), "{name}");
        }
    }
}
