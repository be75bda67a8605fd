//! What each error of a lower module becomes: message, cause, exit code, and the next command.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::browser_login::{AuthorizeError, BindError};
use crate::domain::{Host, MalformedToken};
use crate::files::{self, Action};
use crate::hint::{CommandLine, Hint};
use crate::quay::{self, Proxy, TlsError};
use crate::settings::{self, LoginSettings, SeveralHosts};
use crate::store::ProfilesError;
use crate::system::{self, shell_commands};

use super::{Error, Exit, from_cause, host_of_variable};

impl From<settings::Error> for Error {
    fn from(error: settings::Error) -> Self {
        use settings::Error as E;
        match error {
            E::File(error) => error.into(),
            E::Profiles(error) => error.into(),
            E::Config { .. } => {
                from_cause(Exit::Usage, error).hint("fix that line and try again (quay-auth never changes config.toml)")
            }
            E::Variable { ref name, .. } => {
                let hint = format!("fix or unset {name}");
                from_cause(Exit::Usage, error).hint(hint)
            }
            E::Token(_) => Error::new(Exit::Usage, "QUAY_AUTH_TOKEN does not contain a token")
                .caused_by(MalformedToken)
                .hint("set it to one token, or unset it to use the stored token"),
            E::SeveralHosts(ref several @ SeveralHosts { ref hosts, .. }) => {
                let error = from_cause(Exit::Usage, several);
                let Some(first) = hosts.first() else { return error };
                let error = match several.has_token_variable {
                    true => error.hint(host_of_variable(first)),
                    false => error,
                };
                error
                    .hint(format!("choose one, for example with `{}`", first.flag()))
                    .hint(CommandLine::new("switch").argument(first).purpose("or make one the default"))
            }
            E::Proxy(_) => from_cause(Exit::Usage, error)
                .hint("write it as http://proxy.example.com:3128 or socks5h://proxy.example.com:1080, or unset it"),
            E::PlainHttp(ref host) => {
                let https = host.origin().replacen("http://", "https://", 1);
                from_cause(Exit::Usage, error)
                    .hint(format!("use `--host {https}` if that server supports https"))
                    .hint("or accept the risk for this profile with `--allow-http`")
            }
            E::NoHome => from_cause(Exit::Store, error)
                .hint(format!("set {} to a folder of your own", system::HOME))
                .hint("in a CI job, set QUAY_AUTH_TOKEN instead of logging in"),
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        use files::Error as E;
        let hint = match &error {
            E::Io { path, action: Action::Read, .. } => {
                Hint::shell("check the permissions", shell_commands::show_permissions(path))
            }
            // EBUSY from renaming.
            E::Io { source, .. } if source.kind() == ErrorKind::ResourceBusy => {
                "it is mounted as a single file, so no program can replace it: mount its folder instead".into()
            }
            E::Io { path, action: Action::Write, .. } => {
                let folder = shell_commands::show_free_space(&nearest_folder(path));
                Hint::shell("check the permissions and the free space", folder)
            }
            E::StrayOwner { path } => Hint::shell("make it yours", shell_commands::take_ownership(path)),
            E::ForeignLink { path } => Hint::shell(
                "use another folder, in which only you can write; to see who made it",
                shell_commands::show_permissions(path),
            ),
            E::LostGroup { path } => Hint::shell("if the group needs no access", shell_commands::close_to_group(path)),
            E::NoFolder { path } => Hint::Command { purpose: None, command: shell_commands::create_folder(path) },
            E::OpenToOthers { path, mode } => {
                let command = format!("chmod {mode:o} {}", shell_commands::path_word(path));
                Hint::Command { purpose: None, command }
            }
            E::ForeignOwner { .. } => "run quay-auth as that user, without sudo".into(),
            E::NoLocks { .. } => "set XDG_RUNTIME_DIR to a folder of your own on a local disk, where locks work".into(),
            E::Busy { path } => Hint::shell(
                "try again; if no other quay-auth is running, find the program that has it open",
                shell_commands::show_user_of_file(path),
            ),
            E::NotAPlainFile { path } | E::NotText { path } | E::TooLarge { path } => {
                Hint::shell("look at it, and move it away if it is not yours", shell_commands::show_permissions(path))
            }
        };
        from_cause(Exit::Failure, error).hint(hint)
    }
}

/// The nearest folder that exists, of the target if the path is a link.
fn nearest_folder(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|path| path.canonicalize().ok()).unwrap_or_else(|| path.to_owned());
    match existing.parent() {
        Some(folder) if existing.is_file() => folder.to_owned(),
        _ => existing,
    }
}

impl From<ProfilesError> for Error {
    fn from(error: ProfilesError) -> Self {
        match error {
            ProfilesError::File(error) => error.into(),
            ProfilesError::Unwritable(_) => from_cause(Exit::Failure, error)
                .hint("if --ca-file is not UTF-8, rename that file; else please report this"),
            ProfilesError::Newer { .. } => from_cause(Exit::Failure, error).hint(INSTALL_NEWER),
            ProfilesError::Broken { ref path, .. } => {
                let move_away = shell_commands::move_away(path);
                from_cause(Exit::Failure, error)
                    .hint(Hint::shell("fix that line, or move the file away and log in again", move_away))
                    .hint("this file contains no tokens")
            }
        }
    }
}

/// The hint for a file of a newer version.
pub(super) const INSTALL_NEWER: &str =
    "install that version of quay-auth or a newer one; `quay-auth --version` shows the version of this one";

impl From<quay::Error> for Error {
    fn from(error: quay::Error) -> Self {
        Error::of_request(error, None)
    }
}

impl Error {
    /// A request of a login failed. `login` is the command that repeats it.
    pub(crate) fn of_login(error: quay::Error, login: CommandLine) -> Self {
        Error::of_request(error, Some(login))
    }

    fn of_request(error: quay::Error, login: Option<CommandLine>) -> Self {
        use quay::Error as E;
        let with_ca_file = |advice: &str, host: &Host| {
            let login = login.clone().unwrap_or_else(|| CommandLine::at("login", host));
            Hint::from(format!("{advice} `{}`", login.option("--ca-file", Some("FILE.pem"))))
        };
        match error {
            E::Unreachable { proxy: None, .. } => {
                from_cause(Exit::Network, error).hint("check the host name (--host) and the network")
            }
            E::Timeout { proxy: None, .. } => from_cause(Exit::Network, error).hint("try again"),
            E::Unreachable { ref host, proxy: Some(ref proxy), .. }
            | E::Timeout { ref host, proxy: Some(ref proxy) }
            | E::UnknownProxy { ref host, ref proxy, .. } => {
                let hint = without_proxy(host, proxy);
                from_cause(Exit::Network, error).hint(hint)
            }
            E::UnknownHost { .. } => from_cause(Exit::Network, error)
                .hint("check the host name (--host), the network, and your company's VPN"),
            // The right status is 407. tinyproxy answers a wrong password with 401.
            E::ProxyRefused { ref proxy, status: status @ (401 | 407), .. } => {
                let hint = format!("add them to {}: http://USER:PASSWORD@proxy.example.com:3128", proxy.variable());
                from_cause(Exit::Network, error)
                    .caused_by(format!("it requires a user name and a password (status {status})"))
                    .hint(hint)
            }
            E::ProxyRefused { ref host, ref proxy, status } => {
                let hint = without_proxy(host, proxy);
                from_cause(Exit::Network, error).caused_by(format!("it answered with status {status}")).hint(hint)
            }
            E::Tls { ref host, ref proxy, ref source } => {
                let hints = tls_hints(host, proxy.as_ref(), &source.error, with_ca_file);
                hints.into_iter().fold(from_cause(Exit::Network, error), Error::hint)
            }
            E::Redirected { target: Some(ref target), .. } => {
                let hint = format!("if that is the right server, use `{}`", target.flag());
                from_cause(Exit::Network, error).hint(hint)
            }
            E::Redirected { target: None, .. } => {
                from_cause(Exit::Network, error).hint("check that --host is a Quay server")
            }
            E::Moved { ref path, .. } => {
                let hint = format!("if that is the right path, use `{}`", shell_commands::word(path.as_str()));
                from_cause(Exit::Network, error).hint(hint)
            }
            E::RedirectLoop { .. } | E::NotHttp { .. } | E::TooLarge { .. } => {
                from_cause(Exit::Network, error).hint("check that --host is a Quay server")
            }
            E::CaFile { ref host, .. } => {
                let hint = with_ca_file("use a PEM file with at least one CERTIFICATE in it:", host);
                from_cause(Exit::Usage, error).hint(hint)
            }
        }
    }
}

fn without_proxy(host: &Host, proxy: &Proxy) -> Hint {
    let purpose = format!("check {}; to reach {host} without a proxy", proxy.variable());
    let (name, value) = proxy.bypass();
    Hint::variable(purpose, name, value)
}

fn tls_hints(
    host: &Host,
    proxy: Option<&Proxy>,
    error: &TlsError,
    with_ca_file: impl Fn(&str, &Host) -> Hint,
) -> Vec<Hint> {
    match (error, proxy) {
        (TlsError::Expired, _) => {
            vec![
                "if this machine's clock is right (date), the server's administrator must renew the certificate".into(),
            ]
        }
        (TlsError::NotValidYet, _) => vec![Hint::shell("check this machine's clock", "date")],
        (TlsError::UnknownIssuer, _) => vec![
            with_ca_file(
                "if your company has its own CA or a TLS-inspecting proxy, get its CA certificate from your administrator, then run",
                host,
            ),
            "or, with QUAY_AUTH_TOKEN, set QUAY_AUTH_CA_FILE to that file".into(),
        ],
        (TlsError::NoCaCertificates, _) => vec![
            "install them, for example the package ca-certificates; if SSL_CERT_FILE or SSL_CERT_DIR is set, correct it"
                .into(),
            with_ca_file("or use a file:", host),
        ],
        (_, Some(proxy)) => vec![format!("check {}", proxy.variable()).into()],
        (TlsError::WrongName(_), None) => {
            vec![format!("check that {host} is the right name; a captive portal may also answer in its place").into()]
        }
        (TlsError::PlainHttp, None) => {
            vec![format!("if that is the right port, use `--host http://{}:{}`", host.name(), host.port()).into()]
        }
        (TlsError::NoTls, None) => vec!["check the port of --host".into()],
        (TlsError::NoName | TlsError::Certificate(_), None) => {
            vec!["the server's administrator must replace the certificate".into()]
        }
        (TlsError::OldTls | TlsError::HandshakeRefused, None) => {
            vec!["check the port of --host, or ask the server's administrator".into()]
        }
        (TlsError::Other(_), None) => vec!["check --host".into()],
    }
}

impl Error {
    /// The redirect URI of this login cannot be listened on.
    pub(crate) fn cannot_listen(error: BindError, login: &LoginSettings) -> Self {
        let port = error.address.port();
        let has_address = error.source.kind() != ErrorKind::AddrNotAvailable;
        let hint = match error.source.kind() {
            _ if error.used_by_login => Hint::from(
                "another quay-auth login is waiting there: finish it in its browser tab, or stop it with Ctrl-C in its terminal",
            ),
            ErrorKind::AddrInUse => {
                Hint::shell("another program listens there; find it, and stop it", shell_commands::show_listener(port))
            }
            ErrorKind::PermissionDenied if port < 1024 => "ports below 1024 are reserved for root".into(),
            _ => "check that this machine has that address".into(),
        };
        let second = login.redirect_uri.with_port(if port < 1024 { 7829 } else { port.checked_add(1).unwrap_or(7829) });
        let command = login.command().option("--client-id", Some("ID")).option("--redirect-uri", Some(&second));
        let mut error = from_cause(Exit::Listen, error).hint(hint);
        // No port of an address that this machine does not have can be listened on.
        if has_address {
            error = error
                .hint(format!(
                    "or use another port: create a second application in Quay, with the redirect URI {second}"
                ))
                .hint(format!("and log in with its client ID: `{command}`"));
        }
        error.hint(login.paste_command().purpose("or log in without a port"))
    }
}

impl From<AuthorizeError> for Error {
    fn from(error: AuthorizeError) -> Self {
        from_cause(Exit::Failure, error).hint("try again; if it keeps failing, please report it")
    }
}
