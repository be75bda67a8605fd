//! `help`: the help of a command, or of a topic that concerns all commands.

use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::terminal::Terminal;

/// Every variable that quay-auth reads; `tests/e2e/help.rs` compares it with the source.
pub(super) const ENVIRONMENT: &str = "\
quay-auth reads these environment variables. An empty variable counts as unset.

Settings. The option comes first, then the variable, then config.toml:
  QUAY_AUTH_HOST            Quay host (--host)
  QUAY_AUTH_PROFILE         profile (--profile)
  QUAY_AUTH_CLIENT_ID       client ID of the OAuth application (--client-id)
  QUAY_AUTH_REDIRECT_URI    redirect URI of the application (--redirect-uri)
  QUAY_AUTH_SCOPES          scopes to request (--scopes)
  QUAY_AUTH_STORE           where to store the token: keyring or file (--store)
  QUAY_AUTH_TIMEOUT         how long to wait for the browser (--timeout)
  QUAY_AUTH_CA_FILE         CA certificates to trust as well (--ca-file)
  QUAY_AUTH_ALLOW_HTTP      true to allow unencrypted http (--allow-http)
  QUAY_AUTH_DOCKER_PROFILE  profile whose token docker gets

Token:
  QUAY_AUTH_TOKEN           token to use instead of the stored one, for example
                            in CI. It is for one host only: QUAY_AUTH_HOST, or
                            else default_host in config.toml, or else the only
                            host that has a token, or else the only one with a
                            profile, or else quay.io.

Browser:
  QUAY_AUTH_BROWSER         commands that open the browser, separated by `:` (on
                            Windows by `;`); the first one that works is used
  BROWSER                   the same, if QUAY_AUTH_BROWSER is not set
  CI                        if set, login stops unless a browser is named or not
                            needed; 0, false, no and off count as not set
  DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, SSH_CONNECTION, SSH_TTY,
  REMOTE_CONTAINERS, CODESPACES, container, DISTROBOX_ENTER_PATH
                            whether a browser can be opened on this machine
  SUDO_USER, DOAS_USER, PKEXEC_UID
                            as root, login opens no browser if one of them is
                            set, except with --browser
  USER, LOGNAME             user name in the ssh command that login suggests

Waiting:
  QUAY_AUTH_ANIMATION       false shows a line every 30 seconds instead of a
                            spinner, for screen readers

Colour:
  NO_COLOR                  if set, no colour
  CLICOLOR_FORCE            unless 0, colour even if stderr is not a terminal
  CLICOLOR                  if 0, no colour
  TERM                      if `dumb`, no colour and no spinner on a terminal

Network:
  https_proxy, http_proxy, all_proxy
                            proxy for https hosts, for http hosts and for both,
                            as for curl; never used for this machine
  no_proxy                  hosts to reach without a proxy
                            (all but http_proxy may be written in capitals)
  SSL_CERT_FILE, SSL_CERT_DIR
                            CA certificates to trust instead of the system's
  DBUS_SESSION_BUS_ADDRESS  session bus of the keyring on Linux

Files:
  HOME                      home folder
  XDG_CONFIG_HOME           folder of quay-auth/config.toml on Linux
  XDG_DATA_HOME             folder of quay-auth/profiles.toml on Linux
  USERPROFILE, APPDATA, LOCALAPPDATA, ProgramData
                            the same folders on Windows
  XDG_DATA_DIRS             where login --private finds the default browser

docker, podman, skopeo and buildah:
  DOCKER_CONFIG             folder of docker's config.json
  DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE
                            `docker status` warns if these hide quay-auth
  XDG_RUNTIME_DIR           folder of podman's logins, of a session bus, and of
                            lock files if the data folder cannot have any
  PATH                      where helpers, browsers and commands are looked for

GitHub Actions:
  GITHUB_ACTIONS            if it is true, the job's log hides printed tokens
  GITHUB_ENV                file to which `export github-env` appends

quay-auth sets QUAY_TOKEN, QUAY_URL and QUAY_HOST for the command of `exec`. The
script of `completions` sets QUAY_AUTH_COMPLETE, which has no other use.";

/// The exit codes of [`Exit`]; `tests/e2e/docs/package.rs` compares them with the documents.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    other failure
  2    usage error: a wrong option, variable or line in config.toml
  3    not logged in, or the token has expired or lacks a required scope
  4    the keyring or token file is locked, not available or not responding;
       this is never reported as 3
  5    Quay refused: you cancelled, the client ID, token or password is not
       valid, or the token does not allow the request
  6    the browser did not answer in time, or you did not answer a question
  7    network or TLS error, or `logout` could not revoke the token
  8    could not listen on the redirect URI
  126  the command of `exec` cannot be run
  127  the command of `exec` was not found
  129  ended by SIGHUP, for example because the terminal was closed
  130  ended by SIGINT (Ctrl-C)
  143  ended by SIGTERM
  128+N
       ended by another signal, whose number is N

Otherwise `exec` ends with the exit code of its command.";

const DESCRIPTION: &str = "\
Topics:
  environment  Environment variables that quay-auth reads
  exit-codes   What each exit code means";

const EXAMPLES: &str = "\
Examples:
  # Show the help of a command; `quay-auth login --help` is the same
  quay-auth help login

  # Show the variables
  quay-auth help environment";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A command, for example login or docker install, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    pub(crate) words: Vec<String>,
}

impl Args {
    /// The text of the topic, if it is one.
    fn topic(&self) -> Option<&'static str> {
        match &self.words[..] {
            [topic] if topic == "environment" => Some(ENVIRONMENT),
            [topic] if topic == "exit-codes" => Some(EXIT_CODES),
            _ => None,
        }
    }

    /// The command whose help this is, unless it is a topic.
    pub(crate) fn command(&self) -> Option<&[String]> {
        self.topic().is_none().then_some(&self.words)
    }
}

/// Prints a topic. The help of a command is printed by the parser.
pub(super) fn run(args: &Args, terminal: &mut Terminal) -> Result<(), Error> {
    match args.topic() {
        Some(topic) => terminal.print(topic),
        None => Err(Error::new(Exit::Usage, "there is no such topic").hint(CommandLine::new("help"))),
    }
}
