//! The command line: what can be typed, and the help for it. No behaviour.

use std::ffi::OsString;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::domain::without_tokens;
use crate::error::{Error, Exit};
use crate::settings::{Color, GLOBAL, ProfileFlags};
use crate::terminal::Verbosity;

/// Printed by `quay-auth` alone.
pub(crate) const FIRST_STEPS: &str = "\
quay-auth gets an access token of Quay with one click in the browser, keeps it in the keyring and hands it to your tools.

  quay-auth login --host quay.example.com --client-id ID    log in once
  quay-auth docker install                                  docker, podman, skopeo and buildah use it
  quay-auth api user/                                       ask Quay's API
  quay-auth print-token                                     the token, for scripts

The client id comes from an OAuth application in Quay; `quay-auth login` says how to make one.
All commands: quay-auth --help";

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth login --host quay.example.com --client-id ID   log in once
quay-auth docker install                                 docker, podman and skopeo use it";

/// Stands below `--help`.
const AFTER_HELP: &str = "\
Exit codes:
  0 done                          5 Quay refused
  1 other failure                 6 no answer in time
  2 wrong use                     7 network or TLS
  3 no such login, or it lacks    8 could not listen on the redirect address
    a required scope              130, 143, 129 ended by SIGINT, SIGTERM, SIGHUP
  4 secret store missing, locked or not answering
  126, 127 the command of `exec` cannot be run, is not there; else its own

Settings: flags, then QUAY_AUTH_HOST and the like, then config.toml, then what the last login used.
QUAY_AUTH_TOKEN replaces the stored token of the default host, e.g. in CI.";

/// Log in to Quay with one click in the browser; the token is kept in the keyring and handed to your tools
#[derive(Debug, Parser)]
#[command(name = "quay-auth", version, before_help = FIRST, after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Which login is meant.
    #[command(flatten)]
    pub(crate) profile: ProfileFlags,

    /// How much is said, and how.
    #[command(flatten)]
    pub(crate) speech: Speech,

    /// What to do; without one, the first steps are shown.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How much is said, and how.
#[derive(Debug, Default, Args)]
pub(crate) struct Speech {
    /// Say nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    quiet: bool,

    /// Say what is asked of whom; never a secret
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    verbose: bool,

    /// Colour the words on stderr: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", help_heading = GLOBAL, hide_possible_values = true)]
    pub(crate) color: Option<Color>,
}

impl Cli {
    /// Reads the command line.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let words: Vec<OsString> = std::env::args_os().skip(1).collect();
        match Command::of_program(&words) {
            Some(command) => {
                Ok(Cli { profile: ProfileFlags::default(), speech: Speech::default(), command: Some(command) })
            }
            None => Cli::try_parse(),
        }
    }
}

impl Speech {
    /// How much is said.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

/// What clap refuses, said as every other error is, and without a token that somebody typed.
pub(crate) fn refusal(error: &clap::Error) -> Error {
    let typed = error.render().to_string();
    let text = without_tokens(&typed);
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut refused = Error::new(Exit::Usage, message.trim_end_matches('.'));
    let mut command = "quay-auth".to_owned();
    for line in paragraphs.flat_map(str::lines).map(str::trim) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            refused = refused.hint(tip);
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            let words = usage.split(' ').take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
            command = words.collect::<Vec<_>>().join(" ");
        }
    }
    if text != typed {
        refused = refused
            .hint("a token on the command line can be read by every user of this machine")
            .hint("give it on stdin: quay-auth login --with-token < FILE");
    }
    refused.hint(format!("{command} --help"))
}
