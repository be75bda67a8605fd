//! Variables, one on each line: for `docker run --env-file`, systemd's `EnvironmentFile`, `$GITHUB_ENV`, and the shells.

use zeroize::Zeroizing;

use crate::domain::{AccessToken, Host};

/// A shell, as commands of which the variables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    /// Also bash and zsh.
    #[value(aliases = ["bash", "zsh"])]
    Sh,
    Fish,
    #[value(alias = "pwsh")]
    Powershell,
}

/// The variables that terraform and Ansible read. Without a shell there are no quotes, because docker would treat them as part of the value;
/// no value needs them. No value contains a quote either.
pub(super) fn write(host: &Host, token: &AccessToken, shell: Option<Shell>) -> Zeroizing<String> {
    let (start, assign, end) = match shell {
        None => ("", "=", ""),
        Some(Shell::Sh) => ("export ", "='", "'"),
        Some(Shell::Fish) => ("set -gx ", " '", "'"),
        Some(Shell::Powershell) => ("$env:", " = '", "'"),
    };
    let (token, url) = (token.expose(), host.origin());
    Zeroizing::new(format!(
        "{start}QUAY_TOKEN{assign}{token}{end}\n{start}QUAY_URL{assign}{url}{end}\n{start}QUAY_HOST{assign}{host}{end}\n"
    ))
}
